//! Sessions of UDP, ICMP, fragments and IPv6 extension headers on smoltcp in virtual time.
#![no_main]

rfcheck::fuzz_target!(
    rfcheck::target::smoltcp::SmoltcpFactory::new(),
    known: rfcheck::fuzzing::KNOWN_OF_SMOLTCP,
    subject: rfcheck::fuzzing::session::Subject::Datagrams,
);
