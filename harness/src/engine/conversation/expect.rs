//! What the target must say or do: one of several alternatives, each in its time.

use std::time::Duration;

use super::answer::{Answer, Content};
use super::channel::{Channel, Via};
use super::matching::{self, Mismatch};
use super::reading::Wanted;
use super::run::{Remark, Run, Stopped, unjudgeable};
use super::secured::Secured;
use super::telling;
use crate::dialogue::framing::dns::Message;
use crate::dialogue::framing::http::{AnswerTo, Framing};
use crate::dialogue::print_alternatives;
use crate::dialogue::tree::{Alternative, Head, Over, Party, Protocol, Role};
use crate::engine::outcome::{Blame, Difference, Failure, FailureKind};
use crate::target::Clock;
use crate::tester::{Peer, Schedule};
use crate::time::Instant;

/// An answer may take so long if nobody says otherwise.
const USUAL: Duration = Duration::from_secs(10);
/// What the tester said may take so long to be sent, before the time of an answer begins.
const SENDING: Duration = Duration::from_secs(60);

/// What is known of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is not open yet.
    Opening,
    Open,
    /// The target has closed it.
    Closed,
    Reset,
    Refused,
    /// The target acknowledges nothing any more.
    Unanswered,
}

impl Run<'_> {
    /// Waits for what the target must say or do.
    pub(super) fn expect(&mut self, party: Party, alternatives: &[Alternative]) -> Result<(), Stopped> {
        let connection = party.connection;
        self.begin(connection)?;
        if self.channels.get(&connection).is_some_and(|channel| channel.over == Over::Tls) {
            self.open(connection)?;
        }
        if self.channels.get(&connection).is_some_and(|channel| channel.is_over) {
            return Ok(());
        }
        let mut wanted = Wanted::of(alternatives, &self.captures);
        if let Some(channel) = self.channels.get_mut(&connection) {
            wanted.to = answers_to(alternatives, channel);
            channel.reading.expect(wanted);
        }
        let began = self.now();
        Waiting { run: self, party, connection, alternatives, since: began, began, begun: 0 }.wait()
    }
}

/// One expectation that is not met yet.
struct Waiting<'r, 'a, 'd> {
    run: &'r mut Run<'a>,
    party: Party,
    connection: u8,
    alternatives: &'d [Alternative],
    /// When the expectation began.
    began: Instant,
    /// When all that was said before it was sent, and what the schedule holds up had come.
    since: Instant,
    /// Octets of the answer that had come.
    begun: u64,
}

impl Waiting<'_, '_, '_> {
    fn wait(&mut self) -> Result<(), Stopped> {
        loop {
            self.run.claim(self.connection);
            self.run.unseal(self.connection)?;
            let now = self.run.now();
            if self.is_held_up() && now < self.began + SENDING {
                self.since = now;
            }
            if self.takes_answers() {
                if let Some(answer) = self.read()
                    && self.answered(answer)?
                {
                    return Ok(());
                }
            } else if !self.may(|head| *head == Head::StaysOpen)
                && let Some(told) = self.unasked()
            {
                return Err(self.unwanted(&told));
            }
            let state = self.state();
            if !matches!(state, State::Opening | State::Open) {
                return self.ended(state);
            }
            if let Some(head) = self.lasted(now, state) {
                return self.met(head, &print(head), Vec::new());
            }
            match self.next_limit(now) {
                Some(limit) => self.run.wait(limit)?,
                None => return Err(self.missing(state)),
            }
        }
    }

    fn channel(&mut self) -> Option<&mut Channel> {
        self.run.channels.get_mut(&self.connection)
    }

    fn via(&self) -> Via {
        self.run.channels.get(&self.connection).map_or(Via::Nothing, |channel| channel.via)
    }

    /// Whether the way in which the octets are delivered takes time that is not the target's: something that was said
    /// before has not been sent yet, something was lost, or more of an answer came through a tiny window.
    fn is_held_up(&mut self) -> bool {
        let begun = self.channel().map_or(0, |channel| channel.reading.begun());
        let is_tiny = self.run.delivery.schedule == Schedule::TinyWindow;
        let comes = is_tiny && begun > std::mem::replace(&mut self.begun, begun);
        match self.via() {
            Via::Tcp(number) => {
                let tcp = self.run.tester.connection(number);
                comes || tcp.is_some_and(|tcp| tcp.was_opened() && !tcp.is_through())
            }
            _ => false,
        }
    }

    fn may(&self, wanted: impl Fn(&Head) -> bool) -> bool {
        self.alternatives.iter().any(|alternative| wanted(&alternative.head))
    }

    fn takes_answers(&self) -> bool {
        self.may(|head| !is_event(head))
    }

    fn state(&mut self) -> State {
        match self.via() {
            Via::Nothing => State::Opening,
            Via::Udp(ends) if self.run.tester.is_unreachable(ends) => State::Refused,
            Via::Udp(_) => State::Open,
            Via::Tcp(_) if self.has_ended_inside() => State::Closed,
            Via::Tcp(number) => match self.run.tester.connection(number) {
                None => State::Opening,
                Some(tcp) if tcp.was_opened() && tcp.has_finished() => State::Closed,
                Some(tcp) => match (tcp.peer(), tcp.was_opened()) {
                    (Peer::Reset(_), false) => State::Refused,
                    (Peer::Reset(_), true) => State::Reset,
                    (Peer::Silent(_), _) => State::Unanswered,
                    (_, true) => State::Open,
                    (_, false) => State::Opening,
                },
            },
        }
    }

    /// Whether the target has ended its side of TLS, which closes the connection for what is spoken inside.
    fn has_ended_inside(&self) -> bool {
        let channel = self.run.channels.get(&self.connection);
        channel.and_then(|channel| channel.secured.as_ref()).is_some_and(Secured::has_ended)
    }

    /// The next whole answer, if it is there.
    fn read(&mut self) -> Option<Answer> {
        let speaks_by_id = self.may(|head| matches!(head, Head::Rcode(_) | Head::Anything)) && !self.asks_for_id();
        let role = self.run.role;
        if speaks_by_id && let Some(held) = self.held() {
            return Some(held);
        }
        loop {
            let answer = self.read_one()?;
            let Content::Dns(message) = &answer.content else { return Some(answer) };
            let channel = self.run.channels.get_mut(&self.connection)?;
            if role == Role::Client {
                channel.asked = Some(message.clone());
                return Some(answer);
            }
            let later = channel.queries.iter().skip(1).any(|id| *id == message.id);
            let is_first = channel.queries.front().is_none_or(|id| *id == message.id);
            if !speaks_by_id || is_first || !later {
                return Some(answer);
            }
            // It answers a later query, whose turn comes (RFC 7766 section 6.2.1.1).
            channel.held.push(answer);
        }
    }

    /// An answer that came before its turn.
    fn held(&mut self) -> Option<Answer> {
        let channel = self.run.channels.get_mut(&self.connection)?;
        let id = *channel.queries.front()?;
        let is_its = |answer: &Answer| matches!(&answer.content, Content::Dns(message) if message.id == id);
        let at = channel.held.iter().position(is_its)?;
        Some(channel.held.remove(at))
    }

    fn asks_for_id(&self) -> bool {
        self.alternatives.iter().any(|alternative| alternative.details.iter().any(|detail| detail.part == "id"))
    }

    fn read_one(&mut self) -> Option<Answer> {
        let via = self.via();
        let channel = self.run.channels.get_mut(&self.connection)?;
        match via {
            Via::Nothing => None,
            Via::Udp(_) => {
                let octets = channel.inbox.pop_front()?;
                let content = Content::Dns(Message::parse(&octets));
                Some(Answer { content, size: octets.len() as u64, raw: octets })
            }
            Via::Tcp(number) => {
                if let Some(secured) = &mut channel.secured {
                    let (taken, answer) = channel.reading.feed(&secured.plain);
                    secured.plain.drain(..taken);
                    return answer;
                }
                let tcp = self.run.tester.connection(number)?;
                let (taken, answer) = channel.reading.feed(tcp.received());
                tcp.take(taken);
                answer
            }
        }
    }

    /// What came although nothing was to come.
    fn unasked(&mut self) -> Option<String> {
        let party = self.run.party(self.connection, true);
        if let Some(answer) = self.read_one() {
            return Some(answer.told(&party));
        }
        let begun = self.channel()?.reading.begun_octets();
        (!begun.is_empty()).then(|| telling::lines(&party, begun))
    }

    /// A whole answer came: whether it is one of those that may.
    fn answered(&mut self, answer: Answer) -> Result<bool, Stopped> {
        let now = self.run.now();
        let mut mismatches = Vec::new();
        let mut late = None;
        for alternative in self.alternatives.iter().filter(|alternative| !is_event(&alternative.head)) {
            let judged = matching::judge(alternative, &answer, &self.run.captures).map_err(unjudgeable)?;
            let judged = judged.and_then(|known| match self.wrong_id(&answer) {
                Some(difference) => Err(Mismatch { differences: vec![difference], is_form: false }),
                None => Ok(known),
            });
            match judged {
                Ok(_) if now > self.limit(alternative) => late = Some(self.limit(alternative)),
                Ok(known) => {
                    self.run.captures = known;
                    if self.run.role == Role::Client
                        && let Content::Command(input) = &answer.content
                    {
                        self.tag(input.lines.first().map(Vec::as_slice).unwrap_or_default());
                    }
                    let party = self.run.party(self.connection, true);
                    self.run.note(&answer.told(&party), true);
                    self.taken(&answer);
                    self.remark(answer.essence(), answer.summary());
                    return Ok(true);
                }
                Err(mismatch) => mismatches.push(mismatch),
            }
        }
        if self.may(|head| *head == Head::StaysOpen) {
            return Ok(false);
        }
        let party = self.run.party(self.connection, true);
        self.run.note(&answer.told(&party), true);
        let mut failure = match late {
            Some(limit) => {
                let late = (now.micros_since(limit) as f64 / 1e6).max(0.001);
                self.failure(FailureKind::Timing, format!("the {} comes {late:.3} s too late", self.noun()))
            }
            None => self.differs(mismatches),
        };
        failure.actual = Some(format!("{party}: {}", answer.summary()));
        Err(failure)
    }

    fn differs(&self, mismatches: Vec<Mismatch>) -> Stopped {
        let noun = self.noun();
        let form = mismatches.iter().find(|mismatch| mismatch.is_form);
        let is_only = mismatches.len() == 1;
        let Some(best) = form.or(mismatches.iter().min_by_key(|mismatch| mismatch.differences.len())) else {
            return self.failure(FailureKind::Answer, format!("the {noun} is not what may come"));
        };
        let mut fields: Vec<&str> = best.differences.iter().map(|difference| difference.field.as_str()).collect();
        fields.dedup();
        let mut failure = match (form, is_only) {
            (Some(_), _) => {
                let defect = best.differences.first().map_or("", |difference| difference.actual.as_str());
                self.failure(FailureKind::Malformed, format!("the {noun} is malformed: {defect}"))
            }
            (None, true) => self.failure(FailureKind::Answer, format!("the {noun} differs in {}", fields.join(", "))),
            (None, false) => self.failure(FailureKind::Answer, format!("the {noun} is none of those that may come")),
        };
        if is_only || form.is_some() {
            failure.differences = best.differences.clone();
        } else {
            // Of each alternative what it wants first.
            let firsts = mismatches.iter().filter_map(|mismatch| mismatch.differences.first());
            failure.differences = firsts.cloned().collect();
            failure.differences.dedup();
        }
        failure
    }

    /// A response must have the ID of its query (RFC 1035 section 4.1.1) unless the dialogue speaks of it.
    fn wrong_id(&self, answer: &Answer) -> Option<Difference> {
        let Content::Dns(message) = &answer.content else { return None };
        let channel = self.run.channels.get(&self.connection)?;
        let id = *channel.queries.front()?;
        let is_wrong = self.run.role == Role::Server && id != message.id && !self.asks_for_id();
        is_wrong.then(|| Difference {
            field: "ID".to_owned(),
            expected: id.to_string(),
            actual: message.id.to_string(),
        })
    }

    /// The tag of an IMAP command is known from now on.
    fn tag(&mut self, line: &[u8]) {
        if self.run.channels.get(&self.connection).is_some_and(|channel| channel.protocol == Protocol::Imap) {
            let tag = line.split(|octet| *octet == b' ').next().unwrap_or_default();
            self.run.captures.insert("tag".to_owned(), tag.to_vec());
        }
    }

    /// Notes which of the tester's questions this has answered.
    fn taken(&mut self, answer: &Answer) {
        let Some(channel) = self.channel() else { return };
        channel.is_refused = match &answer.content {
            Content::Reply(reply) => reply.code.is_some_and(|code| code >= 400),
            Content::Status(response) => response.is_ok == Some(false),
            Content::Responses(found) => {
                found.last.as_ref().is_some_and(|last| matches!(last.name().as_str(), "NO" | "BAD"))
            }
            _ => false,
        };
        match &answer.content {
            Content::Response { last, .. } if !last.is_interim() => channel.requests.answered(),
            Content::Dns(_) => _ = channel.queries.pop_front(),
            _ => {}
        }
    }

    /// The connection has ended, or never began.
    fn ended(&mut self, state: State) -> Result<(), Stopped> {
        // What the end of the connection completes was an answer.
        if self.takes_answers()
            && let Some(answer) = self.channel().and_then(|channel| channel.reading.end())
        {
            let until_close =
                matches!(&answer.content, Content::Response { last, .. } if last.message.framing == Framing::Close);
            if state == State::Reset && until_close {
                let party = self.run.party(self.connection, true);
                self.run.note(&answer.told(&party), true);
                let mut failure = self.failure(
                    FailureKind::Connection,
                    "the target resets the connection within content that only its closing ends".to_owned(),
                );
                failure.actual = Some(format!("{party}: {}", answer.summary()));
                return Err(failure);
            }
            if self.answered(answer)? {
                return Ok(());
            }
        }
        let (told, said) = match state {
            State::Closed => ("closes", "the target closes the connection"),
            State::Reset => ("resets", "the target resets the connection"),
            State::Refused => ("refuses", "the target refuses the connection"),
            _ => ("acknowledges nothing", "the target acknowledges nothing any more"),
        };
        let party = self.run.party(self.connection, true);
        let now = self.run.now();
        let is_met = |alternative: &&Alternative| {
            matches!(
                (&alternative.head, state),
                (Head::Closes, State::Closed) | (Head::Resets, State::Reset) | (Head::Refuses, State::Refused)
            )
        };
        let fitting = self.alternatives.iter().find(is_met);
        if let Some(alternative) = fitting
            && now <= self.limit(alternative)
        {
            // Which of the two it is may depend on what was still unread.
            let either = self.may(|head| *head == Head::Closes) && self.may(|head| *head == Head::Resets);
            let essence = if either { "the connection ends" } else { told };
            if let Some(channel) = self.channel() {
                channel.is_over = true;
            }
            return self.met(&alternative.head, &format!("{party} {told}"), vec![essence.to_owned()]);
        }
        self.run.note(&format!("{party} {told}"), true);
        let mut failure = match fitting {
            Some(alternative) => {
                let late = now.micros_since(self.limit(alternative)) as f64 / 1e6;
                self.failure(FailureKind::Timing, format!("{said}, but {late:.3} s too late"))
            }
            None if state == State::Unanswered => self.failure(FailureKind::Missing, said.to_owned()),
            None => self.failure(FailureKind::Connection, said.to_owned()),
        };
        failure.actual = Some(format!("{party} {told}"));
        Err(failure)
    }

    /// What had to last, and has.
    fn lasted(&mut self, now: Instant, state: State) -> Option<&'static Head> {
        let begun = self.channel().map_or(0, |channel| channel.reading.begun());
        let is_there = state == State::Open || self.run.role == Role::Client;
        let lasted = |wanted: &Head| {
            let of_it = |alternative: &&Alternative| alternative.head == *wanted && now >= self.limit(alternative);
            self.alternatives.iter().any(|alternative| of_it(&alternative))
        };
        if lasted(&Head::Silent) && begun == 0 && is_there {
            return Some(&Head::Silent);
        }
        (lasted(&Head::StaysOpen) && state == State::Open).then_some(&Head::StaysOpen)
    }

    /// When an alternative is no longer possible, or has lasted long enough.
    fn limit(&self, alternative: &Alternative) -> Instant {
        let time = alternative.time.as_ref().map_or(USUAL, |time| Duration::from_micros(time.micros()));
        // What lasts is over at its time; what comes on a real clock is seen a little later than it came.
        let is_real = self.run.clock == Clock::Real && !matches!(alternative.head, Head::Silent | Head::StaysOpen);
        let grace = if is_real { Duration::from_millis(50) } else { Duration::ZERO };
        self.since + time + grace
    }

    fn next_limit(&self, now: Instant) -> Option<Instant> {
        self.alternatives.iter().map(|alternative| self.limit(alternative)).filter(|limit| *limit > now).min()
    }

    /// An event is as it must be.
    fn met(&mut self, head: &Head, told: &str, essence: Vec<String>) -> Result<(), Stopped> {
        self.run.note(told, true);
        let essence = essence.into_iter().next().unwrap_or_else(|| print(head));
        self.remark(essence, told.to_owned());
        Ok(())
    }

    fn remark(&mut self, essence: String, summary: String) {
        let line = self.run.tester.line;
        self.run.transcript.0.push(Remark { line, essence, summary });
    }

    /// Nothing came that may.
    fn missing(&mut self, state: State) -> Stopped {
        let party = self.run.party(self.connection, true);
        let noun = self.noun();
        let begun = self
            .channel()
            .map_or((0, Vec::new()), |channel| (channel.reading.begun(), channel.reading.begun_octets().to_vec()));
        let waited = self.run.now().micros_since(self.since) as f64 / 1e6;
        let message = match (begun.0, state) {
            (0, State::Opening) if self.run.role == Role::Client => {
                format!("the target opens no connection within {waited:.3} s")
            }
            (0, State::Opening) => format!("the target does not answer the tester's SYN within {waited:.3} s"),
            (0, _) if self.takes_answers() => format!("no {noun} comes within {waited:.3} s"),
            (0, _) => format!("the connection is still open after {waited:.3} s"),
            (octets, _) => format!("the {noun} has no end: {octets} octets of it came within {waited:.3} s"),
        };
        if begun.0 > 0 {
            self.run.note(&telling::lines(&party, &begun.1), true);
        }
        let mut failure = self.failure(FailureKind::Missing, message);
        failure.actual = Some("nothing".to_owned()).filter(|_| begun.0 == 0);
        failure
    }

    fn unwanted(&mut self, told: &str) -> Stopped {
        self.run.note(told, true);
        let message = if self.may(|head| *head == Head::Silent) {
            "the target says something where it must be silent"
        } else {
            "the target says something before its connection ends"
        };
        let mut failure = self.failure(FailureKind::Unwanted, message.to_owned());
        failure.actual = told.lines().next().map(str::to_owned);
        failure
    }

    fn failure(&self, kind: FailureKind, message: String) -> Stopped {
        let mut failure = Failure::new(Blame::Target, kind, message);
        failure.expected = Some(print_alternatives(self.party, self.alternatives));
        Box::new(failure)
    }

    /// What is waited for.
    fn noun(&self) -> &'static str {
        let protocol = self.run.channels.get(&self.connection).map_or(self.run.protocol, |channel| channel.protocol);
        match (self.run.role, protocol) {
            (Role::Server, Protocol::Smtp) => "reply",
            (Role::Server, _) => "response",
            (Role::Client, Protocol::Http) => "request",
            (Role::Client, Protocol::Dns) => "query",
            (Role::Client, _) => "command",
        }
    }
}

/// The method that a response answers: what the dialogue says, else that of the tester's own request.
fn answers_to(alternatives: &[Alternative], channel: &Channel) -> AnswerTo {
    let said = alternatives.iter().find_map(|alternative| match &alternative.head {
        Head::Response(_, method) => method.as_deref(),
        _ => None,
    });
    said.map_or(channel.requests.next(), |method| AnswerTo::method(method.as_bytes()))
}

fn is_event(head: &Head) -> bool {
    matches!(head, Head::Closes | Head::Resets | Head::Refuses | Head::Silent | Head::StaysOpen)
}

fn print(head: &Head) -> String {
    crate::dialogue::print_answer(head)
}
