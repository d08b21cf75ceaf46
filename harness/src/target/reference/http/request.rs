//! The request line and the header fields (RFC 9112 sections 3 and 5).

use super::target;
use super::{BAD_REQUEST, Refusal};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{Lines, split, trimmed};
use crate::target::reference::world::World;

/// The versions that are told apart: minor versions above 1 are processed as 1 (RFC 9110 section 6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    #[default]
    Http11,
}

/// A request without its content.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) version: Version,
    /// Names in lower case, and values without the blanks around them.
    pub(super) fields: Vec<(String, Vec<u8>)>,
    /// Request line and field lines as they came.
    pub(super) head: Vec<u8>,
    /// What it asks for; known once the header section is complete.
    pub(super) resource: target::Target,
}

/// Methods of RFC 9110 section 9, and PATCH.
const METHODS: [&[u8]; 9] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];

impl Request {
    /// Reads `method SP request-target SP HTTP-version`.
    pub(super) fn parse(line: &[u8], world: &World) -> Result<Self, Refusal> {
        let words: Vec<&[u8]> = line.split(|octet| *octet == b' ').collect();
        let (method, target, version) = match words[..] {
            [method, target, version] => (method, target, version),
            [method, target] if world.deviates(Deviation::HttpVersionUnchecked) => (method, target, &b"HTTP/1.0"[..]),
            [method, ref between @ .., version]
                if world.deviates(Deviation::HttpSpaceInTarget) && !between.is_empty() =>
            {
                (method, between[0], version)
            }
            [method, target, .., version] if world.deviates(Deviation::HttpBlanksInTarget) => {
                // The blanks behind the target, as a path has them.
                return Ok(Request {
                    method: method.to_vec(),
                    target: [target, b"%20"].concat(),
                    version: self::version(version, world)?,
                    head: line.to_vec(),
                    ..Request::default()
                });
            }
            _ => return Err(BAD_REQUEST),
        };
        if !is_token(method) || target.is_empty() {
            return Err(BAD_REQUEST);
        }
        if method.len() > 32 && world.deviates(Deviation::HttpLongMethodIsBad) {
            return Err(BAD_REQUEST);
        }
        let version = self::version(version, world)?;
        let mut method = method.to_vec();
        if world.deviates(Deviation::HttpMethodCaseIgnored) {
            method.make_ascii_uppercase();
        }
        if world.deviates(Deviation::HttpUnknownMethodIsGet) && !METHODS.contains(&&method[..]) {
            method = b"GET".to_vec();
        }
        Ok(Request { method, target: target.to_vec(), version, head: line.to_vec(), ..Request::default() })
    }

    /// What a request line is that is longer than any that is read: RFC 9112 section 3.
    pub(super) fn too_long(&self, lines: &mut Lines) -> Refusal {
        let line = lines.abandon();
        match line.iter().position(|octet| *octet == b' ') {
            Some(_) => Refusal(414),
            None if is_token(&line) => Refusal(501),
            None => BAD_REQUEST,
        }
    }

    /// Whether the method is one that is known.
    pub(super) fn is_known_method(&self) -> bool {
        METHODS.contains(&&self.method[..])
    }

    /// Adds a field line without its end.
    pub(super) fn add_field(&mut self, line: &[u8], world: &World) -> Result<(), Refusal> {
        self.head.extend_from_slice(b"\r\n");
        self.head.extend_from_slice(line);
        if matches!(line, [b' ' | b'\t', ..]) {
            // White space before the first field, or an obs-fold (RFC 9112 sections 2.2 and 5.2).
            return match self.fields.last() {
                Some(_) if world.deviates(Deviation::HttpFoldIsField) => self.add_field(trimmed(line), world),
                None if world.deviates(Deviation::HttpLeadingSpaceTaken) => self.add_field(trimmed(line), world),
                _ => Err(BAD_REQUEST),
            };
        }
        let (mut name, value) = match split(line, b':') {
            (name, Some(value)) => (name, value),
            _ if world.deviates(Deviation::HttpColonNotDemanded) => return Ok(()),
            _ => return Err(BAD_REQUEST),
        };
        if world.deviates(Deviation::HttpSpaceBeforeColonTaken) {
            name = trimmed(name);
        }
        if !is_token(name) && !world.deviates(Deviation::HttpFieldNameUnchecked) {
            return Err(BAD_REQUEST);
        }
        let value = if world.deviates(Deviation::HttpValueBlanksKept) { value } else { trimmed(value) };
        let is_control = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
        if value.iter().any(is_control) && !world.deviates(Deviation::HttpControlInValueTaken) {
            return Err(BAD_REQUEST);
        }
        if value.iter().any(|octet| *octet >= 0x80) && world.deviates(Deviation::HttpHighOctetsRefused) {
            return Err(BAD_REQUEST);
        }
        if name.len() > 2 && name[..2].eq_ignore_ascii_case(b"x-") && world.deviates(Deviation::HttpUnknownFieldRefused)
        {
            return Err(BAD_REQUEST);
        }
        let name = String::from_utf8_lossy(name);
        let name =
            if world.deviates(Deviation::HttpFieldNamesCased) { name.into_owned() } else { name.to_ascii_lowercase() };
        self.fields.push((name, value.to_vec()));
        Ok(())
    }

    /// Whether the complete header section makes sense; finds out what it asks for.
    pub(super) fn check(&mut self, world: &World) -> Result<(), Refusal> {
        let hosts: Vec<&[u8]> = self.values("host").collect();
        let host = match hosts[..] {
            // RFC 9112 section 3.2.
            [] if self.version == Version::Http11 && !world.deviates(Deviation::HttpHostNotDemanded) => {
                return Err(BAD_REQUEST);
            }
            [] if world.deviates(Deviation::HttpHostDemandedOfOld) => return Err(BAD_REQUEST),
            [] => b"",
            [host] => host,
            [host, ..] if world.deviates(Deviation::HttpHostRepeated) => host,
            _ => return Err(BAD_REQUEST),
        };
        let connection: Vec<&[u8]> = self.values("connection").flat_map(elements).collect();
        if world.deviates(Deviation::HttpEmptyElementRefused) && connection.iter().any(|element| element.is_empty()) {
            return Err(BAD_REQUEST);
        }
        self.resource = target::Target::of(&self.method, &self.target, host, world)?;
        Ok(())
    }

    /// The values of all field lines of a name in lower case.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| &value[..])
    }

    /// The elements of a list-based field (RFC 9110 section 5.6.1), without empty ones.
    pub(super) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let elements = self.values(name).flat_map(elements);
        elements.filter(|element| !element.is_empty())
    }

    /// Whether a list-based field has a token, whatever its case.
    pub(super) fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Whether the client waits for 100 (Continue).
    pub(super) fn expects_continue(&self) -> bool {
        self.has_token("expect", "100-continue")
    }

    /// Whether the connection ends with the answer (RFC 9112 section 9.3).
    pub(super) fn closes(&self, world: &World) -> bool {
        let exact = world.deviates(Deviation::HttpConnectionExact);
        let has = |token: &str| match exact {
            true => self.values("connection").any(|value| value == token.as_bytes()),
            false => self.has_token("connection", token),
        };
        match self.version {
            _ if world.deviates(Deviation::HttpNeverPersists) => true,
            _ if has("close") => !world.deviates(Deviation::HttpCloseIgnored),
            Version::Http11 => false,
            Version::Http10 => !has("keep-alive") && !world.deviates(Deviation::HttpOldPersists),
        }
    }
}

/// The elements of a list; commas in quoted strings do not count.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(move |octet| {
            if std::mem::take(&mut escaped) {
                return false;
            }
            match octet {
                b'"' => quoted = !quoted,
                b'\\' if quoted => escaped = true,
                b',' => return !quoted,
                _ => {}
            }
            false
        })
        .map(trimmed)
}

/// `HTTP/1.x`, of whatever minor version.
fn version(text: &[u8], world: &World) -> Result<Version, Refusal> {
    if world.deviates(Deviation::HttpVersionUnchecked) {
        return Ok(if text == b"HTTP/1.0" { Version::Http10 } else { Version::Http11 });
    }
    match text {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'] => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit() => {
            if *minor != b'1' && world.deviates(Deviation::HttpMinorVersionRefused) {
                return Err(Refusal(505));
            }
            Ok(Version::Http11)
        }
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Err(Refusal(505))
        }
        _ => Err(BAD_REQUEST),
    }
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(text: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !text.is_empty() && text.iter().all(is_tchar)
}
