//! Packets for property tests.

#![allow(dead_code)] // each test file uses its part

use proptest::prelude::*;
use rfcheck::wire::*;
use smallvec::SmallVec;

/// The UDP port behind which well-formed packets carry TCP.
pub(crate) const ENCAPSULATION: u16 = 9899;

type Parts = (SmallVec<[Header; 3]>, Vec<u8>);

fn field<T: Copy + std::fmt::Debug + 'static>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Field<T>> {
    prop_oneof![2 => Just(Field::Computed), 1 => value.prop_map(Field::Forced)]
}

/// Any list of headers in any order, any fields forced, and any payload.
pub(crate) fn any_packet() -> impl Strategy<Value = Parts> {
    let header = prop_oneof![
        ipv4(true).prop_map(Header::Ipv4),
        ipv6(true).prop_map(Header::Ipv6),
        extension(true).prop_map(Header::Ipv6Extension),
        fragment_header().prop_map(Header::Ipv6Fragment),
        gre(any::<u16>()).prop_map(Header::Gre),
        mpls().prop_map(Header::Mpls),
        udp(true).prop_map(Header::Udp),
        tcp(true).prop_map(Header::Tcp),
        icmpv4(true).prop_map(Header::Icmpv4),
        icmpv6(true).prop_map(Header::Icmpv6),
    ];
    (prop::collection::vec(header, 0..6), payload())
        .prop_map(|(headers, payload)| (headers.into_iter().collect(), payload))
}

/// A packet without defects, as parsing gives it back.
pub(crate) fn well_formed_packet() -> impl Strategy<Value = Parts> {
    let layers = prop::collection::vec(tunnel(), 0..3);
    (layers, prop_oneof![over_ipv4(), over_ipv6()], payload()).prop_map(|(layers, inner, payload)| {
        let headers: SmallVec<[Header; 3]> = layers.into_iter().flatten().chain(inner).collect();
        (headers, payload)
    })
}

/// A packet without defects of one IP header, without extension headers, and a transport header.
pub(crate) fn plain_packet() -> impl Strategy<Value = Parts> {
    let transport = prop_oneof![tcp(false).prop_map(Header::Tcp), udp(false).prop_map(Header::Udp)];
    let over_ipv4 = (ipv4(false), prop_oneof![transport, icmpv4(false).prop_map(Header::Icmpv4)])
        .prop_map(|(ip, inner)| [Header::Ipv4(ip), inner]);
    let transport = prop_oneof![tcp(false).prop_map(Header::Tcp), udp(false).prop_map(Header::Udp)];
    let over_ipv6 = (ipv6(false), prop_oneof![transport, icmpv6(false).prop_map(Header::Icmpv6)])
        .prop_map(|(ip, inner)| [Header::Ipv6(ip), inner]);
    (prop_oneof![over_ipv4, over_ipv6], payload())
        .prop_map(|(headers, payload)| (headers.into_iter().collect(), payload))
}

/// An IP header, and what may stand between it and another IP header.
fn tunnel() -> impl Strategy<Value = Vec<Header>> {
    let flags = prop::sample::select(vec![0u16, Gre::KEY_PRESENT, Gre::SEQUENCE_PRESENT | Gre::KEY_PRESENT]);
    let between = prop_oneof![
        Just(vec![]),
        gre(flags).prop_map(|gre| vec![Header::Gre(gre)]),
        prop::collection::vec(mpls(), 1..4).prop_map(|mut entries| {
            let last = entries.len() - 1;
            for (index, entry) in entries.iter_mut().enumerate() {
                entry.bottom_of_stack = index == last;
            }
            entries.into_iter().map(Header::Mpls).collect()
        }),
    ];
    let ip = prop_oneof![ipv4(false).prop_map(Header::Ipv4), ipv6(false).prop_map(Header::Ipv6)];
    (ip, between).prop_map(|(ip, between)| [ip].into_iter().chain(between).collect())
}

fn over_ipv4() -> BoxedStrategy<Vec<Header>> {
    let inner = prop_oneof![transport(), icmpv4(false).prop_map(|h| vec![Header::Icmpv4(h)])];
    (ipv4(false), inner).prop_map(|(ip, inner)| [Header::Ipv4(ip)].into_iter().chain(inner).collect()).boxed()
}

fn over_ipv6() -> BoxedStrategy<Vec<Header>> {
    let inner = prop_oneof![transport(), icmpv6(false).prop_map(|h| vec![Header::Icmpv6(h)])];
    let atomic = prop::option::of(any::<u32>().prop_map(|id| Header::Ipv6Fragment(Ipv6Fragment::new(id, 0, false))));
    let extensions = prop::collection::vec(extension(false).prop_map(Header::Ipv6Extension), 0..3);
    (ipv6(false), extensions, atomic, inner)
        .prop_map(|(ip, extensions, atomic, inner)| {
            [Header::Ipv6(ip)].into_iter().chain(extensions).chain(atomic).chain(inner).collect()
        })
        .boxed()
}

fn transport() -> impl Strategy<Value = Vec<Header>> {
    let in_udp = (udp(false), tcp(false)).prop_map(|(mut udp, tcp)| {
        udp.destination_port = ENCAPSULATION;
        vec![Header::Udp(udp), Header::Tcp(tcp)]
    });
    prop_oneof![tcp(false).prop_map(|h| vec![Header::Tcp(h)]), udp(false).prop_map(|h| vec![Header::Udp(h)]), in_udp]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..80)
}

/// Well-formed options of these kinds, padded.
fn tcp_options() -> impl Strategy<Value = TcpOptions> {
    let other = (200u8..240, prop::collection::vec(any::<u8>(), 0..4));
    let option = prop_oneof![
        Just((1, vec![])),
        any::<[u8; 2]>().prop_map(|data| (2, data.to_vec())),
        any::<u8>().prop_map(|shift| (3, vec![shift])),
        Just((4, vec![])),
        any::<[u8; 8]>().prop_map(|blocks| (5, blocks.to_vec())),
        any::<[u8; 8]>().prop_map(|data| (8, data.to_vec())),
        other,
    ];
    prop::collection::vec(option, 0..5).prop_map(|list| {
        let mut options = TcpOptions::new();
        for (kind, data) in list {
            let mut more = options.clone();
            match kind {
                1 => more.push(TcpOption::NoOperation),
                _ => more.push(TcpOption::Other { kind, data: &data }),
            };
            if more.len() <= 40 {
                options = more;
            }
        }
        options.pad();
        options
    })
}

fn tcp(broken: bool) -> impl Strategy<Value = Tcp> {
    let options = if broken {
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|octets| TcpOptions::from_raw(&octets)).boxed()
    } else {
        tcp_options().boxed()
    };
    let forced = if broken {
        (field(0u8..16), 0u8..8, field(any::<u16>())).boxed()
    } else {
        Just((Field::Computed, 0, Field::Computed)).boxed()
    };
    let numbers = (any::<u32>(), any::<u32>(), any::<u16>(), any::<u16>());
    (0u16..4, 0u16..4, numbers, 0u16..0x200, options, forced).prop_map(
        |(source_port, destination_port, numbers, flags, options, (data_offset, reserved, checksum))| Tcp {
            source_port,
            destination_port,
            sequence: numbers.0,
            acknowledgment: numbers.1,
            data_offset,
            reserved,
            flags: TcpFlags(flags),
            window: numbers.2,
            checksum,
            urgent_pointer: numbers.3,
            options,
        },
    )
}

fn udp(broken: bool) -> impl Strategy<Value = Udp> {
    let forced = if broken {
        (field(0u16..100), field(any::<u16>())).boxed()
    } else {
        Just((Field::Computed, Field::Computed)).boxed()
    };
    (0u16..4, 0u16..4, forced).prop_map(|(source_port, destination_port, (length, checksum))| Udp {
        source_port,
        destination_port,
        length,
        checksum,
    })
}

fn checksum(broken: bool) -> BoxedStrategy<Field<u16>> {
    if broken { field(any::<u16>()).boxed() } else { Just(Field::Computed).boxed() }
}

fn icmpv4(broken: bool) -> impl Strategy<Value = Icmpv4> {
    (any::<u8>(), any::<u8>(), checksum(broken), any::<[u8; 4]>()).prop_map(|(kind, code, checksum, rest)| Icmpv4 {
        kind,
        code,
        checksum,
        rest,
    })
}

fn icmpv6(broken: bool) -> impl Strategy<Value = Icmpv6> {
    (any::<u8>(), any::<u8>(), checksum(broken), any::<[u8; 4]>()).prop_map(|(kind, code, checksum, rest)| Icmpv6 {
        kind,
        code,
        checksum,
        rest,
    })
}

fn ipv4(broken: bool) -> impl Strategy<Value = Ipv4> {
    let options = if broken {
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|octets| Ipv4Options::from_raw(&octets)).boxed()
    } else {
        prop::collection::vec(any::<[u8; 2]>(), 0..3)
            .prop_map(|list| {
                let mut options = Ipv4Options::new();
                for data in list {
                    options.push(Ipv4Option::Other { kind: Ipv4Option::ROUTER_ALERT, data: &data });
                }
                options
            })
            .boxed()
    };
    let forced = if broken {
        (
            field(0u8..16),
            field(0u8..16),
            field(0u16..200),
            field(any::<u8>()),
            field(any::<u16>()),
            any::<[bool; 2]>(),
            0u16..0x2000,
        )
            .boxed()
    } else {
        let computed = Field::Computed;
        Just((computed, computed, Field::Computed, computed, Field::Computed, [false; 2], 0)).boxed()
    };
    let plain = (any::<u8>(), any::<u16>(), any::<bool>(), any::<u8>(), any::<u32>(), any::<u32>());
    (plain, options, forced).prop_map(|(plain, options, forced)| Ipv4 {
        version: forced.0,
        tos: plain.0,
        header_length: forced.1,
        total_length: forced.2,
        identification: plain.1,
        reserved_flag: forced.5[0],
        dont_fragment: plain.2,
        more_fragments: forced.5[1],
        fragment_offset: forced.6,
        ttl: plain.3,
        protocol: forced.3,
        checksum: forced.4,
        source: plain.4.into(),
        destination: plain.5.into(),
        options,
    })
}

fn ipv6(broken: bool) -> impl Strategy<Value = Ipv6> {
    let forced = if broken {
        (field(0u8..16), field(0u16..200), field(any::<u8>())).boxed()
    } else {
        Just((Field::Computed, Field::Computed, Field::Computed)).boxed()
    };
    let plain = (any::<u8>(), 0u32..1 << 20, any::<u8>(), any::<u128>(), any::<u128>());
    (plain, forced).prop_map(|(plain, forced)| Ipv6 {
        version: forced.0,
        traffic_class: plain.0,
        flow_label: plain.1,
        payload_length: forced.1,
        next_header: forced.2,
        hop_limit: plain.2,
        source: plain.3.into(),
        destination: plain.4.into(),
    })
}

fn extension(broken: bool) -> BoxedStrategy<Ipv6Extension> {
    let kind = prop::sample::select(vec![protocol::HOP_BY_HOP, protocol::ROUTING, protocol::DESTINATION_OPTIONS]);
    if broken {
        let body = prop::collection::vec(any::<u8>(), 0..40);
        (kind, field(any::<u8>()), field(0u8..8), body)
            .prop_map(|(kind, next_header, length, body)| Ipv6Extension { kind, next_header, length, body })
            .boxed()
    } else {
        // Routing with one segment left, and options headers with one option.
        (kind, any::<u128>(), prop::sample::select(vec![0u8, 2, 4]))
            .prop_map(|(kind, data, routing)| {
                let mut body =
                    if kind == protocol::ROUTING { vec![routing, 1, 0, 0, 0, 0] } else { vec![0, 0, 0, 0, 0x1e, 16] };
                body.extend_from_slice(&data.to_be_bytes());
                Ipv6Extension::new(kind, body)
            })
            .boxed()
    }
}

fn fragment_header() -> impl Strategy<Value = Ipv6Fragment> {
    (field(any::<u8>()), any::<u8>(), 0u16..0x2000, 0u8..4, any::<bool>(), any::<u32>()).prop_map(
        |(next_header, reserved, fragment_offset, reserved_bits, more_fragments, identification)| Ipv6Fragment {
            next_header,
            reserved,
            fragment_offset,
            reserved_bits,
            more_fragments,
            identification,
        },
    )
}

fn gre(flags: impl Strategy<Value = u16>) -> impl Strategy<Value = Gre> {
    (flags, any::<u32>(), any::<u32>()).prop_map(|(flags, key, sequence)| Gre {
        flags,
        protocol: Field::Computed,
        checksum: 0,
        offset: 0,
        key: if flags & Gre::KEY_PRESENT != 0 { key } else { 0 },
        sequence: if flags & Gre::SEQUENCE_PRESENT != 0 { sequence } else { 0 },
    })
}

fn mpls() -> impl Strategy<Value = MplsEntry> {
    (0u32..1 << 20, 0u8..8, any::<bool>(), any::<u8>()).prop_map(|(label, traffic_class, bottom_of_stack, ttl)| {
        MplsEntry { label, traffic_class, bottom_of_stack, ttl }
    })
}
