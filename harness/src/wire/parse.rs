//! Octets to values, with what is wrong.

use smallvec::SmallVec;

use super::emit::{saturate, transport_start};
use super::option_walk::{MalformedOption, OptionWalk};
use super::packet::claim;
use super::{
    Checksum, Defect, DefectKind, Field, Gre, Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Ipv6Extension, Ipv6Fragment,
    MplsEntry, Packet, Parsed, Tcp, TcpOption, Udp, icmp, protocol,
};

impl<'a> Packet<'a> {
    /// Reads a datagram. Never fails: what cannot be read is payload, with a defect that says why.
    ///
    /// `udp_encapsulation` names a UDP port whose payload is a TCP segment, if there is one. The payload of a fragment
    /// and of an ICMP message is not looked into ([`super::Quoted::parse`] does).
    pub fn parse(octets: &'a [u8], udp_encapsulation: Option<u16>) -> Parsed<'a> {
        parse(octets, udp_encapsulation, true)
    }
}

/// What stands at the parser's position.
#[derive(Clone, Copy)]
enum Next {
    /// An IP header, of the version that was announced, if one was.
    Ip(Option<u8>),
    /// What this protocol number of an IPv4 header says.
    OverIpv4(u8),
    /// What this next-header number of an IPv6 or extension header says.
    OverIpv6(u8),
    /// An MPLS label stack entry.
    Mpls,
    /// A TCP segment.
    Tcp,
    /// Payload.
    Payload,
}

pub(super) struct Parser<'p, 'a> {
    /// The datagram, without trailer once the outermost IP header is read.
    octets: &'a [u8],
    /// Where the next header starts.
    position: usize,
    /// Where the octets end that the length fields read so far leave to the next header.
    end: usize,
    udp_encapsulation: Option<u16>,
    /// Whether checksums are verified. Where they are not, they come out forced.
    verify: bool,
    /// What was found so far. Behind a reference so that it is made where the caller wants it: it is large.
    found: &'p mut Parsed<'a>,
}

/// Reads a datagram; without `verify`, checksums are not verified and come out forced.
#[inline]
pub(super) fn parse(octets: &[u8], udp_encapsulation: Option<u16>, verify: bool) -> Parsed<'_> {
    let packet = Packet { headers: SmallVec::new(), payload: &[] };
    let mut found = Parsed { packet, defects: SmallVec::new(), trailer: &[] };
    Parser { octets, position: 0, end: octets.len(), udp_encapsulation, verify, found: &mut found }.run();
    found
}

impl<'a> Parser<'_, 'a> {
    fn run(mut self) {
        let mut next = Next::Ip(None);
        loop {
            next = match next {
                Next::Ip(expected) => self.ip(expected),
                Next::OverIpv4(number) => match number {
                    protocol::ICMP => self.icmpv4(),
                    _ => self.over_ip(number),
                },
                Next::OverIpv6(number) => match number {
                    protocol::ICMPV6 => self.icmpv6(),
                    protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS => self.extension(number),
                    protocol::FRAGMENT => self.ipv6_fragment(),
                    _ => self.over_ip(number),
                },
                Next::Mpls => self.mpls(),
                Next::Tcp => self.tcp(),
                Next::Payload => break,
            };
        }
        self.observe_protocols();
        self.found.packet.payload = &self.octets[self.position..];
        if self.found.defects.len() > 1 {
            self.found.defects.sort_by_key(|defect| defect.octet);
        }
    }

    /// What both IP versions carry.
    fn over_ip(&mut self, number: u8) -> Next {
        match number {
            protocol::TCP => self.tcp(),
            protocol::UDP => self.udp(),
            protocol::GRE => self.gre(),
            protocol::MPLS => Next::Mpls,
            protocol::IPV4 => Next::Ip(Some(4)),
            protocol::IPV6 => Next::Ip(Some(6)),
            _ => Next::Payload,
        }
    }

    fn ip(&mut self, expected: Option<u8>) -> Next {
        let Some(first) = self.rest().first() else { return self.truncated("IP header", 1) };
        match (first >> 4, expected) {
            (4, None | Some(4)) => self.ipv4(),
            (6, None | Some(6)) => self.ipv6(),
            (actual, Some(expected)) => self.stop(0, DefectKind::OtherVersion { actual, expected }),
            (version, None) => self.stop(0, DefectKind::Version(version)),
        }
    }

    fn ipv4(&mut self) -> Next {
        let rest = self.rest();
        let Some((fixed, after)) = rest.split_first_chunk::<20>() else {
            return self.truncated("IPv4 header", Ipv4::MINIMUM_LENGTH);
        };
        let claimed_header = usize::from(fixed[0] & 0xf) * 4;
        // An IHL that is impossible is kept, and the header taken for one without options.
        let options = claimed_header.checked_sub(Ipv4::MINIMUM_LENGTH).and_then(|length| after.get(..length));
        let mut ipv4 = Ipv4::read(fixed, options.unwrap_or(&[]));
        let header_length = Ipv4::MINIMUM_LENGTH + ipv4.options.len();
        match options {
            Some(_) => ipv4.header_length = Field::Computed,
            None => {
                let expected = if claimed_header < Ipv4::MINIMUM_LENGTH { Ipv4::MINIMUM_LENGTH } else { rest.len() };
                self.defect(0, DefectKind::Length { field: "IHL in octets", actual: claimed_header, expected });
            }
        }
        let total_length = u16::from_be_bytes([fixed[2], fixed[3]]);
        let claimed = claim(total_length.into(), header_length, rest.len());
        self.limit(2, "total length", usize::from(total_length), claimed, 0);
        ipv4.total_length = Field::observed(total_length, saturate(self.following()));
        if ipv4.reserved_flag {
            self.defect(6, DefectKind::Reserved("IPv4 flags"));
        }
        if self.verify {
            ipv4.checksum = self.checksum("IPv4 header", Checksum::new(), header_length, Ipv4::CHECKSUM_AT);
        }
        if !ipv4.options.is_empty() {
            self.ipv4_options(&rest[Ipv4::MINIMUM_LENGTH..header_length]);
        }
        let next = if options.is_none() && claimed_header >= Ipv4::MINIMUM_LENGTH || ipv4.is_fragment() {
            Next::Payload
        } else {
            Next::OverIpv4(fixed[9])
        };
        self.push(Header::Ipv4(ipv4), header_length);
        next
    }

    fn ipv6(&mut self) -> Next {
        let rest = self.rest();
        let Some(fixed) = rest.first_chunk::<40>() else { return self.truncated("IPv6 header", Ipv6::LENGTH) };
        let mut ipv6 = Ipv6::read(fixed);
        let payload_length = u16::from_be_bytes([fixed[4], fixed[5]]);
        let claimed = claim(Ipv6::LENGTH + usize::from(payload_length), Ipv6::LENGTH, rest.len());
        self.limit(4, "payload length", payload_length.into(), claimed, Ipv6::LENGTH);
        ipv6.payload_length = Field::observed(payload_length, saturate(self.following() - Ipv6::LENGTH));
        self.push(Header::Ipv6(ipv6), Ipv6::LENGTH);
        Next::OverIpv6(fixed[6])
    }

    fn extension(&mut self, kind: u8) -> Next {
        let rest = self.rest();
        let Some(&[next_header, length, ..]) = rest.first_chunk::<8>() else {
            return self.truncated("IPv6 extension header", Ipv6Extension::MINIMUM_LENGTH);
        };
        let claimed = (usize::from(length) + 1) * 8;
        // A length that is impossible is kept, and the header taken for one of 8 octets.
        let (body, length, next) = match rest.get(2..claimed) {
            Some(body) => (body, Field::Computed, Next::OverIpv6(next_header)),
            None => {
                let kind = DefectKind::Length { field: "Hdr Ext Len in octets", actual: claimed, expected: rest.len() };
                self.defect(1, kind);
                (&rest[2..Ipv6Extension::MINIMUM_LENGTH], Field::Forced(length), Next::Payload)
            }
        };
        let extension = Ipv6Extension { kind, next_header: Field::Forced(next_header), length, body: body.to_vec() };
        if kind != protocol::ROUTING {
            let malformed = extension.options().find_map(Result::err);
            if let Some(MalformedOption { offset, kind, length }) = malformed {
                self.defect(2 + offset, DefectKind::Option { protocol: "IPv6", kind, length });
            }
        }
        self.push(Header::Ipv6Extension(extension), 2 + body.len());
        next
    }

    fn ipv6_fragment(&mut self) -> Next {
        let Some(octets) = self.rest().first_chunk::<8>() else {
            return self.truncated("IPv6 fragment header", Ipv6Fragment::LENGTH);
        };
        let fragment = Ipv6Fragment::read(octets);
        if fragment.reserved != 0 || fragment.reserved_bits != 0 {
            self.defect(if fragment.reserved != 0 { 1 } else { 3 }, DefectKind::Reserved("IPv6 fragment header"));
        }
        let next = if fragment.is_fragment() { Next::Payload } else { Next::OverIpv6(octets[0]) };
        self.push(Header::Ipv6Fragment(fragment), Ipv6Fragment::LENGTH);
        next
    }

    fn gre(&mut self) -> Next {
        let rest = self.rest();
        let Some(&[a, b, c, d]) = rest.first_chunk::<4>() else {
            return self.truncated("GRE header", Gre::MINIMUM_LENGTH);
        };
        let flags = u16::from_be_bytes([a, b]);
        let Some(gre) = Gre::read(rest) else { return self.truncated("GRE header", Gre::length(flags)) };
        // Key and sequence number came later than the rule that all but C be zero (RFC 2784 section 2.3, RFC 2890).
        let known = Gre::CHECKSUM_PRESENT | Gre::KEY_PRESENT | Gre::SEQUENCE_PRESENT;
        if flags & !known != 0 {
            self.defect(0, DefectKind::Reserved("GRE header"));
        }
        if flags & (Gre::ROUTING_PRESENT | Gre::VERSION) != 0 {
            // What follows is laid out otherwise (RFC 1701, RFC 2637).
            self.push_gre(gre);
            return Next::Payload;
        }
        if flags & Gre::CHECKSUM_PRESENT != 0 && self.verify {
            self.checksum("GRE", Checksum::new(), rest.len(), Gre::MINIMUM_LENGTH);
        }
        self.push_gre(gre);
        match u16::from_be_bytes([c, d]) {
            protocol::ETHERTYPE_IPV4 => Next::Ip(Some(4)),
            protocol::ETHERTYPE_IPV6 => Next::Ip(Some(6)),
            protocol::ETHERTYPE_MPLS | protocol::ETHERTYPE_MPLS_UPSTREAM => Next::Mpls,
            _ => Next::Payload,
        }
    }

    fn push_gre(&mut self, gre: Gre) {
        let length = gre.emitted_length();
        self.push(Header::Gre(gre), length);
    }

    fn mpls(&mut self) -> Next {
        let Some(octets) = self.rest().first_chunk::<4>() else {
            return self.truncated("MPLS label stack entry", MplsEntry::LENGTH);
        };
        let entry = MplsEntry::read(octets);
        self.push(Header::Mpls(entry), MplsEntry::LENGTH);
        match self.rest().first().map(|first| first >> 4) {
            _ if !entry.bottom_of_stack => Next::Mpls,
            Some(4 | 6) => Next::Ip(None),
            _ => Next::Payload,
        }
    }

    fn udp(&mut self) -> Next {
        let rest = self.rest();
        let Some(octets) = rest.first_chunk::<8>() else { return self.truncated("UDP header", Udp::LENGTH) };
        let mut udp = Udp::read(octets);
        let length = u16::from_be_bytes([octets[4], octets[5]]);
        if usize::from(length) != rest.len() {
            let kind = DefectKind::Length { field: "UDP length", actual: length.into(), expected: rest.len() };
            self.defect(4, kind);
        }
        udp.length = Field::observed(length, saturate(self.following()));
        let claimed = claim(length.into(), Udp::LENGTH, rest.len());
        self.end = self.position + claimed;
        let no_checksum = octets[6..] == [0, 0] && self.is_over_ipv4();
        if self.verify && !no_checksum {
            let start = transport_start(&self.found.packet.headers, protocol::UDP, claimed);
            udp.checksum = self.checksum("UDP", start, claimed, Udp::CHECKSUM_AT);
        }
        let encapsulates = |port| udp.source_port == port || udp.destination_port == port;
        let next = if self.udp_encapsulation.is_some_and(encapsulates) { Next::Tcp } else { Next::Payload };
        self.push(Header::Udp(udp), Udp::LENGTH);
        next
    }

    fn tcp(&mut self) -> Next {
        let rest = self.rest();
        let Some((fixed, after)) = rest.split_first_chunk::<20>() else {
            return self.truncated("TCP header", Tcp::MINIMUM_LENGTH);
        };
        let claimed = usize::from(fixed[12] >> 4) * 4;
        // A data offset that is impossible is kept, and the header taken for one without options.
        let options = claimed.checked_sub(Tcp::MINIMUM_LENGTH).and_then(|length| after.get(..length));
        let mut tcp = Tcp::read(fixed, options.unwrap_or(&[]));
        match options {
            Some(_) => tcp.data_offset = Field::Computed,
            None => {
                let expected = if claimed < Tcp::MINIMUM_LENGTH { Tcp::MINIMUM_LENGTH } else { rest.len() };
                self.defect(12, DefectKind::Length { field: "data offset in octets", actual: claimed, expected });
            }
        }
        if tcp.reserved != 0 {
            self.defect(12, DefectKind::Reserved("TCP header"));
        }
        if self.verify {
            let start = transport_start(&self.found.packet.headers, protocol::TCP, rest.len());
            tcp.checksum = self.checksum("TCP", start, rest.len(), Tcp::CHECKSUM_AT);
        }
        if let Some(options) = options.filter(|options| !options.is_empty()) {
            self.tcp_options(options);
        }
        let length = Tcp::MINIMUM_LENGTH + tcp.options.len();
        self.push(Header::Tcp(tcp), length);
        Next::Payload
    }

    fn icmpv4(&mut self) -> Next {
        let rest = self.rest();
        let Some(octets) = rest.first_chunk::<8>() else { return self.truncated("ICMP header", icmp::LENGTH) };
        let mut icmpv4 = Icmpv4::read(octets);
        if self.verify {
            icmpv4.checksum = self.checksum("ICMP", Checksum::new(), rest.len(), icmp::CHECKSUM_AT);
        }
        self.push(Header::Icmpv4(icmpv4), icmp::LENGTH);
        Next::Payload
    }

    fn icmpv6(&mut self) -> Next {
        let rest = self.rest();
        let Some(octets) = rest.first_chunk::<8>() else { return self.truncated("ICMPv6 header", icmp::LENGTH) };
        let mut icmpv6 = Icmpv6::read(octets);
        if self.verify {
            let start = transport_start(&self.found.packet.headers, protocol::ICMPV6, rest.len());
            icmpv6.checksum = self.checksum("ICMPv6", start, rest.len(), icmp::CHECKSUM_AT);
        }
        self.push(Header::Icmpv6(icmpv6), icmp::LENGTH);
        Next::Payload
    }

    fn ipv4_options(&mut self, area: &[u8]) {
        for option in OptionWalk::new(area) {
            if let Err(MalformedOption { offset, kind, length }) = option {
                self.defect(Ipv4::MINIMUM_LENGTH + offset, DefectKind::Option { protocol: "IPv4", kind, length });
            }
        }
    }

    fn tcp_options(&mut self, area: &[u8]) {
        let mut walk = OptionWalk::new(area);
        for option in walk.by_ref() {
            let (offset, kind, length) = match option {
                Ok(option) if TcpOption::has_own_length(option.kind, option.data.len()) => continue,
                Ok(option) => (option.offset, option.kind, option.data.len() as u8 + 2),
                Err(MalformedOption { offset, kind, length }) => (offset, kind, length),
            };
            self.defect(Tcp::MINIMUM_LENGTH + offset, DefectKind::Option { protocol: "TCP", kind, length });
            if option.is_err() {
                return;
            }
        }
        // After the end of the list there is only padding, of zeros (RFC 9293 section 3.1, Options).
        if let Some(at) = area[walk.offset()..].iter().position(|octet| *octet != 0) {
            self.defect(Tcp::MINIMUM_LENGTH + walk.offset() + at, DefectKind::Reserved("TCP header padding"));
        }
    }

    /// The octets from the position on that the next header may claim.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        &self.octets[self.position..self.end]
    }

    /// Octets from the position to the end of the datagram, which is what emitting counts for a computed length.
    fn following(&self) -> usize {
        self.octets.len() - self.position
    }

    /// Takes the end of an IP header's datagram from its length field, at octet `at` of the header. `claimed` octets
    /// from the position on are its own; the field does not count `uncounted` of them.
    fn limit(&mut self, at: usize, field: &'static str, actual: usize, claimed: usize, uncounted: usize) {
        let available = self.end - self.position;
        let is_outermost = self.found.packet.headers.is_empty();
        if actual + uncounted != claimed || claimed != available && !is_outermost {
            self.defect(at, DefectKind::Length { field, actual, expected: available - uncounted });
        }
        self.end = self.position + claimed;
        if is_outermost {
            (self.octets, self.found.trailer) = self.octets.split_at(self.end);
        }
    }

    /// Verifies the checksum field at octet `at` of the next header, which covers what `start` summed and `length`
    /// octets of the header.
    #[inline]
    fn checksum(&mut self, protocol: &'static str, start: Checksum, length: usize, at: usize) -> Field<u16> {
        let covered = &self.octets[self.position..self.position + length];
        let actual = u16::from_be_bytes([covered[at], covered[at + 1]]);
        let mut whole = start;
        whole.add(covered);
        let right = whole.sum() == 0xffff;
        if right && actual != 0 && actual != 0xffff {
            return Field::Computed;
        }
        // Wrong, or one of the two ways to write zero: see what emitting would write.
        let mut others = start;
        others.add(&covered[..at]);
        others.add(&covered[at + 2..]);
        let expected = match others.finish() {
            0 if protocol == "UDP" => 0xffff,
            expected => expected,
        };
        if !right || actual == 0 && protocol == "UDP" {
            self.defect(at, DefectKind::Checksum { protocol, actual, expected });
        }
        Field::observed(actual, expected)
    }

    fn is_over_ipv4(&self) -> bool {
        let ip = self.found.packet.headers.iter().rev().find(|h| matches!(h, Header::Ipv4(_) | Header::Ipv6(_)));
        matches!(ip, Some(Header::Ipv4(_)))
    }

    #[inline]
    fn push(&mut self, header: Header, length: usize) {
        self.found.packet.headers.push(header);
        self.position += length;
    }

    /// Notes a defect at an octet counted from the position.
    #[cold]
    fn defect(&mut self, at: usize, kind: DefectKind) {
        self.found.defects.push(Defect { octet: self.position + at, kind });
    }

    #[cold]
    fn stop(&mut self, at: usize, kind: DefectKind) -> Next {
        self.defect(at, kind);
        Next::Payload
    }

    #[cold]
    fn truncated(&mut self, what: &'static str, needed: usize) -> Next {
        let present = self.rest().len();
        self.stop(0, DefectKind::Truncated { what, needed, present })
    }

    /// Makes the protocol numbers computed that agree with the header that was found behind them.
    #[inline]
    fn observe_protocols(&mut self) {
        let mut next: Option<(u8, u16)> = None;
        for header in self.found.packet.headers.iter_mut().rev() {
            let field = match header {
                Header::Ipv4(ipv4) => Some((&mut ipv4.protocol, protocol::EXPERIMENT)),
                Header::Ipv6(ipv6) => Some((&mut ipv6.next_header, protocol::NO_NEXT_HEADER)),
                Header::Ipv6Extension(extension) => Some((&mut extension.next_header, protocol::NO_NEXT_HEADER)),
                Header::Ipv6Fragment(fragment) => Some((&mut fragment.next_header, protocol::NO_NEXT_HEADER)),
                Header::Gre(gre) => {
                    if gre.protocol == Field::Forced(next.map_or(0, |(_, ethertype)| ethertype)) {
                        gre.protocol = Field::Computed;
                    }
                    None
                }
                _ => None,
            };
            if let Some((field, none)) = field
                && *field == Field::Forced(next.map_or(none, |(number, _)| number))
            {
                *field = Field::Computed;
            }
            next = Some((header.protocol(), header.ethertype()));
        }
    }
}
