//! One conversation of each protocol, and what is particular to its framing.

use rfcheck::target::TargetError;

use super::server::{Do, Server, send};
use super::support::report;

/// Whole requests without content, each answered by its method and target.
fn http(_: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    let (mut taken, mut actions) = (0, Vec::new());
    while let Some(end) = octets[taken..].windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&octets[taken..taken + end]).into_owned();
        taken += end + 4;
        let mut words = head.lines().next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap_or_default());
        actions.extend(match (method, target) {
            ("HEAD", _) => send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            (_, "/chunked") => {
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSum: 5\r\n\r\n")
            }
            (_, "/close") => [send("HTTP/1.1 200 OK\r\n\r\nhello"), vec![Do::Close]].concat(),
            (_, "/reset") => [send("HTTP/1.1 200 OK\r\n\r\nhello"), vec![Do::Reset]].concat(),
            (_, "/early") => send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
            (_, "/cut") => [send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), vec![Do::Close]].concat(),
            (_, "/endless") => vec![Do::Send([&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 2_000_000]].concat())],
            _ => send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: a\r\n\r\nhello"),
        });
    }
    (taken, actions)
}

fn on_http(dialogue: &str) -> String {
    report(Server::new("http", 80, http).factory(), &format!("//@ protocol: http\n{dialogue}"))
}

fn request(line: &str) -> String {
    format!("C: {line} HTTP/1.1\nC: Host: a\nC:\n")
}

#[test]
fn http_is_framed_by_its_rules() {
    let dialogue = [
        &request("HEAD /"),
        &request("GET /"),
        &request("GET /chunked"),
        &request("GET /early"),
        "S: status 200\n   header Content-Length = 5\n   content-size = 0\n",
        "S: status 2xx\n   content \"hello\"\n   reason \"OK\"\n   version \"1.1\"\n   header server as server\n",
        "S: status 200\n   content \"hello\"\n   trailer Sum \"5\"\n   no header Content-Length\n   size > 20\n",
        "S: status 204\n   interim 103\n   count interim 1xx = 1\n",
        &request("GET /early"),
        "S: status 1xx\n   header Link\nS: status 204\n   no interim 103\n",
        &request("GET /close"),
        "S: status 200\n   content \"hello\"\nS closes\n",
    ]
    .concat();
    let text = on_http(&dialogue);
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn content_that_is_cut_short_is_no_answer() {
    let text = on_http(&format!("{}S: status 200\n", request("GET /cut")));
    assert!(text.contains("the response is malformed: the message is incomplete"), "{text}");
    // What was written before a reset may be lost with it.
    let text = on_http(&format!("{}S: status 200\n", request("GET /reset")));
    assert!(text.contains("the target resets the connection"), "{text}");
}

#[test]
fn an_answer_without_end_is_told() {
    let text = on_http(&format!("{}S: status 200 within 5\n", request("GET /endless")));
    assert!(text.contains("the response has no end: 2000019 octets of it came within 5"), "{text}");
}

/// Answers NOERROR with the query's question, or what its first label says.
fn answers(query: &[u8]) -> Vec<Vec<u8>> {
    let with = |flags: [u8; 2], id: &[u8]| [id, &flags, &query[4..]].concat();
    let label = query.get(13..13 + usize::from(query[12])).unwrap_or_default();
    match label {
        b"silent" => Vec::new(),
        b"twice" => vec![with([0x80, 0], &query[..2]); 2],
        b"wrong" => vec![with([0x80, 0], &[query[0], query[1] ^ 1])],
        b"query" => vec![query.to_vec()],
        b"short" => vec![query[..5].to_vec()],
        _ => vec![with([0x84, 3], &query[..2])],
    }
}

/// The same over TCP, the answers to all that came at once in the other order.
fn dns(_: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    let (mut taken, mut all) = (0, Vec::new());
    while let Some(length) = octets.get(taken..taken + 2) {
        let end = taken + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let Some(query) = octets.get(taken + 2..end) else { break };
        let framed = |answer: Vec<u8>| Do::Send([&(answer.len() as u16).to_be_bytes()[..], &answer].concat());
        all.extend(answers(query).into_iter().map(framed));
        taken = end;
    }
    all.reverse();
    (taken, all)
}

fn on_dns(dialogue: &str) -> String {
    let server = Server { answer: answers, ..Server::new("dns", 53, dns) };
    report(server.factory(), &format!("//@ protocol: dns\n{dialogue}"))
}

#[test]
fn dns_runs_over_udp_and_tcp() {
    let dialogue = "C: query a.example A\nS: rcode NXDOMAIN\n   flag aa\n   no flag tc\n   question a.example A\n   size = 27\n\
                    C: query silent.example A\nS is silent for 2\nC2 connects over tcp\nC2: query b.example A\nC2: query c.example TXT\n\
                    S2: rcode NXDOMAIN\n   question b.example A\nS2: rcode NXDOMAIN\n   question c.example TXT\n   count answer = 0\n\
                    C3: query twice.example A\nS3: rcode NOERROR\nS3: rcode NOERROR\nS3 is silent for 1\n";
    let text = on_dns(dialogue);
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn a_response_of_another_query_or_no_response_fails() {
    let wrong = on_dns("C: query wrong.example A\nS: rcode NOERROR\n");
    assert!(wrong.contains("the response differs in ID"), "{wrong}");
    let query = on_dns("C: query query.example A\nS: rcode NOERROR\n");
    assert!(query.contains("the response differs in flag qr"), "{query}");
    let short = on_dns("C: query short.example A\nS: anything\n");
    assert!(short.contains("the response is malformed: the message is shorter than its header"), "{short}");
    insta::assert_snapshot!(on_dns("C: query a.example A\nS: rcode NOERROR\n   answer a.example A \"192.0.2.1\"\n"));
}

#[test]
fn a_port_without_a_server_is_refused() {
    for asked in ["C connects to port 54\nC: query a. A\n", "C connects over tcp to port 54\n"] {
        // smoltcp quotes with a bit more than it got.
        let excepted = "//@ monitor: 1122-ICMP-02 the stack is not the server\n";
        let text = on_dns(&format!("{excepted}{asked}S refuses within 1\n"));
        assert!(text.contains("1 passed"), "{text}");
    }
}

fn imap(state: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    if *state == 0 {
        *state = 1;
        return (0, send("* OK ready\r\n"));
    }
    let Some(end) = octets.windows(2).position(|two| two == b"\r\n") else { return (0, Vec::new()) };
    let line = String::from_utf8_lossy(&octets[..end]).into_owned();
    let actions = match line.as_str() {
        "a1 LOGIN alice {6}" => send("+ go on\r\n"),
        "secret" => send("a1 OK [CAPABILITY IMAP4rev2] in\r\n"),
        "a2 FETCH 1 BODY[]" => send("* 1 FETCH (BODY[] {9}\r\na2 OK\r\n\r\n)\r\n* 3 EXISTS\r\na2 OK done\r\n"),
        "a3 LOGOUT" => [send("* BYE see you\r\na3 OK bye\r\n"), vec![Do::Close]].concat(),
        _ => send("* BAD what\r\n"),
    };
    (end + 2, actions)
}

#[test]
fn imap_is_read_up_to_its_tag() {
    let dialogue = "//@ protocol: imap\nS: * OK\nC: a1 LOGIN alice {6}\nS: + /go on/\nC: secret\nS: a1 OK \"[CAPABILITY IMAP4rev2] in\"\n   \
                    code \"CAPABILITY IMAP4rev2\"\nC: a2 FETCH 1 BODY[]\nS: a2 OK\n   untagged \"3 EXISTS\"\n   count untagged = 2\n\
                    C: a3 LOGOUT\nS: * BYE\nS: a3 OK or * BYE\nS closes\n";
    let text = report(Server::new("imap", 143, imap).factory(), dialogue);
    assert!(text.contains("1 passed"), "{text}");
    let text =
        report(Server::new("imap", 143, imap).factory(), "//@ protocol: imap\nS: * OK\nC: x\nS: x OK within 2\n");
    assert!(text.contains("no response comes") || text.contains("has no end"), "{text}");
}

fn pop3(state: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    if *state == 0 {
        *state = 1;
        return (0, send("+OK ready\r\n"));
    }
    let (mut taken, mut actions) = (0, Vec::new());
    while let Some(end) = octets[taken..].windows(2).position(|two| two == b"\r\n") {
        actions.extend(match &octets[taken..taken + end] {
            b"RETR 1" => send("+OK\r\nSubject: a\r\n\r\n..\r\n.\r\n"),
            b"STAT" => send("+OK 1 20\r\n"),
            _ => send("-ERR what\r\n"),
        });
        taken += end + 2;
    }
    (taken, actions)
}

#[test]
fn pop3_is_read_by_its_command() {
    let dialogue = "//@ protocol: pop3\nS: +OK\nC: STAT\nC: RETR 1\nS: +OK /^(?<count>[0-9]+) /\nS: +OK multi-line\n   line \".\"\n   \
                    count line = 3\nC: RETR {count}2\nS: -ERR \"what\"\n";
    let text = report(Server::new("pop3", 110, pop3).factory(), dialogue);
    assert!(text.contains("1 passed"), "{text}");
}

/// The mailbox holds the message when it is looked at for the third time.
fn mailbox(name: &str, arguments: &[String], count: u32) -> Result<Vec<Vec<u8>>, TargetError> {
    match name {
        "message" if count >= 3 => Ok(vec![format!("To: {}\r\n\r\n.hidden\r\n", arguments[0]).into_bytes()]),
        "message" => Ok(Vec::new()),
        _ => Err(TargetError::Action { action: name.to_owned(), reason: "the disk is full".to_owned() }),
    }
}

#[test]
fn a_check_is_looked_at_until_it_holds() {
    let on = |dialogue: &str| {
        let server = Server { perform: mailbox, ..Server::new("pop3", 110, pop3) };
        report(server.factory(), &format!("//@ protocol: pop3\nS: +OK\n{dialogue}"))
    };
    let check = "check message \"user@example.test\"";
    assert!(on(&format!("{check} within 5\n   line \".hidden\"\n   no line \"..hidden\"\n")).contains("1 passed"));
    let early = on(&format!("{check}\n   line \".hidden\"\n"));
    assert!(early.contains("`check message` gives something else"), "{early}");
    insta::assert_snapshot!(on(&format!("{check} within 2\n   line \"..hidden\"\n   count line /^To/ = 1\n")));
    let failed = on("do mailbox \"alice\"\n");
    assert!(failed.contains("`mailbox` failed: the disk is full (the environment's fault)"), "{failed}");
}
