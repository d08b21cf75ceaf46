//! Printing a tree and parsing what was printed gives the tree; formatting changes no meaning and nothing twice.

use proptest::prelude::*;
use rfcheck::dialogue::{Input, format, lint, print};
use rfcheck::text::{LineIndex, render};

use crate::support::{DIALOGUES, parse};

#[test]
fn every_dialogue_is_well_formed() {
    for (name, text) in DIALOGUES {
        for parsed in parse(text) {
            let found = match &parsed {
                Ok(dialogue) => lint(dialogue),
                Err(found) => found.clone(),
            };
            let said: String = found.iter().map(|diagnostic| render(diagnostic, name, text)).collect();
            assert_eq!(said, "");
        }
    }
}

#[test]
fn printing_keeps_the_tree() {
    for (name, text) in DIALOGUES {
        for dialogue in parse(text) {
            let dialogue = dialogue.unwrap();
            let printed = print(&dialogue);
            // Its cases are not those of what is printed: the values are in place.
            let again = Input::new(&printed).parse().unwrap_or_else(|found| panic!("{name}: {found:?}\n{printed}"));
            assert_eq!(again, dialogue, "{name} printed:\n{printed}");
            assert_eq!(format(&printed).as_ref(), Ok(&printed), "{name}");
        }
    }
}

#[test]
fn the_dialogues_are_laid_out() {
    for (name, text) in DIALOGUES {
        assert_eq!(format(text).as_deref(), Ok(*text), "{name}");
    }
    let untidy = "\n\n//@protocol:smtp\r\n  // why\nS:220   \"a  b\"\t/c  d/\n \tline   \"x\"\n\n\n\nC:EHLO  a\nC:\nor   250\n`  a  b`\n";
    insta::assert_snapshot!(format(untidy).unwrap());
}

#[test]
fn steps_know_their_lines() {
    for (_, text) in DIALOGUES {
        let index = LineIndex::new(text);
        for dialogue in parse(text).into_iter().flatten().filter(|dialogue| dialogue.sources.is_none()) {
            for step in &dialogue.steps {
                assert_eq!(index.line(step.span.start), step.line);
                assert!(step.span.start < step.span.end && step.span.end as usize <= text.len());
            }
        }
    }
}

/// Octets that are hard to write.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|octet| vec![octet]),
        "[a-zA-Z {}\"\\\\/x.0-9:]{1,6}".prop_map(String::into_bytes),
        Just("{a}".into()),
        Just("é".into()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Octets as an author may write them: each as it stands, or as an escape.
fn written(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("\\x{octet:02x}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_octets_can_be_said_and_expected(
        said in octets(), expected in octets(), field in octets(), has_crlf in any::<bool>(), code in 0_u16..1000,
        pattern in "[a-z/ ]{0,5}", number in any::<u16>(),
    ) {
        let end = if has_crlf { "" } else { "\\" };
        let text = format!(
            "//@ protocol: smtp\nC: {}{end}\nS: {code:03} \"{}\" or {:03} /{}/ within 1.5\n   line \"{}\"\n   size <= {number}\n\
             C2 connects with dns\nC2: query . A\n   id {number}\n   trailer \"{}\"\nS2: anything\ndo it \"{}\"\n",
            written(&said), written(&expected), code % 7, pattern.replace('/', "\\/"), written(&field), written(&field),
            written(&said)
        );
        let dialogue = Input::new(&text).parse();
        prop_assert!(dialogue.is_ok(), "{dialogue:?}\n{text}");
        let dialogue = dialogue.unwrap_or_default();
        let printed = print(&dialogue);
        let again = Input::new(&printed).parse();
        prop_assert!(again.as_ref() == Ok(&dialogue), "{printed}\n{again:?}");
        prop_assert_eq!(format(&printed), Ok(printed));
    }
}
