//! Printing a tree and parsing what was printed gives the tree; formatting changes no meaning and nothing twice.

mod script_support;

use proptest::prelude::*;
use rfcheck::script::{Definition, Definitions, LineIndex, format, lint, parse, print, render};

/// What is wrong with a text, for a test that cannot go on.
fn explain(text: &str) -> String {
    match parse(text, &Definitions::default()) {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(diagnostics) => diagnostics.iter().map(|diagnostic| render(diagnostic, "printed", text)).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn parsing_what_was_printed_gives_the_tree(script in script_support::script()) {
        let text = print(&script);
        let parsed = parse(&text, &Definitions::default());
        prop_assert!(parsed.is_ok(), "{}", explain(&text));
        prop_assert!(parsed.unwrap_or_default() == script, "{text}");
    }

    #[test]
    fn what_was_printed_is_formatted(script in script_support::script()) {
        let text = print(&script);
        prop_assert_eq!(format(&text), Ok(text));
    }

    #[test]
    fn events_know_their_lines(script in script_support::script()) {
        let text = print(&script);
        let parsed = parse(&text, &Definitions::default()).unwrap_or_default();
        let index = LineIndex::new(&text);
        for event in &parsed.events {
            prop_assert_eq!(index.line(event.span.start), event.line);
            prop_assert!(event.span.start < event.span.end && event.span.end as usize <= text.len());
        }
        let _finds_what_it_finds = lint(&parsed);
    }
}

/// Scripts of many forms, written for these tests.
const SCRIPTS: [(&str, &str); 6] = [
    ("accept.pkt", include_str!("data/accept.pkt")),
    ("calls.pkt", include_str!("data/calls.pkt")),
    ("packets.pkt", include_str!("data/packets.pkt")),
    ("dialect.pkt", include_str!("data/dialect.pkt")),
    ("extensions.pkt", include_str!("data/extensions.pkt")),
    ("untidy.pkt", include_str!("data/untidy.pkt")),
];

fn definitions() -> Vec<Definitions> {
    let mut some = Definitions::default();
    for (name, definition) in [
        ("COOKIE", Definition::Word("3021b9d889017eeb".to_owned())),
        ("CODE", Definition::Word("host_unreachable".to_owned())),
        ("CC", Definition::String("reno".to_owned())),
        ("LEVEL", Definition::Word("SOL_IP".to_owned())),
    ] {
        some.insert(name, definition);
    }
    let mut more = some.clone();
    more.insert("FreeBSD", Definition::Word("1".to_owned()));
    vec![some, more]
}

#[test]
fn formatting_changes_no_meaning() {
    for (name, text) in SCRIPTS {
        let formatted = format(text).unwrap_or_else(|found| panic!("{name} can be formatted: {found:?}"));
        assert_eq!(format(&formatted).as_ref(), Ok(&formatted), "{name} is formatted once");
        for definitions in definitions() {
            let before = parse(text, &definitions).unwrap_or_else(|found| panic!("{name}: {found:?}"));
            let after = parse(&formatted, &definitions).unwrap_or_else(|found| panic!("{name} formatted: {found:?}"));
            assert_eq!(before, after, "{name}");
            let printed = print(&before);
            assert_eq!(parse(&printed, &Definitions::default()), Ok(before), "{name} printed:\n{printed}");
        }
    }
}

#[test]
fn the_layout_is_the_canonical_one() {
    for (name, text) in SCRIPTS {
        insta::assert_snapshot!(name, format(text).expect("the script can be formatted"));
    }
}

#[test]
fn a_condition_chooses_events() {
    let text = "0 close(3) = 0\n#ifdef A\n+0 close(4) = 0\n#endif\n+0 close(5) = 0\n";
    let mut with = Definitions::default();
    with.insert("A", Definition::Word("1".to_owned()));
    let events = |definitions: &Definitions| parse(text, definitions).map(|script| script.events.len());
    assert_eq!(events(&Definitions::default()), Ok(2));
    assert_eq!(events(&with), Ok(3));
    // The script's own definition counts too.
    let own = format!("--define=A=1\n{text}");
    assert_eq!(parse(&own, &Definitions::default()).map(|script| script.events.len()), Ok(3));
}
