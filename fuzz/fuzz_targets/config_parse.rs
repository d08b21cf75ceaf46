//! Any text is read as `rfcheck.toml` without panic, and what is wrong with it has a place.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rfcheck::fuzzing::config_parse(text));
