//! Sessions of several TCP connections, UDP, ICMP and fragments on smoltcp in virtual time.
#![no_main]

rfcheck::fuzz_target!(
    rfcheck::target::smoltcp::SmoltcpFactory::new(),
    known: rfcheck::fuzzing::KNOWN_OF_SMOLTCP
);
