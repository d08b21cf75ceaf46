//! Whatever comes, in whatever pieces: what the servers say is well-formed, the same, and the next client is served.

use proptest::prelude::*;
use rfcheck::dialogue::framing::Reader;
use rfcheck::dialogue::framing::dns::Message;
use rfcheck::dialogue::framing::http::ResponseReader;
use rfcheck::dialogue::framing::smtp::ReplyReader;
use rfcheck::target::IpVersion;
use rfcheck::tester::Schedule;

use crate::client::{ask, say, target};

/// Pieces of right and wrong requests, and any octets.
fn text(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let any = proptest::collection::vec(any::<u8>(), 0..20);
    let piece =
        prop_oneof![8 => proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()), 1 => any];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

const HTTP: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "HEAD /large HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\n",
    "GET / HTTP/1.0\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "Host: server.example\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Range: bytes=0-1,3-\r\n",
    "Connection: close\r\n",
    "\r\n",
    "\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "hello",
    "\n",
    "\r",
    " ",
    "GET http://[::1]/%41?a HTTP/1.1\r\n",
    "A:\r\n",
    ";a=\"b\\\"\"",
    "ffffffffffffffff\r\n",
];
const SMTP: &[&str] = &[
    "EHLO client.example\r\n",
    "HELO a\r\n",
    "MAIL FROM:<a@b>\r\n",
    "MAIL FROM:<> SIZE=5 BODY=8BITMIME\r\n",
    "RCPT TO:<user@example.test>\r\n",
    "RCPT TO:<\"a b\"@[IPv6:::1]>\r\n",
    "DATA\r\n",
    "\r\n.\r\n",
    ".",
    "..\r\n",
    "\r",
    "\n",
    "text\r\n",
    "RSET\r\n",
    "QUIT\r\n",
    "NOOP\r\n",
    "VRFY user\r\n",
    "VRFY <@a:b@c>\r\n",
    "HELP\r\n",
    "<",
    "@",
    " ",
];
const IMAP: &[&str] = &[
    "a1 LOGIN alice secret\r\n",
    "a2 LOGIN {5+}\r\nalice \"secret\"\r\n",
    "a3 SELECT INBOX\r\n",
    "a4 EXAMINE \"inbox\"\r\n",
    "a5 FETCH 1:* (FLAGS BODY[]<0.10>)\r\n",
    "a6 UID FETCH * RFC822.SIZE\r\n",
    "a7 STORE 1 +FLAGS (\\Deleted)\r\n",
    "a8 EXPUNGE\r\n",
    "a9 APPEND INBOX (\\Seen) {17+}\r\nSubject: a\r\n\r\ntext\r\n",
    "b1 SEARCH UNSEEN 1\r\n",
    "b2 CREATE a/b\r\n",
    "b3 LIST \"\" *\r\n",
    "b4 AUTHENTICATE PLAIN\r\n",
    "AGFsaWNlAHNlY3JldA==\r\n",
    "b5 STATUS INBOX (MESSAGES UNSEEN)\r\n",
    "b6 DELETE {9}\r\n",
    "{99999999999999999999}\r\n",
    "b7 CLOSE\r\n",
    "\r\n",
    "\n",
    " ",
    "(",
    "*\r\n",
];
const POP3: &[&str] = &[
    "USER alice\r\n",
    "PASS secret\r\n",
    "STAT\r\n",
    "LIST\r\n",
    "LIST 1\r\n",
    "RETR 1\r\n",
    "TOP 2 1\r\n",
    "UIDL\r\n",
    "DELE 2\r\n",
    "RSET\r\n",
    "QUIT\r\n",
    "NOOP\r\n",
    "CAPA\r\n",
    " ",
    "\r\n",
    "\r",
    "\n",
    "LIST 99999999999999999999\r\n",
    "TOP 1 -1\r\n",
];

/// Says it whole and in pieces; what was said, dates left out.
fn both(port: u16, octets: &[u8], seed: u64) -> Vec<u8> {
    let mut said = Vec::new();
    for schedule in [Schedule::Whole, Schedule::Random] {
        let (mut target, link) = target(IpVersion::Ipv4);
        target.perform("mailbox", &["alice".to_owned()], &|| true).unwrap();
        let ports = (40_000 + (seed % 1_000) as u16, port);
        said.push(say(&mut *target, &link, ports, schedule, octets));
        let next = say(&mut *target, &link, (50_000, 80), Schedule::Whole, b"GET / HTTP/1.0\r\n\r\n");
        assert!(next.text().ends_with("\r\n\r\nrfcheck\n"), "{next:?}");
    }
    assert_eq!(said[0].text(), said[1].text());
    said.swap_remove(0).octets
}

/// Reads everything, with the reader of the other side of this project.
fn read<M>(octets: &[u8], reader: &mut impl Reader<Message = M>, mut check: impl FnMut(M)) {
    let mut rest = octets;
    while !rest.is_empty() {
        let fed = reader.feed(rest);
        rest = &rest[fed.taken..];
        if let Some(message) = fed.message {
            check(message);
        }
    }
    assert!(reader.end().is_none(), "cut: {}", octets.escape_ascii());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn http(octets in text(HTTP), seed: u64) {
        let said = both(80, &octets, seed);
        // What answers HEAD has no content, which the reader cannot know here.
        if !octets.windows(4).any(|part| part == b"HEAD") {
            read(&said, &mut ResponseReader::default(), |response| {
                let defects: Vec<_> = response.message.defects.iter().collect();
                assert!(defects.is_empty(), "{defects:?}");
            });
        }
        if !said.is_empty() {
            let mut fields = [httparse::EMPTY_HEADER; 16];
            let mut response = httparse::Response::new(&mut fields);
            assert!(response.parse(&said).unwrap().is_complete());
        }
    }

    #[test]
    fn smtp(octets in text(SMTP), seed: u64) {
        read(&both(25, &octets, seed), &mut ReplyReader::default(), |reply| {
            assert!(reply.defects.iter().next().is_none() && reply.code.is_some_and(|code| (211..=555).contains(&code)));
        });
    }

    #[test]
    fn pop3(octets in text(POP3), seed: u64) {
        let said = both(110, &octets, seed);
        assert!(said.starts_with(b"+OK server.example POP3\r\n") && said.ends_with(b"\r\n"));
    }

    #[test]
    fn imap(octets in text(IMAP), seed: u64) {
        let said = both(143, &octets, seed);
        assert!(said.starts_with(b"* OK [CAPABILITY IMAP4rev1") && said.ends_with(b"\r\n"));
    }

    #[test]
    fn dns(mut octets in proptest::collection::vec(any::<u8>(), 0..80), change: u8) {
        if octets.len() >= 12 && change < 200 {
            // One question, few records, no response.
            octets[2] &= 0x07;
            octets[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, change & 1]);
            octets.splice(12..12, *b"\x03www\x07example\x04test\x00\x00\x01\x00\x01");
        }
        let answer = ask(IpVersion::Ipv4, 53, &octets);
        assert_eq!(answer.is_none(), octets.len() < 12 || octets[2] & 0x80 != 0);
        if let Some(answer) = answer {
            let message = Message::parse(&answer);
            assert!(message.defects.iter().next().is_none(), "{message:?}");
            assert_eq!(answer[..2], octets[..2]);
        }
        let mut framed = (octets.len() as u16).to_be_bytes().to_vec();
        framed.extend_from_slice(&octets);
        both(53, &framed, u64::from(change));
    }
}
