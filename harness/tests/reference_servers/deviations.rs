//! Servers break their protocols on purpose only where they can. That each such fault shows is proven by the dialogues:
//! `tests/self_test.rs`.

use rfcheck::target::fault::Fault;
use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{IpVersion, Link, TargetError, TargetFactory};

#[test]
fn a_target_without_servers_cannot_have_one() {
    let link = Link::default_for(IpVersion::Ipv4);
    let fault = Fault::find("http-head-with-content").unwrap();
    let wrapped = fault.wrap(SmoltcpFactory::new().create(&link).unwrap(), &link);
    assert!(matches!(wrapped.err(), Some(TargetError::Unsupported(_))));
}
