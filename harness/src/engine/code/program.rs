//! The Python program of all code blocks of a run.

use std::fmt::Write;

use super::Block;
use super::layout::SYMBOLS;

/// What runs the blocks and explains a failure.
const DRIVER: &str = include_str!("driver.py");

/// The program: the driver, called with the symbols and the blocks.
pub(super) fn write(blocks: &[Block]) -> String {
    let mut program = String::from(DRIVER);
    program.push_str("\n\nrun_blocks({");
    for (name, value) in SYMBOLS {
        entry(&mut program, name, *value);
    }
    program.push_str("}, [\n");
    for block in blocks {
        program.push('(');
        // Two line ends, so that a backslash at the end of the block continues onto an empty line.
        string(&mut program, &format!("{}\n\n", trim(&block.text)));
        program.push_str(", {");
        for (name, value) in &block.values {
            entry(&mut program, name, *value);
        }
        program.push_str("}),\n");
    }
    program.push_str("])\n");
    program
}

/// A block without blanks and tabs before it, so that what follows `%{` on its line is not indented, and without the
/// blanks, empty lines and line continuations after it, which have nothing to continue.
pub(super) fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\t']).trim_end_matches([' ', '\t', '\n', '\r', '\\'])
}

fn entry(program: &mut String, name: &str, value: u64) {
    // Writing to a string cannot fail.
    let _ = write!(program, "'{name}':{value},");
}

/// A Python string literal.
fn string(program: &mut String, text: &str) {
    program.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => program.extend(['\\', character]),
            '\n' => program.push_str("\\n"),
            character if character.is_control() => {
                let _ = write!(program, "\\x{:02x}", u32::from(character));
            }
            character => program.push(character),
        }
    }
    program.push('"');
}
