//! The language's documentation is true: its dialogues parse, and it lists what the tables list.

use rfcheck::dialogue::directives::DIRECTIVES;
use rfcheck::dialogue::fields::FIELDS;
use rfcheck::dialogue::parts::PARTS;
use rfcheck::dialogue::{format, lint};
use rfcheck::text::render;

use crate::support::parse;

const README: &str = include_str!("../../../specs/README.md");

#[test]
fn every_dialogue_is_well_formed_and_laid_out() {
    let blocks: Vec<&str> =
        README.split("```dlg\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 5, "the documentation shows dialogues");
    for block in blocks {
        for parsed in parse(block) {
            let said = match &parsed {
                Ok(dialogue) => lint(dialogue),
                Err(said) => said.clone(),
            };
            let said: String = said.iter().map(|diagnostic| render(diagnostic, "README.md", block)).collect();
            assert_eq!(said, "");
        }
        assert_eq!(format(block).as_deref(), Ok(block));
    }
}

#[test]
fn every_part_field_and_directive_is_listed() {
    let (_, dialogues) = README.split_once("\n## Dialogues\n").expect("the documentation has a section for dialogues");
    let parts = PARTS.iter().map(|part| part.name);
    let fields = FIELDS.iter().map(|field| field.name);
    for name in parts.chain(fields).chain(DIRECTIVES.iter().map(|directive| directive.key)) {
        assert!(dialogues.contains(&format!("`{name}`")), "`{name}` is not listed");
    }
}
