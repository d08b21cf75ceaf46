//! `rfcheck list` and `rfcheck check`.

use std::io::{BufWriter, Write};

use super::args::{Check, List};
use super::exit::Exit;
use super::output;
use crate::report::plural;
use crate::script::{Severity, render};
use crate::suite::config::Config;
use crate::suite::{self, Checked, SuiteError, check_baselines};

pub(super) fn list(args: &List, config: &Config) -> Result<Exit, SuiteError> {
    let scripts = suite::check(&args.selection.source(), config, &args.selection.request())?;
    let mut out = BufWriter::new(anstream::stdout().lock());
    let width = scripts.iter().map(|script| script.file.name.chars().count()).max().unwrap_or(0);
    for script in &scripts {
        let written = if args.json { json(&mut out, script) } else { line(&mut out, script, width) };
        written.map_err(output)?;
    }
    out.flush().map_err(output)?;
    Ok(if scripts.is_empty() { Exit::NothingRan } else { Exit::AsExpected })
}

fn line(out: &mut impl Write, script: &Checked, width: usize) -> std::io::Result<()> {
    let ids = script.requirements.iter().map(|requirement| requirement.id.as_str()).collect::<Vec<_>>().join(",");
    let level = script.level.map_or("-", |level| level.name());
    let versions = script.ip_versions.iter().map(|version| version.name()).collect::<Vec<_>>().join(",");
    let title = script.title.as_deref().unwrap_or_default();
    let broken = if script.has_errors() { "  [wrong; see `rfcheck check`]" } else { "" };
    let ids = if ids.is_empty() { "-" } else { &ids };
    let text = format!("{:width$}  {ids:14}  {level:10}  {versions}  {title}{broken}", script.file.name);
    writeln!(out, "{}", text.trim_end())
}

fn json(out: &mut impl Write, script: &Checked) -> std::io::Result<()> {
    let ids: Vec<_> = script.requirements.iter().map(|requirement| requirement.id.as_str()).collect();
    let object = serde_json::json!({
        "script": script.file.file,
        "case": script.file.case.as_ref().map(|case| &case.name),
        "title": script.title,
        "requirements": ids,
        "level": script.level,
        "ip_versions": script.ip_versions,
        "errors": script.has_errors(),
    });
    writeln!(out, "{object}")
}

pub(super) fn check(args: &Check, config: &Config) -> Result<Exit, SuiteError> {
    let scripts = suite::check(&args.selection.source(), config, &args.selection.request())?;
    let mut out = BufWriter::new(anstream::stdout().lock());
    let (mut errors, mut warnings) = (0, 0);
    for script in &scripts {
        let text = script.file.text().unwrap_or_default();
        for diagnostic in &script.diagnostics {
            *match diagnostic.severity {
                Severity::Error => &mut errors,
                Severity::Warning => &mut warnings,
            } += 1;
            writeln!(out, "{}", render(diagnostic, &script.file.file, text)).map_err(output)?;
        }
    }
    for problem in check_baselines(&args.selection.source(), config)? {
        errors += 1;
        writeln!(out, "{}:{}: {}", problem.name, problem.line, problem.message).map_err(output)?;
    }
    let (files, errors_text) = (plural(scripts.len(), "script"), plural(errors, "error"));
    writeln!(out, "{files} checked: {errors_text}, {}", plural(warnings, "warning")).map_err(output)?;
    out.flush().map_err(output)?;
    Ok(if scripts.is_empty() {
        Exit::NothingRan
    } else if errors > 0 || args.strict && warnings > 0 {
        Exit::SetUp
    } else {
        Exit::AsExpected
    })
}
