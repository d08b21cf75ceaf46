//! Messages over TCP: two octets of length before each (RFC 1035 section 4.2.2, RFC 7766 section 8).

use super::Message;
use crate::dialogue::framing::{Fed, Flaw, Reader};

/// Reads messages off a connection.
#[derive(Clone, Debug, Default)]
pub struct MessageReader {
    /// The length and the message so far.
    octets: Vec<u8>,
}

/// A message with the length that goes before it; another one than its own where that is forced.
pub fn framed(message: &[u8], forced: Option<u16>) -> Vec<u8> {
    let length = forced.unwrap_or(u16::try_from(message.len()).unwrap_or(u16::MAX));
    [&length.to_be_bytes(), message].concat()
}

impl Reader for MessageReader {
    type Message = Message;

    fn feed(&mut self, octets: &[u8]) -> Fed<Message> {
        let mut taken = 0;
        loop {
            let wanted = match self.octets.get(..2) {
                None => 2,
                Some(length) => 2 + usize::from(u16::from_be_bytes([length[0], length[1]])),
            };
            let missing = (wanted - self.octets.len()).min(octets.len() - taken);
            self.octets.extend_from_slice(&octets[taken..taken + missing]);
            taken += missing;
            if self.octets.len() < wanted {
                return Fed::more(octets);
            }
            if self.octets.len() > 2 || wanted == 2 && self.octets == [0, 0] {
                let message = Message::parse(&self.octets[2..]);
                self.octets.clear();
                return Fed { taken, message: Some(message) };
            }
        }
    }

    fn end(&mut self) -> Option<Message> {
        if self.octets.is_empty() {
            return None;
        }
        let mut message = Message::parse(self.octets.get(2..).unwrap_or_default());
        message.defects.add(Flaw::Incomplete, self.octets.len() as u64);
        self.octets.clear();
        Some(message)
    }
}
