//! The corpora of the fuzz targets, replayed on stable Rust: what was found once cannot come back unnoticed.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder, in order of path; there must be some.
fn files(folder: &str) -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder of the checkout can be read").path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder} holds seeds");
    found
}

#[test]
fn wire_parse() {
    for path in files("corpus/wire_parse") {
        rfcheck::fuzzing::wire_round_trip(&fs::read(&path).unwrap());
    }
}

#[test]
fn script_parse() {
    let scripts = files("specs").into_iter().filter(|path| path.extension().is_some_and(|e| e == "pkt"));
    for path in files("corpus/script_parse").into_iter().chain(scripts) {
        rfcheck::fuzzing::script_round_trip(&fs::read_to_string(&path).unwrap());
    }
}

/// A seed that does not parse seeds nothing.
#[test]
fn seeds_of_scripts_are_scripts() {
    for path in files("corpus/script_parse") {
        let text = fs::read_to_string(&path).unwrap();
        let parsed = rfcheck::script::parse(&text, &rfcheck::script::Definitions::default());
        assert!(parsed.is_ok(), "{}: {parsed:?}", path.display());
    }
}
