//! The language's documentation is true: its scripts parse, and it lists what the tables list.

use rfcheck::script::directives::DIRECTIVES;
use rfcheck::script::fields::FIELDS;
use rfcheck::script::{Definitions, format, parse, render};

const README: &str = include_str!("../../specs/README.md");

#[test]
fn every_script_is_well_formed_and_laid_out() {
    let blocks: Vec<&str> =
        README.split("```pkt\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 6, "the documentation shows scripts");
    for block in blocks {
        if let Err(said) = parse(block, &Definitions::default()) {
            let said: String = said.iter().map(|diagnostic| render(diagnostic, "README.md", block)).collect();
            panic!("{said}");
        }
        assert_eq!(format(block).as_deref(), Ok(block));
    }
}

#[test]
fn every_field_and_directive_is_listed() {
    for field in FIELDS {
        assert!(README.contains(&format!("| `{}` |", field.name)), "`{}` is not listed", field.name);
    }
    for directive in DIRECTIVES {
        assert!(README.contains(&format!("| `{}` |", directive.key)), "`{}` is not listed", directive.key);
    }
}
