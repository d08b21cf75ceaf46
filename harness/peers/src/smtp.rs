//! SMTP: replies, command lines and messages after DATA, beside smtp-proto.

use rfcheck::dialogue::framing::smtp::{InputReader, Reply, ReplyReader};
use rfcheck::dialogue::framing::{Flaw, Reader};
use smtp_proto::request::receiver::{DataReceiver, MAX_LINE_LENGTH};
use smtp_proto::response::parser::{MAX_RESPONSE_LENGTH, ResponseReceiver};
use smtp_proto::{Error, Request};

use crate::Quirks;
use crate::quirk::quirks;

quirks! {
    CODES_DIFFER = "smtp-proto-codes-differ", "smtp-proto 0.2.5", "accepts a reply whose lines have different codes",
        "RFC 5321 section 4.2.1: the reply code on each of the lines MUST be the same";
    CODE_RANGE = "smtp-proto-code-range", "smtp-proto 0.2.5", "accepts any three digits for a reply code",
        "RFC 5321 section 4.2: Reply-code = %x32-35 %x30-35 %x30-39";
    REPLY_LINE_END = "smtp-proto-reply-line-end", "smtp-proto 0.2.5", "takes LF for the end of a reply line and drops CR elsewhere",
        "RFC 5321 section 2.3.8: lines consist of zero or more data characters terminated by CR LF";
    REPLY_OCTETS = "smtp-proto-reply-octets", "smtp-proto 0.2.5", "accepts any octets in the text of a reply",
        "RFC 5321 section 4.2: textstring = 1*(%d09 / %d32-126)";
    FIRST_DOT = "smtp-proto-first-line-dot", "smtp-proto 0.2.5",
        "does not see a dot at the start of the first line of a message: a lone one does not end it, a doubled one stays",
        "RFC 5321 section 4.1.1.4: the first CRLF of the end of data is also the one that ends the DATA command";
    WITHIN_LINE = "smtp-proto-within-line", "smtp-proto 0.2.5",
        "refuses an AUTH command before it has seen the end of its line, and takes what follows for the next command",
        "RFC 5321 section 4.1.1: a command ends with CRLF";
    NEXT_LINE = "smtp-proto-next-line", "smtp-proto 0.2.5", "looks on the next line for what a MAIL or RCPT command lacks",
        "RFC 5321 section 4.1.1: a command ends with CRLF";
    KEPT_CR = "smtp-proto-kept-cr", "smtp-proto 0.2.5",
        "takes the CR that ends a line for text, where the text is empty or a part of an enhanced code",
        "RFC 5321 section 4.2: Reply-line = Reply-code [ SP textstring ] CRLF";
    STUFFED_CR = "smtp-proto-stuffed-cr", "smtp-proto 0.2.5", "ends a message at a dot and CR CR LF, or after more CR",
        "RFC 5321 section 4.1.1.4: CRLF, a dot and CRLF end the mail data";
}

/// What the octets behind the first are, is chosen by the first: a reply, a command line, a message after DATA. The
/// same end and the same contents as smtp-proto's.
///
/// # Panics
///
/// Where they disagree otherwise than in a known quirk.
pub fn smtp_peers(input: &[u8]) -> Quirks {
    let mut quirks = Quirks::new();
    let Some((selector, octets)) = input.split_first() else { return quirks };
    match selector % 3 {
        0 => reply(octets, &mut quirks),
        1 => command(octets, &mut quirks),
        _ => message(octets, &mut quirks),
    }
    quirks
}

fn reply(octets: &[u8], quirks: &mut Quirks) {
    let fed = ReplyReader::default().feed(octets);
    let mut rest = octets.iter();
    let theirs = ResponseReceiver::default().parse(&mut rest);
    let end = octets.len() - rest.as_slice().len();
    let flaws = |reply: &Reply| reply.defects.iter().map(|defect| defect.flaw).collect::<Vec<_>>();
    match (fed.message, theirs) {
        (None, Err(Error::NeedsMoreData { .. })) => {}
        // Without the rest of it we do not yet look at a line.
        (None, Err(_)) => {}
        (Some(ours), Ok(theirs)) => {
            let mut is_explained = false;
            for flaw in flaws(&ours) {
                quirks.push(match flaw {
                    Flaw::CodesDiffer => &CODES_DIFFER,
                    Flaw::CodeOutOfRange => &CODE_RANGE,
                    Flaw::BareLf | Flaw::BareCr => &REPLY_LINE_END,
                    Flaw::Separator if ours.defects.has(Flaw::BareCr) => &REPLY_LINE_END,
                    Flaw::NotText => &REPLY_OCTETS,
                    Flaw::LineTooLong => continue,
                    flaw => panic!("smtp-proto accepts a reply of which we say that {flaw}"),
                });
                is_explained = true;
            }
            if !is_explained {
                assert_eq!(end, fed.taken, "where the reply ends");
                assert_eq!(Some(theirs.code), ours.code, "the code");
                let lines: Vec<&str> = theirs.message.split('\n').collect();
                assert_eq!(lines.len(), ours.lines.len(), "how many lines there are");
                for (ours, theirs) in ours.lines.iter().zip(lines) {
                    if is_part_of_code(ours) && theirs.strip_suffix('\r').map(str::as_bytes) == Some(ours) {
                        quirks.push(&KEPT_CR);
                        continue;
                    }
                    assert!(
                        is_same_text(ours, theirs),
                        "we read {:?}, smtp-proto {theirs:?}",
                        ours.escape_ascii().to_string()
                    );
                }
            }
        }
        (Some(ours), Err(error)) => {
            let is_long = octets.len() > MAX_RESPONSE_LENGTH;
            assert!(!flaws(&ours).is_empty() || is_long, "smtp-proto says {error:?}, we find nothing wrong");
        }
        (None, Ok(theirs)) => panic!("smtp-proto reads {theirs:?}, we a part of a reply"),
    }
}

/// Whether a text ends before the enhanced code does that it may begin with.
fn is_part_of_code(text: &[u8]) -> bool {
    text.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.')
}

/// Whether a line is the same but for an enhanced code, which smtp-proto takes off.
fn is_same_text(ours: &[u8], theirs: &str) -> bool {
    let theirs = theirs.as_bytes();
    if ours == theirs {
        return true;
    }
    let Some(code) = ours.strip_suffix(theirs) else { return false };
    let code = code.strip_suffix(b" ").unwrap_or(code);
    code.split(|octet| *octet == b'.').count() == 3 && code.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.')
}

fn command(octets: &[u8], quirks: &mut Quirks) {
    let fed = InputReader::default().feed(octets);
    let mut rest = octets.iter();
    let theirs = Request::parse(&mut rest);
    let end = octets.len() - rest.as_slice().len();
    match (&fed.message, theirs) {
        (None, Err(Error::NeedsMoreData { .. })) => {}
        (Some(_), Ok(_)) if end == fed.taken => {}
        (_, Err(_)) if octets.len() > MAX_LINE_LENGTH => {}
        (Some(_), Err(_)) if end == fed.taken => {}
        (_, Err(_)) if end < fed.taken => quirks.push(&WITHIN_LINE),
        (Some(_), _) if end > fed.taken => quirks.push(&NEXT_LINE),
        (ours, theirs) => panic!("we read {ours:?} of {} octets, smtp-proto {theirs:?} of {end}", fed.taken),
    }
}

fn message(octets: &[u8], quirks: &mut Quirks) {
    let mut reader = InputReader::default();
    reader.expect_message();
    let fed = reader.feed(octets);
    let (mut rest, mut content) = (octets.iter(), Vec::new());
    let has_end = DataReceiver::new().ingest(&mut rest, &mut content);
    let end = octets.len() - rest.as_slice().len();
    let is_whole = fed.message.is_some();
    let Some(ours) = fed.message.or_else(|| reader.end()) else { return };
    if octets.first() == Some(&b'.') {
        let is_same = is_whole == has_end && end == fed.taken && is_same_content(&ours.lines, &content);
        if !is_same {
            quirks.push(&FIRST_DOT);
        }
        return;
    }
    if has_end && (!is_whole || end < fed.taken) && octets[..end].ends_with(b"\r\r\n") {
        quirks.push(&STUFFED_CR);
        return;
    }
    assert_eq!((is_whole, fed.taken), (has_end, end), "where the message ends: we read {:?}", ours.lines);
    let has_bare = ours.defects.has(Flaw::BareLf) || ours.defects.has(Flaw::BareCr);
    if is_whole && !has_bare {
        assert!(
            is_same_content(&ours.lines, &content),
            "we read {:?}, smtp-proto {:?}",
            ours.lines,
            content.escape_ascii().to_string()
        );
    }
}

fn is_same_content(lines: &[Vec<u8>], content: &[u8]) -> bool {
    let mut ours: Vec<u8> = Vec::with_capacity(content.len());
    for line in lines {
        ours.extend_from_slice(line);
        ours.extend_from_slice(b"\r\n");
    }
    ours == content
}
