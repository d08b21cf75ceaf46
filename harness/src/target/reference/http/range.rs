//! Range requests (RFC 9110 section 14).

use std::ops::RangeInclusive;

use super::conditions::{http_date, is_tag};
use super::request::Request;
use super::respond::{LAST_MODIFIED, Resource};
use super::response::{Content, Response};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{decimal, split, trimmed};
use crate::target::reference::world::World;

/// Ranges of one request; with more, all is sent (RFC 9110 section 14.2 allows it against abuse).
const MOST_RANGES: usize = 16;
/// What separates the parts of a `multipart/byteranges`; no resource has it.
const BOUNDARY: &str = "rfcheck-boundary";

/// What of a resource is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ranges {
    /// All of it.
    Whole,
    /// These octets, none of them beyond the end.
    Parts(Vec<RangeInclusive<usize>>),
    /// None of what is asked for exists.
    Unsatisfiable,
}

/// What the fields of a GET ask for.
pub(super) fn of_request(request: &Request, resource: &Resource, world: &World) -> Ranges {
    let mut values = request.values("range");
    let (Some(value), None) = (values.next(), values.next()) else { return Ranges::Whole };
    let mut conditions = request.values("if-range");
    if let Some(condition) = conditions.next()
        && !world.deviates(Deviation::HttpIfRangeIgnored)
    {
        // A date is a strong validator here: the resource changed long before it is asked for.
        let is_date = http_date(request, "if-range", world) == Some(LAST_MODIFIED);
        if conditions.next().is_some() || !(is_tag(condition, resource.tag, false) || is_date) {
            return Ranges::Whole;
        }
    }
    let (unit, set) = split(value, b'=');
    let is_bytes = unit.eq_ignore_ascii_case(b"bytes") || world.deviates(Deviation::HttpRangeUnitIgnored);
    match set {
        Some(set) if is_bytes => parse(set, resource.content.len(), world).unwrap_or(Ranges::Whole),
        _ => Ranges::Whole,
    }
}

/// Reads a set of ranges; none if it is not well-formed.
fn parse(set: &[u8], length: usize, world: &World) -> Option<Ranges> {
    let specs: Vec<&[u8]> = set.split(|octet| *octet == b',').map(trimmed).filter(|spec| !spec.is_empty()).collect();
    if specs.is_empty() || specs.len() > MOST_RANGES && !world.deviates(Deviation::HttpOverlapsSent) {
        return None;
    }
    let clamp = |n: u64| match world.deviates(Deviation::HttpRangeWraps) {
        true => n as u32 as usize,
        false => usize::try_from(n).unwrap_or(usize::MAX),
    };
    let number = |digits: &[u8]| -> Option<usize> {
        let wide = match world.deviates(Deviation::HttpRangeWraps) {
            true => digits.iter().try_fold(0_u64, |n, digit| {
                digit.is_ascii_digit().then(|| n.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
            }),
            false => decimal(digits),
        };
        wide.map(clamp)
    };
    let mut parts = Vec::new();
    for spec in specs {
        let (first, last) = split(spec, b'-');
        let last = last?;
        let (first, last) = match (first, last) {
            (b"", suffix) => {
                let suffix = number(suffix)?.min(length);
                if suffix == 0 {
                    continue;
                }
                (length - suffix, length - 1)
            }
            (first, b"") => (number(first)?, usize::MAX),
            (first, last) => (number(first)?, number(last)?),
        };
        if last < first {
            // Not a valid range: the whole field is ignored.
            if !world.deviates(Deviation::HttpInvalidRangeTaken) {
                return None;
            }
            parts.push(last.min(length - 1)..=first.min(length - 1));
            continue;
        }
        if first < length {
            parts.push(first..=last.min(length - 1));
        }
    }
    // Overlaps would make the answer larger than the resource.
    if world.deviates(Deviation::HttpOverlapsSent) {
        // Some are enough to be seen, and all would take long.
        parts.truncate(4);
    } else if parts.iter().map(|part| part.end() - part.start() + 1).sum::<usize>() > length {
        return None;
    }
    Some(if parts.is_empty() { Ranges::Unsatisfiable } else { Ranges::Parts(parts) })
}

/// The 206 with these parts.
pub(super) fn partial(parts: &[RangeInclusive<usize>], resource: &Resource, world: &World) -> Response {
    let of = |part: &RangeInclusive<usize>| {
        let end = part.end() - usize::from(world.deviates(Deviation::HttpRangeShort) && part.end() > part.start());
        (
            format!("bytes {}-{}/{}", part.start(), part.end(), resource.content.len()),
            &resource.content[*part.start()..=end],
        )
    };
    if let [part] = parts
        && !world.deviates(Deviation::HttpSingleRangeMultipart)
    {
        let (range, octets) = of(part);
        return Response::new(206, Content::Octets(octets.to_vec()))
            .with("Content-Type", "text/plain")
            .with("Content-Range", range);
    }
    if let ([first, ..], true) = (parts, world.deviates(Deviation::HttpFirstRangeOnly)) {
        return partial(std::slice::from_ref(first), resource, world);
    }
    let mut content = Vec::new();
    for part in parts {
        let (range, octets) = of(part);
        let head = format!("\r\n--{BOUNDARY}\r\nContent-Type: text/plain\r\nContent-Range: {range}\r\n\r\n");
        content.extend_from_slice(head.as_bytes());
        content.extend_from_slice(octets);
    }
    content.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let response = Response::new(206, Content::Octets(content))
        .with("Content-Type", format!("multipart/byteranges; boundary={BOUNDARY}"));
    match parts {
        [first, ..] if world.deviates(Deviation::HttpContentRangeBesideMultipart) => {
            response.with("Content-Range", of(first).0)
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(set: &str) -> Option<Ranges> {
        parse(set.as_bytes(), 10, &World::default())
    }

    #[test]
    fn ranges_are_cut_at_the_end() {
        let parts = |parts: &[RangeInclusive<usize>]| Some(Ranges::Parts(parts.to_vec()));
        assert_eq!(ranges("0-0"), parts(&[0..=0]));
        assert_eq!(ranges("5-"), parts(&[5..=9]));
        assert_eq!(ranges("-3, ,8-8"), parts(&[7..=9, 8..=8]));
        assert_eq!(ranges("-3"), parts(&[7..=9]));
        assert_eq!(ranges("-30"), parts(&[0..=9]));
        assert_eq!(ranges("8-99999999999999999999999"), parts(&[8..=9]));
        assert_eq!(ranges("0-1,4-5"), parts(&[0..=1, 4..=5]));
        assert_eq!(ranges("10-"), Some(Ranges::Unsatisfiable));
        assert_eq!(ranges("-0"), Some(Ranges::Unsatisfiable));
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for set in ["", "a-b", "5", "9-5", "-", "1-2-3", "+1-2", "0-9,0-9"] {
            assert_eq!(ranges(set), None, "{set}");
        }
    }
}
