//! `//@ key: value`: what a dialogue says of itself.

use crate::text::directive::{DirectiveValue, KnownDirective, Table};

/// Every key a directive may have.
pub const DIRECTIVES: &[KnownDirective] = &[
    KnownDirective {
        key: "requirement",
        value: DirectiveValue::Name,
        repeatable: true,
        meaning: "ID of a requirement that the dialogue tests, such as 5321-001",
    },
    KnownDirective {
        key: "case",
        value: DirectiveValue::Case,
        repeatable: true,
        meaning: "definitions that the dialogue is spoken with, and the requirement that this tests",
    },
    KnownDirective { key: "title", value: DirectiveValue::Text, repeatable: false, meaning: "one line for reports" },
    KnownDirective {
        key: "protocol",
        value: DirectiveValue::OneOf(&["smtp", "http", "dns", "pop3", "imap"]),
        repeatable: false,
        meaning: "what is spoken",
    },
    KnownDirective {
        key: "role",
        value: DirectiveValue::OneOf(&["server", "client"]),
        repeatable: false,
        meaning: "what the target plays; server if not said",
    },
    KnownDirective {
        key: "needs",
        value: DirectiveValue::Names,
        repeatable: true,
        meaning: "capabilities without which the dialogue is not applicable to a target",
    },
    KnownDirective {
        key: "ip-version",
        value: DirectiveValue::OneOrMoreOf(&["ipv4", "ipv6"]),
        repeatable: false,
        meaning: "IP versions to speak over; all of them if not said",
    },
    KnownDirective {
        key: "transport",
        value: DirectiveValue::OneOrMoreOf(&[
            "whole",
            "octet",
            "cut",
            "random",
            "reordered",
            "duplicated",
            "overlapping",
            "tiny-window",
            "slow",
            "loss",
            "fin-middle",
            "rst-middle",
            "half-close",
            "vanish",
        ]),
        repeatable: false,
        meaning: "how it may be delivered, where it is about octets that come together; in every way if not said",
    },
    KnownDirective {
        key: "timeout",
        value: DirectiveValue::Seconds,
        repeatable: false,
        meaning: "seconds after which a run is given up",
    },
    KnownDirective {
        key: "monitor",
        value: DirectiveValue::Text,
        repeatable: true,
        meaning: "`off`, or the ID of a requirement that the monitor is not to judge, and why",
    },
    KnownDirective {
        key: "level",
        value: DirectiveValue::OneOf(&["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]),
        repeatable: false,
        meaning: "level of the requirement where no catalogue tells it",
    },
];

/// The same, as they are parsed.
pub(super) const TABLE: Table = Table { known: DIRECTIVES, is_reserved };

/// Words that open a value of another kind.
pub(super) fn is_reserved(word: &str) -> bool {
    matches!(word, "repeat" | "base64")
}
