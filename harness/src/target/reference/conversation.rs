//! What every server of a stream is to the host: octets in, octets out, and time.

use std::time::Duration;

use super::world::World;
use crate::tls;

/// Where a conversation stands that may begin TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// This build has none.
    Missing,
    Plain,
    /// The handshake is to follow what was answered.
    Starts,
    Inside,
}

impl Default for Tls {
    fn default() -> Self {
        if tls::AVAILABLE { Tls::Plain } else { Tls::Missing }
    }
}

impl Tls {
    /// Whether the handshake follows now; what comes then is inside.
    pub(super) fn start(&mut self) -> bool {
        let starts = *self == Tls::Starts;
        if starts {
            *self = Tls::Inside;
        }
        starts
    }
}

/// One connection of a server.
pub(super) trait Conversation {
    /// The connection is open: the greeting, if the protocol has one.
    fn open(&mut self, _world: &mut World, _out: &mut Vec<u8>) {}

    /// Takes octets up to the end of one command or request, or all of them; says how many. What is not taken is offered
    /// again when the answer is on its way, so that a client that pipelines without reading costs no memory.
    fn take(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> usize;

    /// The client sends no more. All that it sent was taken.
    fn finish(&mut self, _world: &mut World, _out: &mut Vec<u8>) {}

    /// For how long the client may be silent.
    fn patience(&self) -> Duration;

    /// Whether only what is answered makes the client's time begin anew, rather than every octet.
    fn only_answers_count(&self) -> bool {
        false
    }

    /// The client was silent for so long: the last words, if the protocol has some. The conversation is over then.
    fn time_out(&mut self, world: &mut World, out: &mut Vec<u8>);

    /// The connection is gone without an end.
    fn abandon(&mut self, _world: &mut World) {}

    /// Whether nothing more is taken and the connection is to close once everything is sent.
    fn is_over(&self) -> bool;

    /// Whether a TLS handshake is to follow what was sent last. True once.
    fn starts_tls(&mut self) -> bool {
        false
    }
}
