//! What a target answered, without what RFCs leave open.

use std::collections::BTreeSet;
use std::fmt;

use crate::target::{CallOutput, Errno, SocketCall};
use crate::wire::{Header, Packet, TcpFlags};

/// One thing that a target did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// A segment: what it is, and its numbers counted from the initial ones where they are known.
    Segment(Kind, u32, u32),
    /// An ICMP message: type and code.
    Icmp(u8, u8),
    /// A UDP datagram.
    Udp,
    /// A call succeeded, gave data, or gave the end of the stream.
    Succeeded,
    Data,
    EndOfStream,
    /// A call did not succeed.
    Failed(i32),
}

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Reset,
    Syn,
    SynAck,
    Fin,
    /// A plain acknowledgment.
    Ack,
}

impl Answer {
    /// What a datagram is; `None` if it is one that may be sent at another time as well. `initial` are the initial
    /// numbers of target and tester, where they are known.
    pub(super) fn of_datagram(octets: &[u8], initial: (Option<u32>, Option<u32>)) -> Option<Answer> {
        let parsed = Packet::parse(octets, None);
        Some(match parsed.packet.headers.last()? {
            Header::Tcp(tcp) => {
                let has = |flag| tcp.flags.contains(flag);
                let kind = match () {
                    () if has(TcpFlags::RST) => Kind::Reset,
                    () if has(TcpFlags::SYN) && has(TcpFlags::ACK) => Kind::SynAck,
                    () if has(TcpFlags::SYN) => Kind::Syn,
                    () if has(TcpFlags::FIN) => Kind::Fin,
                    () if !parsed.packet.payload.is_empty() => return None,
                    () => Kind::Ack,
                };
                let sequence = match kind {
                    // Where its FIN stands depends on what of its data it has sent.
                    Kind::Fin | Kind::Syn | Kind::SynAck => 0,
                    _ => tcp.sequence.wrapping_sub(initial.0.unwrap_or(0)),
                };
                let acknowledgment = match kind {
                    Kind::Fin => 0,
                    _ if has(TcpFlags::ACK) => tcp.acknowledgment.wrapping_sub(initial.1.unwrap_or(0)),
                    _ => 0,
                };
                Answer::Segment(kind, sequence, acknowledgment)
            }
            Header::Udp(_) => Answer::Udp,
            Header::Icmpv4(icmp) => Answer::Icmp(icmp.kind, icmp.code),
            Header::Icmpv6(icmp) => Answer::Icmp(icmp.kind, icmp.code),
            _ => return None,
        })
    }

    /// What a call gave.
    pub(super) fn of_call(call: &SocketCall, result: Result<i64, Errno>, output: &CallOutput) -> Answer {
        match (call, result, output) {
            (_, Err(Errno(error)), _) => Answer::Failed(error),
            (SocketCall::Recv { .. }, Ok(0), _) => Answer::EndOfStream,
            (_, Ok(_), CallOutput::Data(_) | CallOutput::Message { .. }) => Answer::Data,
            (_, Ok(_), _) => Answer::Succeeded,
        }
    }

    /// The same without its numbers.
    fn name(&self) -> String {
        match self {
            Answer::Segment(Kind::Reset, ..) => "RST".into(),
            Answer::Segment(Kind::Syn, ..) => "SYN".into(),
            Answer::Segment(Kind::SynAck, ..) => "SYN-ACK".into(),
            Answer::Segment(Kind::Fin, ..) => "FIN".into(),
            Answer::Segment(Kind::Ack, ..) => "ACK".into(),
            Answer::Icmp(kind, code) => format!("ICMP type {kind} code {code}"),
            Answer::Udp => "a UDP datagram".into(),
            Answer::Succeeded => "success".into(),
            Answer::Data => "data".into(),
            Answer::EndOfStream => "end of stream".into(),
            Answer::Failed(error) => crate::fuzzing::triage::error_name(*error),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        match self {
            Answer::Segment(Kind::Reset | Kind::Ack, sequence, acknowledgment) => {
                write!(f, " {sequence} ack {acknowledgment}")
            }
            Answer::Segment(Kind::SynAck, _, acknowledgment) => write!(f, " ack {acknowledgment}"),
            _ => Ok(()),
        }
    }
}

/// Answers as text: their names, and their numbers if these are all that differs from `others`.
pub(super) fn told(answers: &BTreeSet<Answer>, others: &BTreeSet<Answer>) -> String {
    let names = |answers: &BTreeSet<Answer>| answers.iter().map(Answer::name).collect::<BTreeSet<String>>();
    if answers.is_empty() {
        return "nothing".into();
    }
    let list =
        if names(answers) == names(others) { answers.iter().map(Answer::to_string).collect() } else { names(answers) };
    list.into_iter().collect::<Vec<_>>().join(", ")
}
