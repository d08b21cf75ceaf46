//! Dialogues delivered in every way: a right server answers the same, and a wrong one is found.

use rfcheck::tester::Schedule;

use super::server::{Do, Server, send};
use super::support::delivered;

const DIALOGUE: &str = "//@ protocol: smtp\nS: 220\nC: EHLO client.example\nS: 250\nC: NOOP\nC: NOOP\nS: 250\nS: 250\n\
                        C: QUIT\nS: 221\nS closes\n";

/// Reads lines, whatever pieces they come in.
fn right(state: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    if *state == 0 {
        *state = 1;
        return (0, send("220 ready\r\n"));
    }
    let (mut taken, mut actions) = (0, Vec::new());
    while let Some(end) = octets[taken..].windows(2).position(|two| two == b"\r\n") {
        actions.extend(reply(&octets[taken..taken + end]));
        taken += end + 2;
    }
    (taken, actions)
}

/// Takes whatever one read gives for a whole command.
fn naive(state: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    if *state == 0 {
        *state = 1;
        return (0, send("220 ready\r\n"));
    }
    let lines = octets.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
    (octets.len(), lines.flat_map(|line| reply(line.trim_ascii_end())).collect())
}

fn reply(line: &[u8]) -> Vec<Do> {
    match line {
        b"QUIT" => [send("221 bye\r\n"), vec![Do::Close]].concat(),
        line if line.starts_with(b"EHLO ") || line == b"NOOP" => send("250 ok\r\n"),
        _ => send("500 what?\r\n"),
    }
}

#[test]
fn a_right_server_is_the_same_in_every_delivery() {
    let (text, totals) = delivered(Server::new("smtp", 25, right).factory(), DIALOGUE, &Schedule::ALL);
    assert_eq!((totals.passed, totals.planned), (14, 14), "{text}");
}

#[test]
fn a_server_that_reads_pieces_as_commands_is_found() {
    let schedules: Vec<_> = Schedule::ALL.into_iter().filter(|schedule| !schedule.is_abortive()).collect();
    let (text, totals) = delivered(Server::new("smtp", 25, naive).factory(), DIALOGUE, &schedules);
    // Twice, through a small window or with the first piece last each command still comes in one piece.
    let pieces = ["octet", "cut", "random", "overlapping", "slow", "loss"];
    assert_eq!(totals.failed, pieces.len(), "{text}");
    assert!(pieces.iter().all(|name| text.contains(&format!("delivered {name}"))), "{text}");
    let begin = text.find("FAIL a.dlg on scripted over ipv4, delivered octet").unwrap();
    let end = text[begin..].find("  packets").unwrap();
    insta::assert_snapshot!(&text[begin..begin + end]);
}

#[test]
fn another_answer_that_is_allowed_too_is_a_difference() {
    let dialogue = DIALOGUE.replace("S: 250\n", "S: 250 or 5xx\n");
    let (text, _) = delivered(Server::new("smtp", 25, naive).factory(), &dialogue, &[Schedule::Cut]);
    let begin = text.find("FAIL a.dlg").unwrap();
    let end = text[begin..].find("  packets").unwrap();
    insta::assert_snapshot!(&text[begin..begin + end]);
}

#[test]
fn a_server_that_a_reset_ends_is_found() {
    let server = Server { is_fragile: true, ..Server::new("smtp", 25, right) };
    let abortive: Vec<_> = Schedule::ALL.into_iter().filter(|schedule| schedule.is_abortive()).collect();
    let (text, totals) = delivered(server.factory(), DIALOGUE, &abortive);
    assert_eq!((totals.failed, totals.passed), (1, 3), "{text}");
    let begin = text.find("FAIL a.dlg").unwrap();
    let end = text[begin..].find("  packets").unwrap();
    insta::assert_snapshot!(&text[begin..begin + end]);
}

#[test]
fn a_server_that_waits_for_one_client_alone_is_found() {
    let server = Server { is_iterative: true, ..Server::new("smtp", 25, right) };
    let (text, totals) = delivered(server.factory(), DIALOGUE, &[Schedule::Vanish, Schedule::RstMiddle]);
    assert_eq!((totals.failed, totals.passed), (1, 1), "{text}");
    assert!(text.contains("after vanish the next connection is not served"), "{text}");
}

#[test]
fn a_dialogue_over_udp_alone_has_nothing_to_deliver() {
    let server = Server { answer: |query| vec![[&query[..2], &[0x80, 0], &query[4..]].concat()], ..dns() };
    let dialogue = "//@ protocol: dns\nC: query a. A\nS: rcode NOERROR\n";
    let (text, totals) = delivered(server.factory(), dialogue, &[Schedule::Whole, Schedule::Octet]);
    assert_eq!((totals.passed, totals.not_applicable), (1, 1), "{text}");
}

fn dns() -> Server {
    Server::new("dns", 53, |_, _| (0, Vec::new()))
}

#[test]
fn many_segments_of_the_testers_own_are_no_flood() {
    let dialogue = "//@ protocol: smtp\nS: 220\nC: {repeat 20000 \"NOOP\\r\\n\"}\\\nS: 250\n";
    let (text, totals) =
        delivered(Server::new("smtp", 25, right).factory(), dialogue, &[Schedule::Octet, Schedule::Cut]);
    assert_eq!((totals.passed, totals.planned), (2, 2), "{text}");
}
