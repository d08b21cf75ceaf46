//! How long the content of a request is (RFC 9112 section 6.3).

use super::request::{Request, Version};
use super::{BAD_REQUEST, Refusal};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{decimal, split, trimmed};
use crate::target::reference::world::World;

/// Where the content of a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many octets.
    Length(u64),
    /// With the last chunk and the trailer section.
    Chunked,
}

/// The framing that the fields of a request tell.
pub(super) fn of_request(request: &Request, world: &World) -> Result<Framing, Refusal> {
    let is_coded = request.values("transfer-encoding").next().is_some();
    let has_length = request.values("content-length").next().is_some();
    if world.deviates(Deviation::HttpContentNotRead) {
        return Ok(Framing::Length(0));
    }
    match (is_coded, has_length) {
        (false, false) if request.method == b"POST" && world.deviates(Deviation::HttpContentGuessed) => {
            Ok(Framing::Length(super::LARGEST_CONTENT))
        }
        (false, false) => Ok(Framing::Length(0)),
        (false, true) => content_length(request, world).map(Framing::Length),
        // Both are an attempt of smuggling or an error (RFC 9112 section 6.1).
        (true, true) if world.deviates(Deviation::HttpLengthOverChunked) => {
            content_length(request, world).map(Framing::Length)
        }
        (true, true) if !world.deviates(Deviation::HttpChunkedBesideLength) => Err(BAD_REQUEST),
        (true, _) => transfer_coding(request, world),
    }
}

fn transfer_coding(request: &Request, world: &World) -> Result<Framing, Refusal> {
    if request.version == Version::Http10 && !world.deviates(Deviation::HttpChunkedOfOldTaken) {
        return Err(BAD_REQUEST);
    }
    if world.deviates(Deviation::HttpChunkedIgnored) {
        return Ok(Framing::Length(0));
    }
    let is_chunked = |coding: &[u8]| match world.deviates(Deviation::HttpCodingGuessed) {
        true => coding.to_ascii_lowercase().windows(7).any(|part| part == b"chunked"),
        false if world.deviates(Deviation::HttpCodingCased) => coding == b"chunked",
        false if world.deviates(Deviation::HttpCodingParameterTaken) => {
            trimmed(split(coding, b';').0).eq_ignore_ascii_case(b"chunked")
        }
        false => coding.eq_ignore_ascii_case(b"chunked"),
    };
    let codings: Vec<&[u8]> = request.list("transfer-encoding").collect();
    let chunked = codings.iter().filter(|coding| is_chunked(coding)).count();
    match &codings[..] {
        [.., last] if is_chunked(last) => match (chunked, codings.len()) {
            (1, 1) => Ok(Framing::Chunked),
            (2.., _) if !world.deviates(Deviation::HttpChunkedTwiceTaken) => Err(BAD_REQUEST),
            _ if world.deviates(Deviation::HttpUnknownCodingTaken) => Ok(Framing::Chunked),
            (2.., _) => Ok(Framing::Chunked),
            // A coding that is not implemented, chunked last.
            _ => Err(Refusal(501)),
        },
        // The length of such a content cannot be known (RFC 9112 section 6.3, item 4).
        _ if world.deviates(Deviation::HttpUnframedTaken) => Ok(Framing::Length(0)),
        _ => Err(BAD_REQUEST),
    }
}

fn content_length(request: &Request, world: &World) -> Result<u64, Refusal> {
    let values: Vec<&[u8]> = request.values("content-length").collect();
    match values[..] {
        [value] => match decimal(value) {
            Some(length) if world.deviates(Deviation::HttpLengthWraps) => Ok(length & u64::from(u32::MAX)),
            // More than 64 bits is too large, not an error of form.
            Some(length) => Ok(length),
            None if world.deviates(Deviation::HttpLengthGuessed) => {
                let digits = value.iter().take_while(|octet| octet.is_ascii_digit()).count();
                Ok(decimal(&value[..digits]).unwrap_or(0))
            }
            None if value.contains(&b',') && world.deviates(Deviation::HttpLengthsAdded) => sum(&values),
            None if value.contains(&b',') && world.deviates(Deviation::HttpFirstLengthTaken) => {
                Ok(decimal(trimmed(split(value, b',').0)).unwrap_or(0))
            }
            None => Err(BAD_REQUEST),
        },
        _ if world.deviates(Deviation::HttpLengthsAdded) => sum(&values),
        [first, ..] if world.deviates(Deviation::HttpFirstLengthTaken) => decimal(first).ok_or(BAD_REQUEST),
        // Also where all are equal: RFC 9110 section 8.6 leaves the choice.
        _ => Err(BAD_REQUEST),
    }
}

/// The sum of all lengths in several values.
fn sum(values: &[&[u8]]) -> Result<u64, Refusal> {
    let lengths = values.iter().flat_map(|value| value.split(|octet| *octet == b','));
    let add = |sum: u64, length: &[u8]| Some(sum.saturating_add(decimal(trimmed(length))?));
    lengths.into_iter().try_fold(0, add).ok_or(BAD_REQUEST)
}
