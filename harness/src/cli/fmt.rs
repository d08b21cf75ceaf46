//! `rfcheck fmt`.

use std::io::{Read as _, Write as _};
use std::path::Path;

use super::args::Fmt;
use super::exit::Exit;
use super::output;
use crate::dialogue;
use crate::script::{Diagnostic, format, render};
use crate::suite::{ScriptFile, Source, SuiteError};

pub(super) fn fmt(args: &Fmt) -> Result<Exit, SuiteError> {
    if args.paths == [Path::new("-")] {
        return from_standard_input(args.check);
    }
    let scripts = Source::Paths(args.paths.clone()).texts()?;
    let mut exit = if scripts.is_empty() { Exit::NothingRan } else { Exit::AsExpected };
    for script in &scripts {
        let text = match script.text() {
            Ok(text) => text,
            Err(message) => {
                eprintln!("error: {}: {message}", script.name);
                exit = Exit::SetUp;
                continue;
            }
        };
        match format_of(&script.name, text) {
            Ok(formatted) if formatted == text => {}
            Ok(_) if args.check => {
                println!("{}", script.name);
                exit = Exit::SetUp;
            }
            Ok(formatted) => write(script, &formatted)?,
            Err(diagnostics) => {
                show(&diagnostics, &script.name, text);
                exit = Exit::SetUp;
            }
        }
    }
    Ok(exit)
}

/// The layout of the language that a file is in.
fn format_of(name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let is_dialogue = name.ends_with(".dlg") || name.ends_with(".inc") && dialogue::is_included(text);
    if is_dialogue { dialogue::format(text) } else { format(text) }
}

/// Writes beside the script and renames, so that no moment leaves half a script.
fn write(script: &ScriptFile, text: &str) -> Result<(), SuiteError> {
    let Some(path) = &script.path else { return Ok(()) };
    let beside = path.with_extension(format!("new.{}", std::process::id()));
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::set_permissions(&beside, std::fs::metadata(path)?.permissions()))
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|source| {
            let _nothing_left_behind = std::fs::remove_file(&beside);
            SuiteError::Output { what: format!("`{}`", path.display()), source }
        })
}

fn from_standard_input(check: bool) -> Result<Exit, SuiteError> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| SuiteError::Usage(format!("cannot read standard input: {error}")))?;
    match format(&text) {
        Ok(formatted) if check => Ok(if formatted == text { Exit::AsExpected } else { Exit::SetUp }),
        Ok(formatted) => {
            std::io::stdout().write_all(formatted.as_bytes()).map_err(output)?;
            Ok(Exit::AsExpected)
        }
        Err(diagnostics) => {
            show(&diagnostics, "standard input", &text);
            Ok(Exit::SetUp)
        }
    }
}

fn show(diagnostics: &[Diagnostic], name: &str, text: &str) {
    for diagnostic in diagnostics {
        eprintln!("{}", render(diagnostic, name, text));
    }
}
