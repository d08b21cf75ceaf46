//! Conditional requests (RFC 9110 section 13).

use super::request::Request;
use super::respond::last_modified;
use crate::target::reference::date;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// What the preconditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// The method is applied.
    Holds,
    /// 412.
    Failed,
    /// 304.
    NotModified,
}

/// Evaluates the preconditions in the order of RFC 9110 section 13.2.2, for a resource with this entity tag.
pub(super) fn evaluate(request: &Request, tag: &str, world: &World) -> Condition {
    let has = |name: &str| request.values(name).next().is_some();
    let is_read = matches!(&request.method[..], b"GET" | b"HEAD");
    let date_of = |name: &str| http_date(request, name, world);
    if has("if-match") {
        let weak = world.deviates(Deviation::HttpIfMatchWeak);
        if !matches(request, "if-match", tag, weak) && !world.deviates(Deviation::HttpIfMatchIgnored) {
            return Condition::Failed;
        }
    }
    if (!has("if-match") || world.deviates(Deviation::HttpIfUnmodifiedBesideIfMatch))
        && !world.deviates(Deviation::HttpIfUnmodifiedIgnored)
        && date_of("if-unmodified-since").is_some_and(|date| date < last_modified(world))
    {
        return Condition::Failed;
    }
    let since_first = world.deviates(Deviation::HttpIfModifiedFirst);
    if has("if-none-match") && !since_first {
        let exact = world.deviates(Deviation::HttpIfNoneMatchStrong);
        let is_match = matches(request, "if-none-match", tag, !exact);
        return match (is_match && !world.deviates(Deviation::HttpIfNoneMatchIgnored), is_read) {
            (false, _) => Condition::Holds,
            (true, true) => Condition::NotModified,
            (true, false) if world.deviates(Deviation::HttpNotModifiedToPost) => Condition::NotModified,
            (true, false) => Condition::Failed,
        };
    }
    let counts = is_read || world.deviates(Deviation::HttpIfModifiedOnAnyMethod);
    let invalid = world.deviates(Deviation::HttpInvalidDateHolds) && has("if-modified-since");
    let since = date_of("if-modified-since");
    if counts && (since.is_some_and(|date| last_modified(world) <= date) || (invalid && since.is_none())) {
        return Condition::NotModified;
    }
    Condition::Holds
}

/// The date in a field; none if there is not exactly one that is valid.
pub(super) fn http_date(request: &Request, name: &str, world: &World) -> Option<u64> {
    let mut values = request.values(name);
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let found = date::parse(value, world.date());
    let is_fixdate = value.get(3) == Some(&b',') && value.get(7) == Some(&b' ');
    found.filter(|_| is_fixdate || !world.deviates(Deviation::HttpOldDatesUnknown))
}

/// Whether an entity tag is in the list of a field; `*` stands for any.
fn matches(request: &Request, name: &str, tag: &str, weak: bool) -> bool {
    request.list(name).any(|element| element == b"*" || is_tag(element, tag, weak))
}

/// Compares entity tags (RFC 9110 section 8.8.3.2). The resource's own is strong.
pub(super) fn is_tag(element: &[u8], tag: &str, weak: bool) -> bool {
    match element.strip_prefix(b"W/") {
        Some(opaque) => weak && opaque == tag.as_bytes(),
        None => element == tag.as_bytes(),
    }
}
