//! Any text parses without panic, and a dialogue that parses prints and parses to the same tree.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rfcheck::fuzzing::dialogue_round_trip(text));
