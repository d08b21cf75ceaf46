//! Arbitrary expressions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rfcheck::script::Span;
use rfcheck::script::tree::{EpollMember, Expression, ExpressionKind};

use super::{packet, placed, symbol};

fn made(kind: ExpressionKind) -> Expression {
    Expression { span: Span::default(), kind }
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
        Just(Ipv6Addr::LOCALHOST.into()),
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()),
    ]
}

fn leaf() -> BoxedStrategy<ExpressionKind> {
    let integer = prop_oneof![any::<i64>(), -10..100_i64];
    prop_oneof![
        Just(ExpressionKind::Ellipsis),
        (integer, any::<bool>()).prop_map(|(value, hexadecimal)| ExpressionKind::Integer { value, hexadecimal }),
        symbol().prop_map(ExpressionKind::Word),
        (vec(any::<u8>(), 0..10), any::<bool>())
            .prop_map(|(octets, truncated)| ExpressionKind::String { octets, truncated }),
        address().prop_map(ExpressionKind::Address),
        (address(), any::<u16>())
            .prop_map(|(address, port)| ExpressionKind::SocketAddress(SocketAddr::new(address, port))),
        any::<i64>().prop_map(|length| ExpressionKind::IoVector { length }),
        any::<(i64, i64)>().prop_map(|(on, seconds)| ExpressionKind::Linger { on, seconds }),
        any::<(i64, i64)>().prop_map(|(seconds, nanoseconds)| ExpressionKind::Timestamping { seconds, nanoseconds }),
        packet::gre().prop_map(ExpressionKind::Gre),
        packet::mpls().prop_map(ExpressionKind::Mpls),
    ]
    .boxed()
}

/// Any expression.
pub(crate) fn expression() -> BoxedStrategy<Expression> {
    let nested = leaf().prop_map(made).prop_recursive(4, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let list = || vec(inner.clone(), 0..4);
        let member =
            prop_oneof![Just(EpollMember::Fd), Just(EpollMember::Ptr), Just(EpollMember::U32), Just(EpollMember::U64)];
        let brackets = || list().prop_map(|list| Box::new(made(ExpressionKind::List(list))));
        prop_oneof![
            // Operators hold what is on their right together, so nothing but an operand is on the left.
            (leaf(), boxed()).prop_map(|(left, right)| ExpressionKind::Or(Box::new(made(left)), right)),
            (symbol(), boxed()).prop_map(|(name, value)| ExpressionKind::Assign(placed(name), value)),
            list().prop_map(ExpressionKind::List),
            vec(inner.clone(), 1..4).prop_map(braces),
            (brackets(), any::<i64>(), boxed(), option::of((brackets(), option::of(any::<i64>())))).prop_map(
                |(iov, iov_length, flags, control)| {
                    let (control, control_length) = control.map_or((None, None), |(list, length)| (Some(list), length));
                    ExpressionKind::MessageHeader { iov, iov_length, flags, control, control_length }
                }
            ),
            (option::of(any::<i64>()), boxed(), boxed(), boxed()).prop_map(|(length, level, kind, data)| {
                ExpressionKind::ControlMessage { length, level, kind, data }
            }),
            (boxed(), boxed(), option::of(boxed())).prop_map(|(fd, events, revents)| ExpressionKind::PollFd {
                fd,
                events,
                revents
            }),
            prop::array::uniform6(inner.clone()).prop_map(|fields| ExpressionKind::ExtendedError(Box::new(fields))),
            (boxed(), member, boxed()).prop_map(|(events, member, data)| ExpressionKind::EpollEvent {
                events,
                member,
                data
            }),
        ]
        .prop_map(made)
    });
    nested.boxed()
}

/// A list in braces that is no iovec, which begins with `...`.
fn braces(mut list: Vec<Expression>) -> ExpressionKind {
    if list[0].kind == ExpressionKind::Ellipsis {
        list[0].kind = ExpressionKind::Integer { value: 0, hexadecimal: false };
    }
    ExpressionKind::Braces(list)
}
