//! Arbitrary syntax trees: all that parsing can give.

mod expression;
mod formula;
mod packet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rfcheck::script::tree::{
    Action, Answer, Body, Call, Capture, Directive, Event, EventTime, Expectation, IpInfo, PacketSpec, Script,
    ScriptOption, UdpSpec,
};
use rfcheck::script::{LEAST_SERIES, Span, Spanned};

pub(crate) use packet::Direction;

/// A node without a place.
pub(crate) fn placed<T>(node: T) -> Spanned<T> {
    Spanned { node, span: Span::default() }
}

/// A word that is no word of the grammar and no definition.
fn symbol() -> impl Strategy<Value = String> {
    "SO_[A-Z0-9_]{1,8}"
}

/// Any script.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let command = || option::of("[a-z $'=|\"/\n]{1,20}".prop_map(placed));
    (vec(directive(), 0..4), vec(option_line(), 0..4), command(), vec(event(), 1..8), command()).prop_map(
        |(mut directives, options, init, events, cleanup)| {
            // Of those that must not be repeated the first stays.
            let mut seen = Vec::new();
            directives.retain(|directive| {
                let key = directive.key.node.clone();
                let again = seen.contains(&key);
                seen.push(key.clone());
                !again || key == "requirement" || key == "needs"
            });
            // Every name has a value, and enough of them.
            let events = (0..LEAST_SERIES).map(|_| captures()).chain(events).collect();
            Script { directives, options, init, events, cleanup, sources: None }
        },
    )
}

/// Captures every name that formulas calculate with.
fn captures() -> Event {
    let captures =
        formula::NAMES.map(|name| Capture { field: placed("time".to_owned()), name: placed(name.to_owned()) });
    let packet = PacketSpec {
        span: Span::default(),
        encapsulation: Vec::new(),
        ip: IpInfo::default(),
        body: Body::Udp(UdpSpec { ports: None, length: 0 }),
        data: None,
        fields: Vec::new(),
        captures: captures.to_vec(),
        fragment: None,
    };
    Event { span: Span::default(), line: 0, time: EventTime::Relative(0), action: Action::Inject(packet) }
}

fn directive() -> impl Strategy<Value = Directive> {
    let value = prop_oneof![
        ("requirement", "[0-9]{3,4}-MUST-[0-9]{1,2}"),
        ("title", "[A-Za-z][a-z :,`]{0,20}[a-z]"),
        ("needs", "[a-z]{1,5}, [a-z-]{1,9}"),
        ("ip-version", "ipv4, ipv6"),
        ("timeout", "[1-9]\\.[0-9]"),
        ("level", "MUST NOT"),
    ];
    value.prop_map(|(key, value)| Directive { key: placed(key.to_owned()), value: placed(value) })
}

fn option_line() -> impl Strategy<Value = ScriptOption> {
    let value = prop_oneof![
        ("mtu", "[1-9][0-9]{1,3}"),
        ("remote_ip", "192\\.0\\.2\\.[1-9]"),
        ("init_scripts", "[a-z/]{1,9}( [a-z,]{1,9})?"),
        ("define", "Q[A-Z_]{1,5}=[a-z0-9]{1,9}"),
        ("define", "Q[A-Z_]{1,5}=\"[a-z ]{0,9}\""),
        ("define", "Q[A-Z_]{1,5}=`[a-z ]{0,9}`"),
    ];
    let bare = Just(ScriptOption { name: placed("strict_segments".to_owned()), value: None });
    prop_oneof![
        4 => value.prop_map(|(name, value)| ScriptOption {
            name: placed(name.to_owned()),
            value: Some(placed(value)),
        }),
        1 => bare,
    ]
}

/// Boxed, as all the large ones are: a strategy of strategies is as large as all of them, which no test's stack holds.
fn event() -> BoxedStrategy<Event> {
    prop_oneof![
        (point(), packet::packet(Direction::Inject)).prop_map(|(time, packet)| (time, Action::Inject(packet))),
        (any_time(), expectation()).prop_map(|(time, expectation)| (time, Action::Expect(expectation))),
        (point(), 1..1_000_000_i64).prop_map(|(time, length)| {
            let (EventTime::Absolute(start) | EventTime::Relative(start)) = time else { unreachable!("a point") };
            (time, Action::Silence { until: start + length })
        }),
        (point(), formula::assertion()).prop_map(|(time, assertion)| (time, Action::Assert(assertion))),
        (point(), call()).prop_map(|(time, call)| (time, Action::Call(call))),
        (point(), "[a-z $'=|\"/\n]{0,20}").prop_map(|(time, command)| (time, Action::Command(command))),
        (point(), "[a-z][a-z =\"\n{]{0,20}[a-z]").prop_map(|(time, code)| (time, Action::Code(code))),
    ]
    .prop_map(|(time, action)| Event { span: Span::default(), line: 0, time, action })
    .boxed()
}

fn micros() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 0..100_000_i64, 0..1_000_000_000_000_i64, (0..100_i64).prop_map(|s| s * 1_000_000)]
}

fn point() -> impl Strategy<Value = EventTime> {
    prop_oneof![micros().prop_map(EventTime::Absolute), micros().prop_map(EventTime::Relative)]
}

fn any_time() -> impl Strategy<Value = EventTime> {
    let range = || (micros(), 0..1_000_000_i64).prop_map(|(start, length)| (start, start + length));
    prop_oneof![
        2 => point(),
        1 => Just(EventTime::Any),
        1 => range().prop_map(|(start, end)| EventTime::AbsoluteRange(start, end)),
        1 => range().prop_map(|(start, end)| EventTime::RelativeRange(start, end)),
    ]
}

fn expectation() -> BoxedStrategy<Expectation> {
    let packets = vec(packet::packet(Direction::Expect), 1..4);
    (any::<bool>(), packets, option::of(any::<prop::sample::Index>()))
        .prop_map(|(optional, packets, silence)| {
            // A stream stands alone.
            if let Some(stream) = packets.iter().find(|packet| matches!(packet.body, Body::Stream(_))) {
                return Expectation { optional: false, answers: vec![Answer::Packet(stream.clone())] };
            }
            let mut answers: Vec<_> = packets.into_iter().map(Answer::Packet).collect();
            if let Some(silence) = silence {
                // The first answer is a packet: the direction stands before it.
                let at = 1 + silence.index(answers.len());
                answers.insert(at, Answer::Silence);
            }
            Expectation { optional, answers }
        })
        .boxed()
}

fn call() -> BoxedStrategy<Call> {
    (
        option::of(micros()),
        "f[a-z_]{2,8}",
        vec(expression::expression(), 0..4),
        expression::expression(),
        option::of("E[A-Z]{2,9}"),
        option::of("[A-Za-z]{1,9}( [a-z,|'\"]{1,9}){0,2}"),
    )
        .prop_map(|(end, name, arguments, result, error, note)| Call {
            end,
            name: placed(name),
            arguments,
            result,
            error: error.map(placed),
            note,
        })
        .boxed()
}
