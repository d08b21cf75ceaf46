//! The monitor as an oracle of every run.

use super::support::{folder, outcome};

/// Passes on every stack but for the error's quotation, which smoltcp builds anew.
const QUOTES: &str = "\
0 < udp 9 > 7 (4) with ip.identification=5
+0 > icmp unreachable port_unreachable with icmp.code=3
";

/// A baseline of our own, as the built-in one knows the violation.
const NOTHING_KNOWN: (&str, &str) = ("baselines/smoltcp.toml", "# nothing is known\n");

fn run(files: &[(&str, &str)]) -> (i32, String) {
    let folder = folder(files);
    let (status, out, err) = outcome(folder.path(), &["run", "--ip-version", "ipv4", "--out", "out", "quotes.pkt"]);
    assert_eq!(err.replace(|c: char| !c.is_alphabetic(), ""), "", "{err}");
    (status, out)
}

#[test]
fn a_script_passes_only_if_the_monitor_has_no_complaint() {
    let (status, out) = run(&[("quotes.pkt", QUOTES), NOTHING_KNOWN]);
    assert_eq!(status, 100, "{out}");
    for line in [
        "  packet 2 breaks 1122-ICMP-02 MUST, RFC 1122 section 3.2.2: octet 5 of the quotation is 0x00, it was sent as 0x05\n",
        "  > 2 | +0 > icmp unreachable port_unreachable with icmp.code=3\n",
        "^ 1122-ICMP-02: octet 5 of the quotation is 0x00, it was sent as 0x05\n",
    ] {
        assert!(out.contains(line), "{line:?} is not in\n{out}");
    }
}

#[test]
fn a_capture_says_what_a_packet_breaks() {
    let folder = folder(&[("quotes.pkt", QUOTES), NOTHING_KNOWN]);
    let _fails = outcome(folder.path(), &["run", "--ip-version", "ipv4", "--out", "out", "quotes.pkt"]);
    let capture = std::fs::read(folder.path().join("out/captures/smoltcp/ipv4/quotes.pcapng")).unwrap();
    let text = String::from_utf8_lossy(&capture);
    assert!(text.contains("quotes.pkt:2: as expected; breaks 1122-ICMP-02, RFC 1122 section 3.2.2: octet "), "{text}");
}

#[test]
fn a_known_violation_is_expected_in_every_run() {
    let known = |script: &str| {
        format!(
            "[[known-violation]]\nrequirement = \"1122-ICMP-02\"\nseen-in = \"{script}\"\nreason = \"r\"\nclause = \"c\"\n"
        )
    };
    let (status, out) = run(&[("quotes.pkt", QUOTES), ("baselines/smoltcp.toml", &known("quotes.pkt"))]);
    assert_eq!(status, 0, "{out}");
    // An entry that is stale is as loud as a violation that is not known.
    let stale = known("quotes.pkt").replace("1122-ICMP-02", "9293-MUST-2");
    let quiet = "//@ monitor: 1122-ICMP-02 another entry is tested here\n".to_owned() + QUOTES;
    let (status, out) = run(&[("quotes.pkt", &quiet), ("baselines/smoltcp.toml", &stale)]);
    assert_eq!(status, 100, "{out}");
    assert!(out.contains("the baseline knows that 9293-MUST-2 is broken here, but it is not"), "{out}");
}

#[test]
fn a_script_can_take_a_requirement_from_the_monitors_eyes() {
    for excepted in ["off", "1122-ICMP-02"] {
        let text = format!("//@ monitor: {excepted} the quotation is not what is tested here\n{QUOTES}");
        let (status, out) = run(&[("quotes.pkt", &text), NOTHING_KNOWN]);
        assert_eq!(status, 0, "{out}");
    }
    for (excepted, told) in [
        ("off", "say why the monitor is not to watch"),
        ("1122-ICMP-99 why", "the monitor does not watch `1122-ICMP-99`"),
    ] {
        let text = format!("//@ monitor: {excepted}\n{QUOTES}");
        let (status, out) = run(&[("quotes.pkt", &text), NOTHING_KNOWN]);
        assert_eq!(status, 96, "{out}");
        assert!(out.contains(told), "{out}");
    }
}
