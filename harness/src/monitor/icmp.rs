//! ICMP: echo replies mirror, errors quote rightly, and none answers what it must not answer.

use std::net::IpAddr;

use super::datagram::{Datagram, Validity};
use super::ip::is_single;
use super::violation::Findings;
use super::{Invariant, Sender, Vantage};
use crate::wire::{Header, Quoted, protocol};

/// Echo requests that are remembered.
const REQUESTS: usize = 32;
/// Datagrams that are remembered because an error may quote them.
const DATAGRAMS: usize = 32;
/// Octets of each that are remembered.
const PREFIX: usize = 128;
/// What an ICMPv6 error with its quotation has room for (RFC 4443 section 2.4 (c)).
const IPV6_MINIMUM_MTU: usize = 1280;

/// What answers may be about.
#[derive(Debug, Default)]
pub(super) struct Icmp {
    requests: Vec<Request>,
    requests_seen: usize,
    datagrams: Vec<Remembered>,
    datagrams_seen: usize,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    source: IpAddr,
    destination: IpAddr,
    code: u8,
    rest: [u8; 4],
    length: usize,
    hash: u64,
}

#[derive(Clone, Debug)]
struct Remembered {
    octets: [u8; PREFIX],
    kept: usize,
    length: usize,
}

impl Icmp {
    pub(super) fn clear(&mut self) {
        *self = Icmp {
            requests: std::mem::take(&mut self.requests),
            datagrams: std::mem::take(&mut self.datagrams),
            ..Icmp::default()
        };
        self.requests.clear();
        self.datagrams.clear();
    }

    /// Remembers what the tester sent, as an error may quote it. Both ends' are not remembered in captures, where routers
    /// change headers and quote.
    pub(super) fn remember(&mut self, octets: &[u8], sender: Sender) {
        if sender != Sender::Tester {
            return;
        }
        let mut prefix = [0; PREFIX];
        let kept = octets.len().min(PREFIX);
        prefix[..kept].copy_from_slice(&octets[..kept]);
        let remembered = Remembered { octets: prefix, kept, length: octets.len() };
        put(&mut self.datagrams, &mut self.datagrams_seen, DATAGRAMS, remembered);
    }

    /// Checks a message, and remembers a request.
    pub(super) fn message(&mut self, datagram: &Datagram<'_>, vantage: &Vantage, findings: &mut Findings) {
        let ([kind, code], rest, is_error, is_ipv6) = match datagram.packet().headers.last() {
            Some(Header::Icmpv4(icmp)) => ([icmp.kind, icmp.code], icmp.rest, icmp.is_error(), false),
            Some(Header::Icmpv6(icmp)) => ([icmp.kind, icmp.code], icmp.rest, icmp.is_error(), true),
            _ => return,
        };
        let (request, reply) = if is_ipv6 { (128, 129) } else { (8, 0) };
        if datagram.is_ambiguous {
            // Nobody knows which request was read.
            self.requests_seen = REQUESTS + 1;
        }
        if datagram.validity != Validity::Valid || datagram.is_ambiguous || datagram.missing > 0 {
            return;
        }
        if kind == request {
            self.request(datagram, code, rest);
        } else if kind == reply {
            self.reply(datagram, code, rest, is_ipv6, vantage, findings);
        } else if is_error {
            self.error(datagram, kind, is_ipv6, vantage, findings);
        }
    }

    fn request(&mut self, datagram: &Datagram<'_>, code: u8, rest: [u8; 4]) {
        let (Some(source), Some(destination)) = (datagram.source(), datagram.destination()) else { return };
        let payload = datagram.packet().payload;
        let request = Request { source, destination, code, rest, length: payload.len(), hash: hash(payload) };
        put(&mut self.requests, &mut self.requests_seen, REQUESTS, request);
    }

    fn reply(
        &mut self,
        datagram: &Datagram<'_>,
        code: u8,
        rest: [u8; 4],
        is_ipv6: bool,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        if !findings.is_judged() {
            return;
        }
        let (Some(source), Some(destination)) = (datagram.source(), datagram.destination()) else { return };
        let payload = datagram.packet().payload;
        let (length, sum) = (payload.len(), hash(payload));
        let [a, b, c, d] = rest;
        let (id, number) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let numbered = || self.requests.iter().rev().filter(|r| r.rest == rest && r.source == destination);
        let mirror = if is_ipv6 { Invariant::Icmpv6EchoReply } else { Invariant::EchoReply };
        let data = if is_ipv6 { Invariant::Icmpv6EchoReply } else { Invariant::EchoData };
        // Other codes have no meaning, and may be mirrored.
        if !is_ipv6 && code != 0 && numbered().next().is_some() && !numbered().any(|r| r.code == code) {
            findings.fail(Invariant::EchoCode, || format!("the code of the reply id {id} seq {number} is {code}"));
        }
        if numbered().any(|r| (r.length, r.hash) == (length, sum)) {
            let is_from = |r: &Request| r.destination == source || !is_single(r.destination, vantage);
            if !numbered().any(|r| (r.length, r.hash) == (length, sum) && is_from(r)) {
                findings.fail(Invariant::EchoSource, || {
                    format!("the reply to request id {id} seq {number} comes from {source}")
                });
            }
        } else if let Some(request) = numbered().next() {
            let wanted = request.length;
            findings.fail(data, || {
                let octets = if wanted == length {
                    "other octets than the request".to_owned()
                } else {
                    format!("{length} octets, the request {wanted}")
                };
                format!("the reply id {id} seq {number} has {octets}")
            });
        } else if vantage.complete && self.requests_seen <= REQUESTS {
            findings.fail(mirror, || format!("no request from {destination} has id {id} and seq {number}"));
        }
    }

    fn error(&self, datagram: &Datagram<'_>, kind: u8, is_ipv6: bool, vantage: &Vantage, findings: &mut Findings) {
        let octets = datagram.packet().payload;
        let quoted = Quoted::parse(octets);
        answers(&quoted, kind, is_ipv6, vantage, findings);
        let invariant = if is_ipv6 { Invariant::Icmpv6Quotation } else { Invariant::IcmpQuotation };
        let Some(header) = quoted.packet.headers.first() else {
            findings.fail(invariant, || format!("{} octets are quoted, less than an IP header", octets.len()));
            return;
        };
        let mut quotation = &octets[..octets.len() - quoted.trailer.len()];
        let length = match header {
            Header::Ipv4(ip) => {
                let whole = usize::from(ip.total_length.or(u16::try_from(octets.len()).unwrap_or(u16::MAX)));
                // RFC 4884 pads short datagrams with zeros.
                quotation = &quotation[..quotation.len().min(whole.max(ip.emitted_length()))];
                let least = (ip.emitted_length() + 8).min(whole);
                if quotation.len() < least {
                    findings.fail(invariant, || {
                        format!("{} octets are quoted; the header and 8 octets are {least}", quotation.len())
                    });
                }
                whole
            }
            Header::Ipv6(ip) => {
                let whole = 40 + usize::from(ip.payload_length.or(0));
                let room = IPV6_MINIMUM_MTU.saturating_sub(48);
                if vantage.complete && quotation.len() < whole.min(room) && self.sent(quotation).is_some() {
                    findings
                        .fail(invariant, || format!("{} octets are quoted; {} fit", quotation.len(), whole.min(room)));
                }
                whole
            }
            _ => return,
        };
        if vantage.complete && self.datagrams_seen <= DATAGRAMS && self.sent(quotation).is_none() {
            findings.fail(invariant, || self.difference(quotation, length));
        }
    }

    /// A remembered datagram that begins like this.
    fn sent(&self, quotation: &[u8]) -> Option<&Remembered> {
        self.datagrams.iter().rev().find(|sent| {
            let length = quotation.len().min(sent.kept);
            quotation.len() <= sent.length && sent.octets[..length] == quotation[..length]
        })
    }

    /// Where the quotation differs from the datagram that is most like it.
    fn difference(&self, quotation: &[u8], _length: usize) -> String {
        let common = |sent: &Remembered| {
            let length = quotation.len().min(sent.kept);
            (0..length).filter(|i| sent.octets[*i] == quotation[*i]).count()
        };
        match self.datagrams.iter().rev().max_by_key(|sent| common(sent)) {
            Some(sent) => {
                let length = quotation.len().min(sent.kept);
                match (0..length).find(|i| sent.octets[*i] != quotation[*i]) {
                    Some(at) => format!(
                        "octet {at} of the quotation is {:#04x}, it was sent as {:#04x}",
                        quotation[at], sent.octets[at]
                    ),
                    None => format!("{} octets are quoted of a datagram of {}", quotation.len(), sent.length),
                }
            }
            None => "the quoted datagram was not sent".to_owned(),
        }
    }
}

/// Whether the quoted datagram may be answered by an error at all.
fn answers(quoted: &Quoted<'_>, kind: u8, is_ipv6: bool, vantage: &Vantage, findings: &mut Findings) {
    let packet = &quoted.packet;
    let outer = packet.headers.first();
    let ends = outer.and_then(Header::source).zip(outer.and_then(Header::destination));
    let Some((source, destination)) = ends else { return };
    let icmp_kind = match packet.headers.last() {
        Some(Header::Icmpv4(icmp)) => Some(icmp.kind).filter(|_| icmp.is_error()),
        Some(Header::Icmpv6(icmp)) => Some(icmp.kind).filter(|kind| matches!(kind, 1..=4)),
        _ => None,
    };
    // A datagram cut within the 8 octets has its type in the first octet all the same.
    let first = || packet.payload.first().copied();
    let icmp_kind = icmp_kind.or_else(|| match quoted.protocol() {
        Some(protocol::ICMP) if packet.icmpv4().is_none() && !packet.is_fragment() => {
            first().filter(|kind| matches!(kind, 3 | 4 | 5 | 11 | 12))
        }
        Some(protocol::ICMPV6) if packet.icmpv6().is_none() && !packet.is_fragment() => {
            first().filter(|kind| matches!(kind, 1..=4))
        }
        _ => None,
    });
    let for_error = if is_ipv6 { Invariant::Icmpv6ErrorForError } else { Invariant::ErrorForError };
    if let Some(quoted) = icmp_kind {
        findings.fail(for_error, || format!("an error of type {kind} answers an error of type {quoted}"));
    }
    if is_ipv6 {
        // Packet Too Big, and Parameter Problem for an option that asks for it, may answer a multicast.
        if destination.is_multicast() && !matches!(kind, 2 | 4) {
            findings.fail(for_error, || format!("an error of type {kind} answers a packet to {destination}"));
        }
        if source.is_multicast() || source.is_unspecified() {
            findings.fail(for_error, || format!("an error of type {kind} answers a packet from {source}"));
        }
        return;
    }
    if !is_single(destination, vantage) {
        findings.fail(Invariant::ErrorForBroadcast, || {
            format!("an error of type {kind} answers a datagram to {destination}")
        });
    }
    let is_odd = |address: IpAddr| match address {
        IpAddr::V4(a) => a.is_unspecified() || a.octets()[0] >= 224 || a.is_loopback() && !destination.is_loopback(),
        IpAddr::V6(_) => false,
    };
    if is_odd(source) || !is_single(source, vantage) {
        findings
            .fail(Invariant::ErrorForSource, || format!("an error of type {kind} answers a datagram from {source}"));
    }
    if packet.ipv4().is_some_and(|ip| ip.fragment_offset != 0) {
        findings.fail(Invariant::ErrorForFragment, || {
            format!("an error of type {kind} answers a fragment that is not the first")
        });
    }
}

/// Keeps the last `most`.
fn put<T>(ring: &mut Vec<T>, seen: &mut usize, most: usize, value: T) {
    if ring.len() == most {
        ring.remove(0);
    }
    ring.push(value);
    *seen += 1;
}

/// A quick hash of the octets: what differs by chance differs in it.
fn hash(octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<8>();
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    }
    for octet in rest {
        hash = (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
