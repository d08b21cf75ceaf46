//! Fragments: whether they fit, and the datagrams that they make up.

use std::net::IpAddr;
use std::time::Duration;

use super::datagram::Datagram;
use super::violation::Findings;
use super::{Invariant, Sender};
use crate::time::Instant;
use crate::wire::{Header, whole};

/// Datagrams that are put together at a time; the oldest gives way.
const MOST: usize = 16;
/// Fragments of one datagram that are kept.
const MOST_FRAGMENTS: usize = 256;
/// How long fragments are waited for: the longest time that RFC 1122 section 3.3.2 recommends.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long every receiver waits for fragments.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(14);
/// A datagram and a payload of IPv6 have at most so many octets.
const LONGEST: usize = 65_535;

/// Datagrams of which some fragments came.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    partial: Vec<Partial>,
}

/// A datagram that was put together.
pub(super) struct Whole {
    pub(super) octets: Vec<u8>,
    /// Fragments overlapped, so that receivers may have read something else, or nothing.
    pub(super) is_ambiguous: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    identification: u32,
}

#[derive(Debug)]
struct Partial {
    key: Key,
    since: Instant,
    sender: Sender,
    /// The first fragment as it came.
    first: Option<Vec<u8>>,
    fragments: Vec<(usize, Vec<u8>)>,
    total: Option<usize>,
    is_ambiguous: bool,
}

/// What a fragment's headers say.
struct Fragment {
    key: Key,
    start: usize,
    more: bool,
    is_ipv6: bool,
    /// Octets of the headers that count towards the length of the datagram.
    counted: usize,
}

impl Reassembly {
    pub(super) fn clear(&mut self) {
        self.partial.clear();
    }

    /// Adds a fragment, and gives the datagram that it completes.
    pub(super) fn add(&mut self, at: Instant, datagram: &Datagram<'_>, findings: &mut Findings) -> Option<Whole> {
        self.partial.retain(|partial| at.saturating_since(partial.since) < PATIENCE);
        let fragment = Fragment::read(datagram)?;
        let payload = datagram.packet().payload;
        let length = datagram.payload_length();
        let end = fragment.start + length;
        if fragment.more && !length.is_multiple_of(8) {
            let invariant = if fragment.is_ipv6 { Invariant::Ipv6FragmentLength } else { Invariant::FragmentLength };
            findings
                .fail(invariant, || format!("a fragment before the last carries {length} octets, no multiple of 8"));
        }
        if fragment.counted + end > LONGEST {
            let invariant = if fragment.is_ipv6 { Invariant::Ipv6FragmentEnd } else { Invariant::FragmentEnd };
            findings.fail(invariant, || format!("a fragment ends at octet {} of the datagram", fragment.counted + end));
            return None;
        }
        if datagram.missing > 0 {
            return None;
        }
        let partial = self.partial(at, &fragment, datagram.sender);
        // Receivers may have given up by now (RFC 791 section 3.2: after 15 s).
        partial.is_ambiguous |= at.saturating_since(partial.since) > SHORTEST_PATIENCE;
        partial.overlap(&fragment, payload, findings);
        if fragment.start == 0 && partial.first.is_none() {
            let mut octets = Vec::with_capacity(datagram.packet().emitted_length());
            datagram.packet().emit(&mut octets);
            partial.first = Some(octets);
        }
        if !fragment.more {
            partial.is_ambiguous |= partial.total.is_some_and(|total| total != end);
            partial.total = Some(end);
        }
        if partial.fragments.len() < MOST_FRAGMENTS {
            partial.fragments.push((fragment.start, payload.to_vec()));
        }
        let whole = partial.complete()?;
        self.partial.retain(|partial| partial.key != fragment.key);
        Some(whole)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.partial.len()
    }

    fn partial(&mut self, at: Instant, fragment: &Fragment, sender: Sender) -> &mut Partial {
        let known = self.partial.iter().position(|partial| partial.key == fragment.key && partial.sender == sender);
        let place = known.unwrap_or_else(|| {
            if self.partial.len() == MOST {
                self.partial.remove(0);
            }
            self.partial.push(Partial {
                key: fragment.key,
                since: at,
                sender,
                first: None,
                fragments: Vec::new(),
                total: None,
                is_ambiguous: false,
            });
            self.partial.len() - 1
        });
        &mut self.partial[place]
    }
}

impl Partial {
    /// Notes and tells that a fragment covers octets that came already.
    fn overlap(&mut self, fragment: &Fragment, payload: &[u8], findings: &mut Findings) {
        let end = fragment.start + payload.len();
        for (start, octets) in &self.fragments {
            let (left, right) = (fragment.start.max(*start), end.min(start + octets.len()));
            if left >= right {
                continue;
            }
            let same = payload[left - fragment.start..right - fragment.start] == octets[left - start..right - start];
            // A duplicate is the network's, and harmless.
            if same && *start == fragment.start && octets.len() == payload.len() {
                continue;
            }
            self.is_ambiguous = true;
            if fragment.is_ipv6 {
                findings.fail(Invariant::Ipv6FragmentOverlap, || {
                    format!("octets {left} to {right} of packet {:#010x} are sent twice", fragment.key.identification)
                });
            } else if !same {
                findings.fail(Invariant::FragmentOverlap, || {
                    format!("octets {left} to {right} of datagram {:#06x} differ", fragment.key.identification)
                });
            }
        }
    }

    fn complete(&self) -> Option<Whole> {
        let (first, total) = (self.first.as_ref()?, self.total?);
        let mut covered: Vec<_> = self.fragments.iter().map(|(start, octets)| (*start, start + octets.len())).collect();
        covered.sort_unstable();
        let mut end = 0;
        for (left, right) in covered {
            if left > end {
                return None;
            }
            end = end.max(right);
        }
        if end < total {
            return None;
        }
        let mut payload = vec![0; end];
        for (start, octets) in &self.fragments {
            payload[*start..start + octets.len()].copy_from_slice(octets);
        }
        payload.truncate(total);
        let first = crate::wire::Packet::parse(first, None).packet;
        Some(Whole { octets: whole(&first, &payload), is_ambiguous: self.is_ambiguous || end > total })
    }
}

impl Fragment {
    fn read(datagram: &Datagram<'_>) -> Option<Fragment> {
        let packet = datagram.packet();
        let key = |protocol, identification| {
            let (source, destination) = (packet.source()?, packet.destination()?);
            Some(Key { source, destination, protocol, identification })
        };
        match packet.headers.last()? {
            Header::Ipv4(ip) => Some(Fragment {
                key: key(ip.protocol.or(0), ip.identification.into())?,
                start: usize::from(ip.fragment_offset) * 8,
                more: ip.more_fragments,
                is_ipv6: false,
                counted: ip.emitted_length(),
            }),
            Header::Ipv6Fragment(ip) => Some(Fragment {
                // The Next Header of fragments other than the first need not agree (RFC 8200 section 4.5).
                key: key(0, ip.identification)?,
                start: usize::from(ip.fragment_offset) * 8,
                more: ip.more_fragments,
                is_ipv6: true,
                counted: packet.headers.iter().skip(1).map(Header::emitted_length).sum::<usize>() - 8,
            }),
            _ => None,
        }
    }
}
