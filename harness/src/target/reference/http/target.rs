//! What a request is about: the forms of the request target and Host (RFC 9112 sections 3.2 and 3.3).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{BAD_REQUEST, Refusal};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{decimal, split};
use crate::target::reference::mailbox::HOST;
use crate::target::reference::world::World;

/// What a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Target {
    /// The server itself: `OPTIONS *`.
    #[default]
    Server,
    /// The resource of this path, percent-encodings undone.
    Path(Vec<u8>),
    /// The other end of a tunnel.
    Authority,
}

impl Target {
    /// What the target of a request line and the value of Host come to.
    pub(super) fn of(method: &[u8], target: &[u8], host: &[u8], world: &World) -> Result<Target, Refusal> {
        let host_is_valid = is_authority(host) || world.deviates(Deviation::HttpHostUnchecked);
        if !host_is_valid {
            return Err(BAD_REQUEST);
        }
        if method == b"CONNECT" {
            let any = world.deviates(Deviation::HttpConnectUnchecked);
            return if is_tunnel(target) || any { Ok(Target::Authority) } else { Err(BAD_REQUEST) };
        }
        if target == b"*" {
            let any = world.deviates(Deviation::HttpAsteriskAnywhere);
            return match method {
                b"OPTIONS" if world.deviates(Deviation::HttpAsteriskRefused) => Err(BAD_REQUEST),
                b"OPTIONS" => Ok(Target::Server),
                _ if any => Ok(Target::Path(b"/".to_vec())),
                _ => Err(BAD_REQUEST),
            };
        }
        if target.starts_with(b"/") {
            check_authority(host, world)?;
            return path(target, world);
        }
        absolute(target, host, world)
    }
}

/// `http://authority path-abempty [?query]`, whose authority stands above Host.
fn absolute(target: &[u8], host: &[u8], world: &World) -> Result<Target, Refusal> {
    if world.deviates(Deviation::HttpAbsoluteFormRefused) {
        return Err(BAD_REQUEST);
    }
    let (scheme, rest) = split(target, b':');
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix(b"//")) else {
        let any = world.deviates(Deviation::HttpAuthorityAnywhere) && is_tunnel(target);
        return if any { Ok(Target::Path(b"/".to_vec())) } else { Err(BAD_REQUEST) };
    };
    let end = rest.iter().position(|octet| b"/?#".contains(octet)).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if !is_authority(authority) {
        return Err(BAD_REQUEST);
    }
    if split(authority, b':').0.is_empty() && !world.deviates(Deviation::HttpEmptyHostTaken) {
        return Err(BAD_REQUEST);
    }
    if !scheme.eq_ignore_ascii_case(b"http") {
        // RFC 9110 section 7.4: not over this connection.
        let any = world.deviates(Deviation::HttpSchemeIgnored);
        match () {
            () if any => {}
            () if scheme.eq_ignore_ascii_case(b"https") => return Err(Refusal(421)),
            () => return Err(BAD_REQUEST),
        }
    }
    check_authority(if world.deviates(Deviation::HttpHostOverTarget) { host } else { authority }, world)?;
    match rest {
        [] => Ok(Target::Path(b"/".to_vec())),
        [b'?', ..] => path(&[b"/", rest].concat(), world),
        _ => path(rest, world),
    }
}

/// Whether requests for this authority are answered here: for the host's name, for addresses, and where none is named.
fn check_authority(authority: &[u8], world: &World) -> Result<(), Refusal> {
    let name = match authority {
        [b'[', ..] => return Ok(()),
        _ => split(authority, b':').0,
    };
    let is_address = std::str::from_utf8(name).is_ok_and(|name| name.parse::<Ipv4Addr>().is_ok());
    let is_own = name.is_empty() || is_address || name.eq_ignore_ascii_case(HOST.as_bytes());
    let any = world.deviates(Deviation::HttpHostUnchecked);
    if is_own || any { Ok(()) } else { Err(Refusal(421)) }
}

/// `path [?query]`, with nothing in it that RFC 3986 does not allow; the path without its encodings.
fn path(text: &[u8], world: &World) -> Result<Target, Refusal> {
    let lenient = [Deviation::HttpTargetUnchecked, Deviation::HttpSpaceInTarget].iter().any(|d| world.deviates(*d));
    let (path, query) = split(text, b'?');
    let is_query_octet = |octet: &u8| is_path_octet(*octet) || *octet == b'?';
    let query = query.unwrap_or_default();
    let is_right = query.iter().all(is_query_octet) && are_encodings_whole(query);
    if !is_right && !lenient {
        return Err(BAD_REQUEST);
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [octet, after @ ..] = rest {
        rest = after;
        match (*octet, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |octet: u8| char::from(octet).to_digit(16).unwrap_or_default() as u8;
                decoded.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            (b'%', _) if !lenient => return Err(BAD_REQUEST),
            (octet, _) if is_path_octet(octet) || lenient => decoded.push(octet),
            _ => return Err(BAD_REQUEST),
        }
    }
    Ok(Target::Path(decoded))
}

/// Whether two hexadecimal digits follow each percent sign (RFC 3986 section 2.1).
fn are_encodings_whole(text: &[u8]) -> bool {
    let mut parts = text.split(|octet| *octet == b'%');
    parts.next();
    parts.all(|part| part.len() >= 2 && part[..2].iter().all(u8::is_ascii_hexdigit))
}

/// An octet of `pchar`, a slash, or the percent sign of an encoding (RFC 3986 section 3.3).
fn is_path_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&octet)
}

/// `uri-host [":" port]` (RFC 9110 section 7.2); the host may be empty.
fn is_authority(text: &[u8]) -> bool {
    let (host, port) = match text {
        [b'[', rest @ ..] => match split(rest, b']') {
            (address, Some([])) => return is_ip_literal(address),
            (address, Some([b':', port @ ..])) if is_ip_literal(address) => (&b""[..], Some(port)),
            _ => return false,
        },
        _ => split(text, b':'),
    };
    let is_reg_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(octet);
    // A port may be empty (RFC 3986 section 3.2.3).
    let is_port = |port: &[u8]| port.is_empty() || decimal(port).is_some_and(|port| port <= 65_535);
    host.iter().all(is_reg_name) && are_encodings_whole(host) && port.is_none_or(is_port)
}

fn is_ip_literal(address: &[u8]) -> bool {
    let is_future = |text: &str| text.starts_with(['v', 'V']) && text.contains('.');
    std::str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok() || is_future(text))
}

/// `uri-host ":" port`, both there (RFC 9110 section 9.3.6).
fn is_tunnel(text: &[u8]) -> bool {
    let Some(colon) = text.iter().rposition(|octet| *octet == b':') else { return false };
    let port = decimal(&text[colon + 1..]);
    is_authority(text) && colon > 0 && port.is_some_and(|port| (1..=65_535).contains(&port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(method: &str, text: &str, host: &str) -> Result<Target, Refusal> {
        Target::of(method.as_bytes(), text.as_bytes(), host.as_bytes(), &World::default())
    }

    #[test]
    fn each_form_is_read_where_it_is_allowed() {
        let root = Ok(Target::Path(b"/".to_vec()));
        assert_eq!(target("GET", "/", ""), root);
        assert_eq!(target("GET", "http://server.example", "other.example"), root);
        assert_eq!(target("GET", "HTTP://SERVER.example:80?a=b", "other.example"), root);
        assert_eq!(target("GET", "/%6Carge?x", "[::1]:80"), Ok(Target::Path(b"/large".to_vec())));
        assert_eq!(target("OPTIONS", "*", "server.example:"), Ok(Target::Server));
        assert_eq!(target("CONNECT", "a.example:443", "192.0.2.1"), Ok(Target::Authority));
        for (method, text, host) in [
            ("GET", "*", ""),
            ("GET", "server.example:80", ""),
            ("CONNECT", "/", ""),
            ("CONNECT", "a.example:", ""),
            ("CONNECT", "a.example:0", ""),
            ("CONNECT", "a.example:99999", ""),
            ("GET", "http:///a", "server.example"),
            ("GET", "http://user@server.example/", ""),
            ("GET", "ftp://server.example/", ""),
            ("GET", "a", ""),
            ("GET", "/a%2", ""),
            ("GET", "/?%zz", ""),
            ("GET", "/", "a%2.example"),
            ("GET", "/a\"b", ""),
            ("GET", "/a#b", ""),
            ("GET", "/\u{e9}", ""),
            ("GET", "/", "a b"),
            ("GET", "/", "a/b"),
            ("GET", "/", "a@b"),
            ("GET", "/", "a,b"),
            ("GET", "/", "a:99999"),
            ("GET", "/", "a:8x"),
            ("GET", "/", "[::1"),
        ] {
            assert_eq!(target(method, text, host), Err(BAD_REQUEST), "{method} {text} {host}");
        }
        assert_eq!(target("GET", "https://server.example/", ""), Err(Refusal(421)));
        assert_eq!(target("GET", "/", "other.example"), Err(Refusal(421)));
    }
}
