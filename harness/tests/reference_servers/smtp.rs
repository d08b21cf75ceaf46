//! SMTP.

use rfcheck::dialogue::framing::Reader;
use rfcheck::dialogue::framing::smtp::ReplyReader;
use rfcheck::target::IpVersion;
use rfcheck::tester::Schedule;

use crate::client::{say, say_fresh, schedules, target};

const MESSAGE: &str = "EHLO client.example\r\n\
    MAIL FROM:<a@client.example> SIZE=100 BODY=8BITMIME\r\n\
    RCPT TO:<user@example.test>\r\n\
    RCPT TO:<\"us\\er\"@EXAMPLE.test>\r\n\
    RCPT TO:<@a.example:alice@example.test>\r\n\
    RCPT TO:<nobody@example.test>\r\n\
    DATA\r\n\
    Subject: caf\u{e9}\r\n\r\n..dot\r\n\n.\n\r.\r\r\n.\n.\r\nQUIT\r\n.\r\n\
    QUIT\r\n";

/// The codes of the replies, each of which must be well-formed.
fn codes(octets: &[u8]) -> Vec<String> {
    let mut reader = ReplyReader::default();
    let (mut codes, mut rest) = (Vec::new(), octets);
    while !rest.is_empty() {
        let fed = reader.feed(rest);
        rest = &rest[fed.taken..];
        let reply = fed.message.unwrap();
        assert!(reply.defects.iter().next().is_none(), "{:?}", String::from_utf8_lossy(octets));
        codes.push(reply.code.map_or_else(|| "none".to_owned(), |code| code.to_string()));
    }
    codes
}

fn replies(text: &str) -> String {
    codes(&say_fresh(25, Schedule::Whole, text.as_bytes()).octets).join(" ")
}

#[test]
fn a_message_is_delivered_whatever_the_schedule() {
    let said = say_fresh(25, Schedule::Whole, MESSAGE.as_bytes());
    insta::assert_snapshot!(said.text());
    assert_eq!(codes(&said.octets).join(" "), "220 250 250 250 250 250 550 354 250 221");
    assert!(said.is_closed);
    for schedule in schedules() {
        let (mut target, link) = target(IpVersion::Ipv6);
        assert_eq!(say(&mut *target, &link, (40_000, 25), schedule, MESSAGE.as_bytes()), said, "{schedule}");
        let held = target.perform("message", &["user@example.test".into()], &|| true).unwrap();
        let text = String::from_utf8_lossy(&held[0]).into_owned();
        assert!(
            text.ends_with("Subject: caf\u{e9}\r\n\r\n.dot\r\n\n.\n\r.\r\r\n\n.\r\nQUIT\r\n"),
            "{schedule}: {text:?}"
        );
        assert_eq!(target.perform("message", &["alice".into()], &|| true).unwrap().len(), 1);
    }
}

#[test]
fn commands_are_answered_in_every_state() {
    for (text, expected) in [
        ("MAIL FROM:<a@b>\r\nRCPT TO:<user@example.test>\r\nDATA\r\n", "220 503 503 503"),
        (
            "NOOP a\r\nRSET\r\nHELP\r\nVRFY user\r\nVRFY nobody\r\nEXPN a\r\nFOO\r\n\r\n",
            "220 250 250 214 250 550 502 500 500",
        ),
        (
            "HELO\r\nEHLO a_b\r\nEHLO [1.2.3]\r\nEHLO [192.0.2.1] x\r\nehlo [ipv6:::1]\r\nHELO a\r\n",
            "220 501 501 501 250 250 250",
        ),
        (
            "EHLO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nEHLO a\r\nRCPT TO:<user@example.test>\r\n",
            "220 250 250 503 250 503",
        ),
        (
            "EHLO a\r\nMAIL FROM:<>\r\nDATA\r\nRSET x\r\nDATA x\r\nQUIT x\r\nNOOP \r\n",
            "220 250 250 554 501 501 501 250",
        ),
        (
            "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<>\r\nRCPT TO:<a@elsewhere.example>\r\n\
             RCPT TO:<a%elsewhere.example@example.test>\r\nRCPT TO:<user@example.test> X=1\r\n",
            "220 250 250 250 501 550 550 555",
        ),
        (
            "EHLO a\r\nMAIL FROM: <a@b>\r\nMAIL FROM:a@b\r\nMAIL FROM:<a@b> SIZE=1000001\r\nMAIL FROM:<a@b> X=1\r\n\
             mail from:<a@b> size=1000000 body=7bit\r\n",
            "220 250 501 501 552 555 250",
        ),
        ("NOOP\nNOOP\r\nNO\0OP\r\nNOOP\u{e9}\r\nQUIT\r\nNOOP\r\n", "220 500 500 500 221"),
    ] {
        assert_eq!(replies(text), expected, "{text:?}");
    }
    assert_eq!(
        replies(&format!("NOOP {}\r\nNOOP {}\r\nNOOP\r\n", "x".repeat(505), "x".repeat(100_000))),
        "220 250 500 250"
    );
}

#[test]
fn limits_are_told() {
    let many = "RCPT TO:<user@example.test>\r\n".repeat(130);
    let text = format!("EHLO a\r\nMAIL FROM:<>\r\n{many}DATA\r\n{}.\r\nQUIT\r\n", "x\r\n".repeat(400_000));
    let found = replies(&text);
    assert_eq!(found.matches("250").count(), 130, "{found}");
    assert!(found.ends_with("452 452 354 552 221"), "{found}");
}
