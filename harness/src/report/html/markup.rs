//! The page's markup.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style;

use super::super::coverage::COLUMNS;
use super::super::text::{BAD, DUBIOUS, GOOD, plural};
use super::{Cells, Line, Page, Run, RunKey, diagram};
use crate::engine::Verdict;

const STYLE: &str = include_str!("style.css");

/// The numbers by which runs are addressed.
type Numbers<'a> = BTreeMap<&'a RunKey, usize>;

pub(super) fn page(out: &mut impl Write, page: &Page) -> io::Result<()> {
    let numbers: Numbers<'_> = page.runs.keys().zip(1..).collect();
    let targets = page.targets.join(", ");
    let title = if targets.is_empty() { "Requirements".to_owned() } else { format!("Requirements on {targets}") };
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>", escaped(&title))?;
    writeln!(out, "<h1>{}</h1>", escaped(&title))?;
    if !page.summary.is_empty() {
        writeln!(out, "<pre class=\"summary\">{}</pre>", escaped(page.summary.trim_end()))?;
    }
    for stale in &page.stale {
        writeln!(out, "<pre class=\"bad\">{}</pre>", escaped(stale.trim_end()))?;
    }
    sums(out, &page.sums)?;
    for ((_, rfc), lines) in &page.requirements {
        // The number stands in front already.
        let own = format!(" (RFC {rfc})");
        let title = page.titles.get(rfc).map(|title| title.trim_end_matches(&own));
        let title = title.map(|title| format!(" {title}")).unwrap_or_default();
        writeln!(out, "<h2 id=\"rfc{0}\">RFC {0}{1}</h2>", escaped(rfc), escaped(&title))?;
        table(out, page, lines, &numbers)?;
    }
    folders(out, page, &numbers)?;
    for (key, run) in &page.runs {
        self::run(out, key, run, numbers[key])?;
    }
    writeln!(out, "</body>\n</html>")
}

fn sums(out: &mut impl Write, sums: &[(String, [String; 5])]) -> io::Result<()> {
    if sums.is_empty() {
        return Ok(());
    }
    write!(out, "<table class=\"sums\">\n<tr><th></th>")?;
    for column in COLUMNS {
        write!(out, "<th>{column}</th>")?;
    }
    writeln!(out, "</tr>")?;
    for (of, columns) in sums {
        write!(out, "<tr><th>{}</th>", escaped(of))?;
        for column in columns {
            write!(out, "<td>{column}</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table>")
}

fn table<K>(out: &mut impl Write, page: &Page, lines: &BTreeMap<K, Line>, numbers: &Numbers<'_>) -> io::Result<()> {
    write!(out, "<table>\n<tr><th>requirement</th><th>level</th>")?;
    for target in &page.targets {
        write!(out, "<th>{}</th>", escaped(target))?;
    }
    writeln!(out, "<th>it demands</th></tr>")?;
    for line in lines.values() {
        let requirement = &line.requirement;
        let (id, level) = (escaped(&requirement.id), requirement.level.name());
        write!(out, "<tr><th id=\"{id}\">{id}</th><td>{level}</td>")?;
        for cell in &line.cells {
            self::cell(out, cell, numbers)?;
        }
        write!(out, "<td>{} <small>section {}", escaped(&requirement.text), escaped(&requirement.section))?;
        if let Some(answer) = &line.answer {
            write!(out, "<br>{}", escaped(answer))?;
        }
        writeln!(out, "</small></td></tr>")?;
    }
    writeln!(out, "</table>")
}

/// The worst verdict, which opens the first run that it is about, and a link for each other one.
fn cell(out: &mut impl Write, cell: &Cells, numbers: &Numbers<'_>) -> io::Result<()> {
    let (text, style) = cell.counts.shown();
    write!(out, "<td class=\"{}\">", class(style))?;
    match cell.runs.split_first() {
        None => write!(out, "{text}")?,
        Some((first, others)) => {
            write!(out, "<a href=\"#run-{}\">{text}</a>", numbers[first])?;
            for (number, run) in (2..).zip(others) {
                let title = format!("{} over {}", run.0, run.2);
                write!(out, " <a href=\"#run-{}\" title=\"{}\">{number}</a>", numbers[run], escaped(&title))?;
            }
        }
    }
    write!(out, "</td>")
}

fn folders(out: &mut impl Write, page: &Page, numbers: &Numbers<'_>) -> io::Result<()> {
    if page.folders.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Scripts that name no requirement</h2>\n<table>")?;
    write!(out, "<tr><th>folder</th>")?;
    for target in &page.targets {
        write!(out, "<th>{}</th>", escaped(target))?;
    }
    writeln!(out, "</tr>")?;
    for (folder, cells) in &page.folders {
        write!(out, "<tr><th>{}</th>", escaped(folder))?;
        for cell in cells {
            self::cell(out, cell, numbers)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table>")
}

fn run(out: &mut impl Write, (script, target, ip_version): &RunKey, run: &Run, number: usize) -> io::Result<()> {
    let (word, class) = match run.verdict {
        Verdict::Pass => ("Pass", "good"),
        Verdict::Fail => ("Fail", "bad"),
        Verdict::Inconclusive => ("Inconclusive", "dubious"),
        Verdict::NotApplicable => ("Not applicable", "faint"),
        Verdict::Error => ("Error", "bad"),
    };
    writeln!(out, "<section id=\"run-{number}\">\n<a class=\"close\" href=\"#-\">close</a>")?;
    let (script, target) = (escaped(script), escaped(target));
    writeln!(out, "<h3><span class=\"{class}\">{word}</span> {script} on {target} over {ip_version}</h3>")?;
    if let Some(title) = &run.title {
        writeln!(out, "<p>{}</p>", escaped(title))?;
    }
    if let Some(problem) = &run.problem {
        writeln!(out, "<pre>{}</pre>", escaped(problem.trim_end()))?;
    }
    if !run.rows.is_empty() {
        let events = run.rows.iter().filter(|row| matches!(row, super::Row::Event { .. })).count();
        diagram::write(out, &run.rows, &plural(events, "event"))?;
    }
    writeln!(out, "</section>")
}

fn class(style: Style) -> &'static str {
    if style == GOOD {
        "good"
    } else if style == BAD {
        "bad"
    } else if style == DUBIOUS {
        "dubious"
    } else {
        "faint"
    }
}

/// Text that means nothing but itself, in markup and in the value of an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            // What XML and HTML forbid, such as a payload's control characters.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escaped("<a href=\"x\">&\u{1b}"), "&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd}");
    }
}
