//! Names of ICMP types and codes, as packetdrill has them (RFC 792, RFC 1122, RFC 1812, RFC 4443, RFC 4861).

/// A type with its codes.
struct Kind {
    number: u8,
    name: &'static str,
    codes: &'static [(u8, &'static str)],
}

const UNREACHABLE_V4: &[(u8, &str)] = &[
    (0, "net_unreachable"),
    (1, "host_unreachable"),
    (2, "protocol_unreachable"),
    (3, "port_unreachable"),
    (4, "frag_needed"),
    (5, "source_route_failed"),
    (6, "net_unknown"),
    (7, "host_unknown"),
    (8, "source_host_isolated"),
    (9, "net_prohibited"),
    (10, "host_prohibited"),
    (11, "net_unreachable_for_tos"),
    (12, "host_unreachable_for_tos"),
    (13, "packet_filtered"),
    (14, "precedence_violation"),
    (15, "precedence_cutoff"),
];

const V4: &[Kind] = &[
    Kind { number: 0, name: "echo_reply", codes: &[] },
    Kind { number: 3, name: "unreachable", codes: UNREACHABLE_V4 },
    Kind { number: 4, name: "source_quench", codes: &[] },
    Kind { number: 5, name: "redirect", codes: &[] },
    Kind { number: 8, name: "echo_request", codes: &[] },
    Kind {
        number: 11,
        name: "time_exceeded",
        // Names of the FreeBSD dialect.
        codes: &[(0, "ttl_exceeded_in_transit"), (1, "frag_reass_exceeded")],
    },
    Kind { number: 12, name: "parameter_problem", codes: &[] },
    Kind { number: 13, name: "timestamp_request", codes: &[] },
    Kind { number: 14, name: "timestamp_reply", codes: &[] },
    Kind { number: 15, name: "information_request", codes: &[] },
    Kind { number: 16, name: "information_reply", codes: &[] },
    Kind { number: 17, name: "address_mask_request", codes: &[] },
    Kind { number: 18, name: "address_mask_reply", codes: &[] },
];

const V6: &[Kind] = &[
    Kind {
        number: 1,
        name: "unreachable",
        codes: &[
            // packetdrill gives ICMPv6 the name that it gives code 0 of ICMP.
            (0, "net_unreachable"),
            (0, "no_route"),
            (1, "admin_prohibited"),
            (2, "not_neighbour"),
            (3, "address_unreachable"),
            (4, "port_unreachable"),
        ],
    },
    Kind { number: 2, name: "packet_too_big", codes: &[] },
    Kind { number: 3, name: "time_exceeded", codes: &[(0, "exceeded_hop_limit"), (1, "exceeded_frag_time")] },
    Kind {
        number: 4,
        name: "parameter_problem",
        codes: &[(0, "header_field"), (1, "unknown_next_header"), (2, "unknown_option")],
    },
    Kind { number: 128, name: "echo_request", codes: &[] },
    Kind { number: 129, name: "echo_reply", codes: &[] },
    Kind { number: 134, name: "router_advertisement", codes: &[] },
];

/// Type and code by what a script calls them, such as `unreachable` and `frag_needed`, `type_3` and `code_4`, or plain
/// numbers. No code is code 0. None where ICMP (or ICMPv6, if `v6`) has no such type or the type no such code.
pub fn numbers(v6: bool, kind: &str, code: Option<&str>) -> Option<(u8, u8)> {
    let table = if v6 { V6 } else { V4 };
    let known = table.iter().find(|known| known.name == kind);
    let number = match known {
        Some(known) => known.number,
        None => number(kind, "type_")?,
    };
    let code = match code {
        None => 0,
        Some(code) => match known.and_then(|known| known.codes.iter().find(|(_, name)| *name == code)) {
            Some((code, _)) => *code,
            None => self::number(code, "code_")?,
        },
    };
    Some((number, code))
}

/// The name of a type, if it has one.
pub fn kind_name(v6: bool, kind: u8) -> Option<&'static str> {
    let table = if v6 { V6 } else { V4 };
    table.iter().find(|known| known.number == kind).map(|known| known.name)
}

/// The name of a type's code, if it has one.
pub fn code_name(v6: bool, kind: u8, code: u8) -> Option<&'static str> {
    let table = if v6 { V6 } else { V4 };
    let known = table.iter().find(|known| known.number == kind)?;
    known.codes.iter().rev().find(|(number, _)| *number == code).map(|(_, name)| *name)
}

/// Names of types of either version.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    V4.iter().chain(V6).map(|kind| kind.name)
}

/// Names of codes that the type has in either version.
pub(super) fn codes(kind: &str) -> impl Iterator<Item = &'static str> {
    V4.iter()
        .chain(V6)
        .filter(move |known| known.name == kind)
        .flat_map(|known| known.codes.iter().map(|(_, name)| *name))
}

/// A number, alone or after `prefix`.
fn number(text: &str, prefix: &str) -> Option<u8> {
    let digits = text.strip_prefix(prefix).unwrap_or(text);
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_numbers_of_their_version() {
        assert_eq!(numbers(false, "unreachable", Some("frag_needed")), Some((3, 4)));
        assert_eq!(numbers(true, "unreachable", Some("frag_needed")), None);
        assert_eq!(numbers(true, "packet_too_big", None), Some((2, 0)));
        assert_eq!(numbers(false, "type_200", Some("code_7")), Some((200, 7)));
        assert_eq!(numbers(false, "8", Some("0")), Some((8, 0)));
        assert_eq!(numbers(false, "type_256", None), None);
        assert_eq!(code_name(true, 1, 0), Some("no_route"));
        assert_eq!(kind_name(false, 11), Some("time_exceeded"));
    }
}
