//! `rfcheck run --packets`: every run as a sequence.

use super::support::{folder, outcome, settled};

const INCLUDED: &str = "\
// The peer opens a connection.
   +0 < S 0:0(0) win 65535 <mss 1460>
   +0 > S. 0:0(0) ack 1 <...>
   +0 < . 1:1(0) ack 1 win 65535
   +0 accept(3, ..., ...) = 4
";

const SCRIPT: &str = "\
//@ title: \"An ACK names what arrived\"
//@ requirement: 9293-U-14
//@ ip-version: ipv4
// What the script shows,
// on two lines.

    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 5) = 0
#include \"opened.inc\"
// Five octets.
   +0 < P. 1:6(5) ack 1 win 65535 data \"hello\"
   +0~+0.5 > . 1:1(0) ack 6
// A SYN from another port, and a read that fails.
   +0 < 40002 > 8080 S 7:7(0) win 65535 <mss 1460>
   +0 > 8080 > 40002 S. 0:0(0) ack 8 <...>
   +0 read(4, \"world\", 100) = 5
";

#[test]
fn every_run_is_shown_as_a_sequence_with_the_comments_between_the_packets() {
    let folder = folder(&[("a.pkt", SCRIPT), ("opened.inc", INCLUDED), ("b.pkt", &SCRIPT.replace("world", "hello"))]);
    let (status, out, err) = outcome(folder.path(), &["run", ".", "--packets"]);
    assert_eq!((status, err.as_str()), (100, ""));
    settled(|| insta::assert_snapshot!(out));
}

#[test]
fn without_the_flag_a_run_that_passes_shows_no_packets() {
    let folder = folder(&[("opened.inc", INCLUDED), ("b.pkt", &SCRIPT.replace("world", "hello"))]);
    let (status, out, _) = outcome(folder.path(), &["run", "."]);
    assert!(status == 0 && !out.contains("-->"), "{out}");
}
