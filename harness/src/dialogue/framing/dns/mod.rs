//! DNS: messages over UDP and TCP (RFC 1035 section 4, RFC 7766 section 8, RFC 6891).

mod codes;
mod data;
mod draft;
mod message;
mod name;
mod stream;

pub use codes::{Class, Kind, Opcode, Rcode};
pub use data::Data;
pub use draft::{Draft, DraftName, DraftRecord};
pub use message::{Flag, Message, Question, Record};
pub use name::{Name, NameError};
pub use stream::{MessageReader, framed};
