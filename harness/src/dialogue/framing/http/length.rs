//! Where content ends: RFC 9112 section 6.3, rule by rule.

use super::fields::without_space;
use super::{AnswerTo, Fields, Framing};
use crate::dialogue::framing::Flaw;
use crate::dialogue::framing::line::Lines;

/// The framing of a response.
pub(super) fn of_response(status: Option<u16>, to: AnswerTo, fields: &Fields, lines: &mut Lines) -> Framing {
    let has_coding = fields.has(b"transfer-encoding");
    let has_length = fields.has(b"content-length");
    let status = status.unwrap_or_default();
    // Rule 1, and what a server must not send with it (section 6.1; RFC 9110 section 8.6).
    if to == AnswerTo::Head || matches!(status, 100..=199 | 204 | 304) {
        if matches!(status, 100..=199 | 204) && (has_coding || has_length) {
            lines.flaw(Flaw::FramingForbidden);
        }
        return Framing::None;
    }
    // Rule 2.
    if to == AnswerTo::Connect && matches!(status, 200..=299) {
        if has_coding || has_length {
            lines.flaw(Flaw::FramingForbidden);
        }
        return Framing::None;
    }
    // Rules 3 and 4.
    if has_coding {
        if has_length {
            lines.flaw(Flaw::LengthAndCoding);
        }
        if is_chunked_last(fields, lines) {
            return Framing::Chunked;
        }
        return Framing::Close;
    }
    // Rules 5, 6 and 8.
    if has_length { content_length(fields, lines).map_or(Framing::Close, Framing::Length) } else { Framing::Close }
}

/// The framing of a request.
pub(super) fn of_request(fields: &Fields, lines: &mut Lines) -> Framing {
    let has_length = fields.has(b"content-length");
    if fields.has(b"transfer-encoding") {
        if has_length {
            lines.flaw(Flaw::LengthAndCoding);
        }
        if is_chunked_last(fields, lines) {
            return Framing::Chunked;
        }
        // Rule 4: where it ends cannot be known, and a server answers 400 and closes.
        return Framing::Close;
    }
    // Rules 5, 6 and 7.
    if has_length { content_length(fields, lines).map_or(Framing::Close, Framing::Length) } else { Framing::None }
}

fn is_chunked_last(fields: &Fields, lines: &mut Lines) -> bool {
    let codings: Vec<&[u8]> = fields
        .values(b"transfer-encoding")
        .flat_map(|value| value.split(|octet| *octet == b','))
        .map(without_space)
        .filter(|coding| !coding.is_empty())
        .collect();
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let is_last = codings.last().is_some_and(is_chunked);
    if !is_last || codings.iter().filter(|coding| is_chunked(coding)).count() > 1 {
        lines.flaw(Flaw::NotChunkedLast);
    }
    is_last
}

/// The one number that all values of Content-Length say.
fn content_length(fields: &Fields, lines: &mut Lines) -> Option<u64> {
    let values: Vec<&[u8]> = fields
        .values(b"content-length")
        .flat_map(|value| value.split(|octet| *octet == b','))
        .map(without_space)
        .collect();
    let number = |value: &&[u8]| {
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        is_number.then(|| std::str::from_utf8(value).ok()?.parse::<u64>().ok()).flatten()
    };
    let first = values.first().and_then(number);
    if first.is_none() || values.iter().any(|value| number(value) != first) {
        lines.flaw(Flaw::ContentLength);
        return None;
    }
    if values.len() > 1 {
        lines.flaw(Flaw::ContentLengthRepeated);
    }
    first
}
