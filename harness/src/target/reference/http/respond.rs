//! What a request is answered with (RFC 9110 sections 9, 13 and 14).

use super::conditions::{self, Condition};
use super::gzip;
use super::range;
use super::request::Request;
use super::response::{Content, Response};
use super::target::Target;
use crate::target::reference::date;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// When the resources changed last: 2025-01-01 00:00:00 UTC.
pub(super) const LAST_MODIFIED: u64 = 1_735_689_600;
/// Octets of `/large`.
const LARGE: usize = 100_000;
/// What the resources allow.
const ALLOWED: &str = "GET, HEAD, POST, OPTIONS, TRACE";
/// Fields that TRACE does not give back (RFC 9110 section 9.3.8).
const SENSITIVE: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// A resource of the fixture.
pub(super) struct Resource {
    pub(super) content: Vec<u8>,
    /// Its entity tag, with the quotation marks.
    pub(super) tag: &'static str,
}

impl Resource {
    fn find(path: &[u8]) -> Option<Resource> {
        match path {
            b"/" => Some(Resource { content: b"rfcheck\n".to_vec(), tag: "\"rfcheck-root\"" }),
            b"/large" => {
                let content = b"0123456789".iter().copied().cycle().take(LARGE).collect();
                Some(Resource { content, tag: "\"rfcheck-large\"" })
            }
            _ => None,
        }
    }
}

/// The final response to a request whose content had so many octets.
pub(super) fn respond(request: &Request, length: u64, world: &World) -> Response {
    if !request.is_known_method() || request.method == b"HEAD" && world.deviates(Deviation::HttpHeadUnknown) {
        return Response::error(501);
    }
    if request.values("upgrade").next().is_some() && world.deviates(Deviation::HttpUpgradesToAnything) {
        return Response::new(101, Content::None).with("Upgrade", "anything").with("Connection", "upgrade");
    }
    let others = request.list("expect").any(|expected| !expected.eq_ignore_ascii_case(b"100-continue"));
    if others && request.version == super::Version::Http11 {
        return Response::error(417);
    }
    let path = match &request.resource {
        Target::Authority if world.deviates(Deviation::HttpConnectUnchecked) => {
            return Response::new(200, Content::None);
        }
        Target::Authority => return Response::error(501),
        Target::Server => return options(world),
        Target::Path(path) => path,
    };
    if request.method == b"TRACE" {
        return trace(request, world);
    }
    if world.deviates(Deviation::HttpPathReflected) {
        let path = String::from_utf8_lossy(path).into_owned();
        return Response::error(404).with("Content-Location", path);
    }
    let is_part = request.method == b"PUT" && request.values("content-range").next().is_some();
    if is_part && world.deviates(Deviation::HttpPartialPutTaken) {
        return Response::new(204, Content::None);
    }
    let Some(resource) = Resource::find(path) else {
        let first = world.deviates(Deviation::HttpPreconditionsFirst);
        let none_match = first.then(|| conditions::evaluate(request, "\"none\"", world));
        return match none_match {
            Some(Condition::NotModified) => Response::new(304, Content::None),
            Some(Condition::Failed) => Response::error(412),
            _ => Response::error(404),
        };
    };
    match &request.method[..] {
        b"OPTIONS" => options(world),
        b"GET" | b"HEAD" | b"POST" => {
            let condition = conditions::evaluate(request, resource.tag, world);
            match condition {
                Condition::Failed => Response::error(412),
                Condition::NotModified if world.deviates(Deviation::HttpNotModifiedBare) => {
                    Response::new(304, Content::None)
                }
                Condition::NotModified if world.deviates(Deviation::HttpNotModifiedWithContent) => {
                    Response { status: 304, ..get(request, resource, world) }
                }
                Condition::NotModified => with_validators(Response::new(304, Content::None), &resource, world),
                Condition::Holds if request.method == b"POST" => {
                    let text = format!("received {length} octets of content\n");
                    Response::new(200, Content::Made(text.into_bytes())).with("Content-Type", "text/plain")
                }
                Condition::Holds => get(request, resource, world),
            }
        }
        _ => {
            let allowed = if world.deviates(Deviation::HttpAllowMissing) { None } else { Some(ALLOWED) };
            let error = Response::error(405);
            match allowed {
                Some(allowed) => error.with("Allow", allowed),
                None => error,
            }
        }
    }
}

fn options(world: &World) -> Response {
    let response = Response::new(200, Content::Octets(Vec::new()));
    if world.deviates(Deviation::HttpOptionsWithoutAllow) { response } else { response.with("Allow", ALLOWED) }
}

/// The request as it came (RFC 9110 section 9.3.8).
fn trace(request: &Request, world: &World) -> Response {
    let mut lines = request.head.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut octets = lines.next().unwrap_or_default().to_vec();
    octets.extend_from_slice(b"\r\n");
    for line in lines {
        let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
        let is_sensitive = SENSITIVE.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes()));
        if !is_sensitive || world.deviates(Deviation::HttpTraceTellsSecrets) {
            octets.extend_from_slice(line);
            octets.extend_from_slice(b"\r\n");
        }
    }
    octets.extend_from_slice(b"\r\n");
    Response::new(200, Content::Octets(octets)).with("Content-Type", "message/http")
}

fn with_validators(response: Response, resource: &Resource, world: &World) -> Response {
    let modified = last_modified(world);
    let tag = match world.deviates(Deviation::HttpTagUnquoted) {
        true => resource.tag.trim_matches('"'),
        false => resource.tag,
    };
    response.with("Last-Modified", date::imf_fixdate(modified)).with("ETag", tag)
}

/// When the resources changed last.
pub(super) fn last_modified(world: &World) -> u64 {
    if world.deviates(Deviation::HttpModifiedInFuture) { world.date() + 86_400 } else { LAST_MODIFIED }
}

fn get(request: &Request, resource: Resource, world: &World) -> Response {
    // Range is defined for GET alone (RFC 9110 section 14.2).
    let ranges = match &request.method[..] {
        b"GET" => range::of_request(request, &resource, world),
        _ => range::Ranges::Whole,
    };
    let response = match ranges {
        range::Ranges::Whole
            if world.deviates(Deviation::HttpVaryMissing) && request.has_token("accept-encoding", "gzip") =>
        {
            Response::new(200, Content::Octets(gzip::stored(&resource.content)))
                .with("Content-Type", "text/plain")
                .with("Content-Encoding", "gzip")
        }
        range::Ranges::Whole => {
            Response::new(200, Content::Octets(resource.content.clone())).with("Content-Type", "text/plain")
        }
        range::Ranges::Unsatisfiable if world.deviates(Deviation::HttpUnsatisfiableUntold) => {
            return Response::error(416);
        }
        range::Ranges::Unsatisfiable => {
            return Response::error(416).with("Content-Range", format!("bytes */{}", resource.content.len()));
        }
        range::Ranges::Parts(parts) => range::partial(&parts, &resource, world),
    };
    with_validators(response, &resource, world).with("Accept-Ranges", "bytes")
}
