//! One connection of a dialogue, as the tester's end knows it.

use std::collections::VecDeque;

use super::answer::Answer;
use super::reading::Reading;
use super::secured::Secured;
use crate::dialogue::framing::Reader;
use crate::dialogue::framing::dns;
use crate::dialogue::framing::http::{AnswerTo, RequestReader};
use crate::dialogue::tree::{Connect, Over, Protocol, Role};
use crate::tester::Ends;

/// A connection of a dialogue.
#[derive(Debug)]
pub(super) struct Channel {
    pub protocol: Protocol,
    pub over: Over,
    /// Port of the server's end.
    pub port: u16,
    /// Address of the client's end, by the client's number.
    pub client: u8,
    pub via: Via,
    pub reading: Reading,
    /// An alternative has ended it: what else the dialogue says of it does not apply.
    pub is_over: bool,
    /// The tester reads no more of it.
    pub is_left: bool,
    /// What the tester has asked on it in HTTP.
    pub requests: Requests,
    /// What the tester has asked on it in DNS and nobody has answered yet.
    pub queries: VecDeque<u16>,
    /// Answers to queries whose turn has not come.
    pub held: Vec<Answer>,
    /// The last query of a client in DNS.
    pub asked: Option<dns::Message>,
    /// Datagrams that came.
    pub inbox: VecDeque<Vec<u8>>,
    /// What the target answered last was a refusal.
    pub is_refused: bool,
    /// TLS, where it was started.
    pub secured: Option<Secured>,
}

/// How its octets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// Nobody has opened it yet.
    Nothing,
    /// The tester's connection of this number.
    Tcp(usize),
    /// Datagrams with these ends.
    Udp(Ends),
}

impl Channel {
    /// A connection that is to be opened like this.
    pub(super) fn new(connect: &Connect, protocol: Protocol, role: Role, port: u16) -> Self {
        let usual = if protocol == Protocol::Dns { Over::Udp } else { Over::Tcp };
        Channel {
            protocol,
            over: connect.over.unwrap_or(usual),
            port,
            client: connect.client.unwrap_or(1),
            via: Via::Nothing,
            reading: Reading::new(protocol, role),
            is_over: false,
            is_left: false,
            requests: Requests::default(),
            queries: VecDeque::new(),
            held: Vec::new(),
            asked: None,
            inbox: VecDeque::new(),
            is_refused: false,
            secured: None,
        }
    }
}

/// The port at which a protocol is served where nobody says another (RFC 5321 section 4.5.4.2, RFC 9110 section 4.2.1,
/// RFC 1035 section 4.2, RFC 1939 section 3, RFC 9051 section 2.1).
pub(super) fn usual_port(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Smtp => 25,
        Protocol::Http => 80,
        Protocol::Dns => 53,
        Protocol::Pop3 => 110,
        Protocol::Imap => 143,
    }
}

/// The methods of the requests that were sent: the framing of a response depends on that of its own.
#[derive(Debug, Default)]
pub(super) struct Requests {
    reader: RequestReader,
    /// Of whole requests without an answer.
    waiting: VecDeque<Vec<u8>>,
    /// The beginning of a request that is not whole yet.
    begun: Vec<u8>,
    /// That one was answered already.
    was_answered: bool,
}

impl Requests {
    /// Octets of a request's beginning that are kept: more than any method has.
    const MOST_BEGUN: usize = 64;

    /// Takes what the tester says.
    pub(super) fn said(&mut self, octets: &[u8]) {
        let mut at = 0;
        while at < octets.len() {
            let fed = self.reader.feed(&octets[at..]);
            let room = Self::MOST_BEGUN.saturating_sub(self.begun.len()).min(fed.taken);
            self.begun.extend_from_slice(&octets[at..at + room]);
            at += fed.taken;
            if let Some(request) = fed.message {
                self.begun.clear();
                if !std::mem::take(&mut self.was_answered) {
                    self.waiting.push_back(request.method);
                }
            }
        }
    }

    /// What the next response answers.
    pub(super) fn next(&self) -> AnswerTo {
        let begun = self.begun.trim_ascii_start().split(|octet| *octet == b' ').next().unwrap_or_default();
        AnswerTo::method(self.waiting.front().map_or(begun, Vec::as_slice))
    }

    /// A final response has come.
    pub(super) fn answered(&mut self) {
        if self.waiting.pop_front().is_none() && !self.begun.is_empty() {
            self.was_answered = true;
        }
    }
}

/// Places inside every token and between the two octets of CRLF, at which the schedule `cut` cuts.
pub(super) fn cuts(octets: &[u8], protocol: Protocol) -> Vec<u64> {
    if protocol == Protocol::Dns {
        // Inside the length, and every three octets: labels are no longer.
        return (1..octets.len() as u64).filter(|at| *at == 1 || at % 3 == 2).collect();
    }
    let mut cuts = Vec::new();
    let mut start = None;
    for (at, octet) in octets.iter().enumerate() {
        if octet.is_ascii_alphanumeric() {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take()
            && at - start > 1
        {
            cuts.push((start + at) as u64 / 2);
        }
        if *octet == b'\n' && at > 0 && octets[at - 1] == b'\r' {
            cuts.push(at as u64);
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_ends_of_lines_are_cut() {
        assert_eq!(cuts(b"GET / HTTP/1.1\r\n\r\n", Protocol::Http), [1, 8, 15, 17]);
        assert_eq!(cuts(&[0, 6, 1, 2, 3, 4, 5, 6], Protocol::Dns), [1, 2, 5]);
    }

    #[test]
    fn a_response_answers_the_request_that_was_first() {
        let mut requests = Requests::default();
        requests.said(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo");
        assert_eq!(requests.next(), AnswerTo::Head);
        requests.answered();
        assert_eq!(requests.next(), AnswerTo::Other);
        // It is answered before it is whole, and not again afterwards.
        requests.answered();
        requests.said(b"st: a\r\n\r\nHEAD / HTTP/1.1\r\n\r\n");
        assert_eq!(requests.next(), AnswerTo::Head);
    }
}
