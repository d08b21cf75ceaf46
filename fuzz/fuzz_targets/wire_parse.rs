//! Any octets parse without panic, and what was parsed emits the same octets again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| rfcheck::fuzzing::wire_round_trip(octets));
