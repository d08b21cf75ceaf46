//! No TLS: this build has none.

use super::Broken;

/// An end that nobody can make.
#[derive(Debug)]
pub(crate) enum Session {}

impl Session {
    pub(crate) fn client() -> Option<Session> {
        None
    }

    pub(crate) fn server() -> Option<Session> {
        None
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        match *self {}
    }

    pub(crate) fn has_ended(&self) -> bool {
        match *self {}
    }

    pub(crate) fn end(&mut self) {
        match *self {}
    }

    pub(crate) fn receive(&mut self, _octets: &[u8], _plain: &mut Vec<u8>) -> Result<(), Broken> {
        match *self {}
    }

    pub(crate) fn send(&mut self, _plain: &[u8]) {
        match *self {}
    }

    pub(crate) fn outgoing(&mut self, _wire: &mut Vec<u8>) {
        match *self {}
    }
}
