//! Header fields that a script may force, compare or capture after `with`.

/// A field that may stand after `with`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownField {
    /// Name: the header, a dot, and the field's name in its RFC.
    pub name: &'static str,
    /// What values it has.
    pub kind: FieldKind,
    /// Field and section.
    pub meaning: &'static str,
}

/// What values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A number of so many bits.
    Bits(u32),
    /// An IPv4 address.
    Ipv4Address,
    /// An IPv6 address.
    Ipv6Address,
    /// So many octets at most.
    Octets(usize),
}

const fn bits(name: &'static str, bits: u32, meaning: &'static str) -> KnownField {
    KnownField { name, kind: FieldKind::Bits(bits), meaning }
}

/// Every field that may stand after `with`, in order of name. `ip` is IPv4; `icmp` is ICMP and ICMPv6.
pub const FIELDS: &[KnownField] = &[
    bits("icmp.checksum", 16, "Checksum, RFC 792; RFC 4443 section 2.3"),
    bits("icmp.code", 8, "Code, RFC 792; RFC 4443 section 2.1"),
    bits("icmp.kind", 8, "Type, RFC 792; RFC 4443 section 2.1"),
    bits("icmp.rest", 32, "octets 4 to 7: identifier and sequence number, gateway, MTU, pointer, or unused"),
    bits("ip.checksum", 16, "Header Checksum, RFC 791 section 3.1"),
    KnownField {
        name: "ip.destination",
        kind: FieldKind::Ipv4Address,
        meaning: "Destination Address, RFC 791 section 3.1",
    },
    bits("ip.dont_fragment", 1, "DF, RFC 791 section 3.1"),
    bits("ip.fragment_offset", 13, "Fragment Offset in units of 8 octets, RFC 791 section 3.1"),
    bits("ip.header_length", 4, "IHL in 32-bit words, RFC 791 section 3.1"),
    bits("ip.identification", 16, "Identification, RFC 791 section 3.1"),
    bits("ip.more_fragments", 1, "MF, RFC 791 section 3.1"),
    KnownField {
        name: "ip.options",
        kind: FieldKind::Octets(40),
        meaning: "Options as they stand on the wire, RFC 791 section 3.1",
    },
    bits("ip.protocol", 8, "Protocol, RFC 791 section 3.1"),
    bits("ip.reserved_flag", 1, "bit 0 of Flags, which must be zero, RFC 791 section 3.1"),
    KnownField { name: "ip.source", kind: FieldKind::Ipv4Address, meaning: "Source Address, RFC 791 section 3.1" },
    bits("ip.tos", 8, "Type of Service, RFC 791 section 3.1; DSCP and ECN, RFC 2474 and RFC 3168"),
    bits("ip.total_length", 16, "Total Length in octets, RFC 791 section 3.1"),
    bits("ip.ttl", 8, "Time to Live, RFC 791 section 3.1"),
    bits("ip.version", 4, "Version, RFC 791 section 3.1"),
    KnownField {
        name: "ipv6.destination",
        kind: FieldKind::Ipv6Address,
        meaning: "Destination Address, RFC 8200 section 3",
    },
    KnownField {
        name: "ipv6.extensions",
        kind: FieldKind::Octets(2048),
        meaning: "extension headers as they stand on the wire, a multiple of 8 octets, RFC 8200 section 4",
    },
    bits("ipv6.flow_label", 20, "Flow Label, RFC 8200 section 3"),
    bits(
        "ipv6.fragment_offset",
        13,
        "Fragment Offset of the fragment header in units of 8 octets, RFC 8200 section 4.5",
    ),
    bits("ipv6.hop_limit", 8, "Hop Limit, RFC 8200 section 3"),
    bits("ipv6.identification", 32, "Identification of the fragment header, RFC 8200 section 4.5"),
    bits("ipv6.more_fragments", 1, "M flag of the fragment header, RFC 8200 section 4.5"),
    bits("ipv6.next_header", 8, "Next Header, RFC 8200 section 3"),
    bits("ipv6.payload_length", 16, "Payload Length in octets, RFC 8200 section 3"),
    KnownField { name: "ipv6.source", kind: FieldKind::Ipv6Address, meaning: "Source Address, RFC 8200 section 3" },
    bits("ipv6.traffic_class", 8, "Traffic Class, RFC 8200 section 3"),
    bits("ipv6.version", 4, "Version, RFC 8200 section 3"),
    bits("tcp.acknowledgment", 32, "Acknowledgment Number as it stands on the wire, RFC 9293 section 3.1"),
    bits("tcp.checksum", 16, "Checksum, RFC 9293 section 3.1"),
    bits("tcp.data_offset", 4, "Data Offset in 32-bit words, RFC 9293 section 3.1"),
    bits("tcp.destination_port", 16, "Destination Port, RFC 9293 section 3.1"),
    bits("tcp.reserved", 3, "the reserved bits before AE, RFC 9293 section 3.1 and RFC 9768"),
    bits("tcp.sequence", 32, "Sequence Number as it stands on the wire, RFC 9293 section 3.1"),
    bits("tcp.source_port", 16, "Source Port, RFC 9293 section 3.1"),
    bits("tcp.urgent_pointer", 16, "Urgent Pointer, RFC 9293 section 3.1"),
    bits("tcp.window", 16, "Window as it stands on the wire, RFC 9293 section 3.1"),
    bits("udp.checksum", 16, "Checksum, RFC 768; 0 for none"),
    bits("udp.destination_port", 16, "Destination Port, RFC 768"),
    bits("udp.length", 16, "Length in octets, header included, RFC 768"),
    bits("udp.source_port", 16, "Source Port, RFC 768"),
];

/// What can be captured beside header fields, in order of name.
pub const CAPTURES: &[KnownField] = &[
    bits("length", 32, "octets of the payload"),
    bits("tcp.mss", 16, "value of the Maximum Segment Size option, RFC 9293 section 3.7.1"),
    bits("tcp.timestamp_echo_reply", 32, "TSecr of the Timestamps option, RFC 7323 section 3.2"),
    bits("tcp.timestamp_value", 32, "TSval of the Timestamps option, RFC 7323 section 3.2"),
    bits("tcp.window_scale", 8, "shift count of the Window Scale option, RFC 7323 section 2.2"),
    bits("time", 63, "when the packet came or was sent, in microseconds since the start of the script"),
];

/// The field of a name that can only be captured.
pub fn capture(name: &str) -> Option<&'static KnownField> {
    CAPTURES.iter().find(|known| known.name == name)
}

/// The field of a name.
pub fn field(name: &str) -> Option<&'static KnownField> {
    FIELDS.binary_search_by(|known| known.name.cmp(name)).ok().map(|at| &FIELDS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        assert!(FIELDS.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(field("tcp.checksum").map(|f| f.kind), Some(FieldKind::Bits(16)));
        assert_eq!(field("tcp.chksum"), None);
    }
}
