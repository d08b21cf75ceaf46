//! HTTP.

use rfcheck::dialogue::framing::Reader;
use rfcheck::dialogue::framing::http::{AnswerTo, Response, ResponseReader};
use rfcheck::tester::Schedule;

use crate::client::{say_fresh, schedules};

/// The responses to requests of these methods; all of them must be well-formed.
fn responses(octets: &[u8], methods: &[&str]) -> Vec<Response> {
    let mut reader = ResponseReader::default();
    let (mut responses, mut rest, mut methods) = (Vec::new(), octets, methods.iter());
    let mut next = true;
    while !rest.is_empty() {
        if next {
            reader.expect(AnswerTo::method(methods.next().unwrap_or(&"GET").as_bytes()));
        }
        let fed = reader.feed(rest);
        rest = &rest[fed.taken..];
        let response = fed.message.or_else(|| if rest.is_empty() { reader.end() } else { None }).unwrap();
        let defects: Vec<_> = response.message.defects.iter().collect();
        assert!(defects.is_empty(), "{defects:?} in {}", String::from_utf8_lossy(octets));
        next = !response.is_interim();
        responses.push(response);
    }
    responses
}

fn statuses(text: &str, methods: &[&str]) -> (Vec<u16>, bool) {
    let said = say_fresh(80, Schedule::Whole, text.as_bytes());
    (responses(&said.octets, methods).iter().map(|response| response.status.unwrap()).collect(), said.is_closed)
}

const HOST: &str = "Host: server.example\r\n";

#[test]
fn the_answers_are_the_same_whatever_the_schedule() {
    let text = format!(
        "GET / HTTP/1.1\r\n{HOST}\r\n\
         HEAD /large HTTP/1.1\r\n{HOST}\r\n\
         POST / HTTP/1.1\r\n{HOST}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\n\
         GET /large HTTP/1.1\r\n{HOST}Range: bytes=0-1,99998-\r\n\r\n\
         GET /missing HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n\
         GET / HTTP/1.1\r\n{HOST}\r\n"
    );
    let whole = say_fresh(80, Schedule::Whole, text.as_bytes());
    let found = responses(&whole.octets, &["GET", "HEAD", "POST", "GET", "GET"]);
    let statuses: Vec<_> = found.iter().map(|response| response.status.unwrap()).collect();
    assert_eq!(statuses, [200, 200, 100, 200, 206, 404]);
    assert_eq!(found[0].message.content, b"rfcheck\n");
    assert!(whole.is_closed);
    insta::assert_snapshot!(whole.text());
    let undated =
        |text: String| text.split("Date: ").map(|part| part.get(29..).unwrap_or(part).to_owned()).collect::<String>();
    for schedule in schedules() {
        let said = say_fresh(80, schedule, text.as_bytes());
        // Slow delivery takes long enough for the date to change.
        assert_eq!((undated(said.text()), said.is_closed), (undated(whole.text()), true), "{schedule}");
    }
}

#[test]
fn a_large_answer_arrives_whole() {
    for schedule in [Schedule::Whole, Schedule::TinyWindow, Schedule::Loss] {
        let text = format!("GET /large HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n");
        let said = say_fresh(80, schedule, text.as_bytes());
        let content = &responses(&said.octets, &["GET"])[0].message.content;
        assert!(*content == b"0123456789".repeat(10_000), "{schedule}: {} octets", content.len());
    }
}

#[test]
fn what_is_ambiguous_is_refused_and_the_connection_closed() {
    for head in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{HOST}{HOST}\r\n"),
        format!("GET / HTTP/1.1\r\n{HOST}A : b\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{HOST}A: b\r\n c\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n A: b\r\n{HOST}\r\n"),
        format!("GET / HTTP/1.1\n{HOST}\r\n"),
        format!("GET / HTTP/1.1\r\n{HOST}A: b\rc\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{HOST}A: b\0c\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{HOST}A\r\n\r\n"),
        format!("GET  / HTTP/1.1\r\n{HOST}\r\n"),
        format!("GET /\r\n{HOST}\r\n"),
        format!("GET / HTTP/1.10\r\n{HOST}\r\n"),
        format!("GET / http/1.1\r\n{HOST}\r\n"),
        format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
        format!("POST / HTTP/1.1\r\n{HOST}Content-Length: +5\r\n\r\nabcde"),
        format!("POST / HTTP/1.1\r\n{HOST}Content-Length: \r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
    ] {
        let text = format!("{head}GET / HTTP/1.1\r\n{HOST}\r\n");
        assert_eq!(statuses(&text, &[]), (vec![400], true), "{head:?}");
    }
}

#[test]
fn limits_have_their_own_codes() {
    let long = "a".repeat(20_000);
    for (text, status) in [
        (format!("GET /{long} HTTP/1.1\r\n{HOST}\r\n"), 414),
        (format!("{long} / HTTP/1.1\r\n{HOST}\r\n"), 501),
        (format!("GET / HTTP/1.1\r\n{HOST}A: {long}{long}{long}{long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{HOST}{}\r\n", "A: b\r\n".repeat(300)), 431),
        (format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999\r\n\r\n"), 413),
        (format!("GET / HTTP/2.0\r\n{HOST}\r\n"), 505),
        (format!("GET https://server.example/ HTTP/1.1\r\n{HOST}\r\n"), 421),
        (format!("POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501),
    ] {
        assert_eq!(statuses(&text, &[]), (vec![status], true), "{}", &text[..60]);
    }
    let most = format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", "a".repeat(7_980));
    assert_eq!(statuses(&most, &[]), (vec![404], false));
}

#[test]
fn conditions_and_methods_are_answered_as_the_rfc_says() {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{HOST}{fields}\r\n");
    let modified = "Wed, 01 Jan 2025 00:00:00 GMT";
    for (text, status) in [
        (get("If-None-Match: W/\"rfcheck-root\"\r\n"), 304),
        (get(&format!("If-None-Match: \"a\"\r\nIf-Modified-Since: {modified}\r\n")), 200),
        (get(&format!("If-Modified-Since: {modified}\r\n")), 304),
        (get("If-Modified-Since: Wednesday, 01-Jan-25 00:00:00 GMT\r\n"), 304),
        (get("If-Modified-Since: Wed Jan  1 00:00:00 2025\r\n"), 304),
        (get("If-Modified-Since: 2025-01-01\r\n"), 200),
        (get("If-Match: \"a\", W/\"rfcheck-root\"\r\n"), 412),
        (get("If-Match: *\r\n"), 200),
        (get("If-Unmodified-Since: Tue, 31 Dec 2024 00:00:00 GMT\r\n"), 412),
        (get("Range: bytes=0-0\r\n"), 206),
        (get("Range: bytes=8-\r\n"), 416),
        (get("Range: items=0-0\r\n"), 200),
        (get("Range: bytes=0-0\r\nIf-Range: \"a\"\r\n"), 200),
        (get("Range: bytes=0-0\r\nIf-Range: \"rfcheck-root\"\r\n"), 206),
        (get("Expect: nothing\r\n"), 417),
        (format!("DELETE / HTTP/1.1\r\n{HOST}\r\n"), 405),
        (format!("get / HTTP/1.1\r\n{HOST}\r\n"), 501),
        (format!("OPTIONS * HTTP/1.1\r\n{HOST}\r\n"), 200),
        (format!("TRACE / HTTP/1.1\r\n{HOST}Cookie: a\r\n\r\n"), 200),
        (format!("CONNECT server.example:80 HTTP/1.1\r\n{HOST}\r\n"), 501),
        ("\r\nGET http://server.example/ HTTP/1.9\r\nHost: other.example\r\n\r\n".to_owned(), 200),
    ] {
        assert_eq!(statuses(&text, &[]), (vec![status], false), "{text:?}");
    }
    assert_eq!(statuses("GET / HTTP/1.0\r\n\r\n", &[]), (vec![200], true));
    assert_eq!(statuses("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &[]), (vec![200], false));
}
