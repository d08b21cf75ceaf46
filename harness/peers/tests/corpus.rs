//! The corpora of the comparisons, replayed on stable Rust; and each quirk by the shortest input that shows it.

use std::fs;
use std::path::{Path, PathBuf};

use rfcheck_peers::{Quirk, Quirks};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(target)
}

/// Replays a corpus, and demands that the input named after a quirk shows it and each other input no quirk is named for
/// shows what it may.
fn replay(target: &str, compare: fn(&[u8]) -> Quirks, quirks: &[&Quirk]) {
    let folder = folder(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    assert!(paths.len() > quirks.len(), "{target} holds seeds besides its quirks");
    let mut shown = Vec::new();
    for path in &paths {
        let name = path.file_name().expect("a file of the folder has a name").to_string_lossy().into_owned();
        let found = compare(&fs::read(path).expect("a readable file"));
        let Some(id) = name.strip_prefix("quirk-") else { continue };
        let quirk =
            quirks.iter().find(|quirk| quirk.id == id).unwrap_or_else(|| panic!("{id} is no quirk of {target}"));
        assert!(found.contains(quirk), "{target}: {} {} no longer ({})", quirk.peer, quirk.does, quirk.clause);
        shown.push(id.to_owned());
    }
    for quirk in quirks {
        assert!(shown.iter().any(|id| id == quirk.id), "{target}: no input shows {}", quirk.id);
        assert!(quirk.clause.contains("RFC") || quirk.clause.contains("draft-"), "{} has a clause", quirk.id);
    }
}

#[test]
fn wire_peers() {
    replay("wire_peers", rfcheck_peers::wire_peers, rfcheck_peers::WIRE_QUIRKS);
}

#[test]
fn http_peers() {
    replay("http_peers", rfcheck_peers::http_peers, rfcheck_peers::HTTP_QUIRKS);
}

#[test]
fn chunked_peers() {
    replay("chunked_peers", rfcheck_peers::chunked_peers, rfcheck_peers::CHUNKED_QUIRKS);
}

#[test]
fn smtp_peers() {
    replay("smtp_peers", rfcheck_peers::smtp_peers, rfcheck_peers::SMTP_QUIRKS);
}

#[test]
fn dns_peers() {
    replay("dns_peers", rfcheck_peers::dns_peers, rfcheck_peers::DNS_QUIRKS);
}

#[test]
fn capture_peers() {
    replay("capture_peers", rfcheck_peers::capture_peers, rfcheck_peers::CAPTURE_QUIRKS);
}
