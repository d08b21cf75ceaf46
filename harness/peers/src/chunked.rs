//! Chunked content, beside chunked_transfer and httparse's sizes of chunks.

use std::io::Read as _;

use httparse::{EMPTY_HEADER, Status};
use rfcheck::dialogue::framing::http::ResponseReader;
use rfcheck::dialogue::framing::{Flaw, Reader};

use crate::Quirks;
use crate::quirk::quirks;

quirks! {
    TRAILERS = "chunked-transfer-trailers", "chunked_transfer 1.5.0", "refuses content with a trailer section",
        "RFC 9112 section 7.1: a recipient MUST be able to parse and decode the chunked transfer coding";
    TRUNCATED = "chunked-transfer-truncated", "chunked_transfer 1.5.0", "takes content that ends within a chunk for whole",
        "RFC 9112 section 8: it is incomplete if the zero-sized chunk that ends it has not been received";
    SIZE_LINE = "chunked-transfer-size-line", "chunked_transfer 1.5.0",
        "takes white space and LF around a size, and a plus sign before it, for a part of the size",
        "RFC 9112 section 7.1: chunk-size = 1*HEXDIG";
    EXTENSION = "chunk-extension-octets", "chunked_transfer 1.5.0, httparse 1.10.1",
        "passes over any octets in a chunk extension, also LF and controls",
        "RFC 9112 sections 2.2 and 7.1.1: chunk-ext = *( BWS \";\" BWS chunk-ext-name ... )";
    HTTPARSE_SPACE = "httparse-chunk-size-space", "httparse 1.10.1", "accepts white space behind a size without an extension",
        "RFC 9112 section 7.1: CRLF or an extension follows chunk-size";
    HTTPARSE_DIGITS = "httparse-chunk-size-digits", "httparse 1.10.1", "refuses a size of more than 16 digits whatever it is",
        "RFC 9112 section 7.1: chunk-size = 1*HEXDIG, leading zeros among them";
    HTTPARSE_NO_SIZE = "httparse-chunk-size-empty", "httparse 1.10.1", "takes a line without a digit for a size of 0",
        "RFC 9112 section 7.1: chunk-size = 1*HEXDIG";
}

/// What a parser makes of content.
#[derive(Debug, PartialEq)]
enum Read {
    /// The content, and the octets that it took.
    Whole(Vec<u8>, usize),
    /// It goes on.
    Partial,
    /// It is wrong.
    Refused,
}

/// Octets as chunked content: the same content and the same end as chunked_transfer and httparse find.
///
/// # Panics
///
/// Where they disagree otherwise than in a known quirk.
pub fn chunked_peers(octets: &[u8]) -> Quirks {
    let (ours, flaws, has_trailers) = ours(octets);
    let mut quirks = Quirks::new();
    match (&ours, chunked_transfer(octets)) {
        (ours, theirs) if *ours == theirs => {}
        (Read::Partial, Read::Whole(..)) => quirks.push(&TRUNCATED),
        (Read::Partial, Read::Refused) => {}
        (Read::Whole(..), Read::Refused) if has_trailers => quirks.push(&TRAILERS),
        (Read::Refused, Read::Partial | Read::Whole(..)) => {
            quirks.push(if has_extension_octets(octets) { &EXTENSION } else { &SIZE_LINE });
        }
        (ours, theirs) => panic!("we read {ours:?} with {flaws:?}, chunked_transfer {theirs:?}"),
    }
    match (&ours, httparse(octets)) {
        (ours, theirs) if *ours == theirs => {}
        (Read::Partial, Read::Refused) => {}
        (Read::Whole(..), Read::Refused) if has_long_size(octets) => quirks.push(&HTTPARSE_DIGITS),
        (Read::Refused, Read::Partial | Read::Whole(..)) => quirks.push(if has_extension_octets(octets) {
            &EXTENSION
        } else if flaws.contains(&Flaw::ChunkSize) && !octets[0].is_ascii_hexdigit() {
            &HTTPARSE_NO_SIZE
        } else {
            &HTTPARSE_SPACE
        }),
        (ours, theirs) => panic!("we read {ours:?} with {flaws:?}, httparse {theirs:?}"),
    }
    quirks
}

/// Whether a line begins with more than 16 digits.
fn has_long_size(octets: &[u8]) -> bool {
    octets
        .split(|octet| *octet == b'\n')
        .any(|line| line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count() > 16)
}

/// Whether an extension has an octet that none may have.
fn has_extension_octets(octets: &[u8]) -> bool {
    let mut lines = octets.split(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_cut = lines.peek().is_none() || !line.ends_with(b"\r");
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(at) = line.iter().position(|octet| *octet == b';') else { continue };
        if is_cut || line[at..].iter().any(u8::is_ascii_control) {
            return true;
        }
    }
    false
}

/// Our reading, what is wrong, and whether there is a trailer section.
fn ours(octets: &[u8]) -> (Read, Vec<Flaw>, bool) {
    let mut reader = ResponseReader::default();
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let fed = reader.feed(octets);
    let is_whole = fed.message.is_some();
    let Some(response) = fed.message.or_else(|| reader.end()) else { return (Read::Partial, Vec::new(), false) };
    let flaws: Vec<Flaw> = response.message.defects.iter().map(|defect| defect.flaw).collect();
    let is_refused = flaws.iter().any(|flaw| *flaw != Flaw::Incomplete);
    let has_trailers = response.message.trailers.iter().next().is_some();
    let read = match (is_refused, is_whole) {
        (true, _) => Read::Refused,
        (false, true) => Read::Whole(response.message.content, fed.taken),
        (false, false) => Read::Partial,
    };
    (read, flaws, has_trailers)
}

fn chunked_transfer(octets: &[u8]) -> Read {
    let mut decoder = chunked_transfer::Decoder::new(octets);
    let mut content = Vec::new();
    match decoder.read_to_end(&mut content) {
        Ok(_) => Read::Whole(content, octets.len() - decoder.into_inner().len()),
        Err(_) => Read::Refused,
    }
}

/// A decoder as its users write one.
fn httparse(octets: &[u8]) -> Read {
    let (mut at, mut content) = (0, Vec::new());
    loop {
        let size = match httparse::parse_chunk_size(&octets[at..]) {
            Ok(Status::Complete((taken, size))) => {
                at += taken;
                size
            }
            Ok(Status::Partial) => return Read::Partial,
            Err(_) => return Read::Refused,
        };
        if size == 0 {
            let mut trailers = [EMPTY_HEADER; 64];
            return match httparse::parse_headers(&octets[at..], &mut trailers) {
                Ok(Status::Complete((taken, _))) => Read::Whole(content, at + taken),
                Ok(Status::Partial) => Read::Partial,
                Err(_) => Read::Refused,
            };
        }
        let end = usize::try_from(size).ok().and_then(|size| at.checked_add(size));
        let Some(chunk) = end.and_then(|end| octets.get(at..end)) else { return Read::Partial };
        content.extend_from_slice(chunk);
        at += chunk.len();
        match &octets[at..] {
            [b'\r', b'\n', ..] => at += 2,
            [] | [b'\r'] => return Read::Partial,
            _ => return Read::Refused,
        }
    }
}
