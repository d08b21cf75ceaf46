//! Any octets are the same datagram to rfcheck, etherparse and smoltcp.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| drop(rfcheck_peers::wire_peers(octets)));
