//! TLS on a connection of a dialogue.

use std::time::Duration;

use super::channel::Via;
use super::run::{Run, Stopped, unsupported};
use crate::dialogue::tree::Role;
use crate::engine::outcome::{Blame, Failure, FailureKind};
use crate::tester::Peer;
use crate::tls::{Broken, Session};

/// A handshake may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is of TLS on a connection.
#[derive(Debug)]
pub(super) struct Secured {
    session: Session,
    /// What came inside and was not read.
    pub(super) plain: Vec<u8>,
    /// What the target breaks TLS with, or its last alert.
    broken: Option<Broken>,
}

impl Secured {
    /// Whether the target has ended what it says inside, and all of it was read.
    pub(super) fn has_ended(&self) -> bool {
        self.session.has_ended() && self.plain.is_empty()
    }

    /// What goes on the wire for these octets.
    pub(super) fn seal(&mut self, octets: &[u8]) -> Vec<u8> {
        self.session.send(octets);
        let mut wire = Vec::new();
        self.session.outgoing(&mut wire);
        wire
    }

    /// Takes what came off the wire.
    fn open(&mut self, octets: &[u8]) {
        if self.broken.is_none() && !octets.is_empty() {
            self.broken = self.session.receive(octets, &mut self.plain).err();
            if self.session.has_ended() {
                // As RFC 5246 section 7.2.1 demands of who hears it; there are servers that wait for it.
                self.session.end();
            }
        }
    }
}

impl Run<'_> {
    /// Starts TLS on a connection, and waits for the end of the handshake. If the target ends the connection instead,
    /// with an alert or without, that is for the next lines to judge.
    pub(super) fn start_tls(&mut self, connection: u8) -> Result<(), Stopped> {
        if self.channels.get(&connection).is_some_and(|channel| channel.is_refused) {
            // The target has not agreed to it: there is no TLS of which the dialogue could go on to speak, and a pass would
            // say that it had.
            self.missing.push("TLS, which the target refuses here".to_owned());
            self.channels.get_mut(&connection).into_iter().for_each(|channel| channel.is_over = true);
            return Ok(());
        }
        let session = match self.role {
            Role::Server => Session::client(),
            Role::Client => Session::server(),
        };
        let session = session.ok_or_else(|| unsupported("TLS"))?;
        let Some(channel) = self.channels.get_mut(&connection) else { return Ok(()) };
        channel.secured = Some(Secured { session, plain: Vec::new(), broken: None });
        let deadline = self.now() + PATIENCE;
        loop {
            self.unseal(connection)?;
            let secured = self.channels.get(&connection).and_then(|channel| channel.secured.as_ref());
            let is_handshaking = secured.is_some_and(|secured| secured.session.is_handshaking());
            if !is_handshaking || self.has_ended(connection) {
                return Ok(());
            }
            if self.now() >= deadline {
                let message = "the TLS handshake is not complete within 10 s".to_owned();
                return Err(Box::new(Failure::new(Blame::Target, FailureKind::Missing, message)));
            }
            self.wait(deadline)?;
        }
    }

    /// Takes what came for a connection with TLS, and sends what TLS has to say.
    ///
    /// # Errors
    /// What came is no TLS.
    pub(super) fn unseal(&mut self, connection: u8) -> Result<(), Stopped> {
        let Some(channel) = self.channels.get_mut(&connection) else { return Ok(()) };
        let (Some(secured), Via::Tcp(number)) = (&mut channel.secured, channel.via) else { return Ok(()) };
        let Some(tcp) = self.tester.connection(number) else { return Ok(()) };
        let octets = tcp.received().to_vec();
        tcp.take(octets.len());
        secured.open(&octets);
        let wire = secured.seal(&[]);
        if !wire.is_empty() {
            tcp.write(&wire, &[]);
        }
        match &secured.broken {
            Some(Broken::Peer(why)) => {
                let message = format!("the target breaks TLS: {why}");
                Err(Box::new(Failure::new(Blame::Target, FailureKind::Malformed, message)))
            }
            _ if wire.is_empty() => Ok(()),
            _ => self.settle(),
        }
    }

    fn has_ended(&mut self, connection: u8) -> bool {
        let Some(Via::Tcp(number)) = self.channels.get(&connection).map(|channel| channel.via) else { return true };
        self.tester.connection(number).is_none_or(|tcp| tcp.has_finished() || !matches!(tcp.peer(), Peer::Open))
    }
}
