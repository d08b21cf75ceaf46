//! Any octets are the same head of HTTP/1 to rfcheck and httparse.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| drop(rfcheck_peers::http_peers(octets)));
