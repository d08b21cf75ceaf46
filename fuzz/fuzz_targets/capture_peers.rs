//! Any octets are the same capture to rfcheck and pcap-parser.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| drop(rfcheck_peers::capture_peers(octets)));
