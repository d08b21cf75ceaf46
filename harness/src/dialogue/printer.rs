//! A tree as text in canonical layout.

use std::fmt::Write as _;

use super::format::INDENT;
use super::parser::is_event;
use super::text::{Piece, Text};
use super::tree::{
    Act, Action, Alternative, Check, CodePattern, Comparison, Connect, Detail, Dialogue, EnhancedPattern, Field, Head,
    Message, MessageKind, Over, Party, Quantity, Step, Test, Value,
};

/// The dialogue as text: its directives, then its steps, inclusions and loops in place.
pub fn print(dialogue: &Dialogue) -> String {
    let mut out = String::new();
    for directive in &dialogue.directives {
        // Writing to a string cannot fail.
        _ = writeln!(out, "//@ {}: {}", directive.key.node, directive.value.node);
    }
    for step in &dialogue.steps {
        print_step(step, &mut out);
    }
    out
}

/// What a dialogue allows at one place, in one line and without the details: `S: 250 or 5xx`.
pub fn print_alternatives(party: Party, alternatives: &[Alternative]) -> String {
    let is_said = alternatives.first().is_some_and(|first| !is_event(&first.head));
    let mut out = format!("{}{} ", name(party), if is_said { ":" } else { "" });
    for (at, alternative) in alternatives.iter().enumerate() {
        if at > 0 {
            out.push_str(" or ");
        }
        print_alternative(alternative, &mut out);
    }
    out
}

/// What comes, without its time and its details.
pub fn print_answer(head: &Head) -> String {
    let mut out = String::new();
    print_head(head, &mut out);
    out
}

/// A check without its details.
pub fn print_check(check: &Check) -> String {
    let mut out = format!("check {}", check.name);
    check.arguments.iter().for_each(|argument| print_string(argument, &mut out));
    if let Some(time) = &check.time {
        _ = write!(out, " within {}", time.0);
    }
    out
}

/// What must hold of a part, as it stands in its line.
pub fn print_detail(detail: &Detail) -> String {
    let mut out = String::new();
    print_details(std::slice::from_ref(detail), &mut out);
    out.trim().to_owned()
}

/// `C`, `S2`: a party as it is written.
pub fn print_party(party: Party) -> String {
    name(party)
}

/// One step, on as many lines as it takes.
fn print_step(step: &Step, out: &mut String) {
    match &step.action {
        Action::Say(party, line) => {
            let mut text = String::new();
            line.text.print(&mut text, false);
            if !line.has_crlf {
                // A blank before the backslash is seen as little as one at the end.
                text.push('\\');
            }
            let gap = if text.is_empty() { "" } else { " " };
            _ = writeln!(out, "{}:{gap}{text}", name(*party));
        }
        Action::Send(party, message) => {
            _ = write!(out, "{}: ", name(*party));
            print_message(message, out);
        }
        Action::Act(party, act) => {
            _ = write!(out, "{} ", name(*party));
            print_act(act, out);
            out.push('\n');
        }
        Action::Expect(party, alternatives) => {
            let is_said = alternatives.first().is_some_and(|first| !is_event(&first.head));
            _ = write!(out, "{}{} ", name(*party), if is_said { ":" } else { "" });
            for (at, alternative) in alternatives.iter().enumerate() {
                if at > 0 {
                    let has_details = !alternatives[at - 1].details.is_empty();
                    out.push_str(if has_details { "or " } else { " or " });
                }
                print_alternative(alternative, out);
                if !alternative.details.is_empty() {
                    out.push('\n');
                    print_details(&alternative.details, out);
                }
            }
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
        Action::Command(command) => _ = writeln!(out, "`{command}`"),
        Action::Do(name, arguments) => {
            _ = write!(out, "do {name}");
            arguments.iter().for_each(|argument| print_string(argument, out));
            out.push('\n');
        }
        Action::Check(check) => {
            _ = writeln!(out, "{}", print_check(check));
            print_details(&check.details, out);
        }
    }
}

fn name(party: Party) -> String {
    let side = if party.is_client { "C" } else { "S" };
    if party.connection == 1 { side.to_owned() } else { format!("{side}{}", party.connection) }
}

fn print_act(act: &Act, out: &mut String) {
    match act {
        Act::Connect(connect) => print_connect(connect, out),
        Act::Close => out.push_str("closes"),
        Act::HalfClose => out.push_str("half-closes"),
        Act::Reset => out.push_str("resets"),
        Act::Vanish => out.push_str("vanishes"),
        Act::Wait(time) => _ = write!(out, "waits {}", time.0),
        Act::StartTls => out.push_str("starts TLS"),
    }
}

fn print_connect(connect: &Connect, out: &mut String) {
    out.push_str("connects");
    if let Some(protocol) = connect.protocol {
        _ = write!(out, " with {}", protocol.name());
    }
    match connect.over {
        Some(Over::Tcp) => out.push_str(" over tcp"),
        Some(Over::Udp) => out.push_str(" over udp"),
        Some(Over::Tls) => out.push_str(" over tls"),
        None => {}
    }
    if let Some(port) = &connect.port {
        out.push_str(" to port");
        print_word(port, out);
    }
    if let Some(client) = connect.client {
        _ = write!(out, " as client {client}");
    }
}

fn print_alternative(alternative: &Alternative, out: &mut String) {
    print_head(&alternative.head, out);
    if let Some(time) = &alternative.time {
        let lasts = matches!(alternative.head, Head::Silent | Head::StaysOpen);
        _ = write!(out, " {} {}", if lasts { "for" } else { "within" }, time.0);
    }
}

fn print_head(head: &Head, out: &mut String) {
    let mut with_test = |said: String, test: &Option<Test>| {
        out.push_str(&said);
        print_test(test, out);
    };
    match head {
        Head::Closes => out.push_str("closes"),
        Head::Resets => out.push_str("resets"),
        Head::Refuses => out.push_str("refuses"),
        Head::Silent => out.push_str("is silent"),
        Head::StaysOpen => out.push_str("stays open"),
        Head::Anything => out.push_str("anything"),
        Head::Reply(reply, enhanced, test) => {
            with_test(code(*reply) + &enhanced.map(enhanced_code).unwrap_or_default(), test);
        }
        Head::Status(is_ok, is_multi_line, test) => {
            let multi_line = if *is_multi_line { " multi-line" } else { "" };
            with_test(format!("{}{multi_line}", if *is_ok { "+OK" } else { "-ERR" }), test);
        }
        Head::Tagged(tag, condition, test) => {
            let mut said = String::new();
            print_word(tag, &mut said);
            with_test(format!("{} {condition}", said.trim_start()), test);
        }
        Head::Untagged(name, test) => with_test(format!("* {name}"), test),
        Head::Continuation(test) => with_test("+".to_owned(), test),
        Head::Response(status, method) => {
            let to = method.as_ref().map(|method| format!(" to {method}"));
            _ = write!(out, "status {}{}", code(*status), to.unwrap_or_default());
        }
        Head::Rcode(rcode) => _ = write!(out, "rcode {rcode}"),
        Head::Command(name, test) => with_test(format!("command {name}"), test),
        Head::Mail => out.push_str("message"),
        Head::Request(method, test) => with_test(format!("request {method}"), test),
        Head::Query(name, kind) => {
            out.push_str("query");
            if let Some(name) = name {
                print_word(name, out);
            }
            if let Some(kind) = kind {
                _ = write!(out, " {kind}");
            }
        }
    }
}

fn code(pattern: CodePattern) -> String {
    pattern.0.iter().map(|digit| digit.map_or('x', |digit| char::from(b'0' + digit.min(9)))).collect()
}

fn enhanced_code(pattern: EnhancedPattern) -> String {
    let part = |part: Option<u16>| part.map_or("x".to_owned(), |part| part.to_string());
    let [class, subject, detail] = pattern.0.map(part);
    format!(" {class}.{subject}.{detail}")
}

fn print_details(details: &[Detail], out: &mut String) {
    for detail in details {
        out.push_str(INDENT);
        out.push_str(match detail.quantity {
            Quantity::Some => "",
            Quantity::No => "no ",
            Quantity::Count(..) => "count ",
        });
        out.push_str(&detail.part);
        detail.arguments.iter().for_each(|argument| print_word(argument, out));
        print_test(&detail.test, out);
        if let Quantity::Count(comparison, count) = detail.quantity {
            _ = write!(out, " {} {count}", Comparison::sign(comparison));
        }
        if let Some(capture) = &detail.capture {
            _ = write!(out, " as {capture}");
        }
        out.push('\n');
    }
}

fn print_test(test: &Option<Test>, out: &mut String) {
    match test {
        None => {}
        Some(Test::Is(text)) => print_string(text, out),
        Some(Test::Matches(expression)) => _ = write!(out, " /{}/", escape_slashes(expression)),
        Some(Test::Compares(comparison, number)) => {
            _ = write!(out, " {}", comparison.sign());
            print_word(number, out);
        }
    }
}

/// Slashes with a backslash before them, whatever stands before that.
fn escape_slashes(expression: &str) -> String {
    expression.replace('/', "\\/")
}

fn print_message(message: &Message, out: &mut String) {
    match &message.kind {
        MessageKind::Query(name, kind, class) => {
            out.push_str("query");
            print_word(name, out);
            _ = write!(out, " {kind}");
            if class.0 != 1 {
                _ = write!(out, " {class}");
            }
        }
        MessageKind::Response(rcode) => _ = write!(out, "response {rcode}"),
        MessageKind::Octets(octets) => {
            out.push_str("octets");
            print_string(octets, out);
        }
    }
    out.push('\n');
    for Field { name, values } in &message.fields {
        _ = write!(out, "{INDENT}{name}");
        for value in values {
            match value {
                Value::Word(text) => print_word(text, out),
                Value::String(text) => print_string(text, out),
            }
        }
        out.push('\n');
    }
}

fn print_string(text: &Text, out: &mut String) {
    out.push_str(" \"");
    text.print(out, true);
    out.push('"');
}

/// A text as a word: what would end it or make it another kind of word is escaped.
fn print_word(text: &Text, out: &mut String) {
    if text.pieces().is_empty() {
        return print_string(text, out);
    }
    out.push(' ');
    for (at, piece) in text.pieces().iter().enumerate() {
        let mut printed = String::new();
        Text(vec![piece.clone()]).print(&mut printed, false);
        if matches!(piece, Piece::Octets(_)) {
            printed = printed.replace(' ', "\\x20");
            if at == 0 && printed.starts_with(['/', '"']) {
                printed = format!("\\x{:02x}{}", printed.as_bytes()[0], &printed[1..]);
            }
        }
        out.push_str(&printed);
    }
}
