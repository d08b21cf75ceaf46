//! Any octets are the same message of DNS to rfcheck, hickory-proto and domain.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| drop(rfcheck_peers::dns_peers(octets)));
