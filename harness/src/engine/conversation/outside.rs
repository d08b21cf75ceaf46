//! What a dialogue does and checks outside its conversation: shell commands, and what the target's definition offers.

use std::time::Duration;

use super::run::{Run, Stopped, stopped, unjudgeable};
use super::{matching, telling};
use crate::dialogue::print_check;
use crate::dialogue::tree::Check;
use crate::engine::outcome::{Blame, Failure, FailureKind};
use crate::engine::run::Interrupt;
use crate::trace::TraceEventKind;

/// How often what a dialogue checks is looked at again while it does not hold, in microseconds.
const CHECK_SLICE: u64 = 250_000;

impl Run<'_> {
    /// Runs a shell command, which must end with status 0.
    pub(super) fn command(&mut self, command: &str) -> Result<(), Stopped> {
        let interrupt = self.interrupt.clone();
        let go_on = || !interrupt.as_ref().is_some_and(Interrupt::is_interrupted);
        let result = self.tester.target().command(command, &[], &go_on);
        self.check_interrupt()?;
        let output = result.map_err(stopped)?;
        let (at, line) = (self.now(), self.tester.line);
        self.tester.trace.note(at, line, TraceEventKind::Command(output.status));
        if output.status == 0 {
            return Ok(());
        }
        Err(Box::new(Failure::of_command(command, &output)))
    }

    /// The items that an action of the target's definition gives.
    pub(super) fn perform(&mut self, name: &str, arguments: &[String]) -> Result<Vec<Vec<u8>>, Stopped> {
        let interrupt = self.interrupt.clone();
        let go_on = || !interrupt.as_ref().is_some_and(Interrupt::is_interrupted);
        let result = self.tester.target().perform(name, arguments, &go_on);
        self.check_interrupt()?;
        result.map_err(stopped)
    }

    /// Looks at what the target's definition tells, again and again until it is as it must be.
    pub(super) fn check(&mut self, check: &Check) -> Result<(), Stopped> {
        let arguments = self.arguments(&check.arguments)?;
        let patience = check.time.as_ref().map_or(0, |time| time.micros());
        let deadline = self.now() + Duration::from_micros(patience);
        loop {
            let items = self.perform(&check.name, &arguments)?;
            match matching::judge_items(&check.details, &items, &self.captures).map_err(unjudgeable)? {
                Ok(captures) => {
                    self.captures = captures;
                    return Ok(());
                }
                Err(mismatch) if self.now() >= deadline => {
                    let message = format!("`check {}` gives something else", check.name);
                    let mut failure = Failure::new(Blame::Target, FailureKind::Check, message);
                    failure.differences = mismatch.differences;
                    failure.expected = Some(print_check(check));
                    failure.actual = Some(match items.len() {
                        0 => "no item".to_owned(),
                        1 => "1 item".to_owned(),
                        count => format!("{count} items"),
                    });
                    let items: Vec<String> =
                        items.iter().map(|item| telling::lines(&check.name, &item[..item.len().min(2_000)])).collect();
                    self.note(&items.join("\n"), true);
                    return Err(Box::new(failure));
                }
                Err(_) => {
                    let next = self.now() + Duration::from_micros(CHECK_SLICE);
                    self.wait_until(deadline.min(next))?;
                }
            }
        }
    }
}
