//! Whatever a script writes and an adapter returns, there is an answer and no panic.

use proptest::prelude::*;

use super::*;
use crate::script::CALLS as NAMES;
use crate::script::tree::{EpollMember, GreSpec, MplsSpec};
use crate::target::{Control, PollEntry};

/// Numbers that scripts write; buffers stay small enough to test many.
fn numbers() -> impl Strategy<Value = i64> {
    prop_oneof![-2_i64..70, Just(i64::MIN), Just(i64::MAX), Just(1 << 31), Just(-1 << 31), Just(0xffff_ffff)]
}

fn simple() -> impl Strategy<Value = Expression> {
    let octets = proptest::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        Just(ExpressionKind::Ellipsis),
        numbers().prop_map(|value| ExpressionKind::Integer { value, hexadecimal: false }),
        prop_oneof![Just("NULL"), Just("AF_UNSPEC"), Just("TCP_NLA_BUSY"), Just("TCP_NLA_CA_STATE"), Just("NO_SUCH")]
            .prop_map(|name| ExpressionKind::Word(name.to_owned())),
        (octets, any::<bool>()).prop_map(|(octets, truncated)| ExpressionKind::String { octets, truncated }),
        any::<std::net::IpAddr>().prop_map(ExpressionKind::Address),
        any::<std::net::SocketAddr>().prop_map(ExpressionKind::SocketAddress),
        numbers().prop_map(|length| ExpressionKind::IoVector { length }),
        (numbers(), numbers()).prop_map(|(on, seconds)| ExpressionKind::Linger { on, seconds }),
        (numbers(), numbers()).prop_map(|(seconds, nanoseconds)| ExpressionKind::Timestamping { seconds, nanoseconds }),
        Just(ExpressionKind::Gre(GreSpec::default())),
        (any::<u32>(), any::<u8>(), any::<u8>()).prop_map(|(label, traffic_class, ttl)| {
            ExpressionKind::Mpls(vec![MplsSpec { label, traffic_class, bottom_of_stack: true, ttl }])
        }),
    ]
    .prop_map(expression)
}

fn expressions() -> impl Strategy<Value = Expression> {
    simple().prop_recursive(3, 24, 6, |inner| {
        let several = proptest::collection::vec(inner.clone(), 0..4);
        let boxes = || inner.clone().prop_map(Box::new);
        prop_oneof![
            several.clone().prop_map(ExpressionKind::List),
            several.prop_map(ExpressionKind::Braces),
            (boxes(), boxes()).prop_map(|(left, right)| ExpressionKind::Or(left, right)),
            (prop_oneof![Just("TCP_NLA_BUSY"), Just("TCP_NLA_SRTT"), Just("SO_ERROR")], boxes())
                .prop_map(|(name, value)| ExpressionKind::Assign(spanned(name), value)),
            (boxes(), numbers(), boxes(), proptest::option::of(boxes()), proptest::option::of(numbers())).prop_map(
                |(iov, iov_length, flags, control, control_length)| ExpressionKind::MessageHeader {
                    iov,
                    iov_length,
                    flags,
                    control,
                    control_length
                }
            ),
            (boxes(), boxes(), boxes()).prop_map(|(level, kind, data)| ExpressionKind::ControlMessage {
                length: None,
                level,
                kind,
                data
            }),
            (boxes(), boxes(), proptest::option::of(boxes()))
                .prop_map(|(fd, events, revents)| ExpressionKind::PollFd { fd, events, revents }),
            (boxes(), boxes()).prop_map(|(events, data)| ExpressionKind::EpollEvent {
                events,
                member: EpollMember::Fd,
                data
            }),
            [inner.clone(), inner.clone(), inner.clone(), inner.clone(), inner.clone(), inner]
                .prop_map(|fields| ExpressionKind::ExtendedError(Box::new(fields))),
        ]
        .prop_map(expression)
    })
}

/// What adapters return, fitting the call or not.
fn outputs() -> impl Strategy<Value = CallOutput> {
    let octets = || proptest::collection::vec(any::<u8>(), 0..64);
    let control = (-1_i32..60, -1_i32..60, octets()).prop_map(|(level, kind, data)| Control { level, kind, data });
    prop_oneof![
        Just(CallOutput::None),
        octets().prop_map(CallOutput::Data),
        any::<std::net::SocketAddr>().prop_map(CallOutput::Address),
        (octets(), proptest::collection::vec(control, 0..4), any::<i32>())
            .prop_map(|(data, control, flags)| CallOutput::Message { data, address: None, control, flags }),
        any::<i16>().prop_map(|revents| CallOutput::Poll(vec![PollEntry { fd: 30, events: 0, revents }])),
        any::<(u32, u64)>().prop_map(|event| CallOutput::Epoll(vec![event])),
        any::<(i32, i32)>().prop_map(|(read, write)| CallOutput::Pipe(read, write)),
        any::<i64>().prop_map(CallOutput::Integer),
    ]
}

fn results() -> impl Strategy<Value = Result<i64, i32>> {
    prop_oneof![numbers().prop_map(Ok), (1_i32..200).prop_map(Err)]
}

proptest! {
    #[test]
    fn any_call_is_lowered_or_explained(
        name in proptest::sample::select(&NAMES[..]),
        arguments in proptest::collection::vec(prop_oneof![3 => numbers().prop_map(num), 2 => expressions()], 0..7),
        expected in expressions(),
        result in results(),
        output in outputs(),
    ) {
        let mut bench = Bench::new();
        let written = Call { result: expected, ..call(name, arguments, 0) };
        match bench.lower(&written) {
            Err(problem) => prop_assert!(!problem.message.is_empty()),
            Ok(_) => {
                if let Err(mismatch) = bench.check(&written, result, output) {
                    prop_assert!(!mismatch.message.is_empty());
                }
            }
        }
    }

    #[test]
    fn any_message_is_judged(
        control in expressions(),
        data in proptest::collection::vec(any::<u8>(), 0..80),
        kind in prop_oneof![Just(11_i64), Just(37), Just(54)],
    ) {
        let mut bench = Bench::new();
        let control_message = expression(ExpressionKind::ControlMessage {
            length: None,
            level: boxed(num(1)),
            kind: boxed(num(kind)),
            data: boxed(control),
        });
        let header = expression(ExpressionKind::MessageHeader {
            iov: boxed(list(vec![])),
            iov_length: 0,
            flags: boxed(num(0)),
            control: Some(boxed(list(vec![control_message]))),
            control_length: None,
        });
        let recvmsg = call("recvmsg", vec![num(4), header, num(0)], 0);
        let came = vec![Control { level: 1, kind: kind as i32, data }];
        if bench.lower(&recvmsg).is_ok() {
            let output = CallOutput::Message { data: vec![], address: None, control: came, flags: 0 };
            let _ = bench.check(&recvmsg, Ok(0), output);
        }
    }
}
