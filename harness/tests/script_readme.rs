//! The language's documentation is true: its scripts parse, and it lists what the tables list.

use rfcheck::script::directives::DIRECTIVES;
use rfcheck::script::fields::{CAPTURES, FIELDS};
use rfcheck::script::{Definitions, Includes, Input, SourceFile, cases, format, render};

const README: &str = include_str!("../../specs/README.md");

/// Texts of the documentation that others include: between "```inc NAME" and "```".
struct Included;

impl Includes for Included {
    fn read(&self, _from: &str, path: &str) -> Result<SourceFile, String> {
        let (_, after) = README.split_once(&format!("```inc {path}\n")).ok_or("the documentation has no such file")?;
        let text = after.split("```").next().unwrap_or_default();
        Ok(SourceFile { name: path.into(), text: text.into() })
    }
}

#[test]
fn every_script_is_well_formed_and_laid_out() {
    let blocks: Vec<&str> =
        README.split("```pkt\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 6, "the documentation shows scripts");
    for block in blocks {
        let all = cases(block);
        let all = if all.is_empty() { vec![None] } else { all.iter().map(Some).collect() };
        for case in all {
            let definitions = Definitions::default();
            let input = Input { name: "README.md", text: block, definitions: &definitions, case, includes: &Included };
            if let Err(said) = input.parse() {
                let said: String = said.iter().map(|diagnostic| render(diagnostic, "README.md", block)).collect();
                panic!("{said}");
            }
        }
        assert_eq!(format(block).as_deref(), Ok(block));
    }
}

#[test]
fn every_field_and_directive_is_listed() {
    for field in FIELDS {
        assert!(README.contains(&format!("| `{}` |", field.name)), "`{}` is not listed", field.name);
    }
    for field in CAPTURES {
        assert!(README.contains(&format!("`{}`", field.name)), "`{}` is not listed", field.name);
    }
    for directive in DIRECTIVES {
        assert!(README.contains(&format!("| `{}` |", directive.key)), "`{}` is not listed", directive.key);
    }
}
