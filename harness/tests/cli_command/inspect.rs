//! `rfcheck inspect`.

use std::path::Path;

use super::support::{folder, outcome};

/// Runs the command among the sample captures.
fn inspect(arguments: &[&str]) -> (i32, String, String) {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/captures");
    outcome(Path::new(captures), &[&["inspect"], arguments].concat())
}

#[test]
fn a_violation_is_told_with_its_packet_and_its_clause() {
    let (status, out, err) = inspect(&["icmp-quotation-changed.pcapng"]);
    insta::assert_snapshot!(out);
    assert_eq!((status, err.as_str()), (100, ""));
}

#[test]
fn a_diagram_shows_each_conversation_and_where_it_breaks_an_rfc() {
    let (status, out, _) = inspect(&["--diagram", "simultaneous-open.pcapng"]);
    insta::assert_snapshot!(out);
    assert_eq!(status, 100);
}

#[test]
fn json_is_one_object() {
    let (status, out, _) = inspect(&["--format", "json", "icmp-quotation-changed.pcapng"]);
    insta::assert_snapshot!(out);
    assert_eq!(status, 100);
}

/// Loss, reordering, SACK; segments and checksums that a network interface would have finished.
#[test]
fn captures_of_correct_stacks_raise_no_alarm() {
    for arguments in [
        &["loss-and-reordering.pcap"][..],
        &["--host", "10.0.0.1", "loss-and-reordering.pcap"],
        &["ethernet-offload.pcap"],
        &["--host", "10.0.0.1", "ethernet-offload.pcap"],
    ] {
        let (status, out, err) = inspect(arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}\n{out}");
        assert!(out.contains("nothing breaks an RFC"), "{arguments:?}\n{out}");
    }
}

#[test]
fn a_capture_that_cannot_be_read_on_is_told_with_its_place() {
    let (status, out, err) = inspect(&["cut-short.pcap"]);
    assert_eq!(status, 96);
    assert!(out.contains("8 packets"), "{out}");
    assert_eq!(err, "error: `cut-short.pcap` ends at octet 5000 within a packet, which begins at octet 3523\n");
    let folder = folder(&[("empty", ""), ("page", "<html>")]);
    let told = |file| outcome(folder.path(), &["inspect", file]);
    let empty = "error: `empty` ends at octet 0 within the first four octets, which begins at octet 0\n";
    assert_eq!(told("empty"), (96, String::new(), empty.to_owned()));
    let page = "error: `page` is no capture: it begins with 3c 68 74 6d, neither as pcapng nor as pcap does\n";
    assert_eq!(told("page"), (96, String::new(), page.to_owned()));
    let (status, _, err) = told("absent");
    assert_eq!(status, 2);
    assert!(err.starts_with("error: cannot open `absent`: "), "{err}");
}

#[test]
fn the_capture_of_a_run_is_judged_as_the_run_was() {
    let folder = folder(&[("echo.pkt", super::support::PASSES)]);
    let run = outcome(folder.path(), &["run", "--capture", "out", "--ip-version", "ipv4", "echo.pkt"]);
    assert_eq!(run.0, 0, "{run:?}");
    let (status, out, _) = outcome(folder.path(), &["inspect", "out/smoltcp/ipv4/echo.pcapng"]);
    assert_eq!(
        (status, out.as_str()),
        (0, "out/smoltcp/ipv4/echo.pcapng: 2 packets, nothing breaks an RFC, as far as the packets tell\n")
    );
}
