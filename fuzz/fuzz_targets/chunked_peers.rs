//! Any octets are the same chunked content to rfcheck, chunked_transfer and httparse.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| drop(rfcheck_peers::chunked_peers(octets)));
