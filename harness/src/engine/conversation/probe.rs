//! After a stream that ended in its middle the next connection must be served: a plain conversation of each protocol.

use super::missing::protocol;
use super::run::{Run, Stopped};
use crate::dialogue::tree::{Act, Action, Dialogue, Over, Protocol};
use crate::dialogue::{self, Captures};
use crate::engine::outcome::FailureKind;
use crate::tester::{Delivery, Schedule};

/// The plainest conversation of a protocol that a right server can only answer.
fn text(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Smtp => "//@ protocol: smtp\nS: 220\nC: EHLO client.example\nS: 250\nC: QUIT\nS: 221\n",
        Protocol::Http => {
            "//@ protocol: http\nC: GET / HTTP/1.1\nC: Host: server.example\nC: Connection: close\nC:\nS: anything\n"
        }
        Protocol::Dns => {
            "//@ protocol: dns\nC connects over tcp\nC: query . SOA\nS: anything\nC2: query . SOA\nS2: anything\n"
        }
        Protocol::Pop3 => "//@ protocol: pop3\nS: +OK\nC: QUIT\nS: +OK\n",
        Protocol::Imap => "//@ protocol: imap\nS: * OK\nC: a1 NOOP\nS: a1 OK\nC: a2 LOGOUT\nS: a2 OK\n",
    }
}

impl Run<'_> {
    /// Speaks the plain conversation on connections of its own, beside those that are left as they are.
    pub(super) fn probe(&mut self, aborted: &Dialogue) -> Result<(), Stopped> {
        let Ok(probe) = dialogue::Input::new(text(protocol(aborted))).parse() else { return Ok(()) };
        let schedule = self.delivery.schedule;
        self.delivery = Delivery { schedule: Schedule::Whole, ..self.delivery };
        self.channels.clear();
        self.captures = Captures::new();
        self.is_probing = true;
        self.note("(the next connection)", false);
        self.steps(&probe).map_err(|mut failure| {
            if failure.kind.is_of_target() && failure.kind != FailureKind::Gone {
                failure.kind = FailureKind::Transport;
            }
            failure.message = format!("after {schedule} the next connection is not served: {}", failure.message);
            failure
        })
    }
}

/// Whether a dialogue has a stream that can be delivered in one way or another.
pub fn has_streams(dialogue: &Dialogue) -> bool {
    writes(dialogue) > 0
}

/// How many writes the tester makes on TCP.
pub(super) fn writes(dialogue: &Dialogue) -> u32 {
    let usual = if protocol(dialogue) == Protocol::Dns { Over::Udp } else { Over::Tcp };
    let mut over = std::collections::BTreeMap::new();
    let (mut writes, mut before) = (0, None);
    for step in &dialogue.steps {
        let now = match &step.action {
            Action::Say(party, _) => Some((party.connection, true)),
            Action::Send(party, _) => Some((party.connection, false)),
            Action::Act(party, Act::Connect(connect)) => {
                let usual =
                    if connect.protocol.unwrap_or(protocol(dialogue)) == Protocol::Dns { Over::Udp } else { Over::Tcp };
                over.insert(party.connection, connect.over.unwrap_or(usual));
                None
            }
            _ => None,
        };
        if let Some((connection, is_line)) = now
            && *over.get(&connection).unwrap_or(&usual) != Over::Udp
            && !(is_line && before == now)
        {
            writes += 1;
        }
        before = now;
    }
    writes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_can_be_read() {
        for (_, protocol) in Protocol::NAMES {
            let read = dialogue::Input::new(text(protocol)).parse();
            assert!(read.as_ref().is_ok_and(|dialogue| dialogue::lint(dialogue).is_empty()), "{read:?}");
        }
    }

    #[test]
    fn writes_are_lines_that_are_said_together() {
        let count = |text: &str| writes(&dialogue::Input::new(text).parse().unwrap());
        assert_eq!(count("//@ protocol: smtp\nS: 220\nC: EHLO a\nC: NOOP\nS: 250\nC: QUIT\n"), 2);
        assert_eq!(count("//@ protocol: smtp\nC: EHLO a\nC2: EHLO a\nC: NOOP\n"), 3);
        assert_eq!(count("//@ protocol: dns\nC: query . A\nC2 connects over tcp\nC2: query . A\nC2: query . A\n"), 2);
    }
}
