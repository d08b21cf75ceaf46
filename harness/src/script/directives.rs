//! `//@ key: value`: what a script says of itself.

use super::expansion::is_reserved;
use crate::text::directive::Table;
pub use crate::text::directive::{DirectiveValue, KnownDirective};

/// Every key a directive may have.
pub const DIRECTIVES: &[KnownDirective] = &[
    KnownDirective {
        key: "requirement",
        value: DirectiveValue::Name,
        repeatable: true,
        meaning: "ID of a requirement that the script tests, such as 9293-MUST-10",
    },
    KnownDirective {
        key: "case",
        value: DirectiveValue::Case,
        repeatable: true,
        meaning: "definitions that the script is run with, and the requirement that this tests",
    },
    KnownDirective { key: "title", value: DirectiveValue::Text, repeatable: false, meaning: "one line for reports" },
    KnownDirective {
        key: "needs",
        value: DirectiveValue::Names,
        repeatable: true,
        meaning: "capabilities without which the script is not applicable to a target",
    },
    KnownDirective {
        key: "ip-version",
        value: DirectiveValue::OneOrMoreOf(&["ipv4", "ipv4-mapped-ipv6", "ipv6"]),
        repeatable: false,
        meaning: "IP versions to run the script with; all of them if not said",
    },
    KnownDirective {
        key: "timeout",
        value: DirectiveValue::Seconds,
        repeatable: false,
        meaning: "seconds after which a run is given up",
    },
    KnownDirective {
        key: "profile",
        value: DirectiveValue::Name,
        repeatable: false,
        meaning: "profile whose settings and definitions the script is run with",
    },
    KnownDirective {
        key: "level",
        value: DirectiveValue::OneOf(&["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]),
        repeatable: false,
        meaning: "level of the requirement where no catalogue tells it",
    },
    KnownDirective {
        key: "monitor",
        value: DirectiveValue::Text,
        repeatable: true,
        meaning: "`off`, or the ID of a requirement that the monitor is not to watch in this script, and why",
    },
];

/// The same, as they are parsed.
pub(super) const TABLE: Table = Table { known: DIRECTIVES, is_reserved };
