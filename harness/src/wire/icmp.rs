//! ICMP (RFC 792) and ICMPv6 (RFC 4443) headers.

use super::Field;

/// An ICMP header as a value (RFC 792). What follows the 8 octets is the packet's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmpv4 {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Checksum over the ICMP message.
    pub checksum: Field<u16>,
    /// Octets 4 to 7: identifier and sequence number, gateway address, next-hop MTU, or unused.
    pub rest: [u8; 4],
}

/// An ICMPv6 header as a value (RFC 4443 section 2.1). What follows the 8 octets is the packet's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmpv6 {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Checksum over pseudo-header and ICMPv6 message.
    pub checksum: Field<u16>,
    /// Octets 4 to 7: identifier and sequence number, MTU, pointer, or unused.
    pub rest: [u8; 4],
}

/// Octets of the part of an ICMP or ICMPv6 message that is taken for its header.
pub(super) const LENGTH: usize = 8;
/// Where the checksum is, in octets from the start of the message.
pub(super) const CHECKSUM_AT: usize = 2;

impl Icmpv4 {
    /// Echo reply (RFC 792, Echo).
    pub const ECHO_REPLY: u8 = 0;
    /// Destination unreachable (RFC 792).
    pub const DESTINATION_UNREACHABLE: u8 = 3;
    /// Source quench (RFC 792; deprecated by RFC 6633).
    pub const SOURCE_QUENCH: u8 = 4;
    /// Redirect (RFC 792).
    pub const REDIRECT: u8 = 5;
    /// Echo (RFC 792, Echo).
    pub const ECHO: u8 = 8;
    /// Time exceeded (RFC 792).
    pub const TIME_EXCEEDED: u8 = 11;
    /// Parameter problem (RFC 792).
    pub const PARAMETER_PROBLEM: u8 = 12;
    /// Timestamp (RFC 792).
    pub const TIMESTAMP: u8 = 13;
    /// Timestamp reply (RFC 792).
    pub const TIMESTAMP_REPLY: u8 = 14;

    /// A message of this type and code, the other four octets zero.
    pub fn new(kind: u8, code: u8) -> Self {
        Icmpv4 { kind, code, checksum: Field::Computed, rest: [0; 4] }
    }

    /// An echo message (RFC 792, Echo).
    pub fn echo(identifier: u16, sequence: u16) -> Self {
        Icmpv4 { rest: halves(identifier, sequence), ..Icmpv4::new(Icmpv4::ECHO, 0) }
    }

    /// Fragmentation needed and DF set, with the next-hop MTU in octets (RFC 1191 section 4).
    pub fn fragmentation_needed(mtu: u16) -> Self {
        Icmpv4 { rest: halves(0, mtu), ..Icmpv4::new(Icmpv4::DESTINATION_UNREACHABLE, 4) }
    }

    /// Octets 4 and 5: the identifier of an echo or timestamp message.
    pub fn identifier(&self) -> u16 {
        u16::from_be_bytes([self.rest[0], self.rest[1]])
    }

    /// Octets 6 and 7: the sequence number of an echo or timestamp message.
    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.rest[2], self.rest[3]])
    }

    /// Octets 6 and 7: the next-hop MTU in octets, where fragmentation is needed (RFC 1191 section 4).
    pub fn next_hop_mtu(&self) -> u16 {
        self.sequence()
    }

    /// Whether the message is an error and quotes a datagram (RFC 1122 section 3.2.2).
    pub fn is_error(&self) -> bool {
        matches!(
            self.kind,
            Icmpv4::DESTINATION_UNREACHABLE
                | Icmpv4::SOURCE_QUENCH
                | Icmpv4::REDIRECT
                | Icmpv4::TIME_EXCEEDED
                | Icmpv4::PARAMETER_PROBLEM
        )
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write(out, self.kind, self.code, self.checksum, self.rest);
    }

    /// Reads the header. The checksum comes out as it stands, forced.
    pub(super) fn read(octets: &[u8; 8]) -> Self {
        let [kind, code, a, b, rest @ ..] = *octets;
        Icmpv4 { kind, code, checksum: Field::Forced(u16::from_be_bytes([a, b])), rest }
    }
}

impl Icmpv6 {
    /// Destination unreachable (RFC 4443 section 3.1).
    pub const DESTINATION_UNREACHABLE: u8 = 1;
    /// Packet too big (RFC 4443 section 3.2).
    pub const PACKET_TOO_BIG: u8 = 2;
    /// Time exceeded (RFC 4443 section 3.3).
    pub const TIME_EXCEEDED: u8 = 3;
    /// Parameter problem (RFC 4443 section 3.4).
    pub const PARAMETER_PROBLEM: u8 = 4;
    /// Echo request (RFC 4443 section 4.1).
    pub const ECHO_REQUEST: u8 = 128;
    /// Echo reply (RFC 4443 section 4.2).
    pub const ECHO_REPLY: u8 = 129;
    /// Multicast listener report, version 2 (RFC 3810 section 5.2).
    pub const MULTICAST_LISTENER_REPORT_V2: u8 = 143;
    /// Router solicitation (RFC 4861 section 4.1).
    pub const ROUTER_SOLICITATION: u8 = 133;
    /// Router advertisement (RFC 4861 section 4.2).
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    /// Neighbor solicitation (RFC 4861 section 4.3).
    pub const NEIGHBOR_SOLICITATION: u8 = 135;
    /// Neighbor advertisement (RFC 4861 section 4.4).
    pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;

    /// A message of this type and code, the other four octets zero.
    pub fn new(kind: u8, code: u8) -> Self {
        Icmpv6 { kind, code, checksum: Field::Computed, rest: [0; 4] }
    }

    /// An echo request (RFC 4443 section 4.1).
    pub fn echo_request(identifier: u16, sequence: u16) -> Self {
        Icmpv6 { rest: halves(identifier, sequence), ..Icmpv6::new(Icmpv6::ECHO_REQUEST, 0) }
    }

    /// Packet too big, with the MTU in octets (RFC 4443 section 3.2).
    pub fn packet_too_big(mtu: u32) -> Self {
        Icmpv6 { rest: mtu.to_be_bytes(), ..Icmpv6::new(Icmpv6::PACKET_TOO_BIG, 0) }
    }

    /// Octets 4 and 5: the identifier of an echo message.
    pub fn identifier(&self) -> u16 {
        u16::from_be_bytes([self.rest[0], self.rest[1]])
    }

    /// Octets 6 and 7: the sequence number of an echo message.
    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.rest[2], self.rest[3]])
    }

    /// Octets 4 to 7: the MTU in octets of a packet too big, or the pointer of a parameter problem.
    pub fn value(&self) -> u32 {
        u32::from_be_bytes(self.rest)
    }

    /// Whether the message is an error and quotes a packet: type below 128 (RFC 4443 section 2.1).
    pub fn is_error(&self) -> bool {
        self.kind < 128
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write(out, self.kind, self.code, self.checksum, self.rest);
    }

    /// Reads the header. The checksum comes out as it stands, forced.
    pub(super) fn read(octets: &[u8; 8]) -> Self {
        let [kind, code, a, b, rest @ ..] = *octets;
        Icmpv6 { kind, code, checksum: Field::Forced(u16::from_be_bytes([a, b])), rest }
    }
}

/// Appends a header. The checksum is 0 where it is computed: it covers what follows.
fn write(out: &mut Vec<u8>, kind: u8, code: u8, checksum: Field<u16>, rest: [u8; 4]) {
    let checksum = checksum.or(0).to_be_bytes();
    out.extend_from_slice(&[kind, code, checksum[0], checksum[1], rest[0], rest[1], rest[2], rest[3]]);
}

fn halves(first: u16, second: u16) -> [u8; 4] {
    (u32::from(first) << 16 | u32::from(second)).to_be_bytes()
}
