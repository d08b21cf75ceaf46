//! Any octets are the same reply, command or message to rfcheck and smtp-proto; the first octet chooses which.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| drop(rfcheck_peers::smtp_peers(octets)));
