//! Arbitrary packets.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rfcheck::script::fields::{FIELDS, FieldKind};
use rfcheck::script::tree::{
    AccEcnField, AccEcnOrder, Body, Capture, Encapsulation, FieldSpec, FieldValue, FormulaKind, FragmentSpec, GreSpec,
    IcmpSpec, IpInfo, MplsSpec, PacketSpec, Ports, Quoted, SequenceSpec, StreamSpec, TcpOptionSpec, TcpOptionsSpec,
    TcpSpec, TosSpec, UdpSpec,
};
use rfcheck::script::{Span, Spanned};
use rfcheck::wire::TcpFlags;

use super::placed;

/// Who sends a packet; some things can only be expected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inject,
    Expect,
}

fn ports() -> impl Strategy<Value = Ports> {
    any::<(u16, u16)>().prop_map(|(source, destination)| Ports { source, destination })
}

pub(crate) fn gre() -> impl Strategy<Value = GreSpec> {
    // Version 0 without routing.
    any::<(u16, u16, u16, u32, u32)>().prop_map(|(flags, checksum, offset, key, sequence)| GreSpec {
        flags: flags & !0x4007,
        checksum,
        offset,
        key,
        sequence,
    })
}

pub(crate) fn mpls() -> impl Strategy<Value = Vec<MplsSpec>> {
    let entry = (0..0x10_0000_u32, 0..8_u8, any::<bool>(), any::<u8>()).prop_map(
        |(label, traffic_class, bottom_of_stack, ttl)| MplsSpec { label, traffic_class, bottom_of_stack, ttl },
    );
    vec(entry, 0..4)
}

fn ip_info(direction: Direction) -> impl Strategy<Value = IpInfo> {
    let tos = prop_oneof![
        (0..4_u8).prop_map(TosSpec::Ecn),
        Just(TosSpec::Ect01),
        any::<u8>().prop_map(TosSpec::Tos),
        (0..64_u8, option::of(0..4_u8)).prop_map(|(dscp, ecn)| TosSpec::Dscp { dscp, ecn }),
        (0..64_u8).prop_map(TosSpec::DscpEct01),
    ]
    .prop_map(move |tos| match tos {
        TosSpec::Ect01 | TosSpec::DscpEct01(_) if direction == Direction::Inject => TosSpec::Tos(1),
        tos => tos,
    });
    (option::of(tos), option::of(any::<u8>()), option::of(0..0x10_0000_u32)).prop_map(|(tos, ttl, flow_label)| IpInfo {
        tos,
        ttl,
        flow_label,
    })
}

fn encapsulation() -> BoxedStrategy<Encapsulation> {
    let info = || prop_oneof![Just(IpInfo::default()), ip_info(Direction::Inject)];
    prop_oneof![
        (info(), any::<u32>(), any::<u32>()).prop_map(|(info, source, destination)| Encapsulation::Ipv4 {
            info,
            source: Ipv4Addr::from_bits(source),
            destination: Ipv4Addr::from_bits(destination),
        }),
        (info(), any::<u128>(), select(&[0, 1, 0xffff_0102_0304, 1 << 127][..])).prop_map(
            |(info, source, destination)| Encapsulation::Ipv6 {
                info,
                source: Ipv6Addr::from_bits(source),
                destination: Ipv6Addr::from_bits(destination),
            }
        ),
        gre().prop_map(Encapsulation::Gre),
        Just(Encapsulation::Gre(GreSpec::default())),
        mpls().prop_map(Encapsulation::Mpls),
    ]
    .boxed()
}

/// Any packet of a direction.
pub(crate) fn packet(direction: Direction) -> BoxedStrategy<PacketSpec> {
    let info = prop_oneof![Just(IpInfo::default()), ip_info(direction)];
    let fragment = (0..0x2000_u32, 1..2000_u32)
        .prop_map(|(start, length)| FragmentSpec { start: start * 8, end: start * 8 + length });
    let after = (vec(field(), 0..3), vec(super::formula::capture(), 0..2), option::of(fragment));
    (vec(encapsulation(), 0..3), info, body(direction), any::<bool>(), after)
        .prop_flat_map(|(encapsulation, ip, body, with_data, (mut fields, mut captures, fragment))| {
            let length = match &body {
                Body::Tcp(tcp) => usize::from(tcp.sequence.length),
                Body::Stream(stream) => usize::from(stream.sequence.length),
                Body::Udp(udp) => usize::from(udp.length),
                Body::Icmp(icmp) => usize::from(icmp.length.unwrap_or(3)),
            };
            let mut names: Vec<String> = Vec::new();
            fields.retain(|field: &FieldSpec| {
                let name = field.name.node.as_str();
                let header = match &body {
                    Body::Tcp(_) | Body::Stream(_) => "tcp",
                    Body::Udp(_) => "udp",
                    Body::Icmp(_) => "icmp",
                };
                let fits = name.starts_with("ip") || name.split('.').next() == Some(header);
                let again = names.iter().any(|before| before == name);
                names.push(name.to_owned());
                fits && !again
            });
            let mut given: Vec<String> = Vec::new();
            captures.retain(|capture: &Capture| {
                let name = capture.field.node.as_str();
                let header = match &body {
                    Body::Tcp(_) => "tcp",
                    Body::Stream(_) => return false,
                    Body::Udp(_) => "udp",
                    Body::Icmp(_) => "icmp",
                };
                let own = !name.contains('.') || name.starts_with("ip") || name.split('.').next() == Some(header);
                let again = given.contains(&capture.name.node);
                given.push(capture.name.node.clone());
                own && !again
            });
            let data = if with_data && length <= 20 {
                vec(any::<u8>(), length).prop_map(Some).boxed()
            } else {
                Just(None).boxed()
            };
            data.prop_map(move |data| PacketSpec {
                span: Span::default(),
                encapsulation: encapsulation.clone(),
                ip,
                body: body.clone(),
                data: data.map(placed),
                fields: fields.clone(),
                captures: captures.clone(),
                fragment,
            })
        })
        .boxed()
}

fn field() -> BoxedStrategy<FieldSpec> {
    (select(FIELDS), any::<u128>(), option::weighted(0.2, super::formula::formula()))
        .prop_map(|(known, bits, formula)| {
            let formula = formula.filter(|formula| match (&formula.kind, known.kind) {
                // A number is the value itself.
                (FormulaKind::Number(_), _) => false,
                (FormulaKind::Name(_), _) | (_, FieldKind::Bits(_)) => true,
                _ => false,
            });
            let value = match known.kind {
                _ if formula.is_some() => FieldValue::Formula(formula.expect("it was just seen")),
                FieldKind::Bits(width) => FieldValue::Number(bits as u64 & ((1 << width) - 1)),
                FieldKind::Ipv4Address => FieldValue::Address(Ipv4Addr::from_bits(bits as u32).into()),
                FieldKind::Ipv6Address => FieldValue::Address(Ipv6Addr::from_bits(bits).into()),
                FieldKind::Octets(_) => FieldValue::Octets(bits.to_be_bytes()[..bits as usize % 12 + 1].to_vec()),
            };
            FieldSpec { name: placed(known.name.to_owned()), value: placed(value) }
        })
        .boxed()
}

fn body(direction: Direction) -> BoxedStrategy<Body> {
    let stream =
        (sequence(Direction::Inject), option::of(any::<u32>()), any::<bool>()).prop_map(move |(sequence, ack, fin)| {
            let sequence = SequenceSpec { absolute: false, ..sequence };
            Body::Stream(StreamSpec { sequence, ack: ack.map(placed), fin })
        });
    let udp = (option::of(ports()), length()).prop_map(|(ports, length)| Body::Udp(UdpSpec { ports, length }));
    prop_oneof![
        4 => tcp(direction).prop_map(Body::Tcp),
        1 => if direction == Direction::Expect { stream.boxed() } else { tcp(direction).prop_map(Body::Tcp).boxed() },
        1 => udp,
        1 => icmp(direction).prop_map(Body::Icmp),
    ]
    .boxed()
}

fn length() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0), 0..20_u16, 0..60_000_u16]
}

fn sequence(direction: Direction) -> impl Strategy<Value = SequenceSpec> {
    let start = prop_oneof![0..3_u32, any::<u32>()];
    (start, length(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(move |(start, length, absolute, ignored)| {
        let ignored = ignored && direction == Direction::Expect;
        SequenceSpec {
            span: Span::default(),
            start: if ignored { 0 } else { start },
            length,
            absolute: absolute && !ignored,
            ignored,
        }
    })
}

fn flags() -> impl Strategy<Value = (TcpFlags, Option<u8>)> {
    (0..0x200_u16, option::of(0..8_u8)).prop_map(|(bits, ace)| {
        let without_ecn = TcpFlags(bits & 0x3f);
        // A digit alone would be a number, and stands for the three flags beside it.
        match ace {
            Some(ace) if without_ecn != TcpFlags::default() => (without_ecn, Some(ace)),
            _ => (TcpFlags(bits), None),
        }
    })
}

fn tcp(direction: Direction) -> BoxedStrategy<TcpSpec> {
    let window = any::<u16>();
    let window =
        if direction == Direction::Inject { window.prop_map(Some).boxed() } else { option::of(window).boxed() };
    (
        option::of(ports()),
        flags(),
        sequence(direction),
        option::of(any::<u32>()),
        window,
        option::of(any::<u16>()),
        tcp_options(direction),
        option::weighted(0.1, ports()),
    )
        .prop_map(|(ports, (flags, ace), sequence, ack, window, urgent, options, udp_encapsulation)| TcpSpec {
            ports,
            flags,
            ace,
            sequence,
            ack: ack.map(placed),
            window: window.map(placed),
            urgent: urgent.map(placed),
            options,
            udp_encapsulation,
        })
        .boxed()
}

fn tcp_options(direction: Direction) -> BoxedStrategy<TcpOptionsSpec> {
    let list = || vec(tcp_option(direction).prop_map(placed), 0..5);
    let exactly = list().prop_map(|options| TcpOptionsSpec::Exactly(padded(options)));
    let raw = vec(any::<u8>(), 1..40).prop_map(TcpOptionsSpec::Raw);
    if direction == Direction::Inject {
        return prop_oneof![4 => exactly, 1 => raw].boxed();
    }
    let at_least = list().prop_map(|options| match options.is_empty() {
        true => TcpOptionsSpec::Any,
        false => TcpOptionsSpec::AtLeast(options),
    });
    prop_oneof![4 => exactly, 1 => raw, 1 => at_least, 1 => Just(TcpOptionsSpec::Any)].boxed()
}

/// No more than 40 octets, a multiple of 4.
fn padded(options: Vec<Spanned<TcpOptionSpec>>) -> Vec<Spanned<TcpOptionSpec>> {
    let mut kept = Vec::new();
    let mut octets = 0;
    for option in options {
        let length = octets_of(&option.node);
        if octets + length <= 40 {
            octets += length;
            kept.push(option);
        }
    }
    while !octets.is_multiple_of(4) {
        kept.push(placed(TcpOptionSpec::Nop));
        octets += 1;
    }
    kept
}

fn octets_of(option: &TcpOptionSpec) -> usize {
    match option {
        TcpOptionSpec::Nop | TcpOptionSpec::Eol | TcpOptionSpec::Generic { data: None, .. } => 1,
        TcpOptionSpec::Mss(_) => 4,
        TcpOptionSpec::WindowScale(_) => 3,
        TcpOptionSpec::SackPermitted => 2,
        TcpOptionSpec::Sack(blocks) => 2 + 8 * blocks.len(),
        TcpOptionSpec::Timestamps { .. } => 10,
        TcpOptionSpec::Md5(None) => 18,
        TcpOptionSpec::Md5(Some(data)) | TcpOptionSpec::FastOpen(data) => 2 + data.len(),
        TcpOptionSpec::Generic { data: Some(data), .. } => 2 + data.len(),
        TcpOptionSpec::FastOpenExperimental(data) | TcpOptionSpec::Experimental { data, .. } => 4 + data.len(),
        TcpOptionSpec::AccEcn { fields, experimental, .. } => 2 + 3 * fields.len() + if *experimental { 2 } else { 0 },
    }
}

fn tcp_option(direction: Direction) -> BoxedStrategy<TcpOptionSpec> {
    // Without a value only where it can be expected.
    let optional = move |value: u32, given: bool| (given || direction == Direction::Inject).then_some(value);
    let octets = || vec(any::<u8>(), 0..16);
    prop_oneof![
        Just(TcpOptionSpec::Nop),
        Just(TcpOptionSpec::Eol),
        any::<(u16, bool)>()
            .prop_map(move |(value, given)| TcpOptionSpec::Mss(optional(value.into(), given).map(|v| v as u16))),
        any::<(u8, bool)>()
            .prop_map(move |(value, given)| TcpOptionSpec::WindowScale(optional(value.into(), given).map(|v| v as u8))),
        Just(TcpOptionSpec::SackPermitted),
        vec(any::<(u32, u32)>(), 1..4).prop_map(TcpOptionSpec::Sack),
        any::<(u32, bool, u32, bool, bool)>().prop_map(move |(value, a, echo, b, absolute)| {
            let echo_reply = optional(echo, b);
            TcpOptionSpec::Timestamps {
                value: optional(value, a),
                echo_reply,
                echo_reply_absolute: absolute && echo_reply.is_some(),
            }
        }),
        option::of(vec(any::<u8>(), 1..16)).prop_map(TcpOptionSpec::Md5),
        octets().prop_map(TcpOptionSpec::FastOpen),
        octets().prop_map(TcpOptionSpec::FastOpenExperimental),
        accecn(),
        (any::<u8>(), option::of(octets())).prop_map(|(kind, data)| TcpOptionSpec::Generic { kind, data }),
        (any::<u16>(), octets()).prop_map(|(exid, data)| TcpOptionSpec::Experimental { exid, data }),
    ]
    .boxed()
}

fn accecn() -> impl Strategy<Value = TcpOptionSpec> {
    use AccEcnField::{Ceb, E0b, E1b};
    (any::<bool>(), vec(0..0x100_0000_u32, 0..4), any::<bool>()).prop_map(|(zero, values, experimental)| {
        let (order, names) =
            if zero { (AccEcnOrder::Zero, [E0b, Ceb, E1b]) } else { (AccEcnOrder::One, [E1b, Ceb, E0b]) };
        TcpOptionSpec::AccEcn { order, fields: names.into_iter().zip(values).collect(), experimental }
    })
}

fn icmp(direction: Direction) -> BoxedStrategy<IcmpSpec> {
    let kind = prop_oneof![
        Just(("unreachable", Some("frag_needed"), true)),
        Just(("unreachable", None, false)),
        Just(("unreachable", Some("port_unreachable"), false)),
        Just(("packet_too_big", None, true)),
        Just(("time_exceeded", Some("exceeded_hop_limit"), false)),
        Just(("echo_request", None, false)),
        Just(("type_77", Some("code_5"), true)),
        Just(("3", Some("4"), true)),
    ];
    let quoted = prop_oneof![
        (sequence(Direction::Inject), option::weighted(0.2, ports()))
            .prop_map(|(sequence, udp_encapsulation)| Quoted::Tcp { sequence, udp_encapsulation }),
        any::<u16>().prop_map(|length| Quoted::Udp { length }),
        (8..=u16::MAX).prop_map(|length| Quoted::Raw { length }),
        (8..=u16::MAX).prop_map(move |length| match direction {
            Direction::Inject => Quoted::Raw { length },
            Direction::Expect => Quoted::Sent,
        }),
    ];
    (
        kind,
        option::of(any::<u32>()),
        option::of(any::<u16>()),
        option::of(any::<u16>()),
        option::of(0..60_000_u16),
        option::of(quoted),
    )
        .prop_map(|((kind, code, has_mtu), mtu, id, sequence, length, quoted)| IcmpSpec {
            kind: placed(kind.to_owned()),
            code: code.map(|code| placed(code.to_owned())),
            mtu: mtu.filter(|_| has_mtu),
            id,
            sequence,
            length,
            quoted,
        })
        .boxed()
}
