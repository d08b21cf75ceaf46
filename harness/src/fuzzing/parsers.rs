//! What the fuzz targets of parsers do with an input.

use std::path::Path;

use crate::script::{self, Definitions};
use crate::suite::config::{Config, FILE_NAME};
use crate::wire::Packet;

/// Octets parse without panic, and what was parsed emits the same octets again.
///
/// # Panics
///
/// Where that does not hold: the fuzzer's finding.
pub fn wire_round_trip(octets: &[u8]) {
    let parsed = Packet::parse(octets, None);
    let mut again = Vec::with_capacity(octets.len());
    parsed.packet.emit(&mut again);
    again.extend_from_slice(parsed.trailer);
    assert_eq!(again, octets, "a datagram must emit as it was parsed");
}

/// A text parses without panic, and a script that parses prints and parses to the same tree.
///
/// # Panics
///
/// Where that does not hold: the fuzzer's finding.
pub fn script_round_trip(text: &str) {
    let definitions = Definitions::default();
    let Ok(tree) = script::parse(text, &definitions) else { return };
    let printed = script::print(&tree);
    match script::parse(&printed, &definitions) {
        Ok(again) => assert_eq!(again, tree, "printing must keep the tree:\n{printed}"),
        Err(diagnostics) => panic!("what was printed must parse: {diagnostics:?}\n{printed}"),
    }
}

/// A text is read as `rfcheck.toml` without panic, and what is wrong with it is shown at a place of the text.
///
/// # Panics
///
/// Where that does not hold: the fuzzer's finding.
pub fn config_parse(text: &str) {
    let Err(error) = Config::default().add(text, Path::new(FILE_NAME)) else { return };
    let span = error.span();
    assert!(text.get(span.clone()).is_some(), "{error} is at {span:?} of {} octets", text.len());
    assert!(error.render().contains(&error.to_string()), "what is shown says what is wrong: {}", error.render());
}
