//! `//@ case: [REQUIREMENT-ID] NAME=VALUE ...`: one script, run once for each case.

use super::cursor::{Cursor, Part, Wrong};
use super::diagnostic::Diagnostic;
use super::directive::Directive;
use super::values::values;
use super::{IsReserved, Span};

/// A script has no more cases than this.
const MOST: usize = 10_000;

/// One case of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name, unique among the script's cases: the requirement, or the definitions as `NAME=VALUE,NAME=VALUE`, or
    /// both where the requirement alone names several.
    pub name: String,
    /// The requirement that it tests besides those of the script.
    pub requirement: Option<String>,
    /// What it defines, in order, values as written.
    pub definitions: Vec<(String, String)>,
    /// Where its directive's value stands in the script.
    pub span: Span,
}

impl Case {
    /// A text with `{NAME}` replaced by the value of each name that the case defines.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.definitions {
            text = text.replace(&format!("{{{name}}}"), unquoted(value));
        }
        text
    }
}

/// A value without the quotes around it.
pub(crate) fn unquoted(value: &str) -> &str {
    ['"', '\'', '`'].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

/// The cases of a script, read without parsing it; none where a line that says a case is wrong, which parsing tells.
pub(crate) fn cases(text: &str, is_reserved: IsReserved) -> Vec<Case> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let value = line.trim_start().strip_prefix("//@").and_then(|directive| directive.split_once(':'));
        if let Some((key, value)) = value
            && key.trim() == "case"
        {
            let at = start + (line.len() - value.len());
            let Ok(line) = Line::parse(text, at, is_reserved) else { return Vec::new() };
            lines.push(line);
        }
        start += line.len();
    }
    named(lines).unwrap_or_default()
}

/// Whether the value of a directive says a case; the error says why not.
pub(crate) fn check(value: &str, is_reserved: IsReserved) -> Result<(), String> {
    let line = Line::parse(value, 0, is_reserved).map_err(|(_, message)| message)?;
    named(vec![line]).map(drop).map_err(|(_, message)| message)
}

/// What is wrong with the cases of a script together.
pub(crate) fn repeated(directives: &[Directive], is_reserved: IsReserved) -> Option<Diagnostic> {
    let mut lines = Vec::new();
    for directive in directives.iter().filter(|directive| directive.key.node == "case") {
        let mut line = Line::parse(&directive.value.node, 0, is_reserved).ok()?;
        line.span = directive.value.span;
        lines.push(line);
    }
    let (span, message) = named(lines).err()?;
    Some(Diagnostic::error("directive::case", span, message, "each case needs a name of its own"))
}

/// One directive, whose sets of values may make it several cases.
struct Line {
    span: Span,
    requirement: Option<String>,
    definitions: Vec<(String, Vec<String>)>,
}

impl Line {
    fn parse(text: &str, at: usize, is_reserved: IsReserved) -> Result<Line, Wrong> {
        let mut cursor = Cursor::line(text, at, is_reserved);
        let span = cursor.clone().remainder().span;
        let mut line = Line { span, requirement: None, definitions: Vec::new() };
        let first: Part<'_> = cursor.clone().word()?;
        if !first.text.contains('=') && !first.text.is_empty() {
            let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            if !first.text.bytes().all(is_id) {
                return Err((first.span, format!("`{}` is neither a requirement nor NAME=VALUE", first.text)));
            }
            line.requirement = Some(first.text.to_owned());
            cursor.word()?;
        }
        while !cursor.is_done() {
            let argument = cursor.argument()?;
            let name = argument.name.text;
            if line.definitions.iter().any(|(known, _)| known == name) {
                return Err((argument.name.span, format!("`{name}` is defined twice")));
            }
            let values = values(argument.value.text).map_err(|message| (argument.value.span, message))?;
            line.definitions.push((name.to_owned(), values));
        }
        Ok(line)
    }

    /// A case of each combination of values, the last name's values changing fastest.
    fn combinations(&self) -> Result<Vec<Vec<(String, String)>>, Wrong> {
        let mut all = vec![Vec::new()];
        for (name, values) in &self.definitions {
            if all.len() * values.len() > MOST {
                return Err((self.span, format!("these are more than {MOST} cases")));
            }
            all = all
                .iter()
                .flat_map(|before| {
                    values.iter().map(|value| {
                        let mut one = before.clone();
                        one.push((name.clone(), value.clone()));
                        one
                    })
                })
                .collect();
        }
        Ok(all)
    }
}

/// The cases with their names.
fn named(lines: Vec<Line>) -> Result<Vec<Case>, Wrong> {
    let mut cases = Vec::new();
    for line in &lines {
        for definitions in line.combinations()? {
            cases.push(Case {
                name: String::new(),
                requirement: line.requirement.clone(),
                definitions,
                span: line.span,
            });
        }
        if cases.len() > MOST {
            return Err((line.span, format!("these are more than {MOST} cases")));
        }
    }
    let mut uses = std::collections::BTreeMap::<_, usize>::new();
    for case in &cases {
        *uses.entry(case.requirement.clone()).or_default() += 1;
    }
    let mut seen = std::collections::BTreeSet::new();
    for case in &mut cases {
        let definitions = case.definitions.iter().map(|(name, value)| format!("{name}={value}"));
        let parts: Vec<String> = match &case.requirement {
            Some(requirement) if uses[&case.requirement] == 1 => vec![requirement.clone()],
            requirement => requirement.iter().cloned().chain(definitions).collect(),
        };
        case.name = parts.join(",");
        if case.name.is_empty() {
            return Err((case.span, "a case needs a requirement or a definition".to_owned()));
        }
        if !seen.insert(case.name.clone()) {
            return Err((case.span, format!("the case `{}` stands twice", case.name)));
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_reserved(word: &str) -> bool {
        word == "ttl"
    }

    fn names(text: &str) -> Vec<String> {
        cases(text, is_reserved).into_iter().map(|case| case.name).collect()
    }

    #[test]
    fn sets_make_a_case_of_each_combination() {
        assert_eq!(
            names("//@ case: TTL={1,64} DF={0,1}\n//@title: x\n//@ case: A-1 TTL=7\n"),
            ["TTL=1,DF=0", "TTL=1,DF=1", "TTL=64,DF=0", "TTL=64,DF=1", "A-1"]
        );
        assert_eq!(names("//@ case: A-1 TTL={1,2}\n"), ["A-1,TTL=1", "A-1,TTL=2"]);
        assert_eq!(names("//@ case: A-1\n//@ case: A-2\n"), ["A-1", "A-2"]);
    }

    #[test]
    fn a_case_that_is_wrong_makes_none() {
        for (value, said) in [
            ("TTL", "a case needs"),
            ("A-1 TTL=", "`TTL` has no value"),
            ("A-1 TTL", "`TTL` defines nothing"),
            ("ttl=1", "`ttl` is a word of the language"),
            ("1A=1", "`1A` is not a name"),
            ("X={1", "the brace `{` has no end"),
            ("X=\"1", "the quote `\"` has no end"),
            ("X=1 X=2", "`X` is defined twice"),
            ("X={1..200} Y={1..200}", "these are more than 10000 cases"),
        ] {
            match check(value, is_reserved) {
                Err(message) => assert!(message.contains(said), "{value}: {message}"),
                Ok(()) => assert_eq!(value, "TTL", "a requirement alone is a case"),
            }
        }
        assert_eq!(cases("//@ case: X=1\n//@ case: X=1\n", is_reserved), []);
    }

    #[test]
    fn a_text_is_filled_with_the_cases_values() {
        let case = &cases("//@ case: TTL=64 WORD=\"a b\"\n", is_reserved)[0];
        assert_eq!(case.fill("TTL {TTL} and {WORD}, {OTHER}"), "TTL 64 and a b, {OTHER}");
    }
}
