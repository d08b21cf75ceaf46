//! What every server target holds, as `specs/README.md` says.

use rfcheck::target::{Link, Target, TargetFactory};

use crate::support::{Client, VERSIONS, factory};

/// Runs a test on the servers of these names, on each IP version.
fn on(names: &[&str], test: impl Fn(&str, &mut dyn Target, &Link)) {
    for name in names {
        let Some(factory) = factory(name) else { continue };
        for version in VERSIONS {
            let link = Link::default_for(version);
            let begun = std::time::Instant::now();
            let mut target = factory.create(&link).unwrap_or_else(|error| panic!("{name} on {version}: {error}"));
            eprintln!("{name} on {version}: ready after {} ms", begun.elapsed().as_millis());
            test(name, &mut *target, &link);
        }
    }
}

#[test]
fn http() {
    on(&["nginx", "lighttpd", "apache2", "haproxy"], |name, target, link| {
        let mut client = Client::new(target, link, 80);
        let mut get = |path: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: server.example\r\nConnection: close\r\n\r\n");
            String::from_utf8(client.connect().ask(request.as_bytes(), |_| false)).unwrap()
        };
        let root = get("/");
        assert!(root.starts_with("HTTP/1.1 200 ") && root.ends_with("\r\n\r\nrfcheck\n"), "{name}: {root}");
        assert!(root.to_lowercase().contains("content-type: text/plain\r\n"), "{name}: {root}");
        let large = get("/large");
        assert!(large.to_lowercase().contains("content-type: text/plain\r\n"), "{name}");
        let content = large.split_once("\r\n\r\n").unwrap().1;
        assert!(content == "0123456789".repeat(10_000), "{name}: {} octets", content.len());
        assert!(get("/missing").starts_with("HTTP/1.1 404 "), "{name}");
    });
}

/// A query for a name of class IN.
fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut query = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend(label.bytes());
    }
    query.push(0);
    query.extend(kind.to_be_bytes());
    query.extend([0, 1]);
    query
}

/// RCODE, AA, TC and the count of answers.
fn header(message: &[u8]) -> (u8, bool, bool, u16) {
    assert_eq!(message[..2], [0x12, 0x34]);
    (message[3] & 15, message[2] & 4 != 0, message[2] & 2 != 0, u16::from_be_bytes([message[6], message[7]]))
}

#[test]
fn dns() {
    const A: u16 = 1;
    const NS: u16 = 2;
    const CNAME: u16 = 5;
    const SOA: u16 = 6;
    const MX: u16 = 15;
    const TXT: u16 = 16;
    const AAAA: u16 = 28;
    on(&["bind9", "knot", "unbound", "dnsmasq"], |name, target, link| {
        let mut client = Client::new(target, link, 53);
        let mut ask = |question: &str, kind| {
            let answer = client.exchange(&query(question, kind));
            (header(&answer), answer)
        };
        let ends_with = |answer: &[u8], data: &[u8]| answer.windows(data.len()).any(|window| window == data);
        for (question, kind, data) in [
            ("www.example.test", A, &[192, 0, 2, 80][..]),
            ("www.example.test", AAAA, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]),
            ("MiXeD.example.test", A, &[192, 0, 2, 81]),
            ("mixed.example.test", A, &[192, 0, 2, 81]),
            ("alias.example.test", A, &[192, 0, 2, 80]),
            ("example.test", MX, b"\x00\x0a\x04mail"),
            ("example.test", NS, b"\x02ns"),
            ("example.test", SOA, b"hostmaster"),
            ("alias.example.test", CNAME, b"\x03www"),
        ] {
            let ((rcode, authoritative, truncated, count), answer) = ask(question, kind);
            let of_alias = u16::from(question.starts_with("alias") && kind == A);
            assert_eq!(
                (rcode, authoritative, truncated, count),
                (0, true, false, 1 + of_alias),
                "{name}: {question} {kind}"
            );
            assert!(ends_with(&answer, data), "{name}: {question} {kind}: {answer:02x?}");
        }
        assert_eq!(ask("missing.example.test", A).0.0, 3, "{name}");
        assert_eq!(ask("example.com", A).0.0, 5, "{name}: no recursion");
        assert!(ask("large.example.test", TXT).0.2, "{name}: it does not fit a datagram");
        let message = query("large.example.test", TXT);
        let framed = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
        let whole = |came: &[u8]| came.len() >= 2 && came.len() - 2 == usize::from(came[0]) << 8 | usize::from(came[1]);
        let answer = client.connect().ask(&framed, whole);
        let records = if name == "dnsmasq" { 5 } else { 1 };
        assert_eq!(header(&answer[2..]), (0, true, false, records), "{name}");
        assert!(answer.len() > 4_000, "{name}: {} octets", answer.len());
    });
}

/// The messages of `user`, once there are so many.
fn messages(client: &mut Client<'_>, count: usize) -> Vec<Vec<u8>> {
    let begun = std::time::Instant::now();
    loop {
        let messages = client.tester.target().perform("message", &["user@example.test".into()], &|| true).unwrap();
        if messages.len() == count || begun.elapsed().as_secs() > 20 {
            return messages;
        }
    }
}

#[test]
fn smtp() {
    on(&["opensmtpd", "exim4", "postfix", "aiosmtpd"], |name, target, link| {
        let mut client = Client::new(target, link, 25);
        client.connect();
        client.line("", "220 ");
        let offers = client.line("EHLO client.example", "250 ");
        assert!(offers.contains("STARTTLS"), "{name}: {offers}");
        assert!(offers.contains("SIZE 1000000"), "{name}: {offers}");
        client.line("MAIL FROM:<someone@client.example>", "250 ");
        client.line("RCPT TO:<nobody@example.test>", "550 ");
        client.line("RCPT TO:<someone@elsewhere.example>", "5");
        client.line("RCPT TO:<user@example.test>", "250 ");
        client.line("DATA", "354 ");
        client.line("Subject: one\r\n\r\n..hidden\r\n.", "250 ");
        // A message is delivered after it was accepted: of two that come together either may be the first.
        messages(&mut client, 1);
        client.line("MAIL FROM:<someone@client.example>", "250 ");
        client.line("RCPT TO:<user@example.test>", "250 ");
        client.line("DATA", "354 ");
        client.line("Subject: two\r\n\r\nsecond\r\n.", "250 ");
        client.line("QUIT", "221 ");
        let messages = messages(&mut client, 2);
        let texts: Vec<String> = messages.into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        assert_eq!(texts.len(), 2, "{name}: {texts:?}");
        assert!(texts[0].contains("Subject: one") && texts[0].contains("\n.hidden"), "{name}: {texts:?}");
        assert!(texts[1].contains("Subject: two"), "{name}: {texts:?}");
        let others = client.tester.target().perform("message", &["alice@example.test".into()], &|| true).unwrap();
        assert!(others.is_empty(), "{name}");
        client.tester.target().perform("mailbox", &["alice@example.test".into()], &|| true).unwrap();
        let known = client.tester.target().perform("message", &["alice".into()], &|| true).unwrap();
        let known: Vec<String> = known.into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        assert_eq!(known.len(), 3, "{name}");
        assert!(
            known[0].contains("\nSubject: one\n") && known[1].contains("\n.\n") && known[2].contains("Grüße"),
            "{name}"
        );
        let nobody = client.tester.target().perform("message", &["nobody@example.test".into()], &|| true).unwrap_err();
        assert_eq!(
            nobody.to_string(),
            "`message` failed: its shell commands ended with status 1: there is no mailbox nobody@example.test"
        );
    });
}

#[test]
fn pop3_and_imap() {
    on(&["dovecot"], |name, target, link| {
        target.perform("mailbox", &["alice".into()], &|| true).unwrap();
        let mut client = Client::new(target, link, 110);
        client.connect();
        client.line("", "+OK");
        client.line("USER alice", "+OK");
        client.line("PASS wrong", "-ERR");
        client.connect();
        client.line("", "+OK");
        client.line("USER alice", "+OK");
        client.line("PASS secret", "+OK");
        assert!(client.line("STAT", "+OK").starts_with("+OK 3 "), "{name}");
        let second = client.line("RETR 2", ".");
        assert!(second.contains("\r\nSubject: two\r\n") && second.contains("\r\n..\r\n"), "{name}: {second}");
        client.line("DELE 1", "+OK");
        client.line("QUIT", "+OK");
        client.tester.target().perform("mailbox", &["alice@example.test".into()], &|| true).unwrap();
        let mut client = Client::new(client.tester.target(), link, 143);
        client.connect();
        client.line("", "* OK");
        client.line("a1 LOGIN alice secret", "a1 OK");
        assert!(client.line("a2 SELECT INBOX", "a2 OK").contains("* 3 EXISTS"), "{name}");
        let subjects = client.line("a3 FETCH 1:3 BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "a3 OK");
        let at = |subject: &str| subjects.find(&format!("Subject: {subject}")).unwrap();
        assert!(at("one") < at("two") && at("two") < at("three"), "{name}: {subjects}");
        assert!(client.line("a4 FETCH 3 BODY[TEXT]", "a4 OK").contains("Grüße"), "{name}");
    });
}
