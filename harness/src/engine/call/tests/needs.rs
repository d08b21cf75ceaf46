//! What calls need of a target.

use std::collections::BTreeSet;

use super::super::needs;
use super::*;
use crate::target::{Capabilities, Clock, Services};

fn capabilities() -> Capabilities {
    Capabilities {
        clock: Clock::Virtual,
        ip_versions: BTreeSet::from([IpVersion::Ipv4]),
        calls: BTreeSet::from(["socket", "getsockopt", "read"]),
        socket_options: Some(BTreeSet::from([(1, 4)])),
        sockets: BTreeSet::from([(1, 6), (2, 0)]),
        commands: false,
        blocking_calls: false,
        features: BTreeSet::new(),
        services: Services::default(),
    }
}

fn missing(call: &Call) -> Option<String> {
    let settings = Settings::new(IpVersion::Ipv4);
    needs(call, &settings).expect("the test writes a call that exists").missing(&capabilities())
}

#[test]
fn what_a_target_supports_is_not_missing() {
    let socket = |kind, protocol| call("socket", vec![dots(), num(kind), num(protocol)], 3);
    for (kind, protocol) in [(1, 6), (1, 0), (0o4001, 6), (2, 0), (2, 17)] {
        assert_eq!(missing(&socket(kind, protocol)), None);
    }
    let option = vec![num(3), word("SOL_SOCKET"), word("SO_ERROR"), dots(), list(vec![num(4)])];
    assert_eq!(missing(&call("getsockopt", option, 0)), None);
}

#[test]
fn what_a_target_lacks_is_named() {
    let blocking = Call { end: Some(0), ..call("read", vec![num(3), dots(), num(1)], 1) };
    let option = vec![num(3), word("SOL_TCP"), word("TCP_INFO"), dots(), list(vec![num(4)])];
    let lacking = [
        call("sendmsg", vec![], 0),
        blocking,
        call("getsockopt", option, 0),
        call("socket", vec![num(10), num(1), num(6)], 3),
        call("socket", vec![dots(), num(3), num(1)], 3),
        call("socket", vec![dots(), num(2), num(1)], 3),
    ];
    let messages: Vec<String> = lacking.iter().map(|call| missing(call).expect("the target lacks it")).collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    the call `sendmsg`
    calls that block, such as this `read`
    the socket option SOL_TCP, TCP_INFO
    TCP sockets (domain 10, type 1, protocol 6)
    sockets of this kind (domain 2, type 3, protocol 1)
    sockets of this kind (domain 2, type 2, protocol 1)
    ");
    let settings = Settings::new(IpVersion::Ipv4);
    insta::assert_snapshot!(
        needs(&call("psp_rx_assoc", vec![], 0), &settings).expect_err("it is no call of ours").message,
        @"there is no call `psp_rx_assoc`"
    );
}
