//! Any octets are read as a message of DNS without panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| rfcheck::fuzzing::dns_message(octets));
