//! Things that parse but are surely not meant.

use std::collections::BTreeSet;

use super::framing::dns::Rcode;
use super::text::Text;
use super::tree::{Action, Alternative, Detail, Dialogue, Head, MessageKind, Role, Test, Value};
use crate::text::{Diagnostic, Diagnostics, Span};

/// What is wrong or dubious about a dialogue, in order of place: names that nothing captures before they are used are
/// errors, the rest are warnings.
pub fn lint(dialogue: &Dialogue) -> Diagnostics {
    let mut found = Vec::new();
    // What the dialogue needs is defined where it runs.
    let needs = dialogue.directives.iter().filter(|directive| directive.key.node == "needs");
    let needed = needs.flat_map(|directive| directive.value.node.split([',', ' ']));
    let mut known: BTreeSet<String> = needed.map(|name| name.trim().to_owned()).collect();
    let mut judges = false;
    for step in &dialogue.steps {
        let mut used = Vec::new();
        uses(&step.action, &mut |text| text.captured(&mut |name| used.push(name.to_owned())));
        for name in used {
            if !known.contains(&name) {
                let message = format!("nothing defines or captures `{name}` before it is used");
                let help = "a case, `--define`, `as NAME` or a group `(?<NAME>...)` of an earlier line does; \
                            `\\{` is a brace of the text";
                found.push(Diagnostic::error("lint::name", step.span, message, "it is used here").help(help));
                known.insert(name);
            }
        }
        captures(&step.action, &mut |name| _ = known.insert(name));
        if dialogue.role == Role::Client
            && let Action::Expect(_, alternatives) = &step.action
            && alternatives.iter().any(|alternative| matches!(alternative.head, Head::Command(..)))
        {
            // The tag of an IMAP command has this name.
            known.insert("tag".to_owned());
        }
        judges |= matches!(step.action, Action::Expect(..) | Action::Check(_));
        if let Action::Expect(_, alternatives) = &step.action {
            dubious(alternatives, step.span, &mut found);
        }
    }
    if !judges && !dialogue.steps.is_empty() {
        let message = "the dialogue expects nothing";
        let start = dialogue.steps.last().map_or(Span::default(), |step| step.span);
        found.push(Diagnostic::warning("lint::silence", start, message, "nothing is judged up to here"));
    }
    dialogue.resolve(&mut found);
    found.sort_by_key(|diagnostic| diagnostic.span);
    found
}

/// A warning for a dialogue that names no requirement; for suites, where each must.
pub fn missing_requirement(dialogue: &Dialogue) -> Option<Diagnostic> {
    let named = dialogue.directives.iter().any(|directive| directive.key.node == "requirement");
    (!named).then(|| {
        let message = "the dialogue names no requirement";
        Diagnostic::warning("lint::requirement", Span::default(), message, "expected a directive")
            .help("write `//@ requirement: ID` at the top")
    })
}

fn dubious(alternatives: &[Alternative], span: Span, found: &mut Diagnostics) {
    for (at, alternative) in alternatives.iter().enumerate() {
        let covers = alternatives[..at].iter().any(|before| {
            before.details.is_empty() && (before.head == alternative.head || before.head == Head::Anything)
        });
        if covers {
            let message = "an alternative is never reached";
            found.push(Diagnostic::warning("lint::alternative", span, message, "an earlier one allows the same"));
        }
        let contradicts = |detail: &Detail| alternative.details.iter().any(|other| is_contrary(detail, other));
        if alternative.details.iter().any(contradicts) {
            let message = "a part must be there and must not";
            found.push(Diagnostic::warning("lint::contradiction", span, message, "no answer can be like this"));
        }
        if alternative.head == Head::Rcode(Rcode(0)) && alternative.details.iter().any(|d| d.part == "malformed") {
            let message = "a malformed answer is allowed to say that all is well";
            found.push(Diagnostic::warning("lint::malformed", span, message, "`malformed` with NOERROR"));
        }
    }
}

fn is_contrary(one: &Detail, other: &Detail) -> bool {
    use super::tree::Quantity::{No, Some};
    (&one.part, &one.arguments, &one.test) == (&other.part, &other.arguments, &other.test)
        && one.quantity == Some
        && other.quantity == No
}

/// The texts whose values must be known before the step.
fn uses(action: &Action, found: &mut impl FnMut(&Text)) {
    match action {
        Action::Say(_, line) => found(&line.text),
        Action::Send(_, message) => {
            match &message.kind {
                MessageKind::Query(text, ..) | MessageKind::Octets(text) => found(text),
                MessageKind::Response(_) => {}
            }
            for value in message.fields.iter().flat_map(|field| &field.values) {
                let (Value::Word(text) | Value::String(text)) = value;
                found(text);
            }
        }
        Action::Act(_, super::tree::Act::Connect(connect)) => connect.port.iter().for_each(found),
        Action::Act(..) | Action::Command(_) => {}
        Action::Expect(_, alternatives) => {
            for alternative in alternatives {
                match &alternative.head {
                    Head::Tagged(tag, _, _) => found(tag),
                    Head::Query(Some(name), _) => found(name),
                    _ => {}
                }
                test_of(&alternative.head).into_iter().for_each(|test| text_of(test, found));
                details(&alternative.details, found);
            }
        }
        Action::Do(_, arguments) => arguments.iter().for_each(found),
        Action::Check(check) => {
            check.arguments.iter().for_each(&mut *found);
            details(&check.details, found);
        }
    }
}

fn details(details: &[Detail], found: &mut impl FnMut(&Text)) {
    for detail in details {
        detail.arguments.iter().for_each(&mut *found);
        detail.test.iter().for_each(|test| text_of(test, found));
    }
}

fn text_of(test: &Test, found: &mut impl FnMut(&Text)) {
    match test {
        Test::Is(text) | Test::Compares(_, text) => found(text),
        Test::Matches(_) => {}
    }
}

fn test_of(head: &Head) -> Option<&Test> {
    match head {
        Head::Reply(_, _, test)
        | Head::Status(_, _, test)
        | Head::Tagged(_, _, test)
        | Head::Untagged(_, test)
        | Head::Continuation(test)
        | Head::Command(_, test)
        | Head::Request(_, test) => test.as_ref(),
        _ => None,
    }
}

/// The names that have a value after the step.
fn captures(action: &Action, found: &mut impl FnMut(String)) {
    let mut all = |test: Option<&Test>, details: &[Detail]| {
        let tests = test.into_iter().chain(details.iter().filter_map(|detail| detail.test.as_ref()));
        for test in tests {
            if let Test::Matches(expression) = test
                && let Ok(expression) = super::regular_expression(expression)
            {
                expression.capture_names().flatten().for_each(|name| found(name.to_owned()));
            }
        }
        details.iter().filter_map(|detail| detail.capture.clone()).for_each(&mut *found);
    };
    match action {
        Action::Expect(_, alternatives) => {
            alternatives.iter().for_each(|alternative| all(test_of(&alternative.head), &alternative.details));
        }
        Action::Check(check) => all(None, &check.details),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::dialogue::{Input, lint};

    #[test]
    fn names_that_are_needed_are_known() {
        let lines = "//@ protocol: http\n//@ needs: PLACE ranges\nC: GET {PLACE}{OTHER} HTTP/1.1\nS: status 200\n";
        let dialogue = Input::new(lines).parse().unwrap();
        let found: Vec<String> = lint(&dialogue).into_iter().map(|diagnostic| diagnostic.message).collect();
        assert_eq!(found, ["nothing defines or captures `OTHER` before it is used"]);
    }
}
