//! Every kind of expectation passes where the server does as the dialogue says, and fails with its own report where not.

use super::server::{Do, Server, send};
use super::support::{report, run};
use rfcheck::suite::Request;

/// A server of SMTP that knows enough to hold a conversation.
fn smtp(state: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    if *state == 0 {
        *state = 1;
        return (0, send("220 mx.example ready\r\n"));
    }
    let (mut taken, mut actions) = (0, Vec::new());
    while let Some(end) = octets[taken..].windows(2).position(|two| two == b"\r\n") {
        let line = String::from_utf8_lossy(&octets[taken..taken + end]).into_owned();
        taken += end + 2;
        actions.extend(match line.split(' ').next().unwrap() {
            "EHLO" => send("250-mx.example\r\n250-SIZE 1000\r\n250 ENHANCEDSTATUSCODES\r\n"),
            "RCPT" => send("550 5.1.1 nobody here\r\n"),
            "BARE" => send("250 ok\n"),
            "SLOW" => Vec::new(),
            "HALF" => send("250-the first line\r\n250"),
            "RESET" => vec![Do::Reset],
            "CLOSE" => vec![Do::Close],
            "CRASH" => vec![Do::Crash],
            "RESTART" => vec![Do::Restart],
            "BREAK" => vec![Do::Break],
            "CHATTER" => send("250 ok\r\n250 and more\r\n"),
            "FLOOD" => vec![Do::Send(vec![b'x'; 3_000_000])],
            "QUIT" => [send("221 bye\r\n"), vec![Do::Close]].concat(),
            _ => send("250 2.0.0 ok\r\n"),
        });
    }
    (taken, actions)
}

fn on_smtp(dialogue: &str) -> String {
    let head = "//@ protocol: smtp\nS: 220\n";
    report(Server::new("smtp", 25, smtp).factory(), &format!("{head}{dialogue}"))
}

#[test]
fn a_conversation_passes() {
    let dialogue = "//@ protocol: smtp\n//@ title: {HOST} talks\nS: 220 /^(?<domain>\\S+) ready/\nC: EHLO client.example\n\
                    S: 250\n   line \"{domain}\"\n   line /^SIZE (?<size>[0-9]+)$/\n   count line = 3\n   no line \"AUTH\"\n\
                    C: MAIL FROM:<a@{domain}> SIZE={size}\nC: RCPT TO:<b@{HOST}>\nS: 250 2.x.x \"ok\"\n\
                    S: 250 or 5xx 5.1.1 /nobody/\nC: NOOP\\\nC: \nS: 250\nC2 connects as client 2\nS2: 220\nS2 is silent for 2\nC2: QUIT\n\
                    S2: 221\nS2 closes within 1\nS stays open for 3\nC: QUIT\nS: 221\nS closes\n";
    let (text, totals) = run(
        Server::new("smtp", 25, smtp).factory(),
        &[("a.dlg", dialogue)],
        Request { commands: true, ..Request::default() },
    );
    assert_eq!((totals.passed, totals.planned), (2, 2), "{text}");
}

#[test]
fn another_code_is_a_failure() {
    insta::assert_snapshot!(on_smtp("C: EHLO a\nS: 250\nC: RCPT TO:<b@c>\nS: 250\n"));
}

#[test]
fn what_an_answer_lacks_is_told() {
    insta::assert_snapshot!(on_smtp(
        "C: EHLO a\nS: 250\n   line \"mx.example\"\n   no line /SIZE/\n   count line = 2\n"
    ));
}

#[test]
fn a_malformed_answer_is_a_failure() {
    insta::assert_snapshot!(on_smtp("C: BARE\nS: 250\n"));
}

#[test]
fn a_malformed_answer_may_be_allowed() {
    assert!(on_smtp("C: BARE\nS: 250\n   malformed\n").contains("1 passed"));
}

#[test]
fn no_answer_is_a_failure() {
    insta::assert_snapshot!(on_smtp("C: SLOW\nS: 250 or 5xx within 3\n"));
}

#[test]
fn half_an_answer_is_a_failure() {
    insta::assert_snapshot!(on_smtp("C: HALF\nS: 250\n"));
}

#[test]
fn an_answer_where_silence_must_be_is_a_failure() {
    insta::assert_snapshot!(on_smtp("C: CHATTER\nS: 250\nS is silent for 1\n"));
}

#[test]
fn words_before_the_end_are_a_failure() {
    insta::assert_snapshot!(on_smtp("C: CHATTER\nS: 250\nS closes within 1\n"));
}

#[test]
fn a_connection_that_stays_open_is_a_failure_where_it_must_close() {
    insta::assert_snapshot!(on_smtp("C: NOOP\nS: 250\nS closes within 1\n"));
}

#[test]
fn a_connection_that_ends_is_a_failure_where_an_answer_must_come() {
    insta::assert_snapshot!(on_smtp("C: CLOSE\nS: 250\n"));
}

#[test]
fn a_reset_is_no_closing() {
    insta::assert_snapshot!(on_smtp("C: RESET\nS closes\n"));
}

#[test]
fn a_closed_connection_neither_is_silent_nor_stays_open() {
    for event in ["S is silent for 2", "S stays open for 2"] {
        let text = on_smtp(&format!("C: CLOSE\n{event}\n"));
        assert!(text.contains("FAIL a.dlg") && text.contains("the target closes the connection"), "{text}");
    }
}

#[test]
fn an_end_that_is_allowed_ends_the_dialogue_of_this_connection() {
    let text = on_smtp("C: RESET\nS: 250 or resets\nC: NOOP\nS: 999\nC2: QUIT\nS2: 220\nS2: 221\n");
    assert!(text.contains("1 passed"), "{text}");
}

/// Such dialogues passed: nothing of what they are about had been spoken.
#[test]
fn refused_tls_leaves_nothing_to_judge() {
    let text = on_smtp("C: RCPT TO:<b@c>\nS: 250 or 550\nC starts TLS\nC: NOOP\nS: 999\n");
    assert!(text.contains("0 passed") && text.contains("1 not applicable"), "{text}");
    let judged_before = on_smtp("C: EHLO a\nS: 550\nC: RCPT TO:<b@c>\nS: 550\nC starts TLS\n");
    assert!(judged_before.contains("FAIL a.dlg"), "{judged_before}");
}

#[test]
fn a_crash_is_seen_and_what_comes_next_is_refused() {
    let text = on_smtp("C: CRASH\nS: 250\n");
    assert!(text.contains("the target resets the connection"), "{text}");
    assert!(on_smtp("C: CRASH\nS resets\nC2 connects\nS2 refuses within 1\n").contains("1 passed"));
    insta::assert_snapshot!(on_smtp("C: CRASH\nS resets\nC2 connects\nS2: 220\n"));
}

#[test]
fn a_restart_in_the_middle_is_seen_and_the_next_connection_is_served() {
    assert!(on_smtp("C: RESTART\nS resets\nC2 connects\nS2: 220\n").contains("1 passed"));
}

#[test]
fn a_target_that_breaks_is_told_with_what_it_said() {
    insta::assert_snapshot!(on_smtp("C: BREAK\nS: 250\n"));
}
