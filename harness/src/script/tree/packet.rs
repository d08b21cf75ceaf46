//! Packets: headers outside of the innermost datagram, what is said of its IP header, and what it carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::formula::{Capture, Formula};
use super::icmp::IcmpSpec;
use super::tcp::{StreamSpec, TcpSpec};
use crate::script::{Span, Spanned};

/// One packet, to send or to expect.
#[derive(Clone, Debug)]
pub struct PacketSpec {
    /// The whole packet, direction included.
    pub span: Span,
    /// Outer headers, outermost first.
    pub encapsulation: Vec<Encapsulation>,
    /// What is said of the innermost IP header.
    pub ip: IpInfo,
    /// What the innermost IP header carries.
    pub body: Body,
    /// `data "..."` or `data 0x...` (ours): payload octets; without it packetdrill's zeros.
    pub data: Option<Spanned<Vec<u8>>>,
    /// `with field=value, ...` (ours): header fields forced when injected, compared when expected.
    pub fields: Vec<FieldSpec>,
    /// `with field as NAME, ...` (ours): values on the wire that get a name.
    pub captures: Vec<Capture>,
    /// `fragment a:b` (ours): only octets a..b of the IP payload, in a fragment.
    pub fragment: Option<FragmentSpec>,
}

impl PartialEq for PacketSpec {
    fn eq(&self, other: &Self) -> bool {
        self.encapsulation == other.encapsulation
            && self.ip == other.ip
            && self.body == other.body
            && self.data == other.data
            && self.fields == other.fields
            && self.captures == other.captures
            && self.fragment == other.fragment
    }
}

impl Eq for PacketSpec {}

/// An outer header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encapsulation {
    /// `ipv4 (info) a > b:`.
    Ipv4 {
        /// TOS, TTL.
        info: IpInfo,
        /// Source.
        source: Ipv4Addr,
        /// Destination.
        destination: Ipv4Addr,
    },
    /// `ipv6 (info) a > b:`.
    Ipv6 {
        /// TOS, hop limit, flow label.
        info: IpInfo,
        /// Source.
        source: Ipv6Addr,
        /// Destination.
        destination: Ipv6Addr,
    },
    /// `gre ...:`.
    Gre(GreSpec),
    /// `mpls (label L, tc T, [S], ttl N) ...:`, outermost first.
    Mpls(Vec<MplsSpec>),
}

/// A GRE header's fields as the script states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of RFC 2784 and 2890, as numbers in host order
pub struct GreSpec {
    pub flags: u16,
    pub checksum: u16,
    pub offset: u16,
    pub key: u32,
    pub sequence: u32,
}

/// One MPLS label stack entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of RFC 3032 section 2.1
pub struct MplsSpec {
    pub label: u32,
    pub traffic_class: u8,
    pub bottom_of_stack: bool,
    pub ttl: u8,
}

/// What a script says of an IP header; what it does not say is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpInfo {
    /// ECN, DSCP or the whole octet.
    pub tos: Option<TosSpec>,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// IPv6 flow label; two labels are compared for being the same label or another.
    pub flow_label: Option<u32>,
}

/// What a script says of the TOS octet or traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TosSpec {
    /// `noecn`, `ect0`, `ect1`, `ce`: the ECN codepoint; the rest is not compared.
    Ecn(u8),
    /// `ect01`: either ECT codepoint; only expected.
    Ect01,
    /// `tos 0xNN` or `class 0xNN`: the whole octet.
    Tos(u8),
    /// `dscp 0xNN` (FreeBSD dialect), with or without an ECN codepoint.
    Dscp {
        /// Six bits.
        dscp: u8,
        /// ECN codepoint, if written.
        ecn: Option<u8>,
    },
    /// `dscp 0xNN, ect01` (FreeBSD dialect): six bits, and either ECT codepoint; only expected.
    DscpEct01(u8),
}

/// What the innermost IP header carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A TCP segment.
    Tcp(TcpSpec),
    /// `stream a:b(n) ack k` (ours): these octets in any segmentation; only expected.
    Stream(StreamSpec),
    /// A UDP datagram.
    Udp(UdpSpec),
    /// An ICMP or ICMPv6 message.
    Icmp(IcmpSpec),
}

/// `a > b`: ports that replace the connection's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpSpec {
    /// Ports, if written.
    pub ports: Option<Ports>,
    /// Payload length in octets.
    pub length: u16,
}

/// `name=value` after `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Field name, such as `tcp.checksum`.
    pub name: Spanned<String>,
    /// The value, of the kind and size that the field has.
    pub value: Spanned<FieldValue>,
}

/// The value of a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number that fits the field.
    Number(u64),
    /// An address of the header's IP version.
    Address(IpAddr),
    /// `0x...`: raw octets.
    Octets(Vec<u8>),
    /// Arithmetic on captured values; of its result the low bits that the field has, or a captured address or octets.
    Formula(Formula),
}

/// `fragment a:b`, in octets of the IP payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentSpec {
    /// First octet.
    pub start: u32,
    /// One past the last octet.
    pub end: u32,
}
