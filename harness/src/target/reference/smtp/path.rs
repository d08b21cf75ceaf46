//! Domains, mailboxes and paths of SMTP (RFC 5321 sections 4.1.2 and 4.1.3).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// Octets of a local part, of a domain and of a path with its punctuation (RFC 5321 section 4.5.3.1).
const LONGEST_LOCAL_PART: usize = 64;
const LONGEST_DOMAIN: usize = 255;
pub(super) const LONGEST_PATH: usize = 256;

/// A reverse-path or forward-path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    /// As it was written, brackets included.
    pub(super) text: String,
    /// The mailbox; none for `<>`, and one without a domain for `<Postmaster>`.
    pub(super) mailbox: Option<Mailbox>,
    /// Whether a source route stands before the mailbox.
    pub(super) is_routed: bool,
}

/// Whom mail is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    /// What all quoted forms of the local part mean.
    pub(super) local_part: Vec<u8>,
    /// Domain or address literal.
    pub(super) domain: Option<String>,
}

impl Path {
    /// Reads a path at the beginning of a text; the path and what stands behind it.
    pub(super) fn parse<'t>(text: &'t [u8], world: &World) -> Option<(Path, &'t [u8])> {
        let mut rest = text.strip_prefix(b"<")?;
        let mut path = Path::default();
        if rest.starts_with(b"@") {
            (path.is_routed, rest) = (true, route(rest)?);
        }
        if !rest.starts_with(b">") || path.is_routed {
            let (mailbox, behind) = mailbox(rest, world)?;
            (path.mailbox, rest) = (Some(mailbox), behind);
        }
        let behind = rest.strip_prefix(b">")?;
        let length = text.len() - behind.len();
        path.text = String::from_utf8_lossy(&text[..length]).into_owned();
        if world.deviates(Deviation::SmtpPathsLowered) {
            path.text.make_ascii_lowercase();
        }
        let most = if world.deviates(Deviation::SmtpPathsShort) { 128 } else { LONGEST_PATH };
        (length <= most).then_some((path, behind))
    }
}

/// `A-d-l ":"`.
fn route(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = domain(text.strip_prefix(b"@")?)?.1;
        match text.split_first()? {
            (b',', rest) => text = rest,
            (b':', rest) => return Some(rest),
            _ => return None,
        }
    }
}

/// `Local-part "@" ( Domain / address-literal )`, or `Postmaster` alone.
fn mailbox<'t>(text: &'t [u8], world: &World) -> Option<(Mailbox, &'t [u8])> {
    let (local_part, rest) = local_part(text, world)?;
    let Some(after) = rest.strip_prefix(b"@") else {
        let is_postmaster = local_part.eq_ignore_ascii_case(b"postmaster") && rest.starts_with(b">");
        return is_postmaster.then_some((Mailbox { local_part, domain: None }, rest));
    };
    let (domain, rest) = if after.starts_with(b"[") {
        literal(after).filter(|_| !world.deviates(Deviation::SmtpLiteralsRefused))?
    } else if world.deviates(Deviation::SmtpDomainsUnchecked) {
        let end = after.iter().position(|octet| b"> ".contains(octet)).unwrap_or(after.len());
        after.split_at(end)
    } else {
        domain(after)?
    };
    let domain = String::from_utf8_lossy(domain).into_owned();
    Some((Mailbox { local_part, domain: Some(domain) }, rest))
}

/// `Dot-string / Quoted-string`, as what it means, and what stands behind it.
fn local_part<'t>(text: &'t [u8], world: &World) -> Option<(Vec<u8>, &'t [u8])> {
    let (meaning, rest) = match text.strip_prefix(b"\"") {
        Some(_) if world.deviates(Deviation::SmtpQuotedRefused) => return None,
        Some(quoted) => quoted_string(quoted)?,
        None => {
            let is_atext = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(octet);
            let is_taken = |octet: &u8| match octet {
                0x80.. => world.deviates(Deviation::SmtpHighOctetsTaken),
                _ => octet.is_ascii_control() && world.deviates(Deviation::SmtpControlsTaken),
            };
            let end = text.iter().position(|octet| !is_atext(octet) && !is_taken(octet)).unwrap_or(text.len());
            let (atoms, rest) = text.split_at(end);
            if atoms.split(|octet| *octet == b'.').any(<[u8]>::is_empty) {
                return None;
            }
            (atoms.to_vec(), rest)
        }
    };
    let most = if world.deviates(Deviation::SmtpLocalPartsShort) { 32 } else { LONGEST_LOCAL_PART };
    let length = text.len() - rest.len();
    (length <= most).then_some((meaning, rest))
}

fn quoted_string(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut meaning = Vec::new();
    loop {
        let (octet, rest) = text.split_first()?;
        text = rest;
        match octet {
            b'"' => return Some((meaning, text)),
            b'\\' => {
                let (escaped, rest) = text.split_first()?;
                text = rest;
                if !matches!(escaped, b' '..=b'~') {
                    return None;
                }
                meaning.push(*escaped);
            }
            b' '..=b'~' => meaning.push(*octet),
            _ => return None,
        }
    }
}

/// A domain at the beginning of a text, and what stands behind it.
pub(super) fn domain(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_let_dig_hyp = |octet: &u8| octet.is_ascii_alphanumeric() || b"-.".contains(octet);
    let end = text.iter().position(|octet| !is_let_dig_hyp(octet)).unwrap_or(text.len());
    let (domain, rest) = text.split_at(end);
    let is_label = |label: &[u8]| matches!(label.len(), 1..=63) && !label.starts_with(b"-") && !label.ends_with(b"-");
    let is_domain = domain.len() <= LONGEST_DOMAIN && domain.split(|octet| *octet == b'.').all(is_label);
    is_domain.then_some((domain, rest))
}

/// `"[" ( IPv4 / "IPv6:" IPv6 / tag ":" dcontent ) "]"` at the beginning of a text, and what stands behind it.
pub(super) fn literal(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|octet| *octet == b']')?;
    let inside = std::str::from_utf8(text.get(1..end)?).ok()?;
    let is_valid = match inside.split_once(':') {
        Some((tag, address)) if tag.eq_ignore_ascii_case("ipv6") => address.parse::<Ipv6Addr>().is_ok(),
        // No other tag is registered.
        Some(_) => false,
        None => inside.parse::<Ipv4Addr>().is_ok(),
    };
    is_valid.then_some(text.split_at(end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(Path, &[u8])> {
        Path::parse(text.as_bytes(), &World::default())
    }

    #[test]
    fn every_form_of_a_path_is_read() {
        assert_eq!(parse("<>").unwrap().0.mailbox, None);
        for (text, local_part, domain) in [
            ("<user@example.test>", "user", "example.test"),
            ("<\"user\"@example.test>", "user", "example.test"),
            ("<\"us\\er\"@example.test>", "user", "example.test"),
            ("<\"a b@c\"@example.test>", "a b@c", "example.test"),
            ("<@a.example,@b.example:user@example.test>", "user", "example.test"),
            ("<u%x.example@example.test>", "u%x.example", "example.test"),
            ("<user@[192.0.2.1]>", "user", "[192.0.2.1]"),
            ("<user@[IPv6:2001:db8::1]>", "user", "[IPv6:2001:db8::1]"),
        ] {
            let (path, rest) = parse(text).unwrap_or_else(|| panic!("{text}"));
            let mailbox = path.mailbox.unwrap();
            assert_eq!((&mailbox.local_part[..], mailbox.domain.as_deref()), (local_part.as_bytes(), Some(domain)));
            assert_eq!((path.text.as_str(), rest), (text, &b""[..]));
        }
        assert_eq!(parse("<PostMaster>").unwrap().0.mailbox.unwrap().domain, None);
        assert_eq!(parse("<a@b> SIZE=1").unwrap().1, b" SIZE=1");
    }

    #[test]
    fn what_is_no_path_is_none() {
        let long = format!("<{}@example.test>", "a".repeat(65));
        let longer = format!("<a@{}>", ["a".repeat(50), "b".repeat(50), "c".repeat(50)].join(".").repeat(2));
        for text in [
            "",
            "<",
            "user@example.test",
            "<user>",
            "<user@>",
            "<@a.example>",
            "<@a.example:>",
            "<.a@b>",
            "<a..b@c>",
            "<a b@c>",
            "<a@b_c>",
            "<a@-b>",
            "<a@b.>",
            "<a@b",
            "<\"a@b>",
            "<\"a\x07\"@b>",
            "<a@[300.1.2.3]>",
            "<a@[IPv6:xyz]>",
            "<a@\u{e9}>",
            &long,
            &longer,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
