//! Conversations that show what servers do, right and wrong.

use rfcheck::tester::Schedule;

/// What is said one after the other to one target; connections stay open unless a step ends them.
pub(crate) type Probe = Vec<Step>;

/// What is said on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) port: u16,
    pub(crate) way: Way,
    pub(crate) schedule: Schedule,
    pub(crate) octets: Vec<u8>,
    /// For how long the answer is awaited.
    pub(crate) seconds: u64,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Datagram,
    /// The connection stays.
    Open,
    Finish,
    Reset,
}

fn step(port: u16, octets: impl Into<Vec<u8>>) -> Step {
    Step { port, way: Way::Open, schedule: Schedule::Whole, octets: octets.into(), seconds: 20 }
}

/// All of them.
pub(crate) fn probes() -> Vec<Probe> {
    let mut probes = http();
    probes.extend(smtp());
    probes.extend(dns());
    probes.extend(pop3());
    probes
}

const HOST: &str = "Host: server.example\r\n";

fn http() -> Vec<Probe> {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{HOST}{fields}\r\n");
    let post = |fields: &str, content: &str| format!("POST / HTTP/1.1\r\n{HOST}{fields}\r\n{content}");
    let chunked = |content: &str| post("Transfer-Encoding: chunked\r\n", content);
    let line = |line: &str| format!("{line}\r\n{HOST}\r\n");
    let long = "a".repeat(20_000);
    let modified = "Wed, 01 Jan 2025 00:00:00 GMT";
    let mut texts = vec![
        // Whole exchanges, pipelined, that show most.
        get("")
            + &chunked("3\r\nabc\r\n0\r\n\r\n")
            + &format!("HEAD / HTTP/1.1\r\n{HOST}\r\n")
            + &get("Connection: close\r\n"),
        get("Connection: close\r\n") + &get(""),
        get("Connection: Close, x\r\n") + &get(""),
        "GET / HTTP/1.0\r\n\r\n".into(),
        "POST / HTTP/1.0\r\n\r\n".into(),
        "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc".into(),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        // Request lines.
        format!("\r\n{}", get("")),
        line("GET / HTTP/1.9"),
        line("GET / HTTP/3.0"),
        line("GET  / HTTP/1.1"),
        line("GET /a b HTTP/1.1"),
        line("get / HTTP/1.1"),
        line("FOO / HTTP/1.1"),
        line(&format!("GET /{long} HTTP/1.1")),
        line(&format!("GET /{} HTTP/1.1", "a".repeat(7_000))),
        line("GET /a\"b HTTP/1.1"),
        line("GET http://server.example/ HTTP/1.1"),
        "GET http://server.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n".into(),
        line("GET server.example:80 HTTP/1.1"),
        line("GET * HTTP/1.1"),
        line("OPTIONS * HTTP/1.1"),
        line("CONNECT server.example:0 HTTP/1.1"),
        line("GET https://server.example/ HTTP/1.1"),
        line("GET http:///a HTTP/1.1"),
        line("GET /%0d%0aA:b HTTP/1.1"),
        "\u{16}\u{3}\u{1}\r\n\r\n".into(),
        format!("GET / HTTP/1.1\n{HOST}\r\n"),
        // Fields.
        "GET / HTTP/1.1\r\n\r\n".into(),
        get(HOST),
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhOsT: server.example\r\n\r\n".into(),
        get("A: \u{e9}\r\n"),
        get("A: b\rC: d\r\n"),
        get("A: b\0\r\n"),
        get("A : b\r\n"),
        get("A(: b\r\n"),
        get("A\r\n"),
        get("A: b\r\n c: d\r\n"),
        get("X-A: b\r\n"),
        get("Connection: ,x\r\n"),
        get(&format!("A: {long}{long}{long}{long}\r\n")),
        format!("GET / HTTP/1.1\r\n A: b\r\n{HOST}\r\n"),
        get("Upgrade: a\r\nConnection: upgrade\r\n"),
        // Content.
        post("Content-Length:  3 \r\n", "abc") + &get(""),
        post("", "") + &get(""),
        post("Content-Length: +3\r\n", "abc") + &get(""),
        post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc") + &get(""),
        post("Content-Length: 4294967296\r\n", "") + &get(""),
        post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + &get(""),
        post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n") + &get(""),
        post("Transfer-Encoding: identity\r\n", "") + &get(""),
        post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n") + &get(""),
        post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n") + &get(""),
        post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n") + &get(""),
        post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n") + &get(""),
        post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"),
        format!("PUT / HTTP/1.1\r\n{HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n{}", get("")),
        chunked("100000000\r\n\r\n0\r\n\r\n") + &get(""),
        chunked("0x3\r\nabc\r\n0\r\n\r\n"),
        chunked("3\r\nabcXX0\r\n\r\n"),
        chunked("3;a=\"\\\"\"\r\nabc\r\n0\r\n\r\n"),
        chunked(&format!("1;{long}\r\na\r\n0\r\n\r\n")),
        chunked("3\nabc\n0\n\n"),
        chunked("0\r\nConnection: close\r\n\r\n"),
        chunked("0\r\nbad line\r\n\r\n"),
        // Methods, conditions and ranges.
        format!("DELETE / HTTP/1.1\r\n{HOST}\r\n"),
        format!("TRACE / HTTP/1.1\r\n{HOST}Cookie: a\r\n\r\n"),
        get("If-Match: W/\"rfcheck-root\"\r\n"),
        get("If-Match: \"a\"\r\n"),
        get("If-Match: \"rfcheck-root\"\r\nIf-Unmodified-Since: Tue, 31 Dec 2024 00:00:00 GMT\r\n"),
        get("If-Unmodified-Since: Tue, 31 Dec 2024 00:00:00 GMT\r\n"),
        get("If-None-Match: \"rfcheck-root\"\r\n"),
        get("If-None-Match: W/\"rfcheck-root\"\r\n"),
        post("If-None-Match: *\r\n", ""),
        get(&format!("If-None-Match: \"a\"\r\nIf-Modified-Since: {modified}\r\n")),
        get("If-Modified-Since: Wednesday, 01-Jan-25 00:00:00 GMT\r\n"),
        get("If-Modified-Since: garbage\r\n"),
        post(&format!("If-Modified-Since: {modified}\r\n"), ""),
        format!("GET /missing HTTP/1.1\r\n{HOST}If-None-Match: *\r\n\r\n"),
        get("Range: bytes=0-2\r\n"),
        get("Range: items=0-2\r\n"),
        get("Range: bytes=9-\r\n"),
        get("Range: bytes=5-1\r\n"),
        get("Range: bytes=0-0,2-3\r\n"),
        get("Range: bytes=0-4294967297\r\n"),
        get("Range: bytes=0-0\r\nIf-Range: \"a\"\r\n"),
    ];
    texts.push(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
    let mut probes: Vec<Probe> = texts.into_iter().map(|text| vec![step(80, text)]).collect();
    let cut = Step { way: Way::Finish, ..step(80, post("Content-Length: 9\r\n", "abc")) };
    probes.push(vec![cut]);
    probes.push(vec![Step { seconds: 100, ..step(80, "GET /") }]);
    // More than is read before the answer is closed behind.
    probes.push(vec![step(80, format!("GET / HTTP/1.1\r\n\r\n{}", "a".repeat(30_000)))]);
    probes
}

fn smtp() -> Vec<Probe> {
    let mail = |content: &str| {
        format!(
            "EHLO a\r\nMAIL FROM:<A@b.example>\r\nRCPT TO:<user@example.test>\r\nRCPT TO:<alice@example.test>\r\n\
             DATA\r\n{content}.\r\nNOOP\r\n"
        )
    };
    let in_mail = |text: &str| format!("EHLO a\r\nMAIL FROM:<a@b.example>\r\n{text}\r\nNOOP\r\n");
    let hello = |text: &str| format!("EHLO a\r\n{text}\r\nNOOP\r\n");
    let many = |count: usize| in_mail(&"RCPT TO:<user@example.test>\r\n".repeat(count));
    let mut texts = vec![
        mail("Subject: a\r\n\r\ntext\r\n") + &mail("Subject: b\r\n\r\ntext\r\n") + "QUIT\r\nNOOP\r\n",
        mail(".a\r\n...b\r\n"),
        mail(""),
        mail("a\n.\nb\r\n"),
        mail("a\n.\r\nb\r\n"),
        mail("a\r.\rb\r\n"),
        mail("a\r\n.\nb\r\n"),
        mail("a\x07\r\n"),
        mail("caf\u{e9}\r\n"),
        mail(&format!("{}\r\n", "a".repeat(600))),
        mail(&"0123456789\r\n".repeat(1_000)),
        mail("Resent-To: a\r\n\r\n"),
        mail("Received: a\r\n\r\n"),
        mail(&("Received: a\r\n".repeat(101) + "\r\n")),
        "HELO a\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n".into(),
        "NOOP\r\nMAIL FROM:<a@b.example>\r\nVRFY user\r\nVRFY nobody\r\nHELP\r\nEXPN a\r\nFOO\r\nNOOP\r\n".into(),
        in_mail("EHLO a\r\nRCPT TO:<user@example.test>"),
        in_mail("EHLO\r\nRCPT TO:<user@example.test>"),
        in_mail("MAIL FROM:<a@b.example>"),
        in_mail("RSET\r\nRCPT TO:<user@example.test>"),
        in_mail("DATA"),
        in_mail("DATA x"),
        hello("RCPT TO:<user@example.test>"),
        hello("EHLO [192.0.2.1]"),
        hello("EHLO [192.0.2.1] a"),
        hello(&format!("EHLO {}", ["a".repeat(60), "b".repeat(60)].join("."))),
        hello("MAIL FROM:garbage\r\nRCPT TO:<user@example.test>"),
        hello("noop"),
        hello("NOOP a"),
        hello("RSET  "),
        hello("MAIL FROM: <a@b.example>"),
        hello("MAIL FROM:a@b.example"),
        hello("MAIL FROM:<>"),
        hello("MAIL FROM:<@c.example:a@b.example>"),
        hello("MAIL FROM:<a@b_c>"),
        hello("MAIL FROM:<\"a b\"@c.example>"),
        hello("MAIL FROM:<a@[192.0.2.1]>"),
        hello("MAIL FROM:<a\x07@b.example>"),
        hello("NOOP \x07"),
        hello("NOOP \u{e9}"),
        hello("MAIL FROM:<a@b.example> size=1"),
        hello("MAIL FROM:<a@b.example> SIZE=1000001"),
        hello("MAIL FROM:<a@b.example> SIZE=abc"),
        hello("MAIL FROM:<a@b.example> BODY=8BITMIME"),
        hello("MAIL FROM:<a@b.example> BODY=FOO"),
        hello("MAIL FROM:<a@b.example> FOO=bar"),
        hello(&format!("MAIL FROM:<{}@b.example>", "a".repeat(50))),
        hello(&format!("MAIL FROM:<{}@b.example>", "a".repeat(65))),
        hello(&format!("MAIL FROM:<a@{}>", ["b".repeat(60), "c".repeat(60), "d".repeat(60)].join("."))),
        hello(&format!("NOOP {}", "a".repeat(400))),
        hello(&format!("NOOP {}", "a".repeat(4_000))),
        hello("NOOP\nNOOP"),
        in_mail("RCPT TO:<Postmaster>"),
        in_mail("RCPT TO:<POSTMASTER>"),
        in_mail("RCPT TO:<postmaster@example.test>"),
        in_mail("RCPT TO:<nobody@example.test>"),
        in_mail("RCPT TO:<a@elsewhere.example>"),
        in_mail("RCPT TO:<>"),
        in_mail("RCPT TO:<@a.example:user@example.test>"),
        many(60),
        many(130),
    ];
    for (size, content) in [(5, "0123456789\r\n"), (100, "0123456789\r\n")] {
        texts.push(format!(
            "EHLO a\r\nMAIL FROM:<a@b.example> SIZE={size}\r\nRCPT TO:<user@example.test>\r\nDATA\r\n{content}.\r\n"
        ));
    }
    let mut probes: Vec<Probe> = texts.into_iter().map(|text| vec![step(25, text)]).collect();
    let whole = mail("text\r\n");
    probes.push(vec![Step { schedule: Schedule::Octet, ..step(25, whole.clone()) }]);
    let cut = whole.strip_suffix(".\r\nNOOP\r\n").unwrap().to_owned();
    probes.push(vec![Step { way: Way::Finish, ..step(25, cut) }]);
    probes.push(vec![Step { seconds: 100, ..step(25, "EHLO a\r\n") }]);
    probes.push(vec![step(25, "EHLO a\r\n"), step(25, "EHLO a\r\n")]);
    // Too large; and too large with the dots of the client, and not without.
    probes.push(vec![step(25, mail(&"0123456789\r\n".repeat(100_000)))]);
    probes.push(vec![step(25, mail(&"..345678\r\n".repeat(105_000)))]);
    probes
}

/// A query for one question: flags, name, type, class, then additional records and how many.
fn query(flags: u16, name: &[&[u8]], kind: u16, class: u16, behind: (u16, &[u8])) -> Vec<u8> {
    let mut octets = vec![0xab, 0xcd];
    for number in [flags, 1, 0, 0, behind.0] {
        octets.extend_from_slice(&number.to_be_bytes());
    }
    for label in name {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label);
    }
    octets.push(0);
    octets.extend_from_slice(&kind.to_be_bytes());
    octets.extend_from_slice(&class.to_be_bytes());
    octets.extend_from_slice(behind.1);
    octets
}

fn dns() -> Vec<Probe> {
    let opt = |size: u16, version: u8, data: &[u8]| {
        [&[0, 0, 41][..], &size.to_be_bytes(), &[0, version, 0x80, 0, 0, data.len() as u8], data].concat()
    };
    let under = |first: &'static str| [first.as_bytes(), b"example", b"test"];
    let plain = |first: &'static str, kind: u16| query(0x0100, &under(first), kind, 1, (0, &[]));
    let with = |first: &'static str, kind: u16, count: u16, behind: &[u8]| {
        query(0x0100, &under(first), kind, 1, (count, behind))
    };
    let other = [&[0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4][..], &opt(1_232, 0, &[])].concat();
    let long = vec![b'a'; 40];
    let longest = [vec![b'a'; 63], vec![b'b'; 63], vec![b'c'; 63], vec![b'd'; 63]];
    let mut longest: Vec<&[u8]> = longest.iter().map(Vec::as_slice).collect();
    longest.extend([&b"example"[..], b"test"]);
    let mut queries = vec![
        plain("www", 1),
        plain("WwW", 1),
        plain("www", 15),
        plain("missing", 1),
        plain("alias", 1),
        plain("large", 16),
        query(0x0100, &[b"example", b"test"], 15, 1, (0, &[])),
        query(0x0100, &[b"example", b"test"], 255, 1, (0, &[])),
        query(0x0100, &[b"example", b"test"], 252, 1, (0, &[])),
        query(0x0100, &[b"a", b"wildcard", b"example", b"test"], 16, 1, (0, &[])),
        query(0x0100, &[b"a", b"delegated", b"example", b"test"], 1, 1, (0, &[])),
        query(0x0100, &[b"a", b"elsewhere"], 1, 1, (0, &[])),
        query(0x0100, &[b"a\0b", b"example", b"test"], 1, 1, (0, &[])),
        query(0x0100, &[&long, b"example", b"test"], 1, 1, (0, &[])),
        query(0x0100, &longest, 1, 1, (0, &[])),
        query(0x0100, &under("www"), 1, 3, (0, &[])),
        query(0x8100, &under("www"), 1, 1, (0, &[])),
        query(0x1170, &under("www"), 1, 1, (0, &[])),
        query(0x0170, &under("www"), 1, 1, (0, &[])),
        query(0x2000, &[b"example", b"test"], 6, 1, (0, &[])),
        query(0x2800, &[b"example", b"test"], 6, 1, (0, &[])),
        with("www", 1, 1, &opt(1_232, 0, &[])),
        with("www", 1, 1, &opt(1_232, 1, &[])),
        with("www", 1, 1, &opt(1_232, 0, &[0xfd, 0xe9, 0, 1, 7])),
        with("www", 1, 1, &opt(1_232, 0, &[0xfd, 0xe9, 0, 9, 7])),
        with("www", 1, 2, &[opt(1_232, 0, &[]), opt(1_232, 0, &[])].concat()),
        with("www", 1, 1, &[&[1, b'a'][..], &opt(1_232, 0, &[])].concat()),
        with("www", 1, 2, &other),
        with("large", 16, 1, &opt(600, 0, &[])),
        with("large", 16, 1, &opt(4_096, 0, &[])),
        query(0x0100, &[b"example", b"test"], 255, 1, (1, &opt(100, 0, &[]))),
        with("www", 1, 0, b"behind"),
    ];
    // Two questions, each whole.
    let mut twice = plain("www", 1);
    twice[5] = 2;
    let question = twice[12..].to_vec();
    twice.extend(question);
    queries.push(twice);
    // A question that is missing, and names that are none: a pointer to itself, one back into the header, a reserved type.
    for (at, octets) in [(4, vec![0, 2]), (12, vec![0xc0, 12]), (12, vec![0xc0, 4]), (12, vec![0x41])] {
        let mut query = plain("www", 1);
        query.splice(at..at + octets.len(), octets);
        queries.push(query);
    }
    // A legal pointer: the root that follows the header's last octets.
    let pointer = [&plain("www", 1)[..12], &[0xc0, 10, 0, 1, 0, 1]].concat();
    queries.push(pointer);
    let mut probes: Vec<Probe> =
        queries.iter().map(|octets| vec![Step { way: Way::Datagram, ..step(53, octets.clone()) }]).collect();
    // An answer of which only the additional records have no room.
    let framed = |octets: &[u8]| [&(octets.len() as u16).to_be_bytes(), octets].concat();
    let two = [framed(&queries[0]), framed(&queries[6])].concat();
    probes.push(vec![step(53, two.clone())]);
    probes.push(vec![Step { schedule: Schedule::Octet, ..step(53, two.clone()) }]);
    probes.push(vec![step(53, [&[0, 0][..], &two].concat())]);
    probes.push(vec![step(53, two.clone()), step(53, two)]);
    probes
}

fn pop3() -> Vec<Probe> {
    let fill = "EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n\
                Subject: a\r\n\r\none\r\n..\r\n..two\r\n.\r\n\
                MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n\r\nthree\r\n.\r\nQUIT\r\n";
    let login = |text: &str| format!("USER alice\r\nPASS secret\r\n{text}\r\n");
    let mut probes: Vec<Probe> = Vec::new();
    for text in [
        "STAT\r\nNOOP\r\nQUIT\r\nNOOP\r\n".into(),
        "PASS secret\r\nSTAT\r\n".into(),
        "USER alice\r\nPASS wrong\r\nSTAT\r\n".into(),
        "quit\r\n".into(),
        "NOOP\nNOOP\r\nQUIT\r\n".into(),
        login("STAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 1 1\r\nNOOP\r\nQUIT"),
        login("DELE 1\r\nSTAT\r\nLIST 1\r\nRSET\r\nSTAT\r\nQUIT"),
        login("DELE 1\r\nQUIT"),
    ] {
        let text: String = text;
        let again = step(110, login("STAT"));
        probes.push(vec![step(110, ""), step(25, fill), step(110, text), again]);
    }
    let lost = Step { way: Way::Reset, ..step(110, login("DELE 1")) };
    probes.push(vec![step(110, ""), step(25, fill), lost, step(110, login("STAT"))]);
    probes.push(vec![step(110, login("STAT")), step(110, login("STAT"))]);
    probes.push(vec![Step { seconds: 100, ..step(110, login("STAT")) }]);
    probes
}
