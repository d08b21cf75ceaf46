//! Readers of answers give the same messages however what they read is cut; the first octet chooses the reader.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| rfcheck::fuzzing::dialogue_framing(octets));
