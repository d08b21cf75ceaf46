//! Code blocks, `%{ ... }%`: Python over what the socket under test reports.
//!
//! During the run the engine fetches socket options ([`CodeCollector::wants`]) and hands them over with the block's
//! text; at its end one interpreter runs all blocks in order and in one namespace. A failed assertion is mapped back
//! to its line of the script, with the values that made it fail.

mod failure;
mod interpreter;
mod layout;
mod program;
#[cfg(test)]
mod tests;

pub(crate) use failure::CodeFailure;
pub(crate) use layout::Wanted;

use super::Settings;
use crate::script::Span;
use crate::target::Errno;

/// One block, with what the socket reported at its time.
struct Block {
    span: Span,
    /// Line of the script where the text begins.
    line: u32,
    text: String,
    /// Names and values, as the structures lay them out.
    values: Vec<(&'static str, u64)>,
}

/// The code blocks of one run.
pub(crate) struct CodeCollector {
    command: String,
    /// `code_sockopt`: the name of the option that must be reported.
    needed: String,
    blocks: Vec<Block>,
}

impl CodeCollector {
    /// Collects blocks for the interpreter `code_command`.
    pub(crate) fn new(settings: &Settings) -> Self {
        CodeCollector {
            command: settings.code_command.clone(),
            needed: if settings.code_sockopt.is_empty() { "TCP_INFO".into() } else { settings.code_sockopt.clone() },
            blocks: Vec::new(),
        }
    }

    /// The socket options to fetch for each block, in the order in which [`CodeCollector::add`] takes them.
    pub(crate) fn wants(&self) -> &'static [Wanted] {
        layout::WANTED
    }

    /// The socket option without which no block can run; None if `code_sockopt` names none that blocks can see.
    pub(crate) fn needed(&self) -> Option<&'static Wanted> {
        layout::WANTED.iter().find(|wanted| wanted.name == self.needed)
    }

    /// Adds a block: the place of its event, the event's line, its text, and what each wanted option gave.
    ///
    /// Only the option that `code_sockopt` names (TCP_INFO if it names none) must be there; the names of others
    /// that the socket does not report are unknown to the block.
    pub(crate) fn add(
        &mut self,
        span: Span,
        line: u32,
        text: &str,
        reported: &[Result<Vec<u8>, Errno>],
    ) -> Result<(), CodeFailure> {
        let Some(needed) = self.needed() else {
            return Err(CodeFailure::unknown_option(span, line, &self.needed));
        };
        let mut values = Vec::new();
        for (wanted, reported) in layout::WANTED.iter().zip(reported) {
            match reported {
                Ok(octets) => wanted.read(octets, &mut values),
                Err(errno) if wanted.name == needed.name => {
                    return Err(CodeFailure::not_reported(span, line, needed.name, *errno));
                }
                Err(_) => {}
            }
        }
        self.blocks.push(Block { span, line, text: text.to_owned(), values });
        Ok(())
    }

    /// Runs all blocks; nothing is started if there are none.
    pub(crate) fn finish(&self) -> Result<(), CodeFailure> {
        if self.blocks.is_empty() {
            return Ok(());
        }
        let program = program::write(&self.blocks);
        match interpreter::run(&self.command, &program) {
            Ok(()) => Ok(()),
            Err(fault) => Err(CodeFailure::from_fault(fault, &self.command, &self.blocks)),
        }
    }
}
