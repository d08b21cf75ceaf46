//! Framing: where one answer ends and the next begins, for each protocol.
//!
//! Readers are fed what arrives, in whatever pieces, and give the same messages for the same octets. They accept what is
//! broken and say what is wrong with it ([`Defect`]): to judge an answer it must first be read. They keep a bounded
//! number of octets of a message, however long it becomes, and never panic.

mod defect;
pub mod dns;
pub mod http;
pub mod imap;
mod line;
pub mod pop3;
pub mod smtp;

pub use defect::{Defect, Defects, Flaw};

/// Octets of one message that are kept; of what comes beyond only the number is known.
pub const MOST_KEPT: usize = 1 << 20;

/// Reads one message after the other from what arrives on a connection.
pub trait Reader {
    /// What is read.
    type Message;

    /// Takes octets up to the end of a message, or all of them.
    fn feed(&mut self, octets: &[u8]) -> Fed<Self::Message>;

    /// The peer sends no more: what came of the message so far, if anything came.
    fn end(&mut self) -> Option<Self::Message>;
}

/// What became of octets that a reader was fed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fed<M> {
    /// How many were taken; less than all only where a message ended.
    pub taken: usize,
    /// The message that ended with the last octet taken.
    pub message: Option<M>,
}

impl<M> Fed<M> {
    /// All octets were taken and the message goes on.
    fn more(octets: &[u8]) -> Self {
        Fed { taken: octets.len(), message: None }
    }
}
