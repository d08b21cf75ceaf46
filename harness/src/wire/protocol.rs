//! IP protocol and next-header numbers (IANA protocol numbers; RFC 791 section 3.1, RFC 8200 section 3).

/// IPv6 hop-by-hop options (RFC 8200 section 4.3).
pub const HOP_BY_HOP: u8 = 0;
/// ICMP (RFC 792).
pub const ICMP: u8 = 1;
/// IPv4 in IP (RFC 2003).
pub const IPV4: u8 = 4;
/// TCP (RFC 9293).
pub const TCP: u8 = 6;
/// UDP (RFC 768).
pub const UDP: u8 = 17;
/// IPv6 in IP (RFC 2473).
pub const IPV6: u8 = 41;
/// IPv6 routing header (RFC 8200 section 4.4).
pub const ROUTING: u8 = 43;
/// IPv6 fragment header (RFC 8200 section 4.5).
pub const FRAGMENT: u8 = 44;
/// GRE (RFC 2784).
pub const GRE: u8 = 47;
/// ICMPv6 (RFC 4443).
pub const ICMPV6: u8 = 58;
/// No next header (RFC 8200 section 4.7).
pub const NO_NEXT_HEADER: u8 = 59;
/// IPv6 destination options (RFC 8200 section 4.6).
pub const DESTINATION_OPTIONS: u8 = 60;
/// For experiments and tests (RFC 3692 section 2.1): what emitting computes before a bare payload over IPv4.
pub const EXPERIMENT: u8 = 253;
/// MPLS in IP (RFC 4023).
pub const MPLS: u8 = 137;

/// EtherType of IPv4, in GRE (RFC 2784 section 2.4).
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// EtherType of IPv6, in GRE (RFC 7676 section 3).
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// EtherType of MPLS, in GRE (RFC 4023 section 3.2).
pub const ETHERTYPE_MPLS: u16 = 0x8847;
/// EtherType of MPLS with an upstream-assigned label (RFC 5332 section 3).
pub const ETHERTYPE_MPLS_UPSTREAM: u16 = 0x8848;
