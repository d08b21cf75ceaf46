//! The tree as text. The words are put one after the other here; [`layout`](super::layout) puts them in their columns.

mod expression;
mod formula;
mod packet;

use std::fmt::Write as _;

use super::layout;
use super::tree::{
    Action, Answer, Assertion, Call, Directive, Event, EventTime, Expectation, Formula, Micros, Script, ScriptOption,
};

/// The script in canonical layout. `parse(print(tree))` is the tree, if the tree is one that parsing can give and none
/// of its own definitions stands for a word in it.
pub fn print(script: &Script) -> String {
    let mut printer = Printer { out: String::new() };
    printer.script(script);
    layout::arrange(&printer.out)
}

/// What the target must send, on one line, without its time.
pub fn print_expectation(expectation: &Expectation) -> String {
    let mut printer = Printer { out: String::new() };
    printer.expectation(expectation);
    printer.out
}

/// Arithmetic, on one line.
pub fn print_formula(formula: &Formula) -> String {
    let mut printer = Printer { out: String::new() };
    printer.formula(formula);
    printer.out
}

/// What is asserted, on one line, with the word `assert`.
pub fn print_assertion(assertion: &Assertion) -> String {
    let mut printer = Printer { out: String::new() };
    printer.assertion(assertion);
    printer.out
}

struct Printer {
    out: String,
}

/// Writing to a string cannot fail, so the result of `write!` is dropped.
macro_rules! put {
    ($printer:expr, $($argument:tt)*) => {{
        let _ = write!($printer.out, $($argument)*);
    }};
}
use put;

impl Printer {
    fn script(&mut self, script: &Script) {
        for Directive { key, value } in &script.directives {
            put!(self, "//@ {}: {}\n", key.node, value.node);
        }
        self.separate();
        for option in &script.options {
            self.option(option);
        }
        self.separate();
        if let Some(command) = &script.init {
            put!(self, "`{}`\n", command.node);
        }
        self.separate();
        for event in &script.events {
            self.event(event);
            self.out.push('\n');
        }
        if let Some(command) = &script.cleanup {
            self.separate();
            put!(self, "`{}`\n", command.node);
        }
    }

    /// An empty line, if anything stands before it.
    fn separate(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn option(&mut self, option: &ScriptOption) {
        put!(self, "--{}", option.name.node);
        if let Some(value) = &option.value {
            let value = &value.node;
            // A definition's value has its own quotes.
            let quotes = value.is_empty()
                || value.starts_with(['"', '`'])
                || value.contains(char::is_whitespace) && !value.contains("=\"") && !value.contains("=`");
            if quotes {
                put!(self, "=\"{value}\"");
            } else {
                put!(self, "={value}");
            }
        }
        self.out.push('\n');
    }

    fn event(&mut self, event: &Event) {
        match event.time {
            EventTime::Absolute(start) => self.seconds(start),
            EventTime::Relative(start) => {
                self.out.push('+');
                self.seconds(start);
            }
            EventTime::Any => self.out.push('*'),
            EventTime::AbsoluteRange(start, end) => {
                self.seconds(start);
                self.out.push('~');
                self.seconds(end);
            }
            EventTime::RelativeRange(start, end) => {
                self.out.push('+');
                self.seconds(start);
                self.out.push_str("~+");
                self.seconds(end);
            }
        }
        match &event.action {
            Action::Inject(packet) => {
                self.out.push_str(" < ");
                self.packet(packet);
            }
            Action::Expect(expectation) => {
                self.out.push(' ');
                self.expectation(expectation);
            }
            Action::Silence { until } => {
                self.out.push_str("...");
                self.seconds(*until);
                self.out.push_str(" silence");
            }
            Action::Assert(assertion) => {
                self.out.push(' ');
                self.assertion(assertion);
            }
            Action::Call(call) => self.call(call),
            Action::Command(command) => put!(self, " `{command}`"),
            Action::Code(code) => put!(self, " %{{ {code} }}%"),
        }
    }

    fn expectation(&mut self, expectation: &Expectation) {
        for (at, answer) in expectation.answers.iter().enumerate() {
            self.out.push_str(if at > 0 { " or " } else { "" });
            match answer {
                Answer::Packet(packet) => {
                    self.out.push_str(if at == 0 && expectation.optional { ">? " } else { "> " });
                    self.packet(packet);
                }
                Answer::Silence => self.out.push_str("silence"),
            }
        }
    }

    /// Seconds with as many decimals as are needed.
    fn seconds(&mut self, micros: Micros) {
        let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
        put!(self, "{whole}");
        if fraction != 0 {
            let digits = format!("{fraction:06}");
            put!(self, ".{}", digits.trim_end_matches('0'));
        }
    }

    fn call(&mut self, call: &Call) {
        if let Some(end) = call.end {
            self.out.push_str("...");
            self.seconds(end);
        }
        put!(self, " {}(", call.name.node);
        self.expressions(&call.arguments);
        self.out.push_str(") = ");
        self.expression(&call.result);
        if let Some(error) = &call.error {
            put!(self, " {}", error.node);
        }
        if let Some(note) = &call.note {
            put!(self, " ({note})");
        }
    }
}
