//! An authoritative name server (RFC 1035, RFC 2308, RFC 6891, RFC 7766), messages in and messages out. It serves
//! `example.test` and looks up nothing for anybody.
//!
//! `query` reads messages with `name`, `zone` knows the records, `response` writes what was found.

mod name;
mod query;
mod response;
mod zone;

use std::time::Duration;

use self::query::{Edns, Header, Query};
use self::response::{Response, UDP_SIZE};
use self::zone::{ANY, Found, zone};
use super::conversation::Conversation;
use super::deviation::Deviation;
use super::world::World;
use crate::time::Instant;

const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const NOTAUTH: u16 = 9;
const BADVERS: u16 = 16;

const QUERY: u8 = 0;
const NOTIFY: u8 = 4;
const UPDATE: u8 = 5;

const IN: u16 = 1;
const ANY_CLASS: u16 = 255;
/// The transfer of a zone, or of what has changed in it.
const TRANSFERS: [u16; 2] = [251, 252];
const SOA: u16 = zone::SOA;

/// Octets over UDP for a client without EDNS (RFC 1035 section 4.2.1).
const PLAIN_SIZE: u16 = 512;
/// How long a TCP client may take to complete its next query (RFC 7766 section 6.2.3).
const PATIENCE: Duration = Duration::from_secs(60);

/// What a message came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// The response to a message; none where there is nothing that could be answered.
pub(super) fn answer(message: &[u8], transport: Transport, world: &World) -> Option<Vec<u8>> {
    let header = Header::parse(message)?;
    if header.is_response && !world.deviates(Deviation::DnsResponsesAnswered) {
        // Two servers would answer each other for ever.
        return None;
    }
    let query = Query::parse(message, &header, world);
    let silent = [Deviation::DnsFormErrorsSilent, Deviation::DnsPointersUnanswered].map(|way| world.deviates(way));
    if !query.is_sound && silent.contains(&true) {
        return None;
    }
    // Other numbers of questions are refused, and not sent back either: it would make the response as large as the query.
    let questions = if header.counts[0] == 1 && !world.deviates(Deviation::DnsQuestionMissing) {
        query.questions.clone()
    } else {
        Vec::new()
    };
    let mut response = Response { header, questions, ..Response::default() };
    response.edns = match world.deviates(Deviation::DnsOptAlways) {
        true => Some(query.edns.unwrap_or_default()),
        false if world.deviates(Deviation::DnsOptIgnored) => None,
        false => query.edns,
    };
    response.rcode = decide(&query, &mut response, world);
    let most = match transport {
        Transport::Tcp => usize::from(u16::MAX),
        Transport::Udp => usize::from(udp_size(query.edns, world)),
    };
    Some(response.to_octets(most, world))
}

/// Octets that the client takes over UDP; sizes below 512 mean 512 (RFC 6891 section 6.2.3).
fn udp_size(edns: Option<Edns>, world: &World) -> u16 {
    let size = edns.map_or(PLAIN_SIZE, |edns| edns.size);
    match world.deviation {
        Some(Deviation::DnsSizeIgnored) if edns.is_some() => u16::MAX,
        Some(Deviation::DnsSmallSizeTaken) => size.min(UDP_SIZE),
        _ => size.clamp(PLAIN_SIZE, UDP_SIZE),
    }
}

/// The RCODE of a response; fills its sections.
fn decide(query: &Query, response: &mut Response, world: &World) -> u16 {
    let opcode = response.header.opcode;
    if !matches!(opcode, QUERY | NOTIFY | UPDATE) && !world.deviates(Deviation::DnsOpcodeIgnored) {
        return NOTIMP;
    }
    if opcode == NOTIFY && world.deviates(Deviation::DnsNotifyIsQuery) {
        return NOERROR;
    }
    if query.has_options && world.deviates(Deviation::DnsOptionsRefused) {
        return FORMERR;
    }
    let is_text = |label: &Vec<u8>| label.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
    if world.deviates(Deviation::DnsLabelsAreText)
        && !query.questions.iter().all(|question| question.name.0.iter().all(is_text))
    {
        return FORMERR;
    }
    let version = query.edns.map_or(0, |edns| edns.version);
    if query.is_sound && version > 0 && !world.deviates(Deviation::DnsEdnsVersionIgnored) {
        return BADVERS;
    }
    let is_sound = query.is_sound || world.deviates(Deviation::DnsFormUnchecked);
    // Exactly one question (RFC 9619 section 4).
    let question = match &query.questions[..] {
        [question] if is_sound => question,
        [_, ..] if is_sound && world.deviates(Deviation::DnsManyQuestionsTaken) => {
            for question in &query.questions {
                let found = zone().look_up(&question.name, question.kind, world);
                response.found.answer.extend(found.answer);
            }
            return NOERROR;
        }
        _ => return FORMERR,
    };
    let folded = question.name.folded();
    let is_own = folded.is_in(&zone().apex);
    match opcode {
        // Nobody may change the zone, and nothing is copied from elsewhere (RFC 2136 section 3, RFC 1996 section 3).
        NOTIFY | UPDATE if question.kind != SOA => return FORMERR,
        NOTIFY | UPDATE if world.deviates(Deviation::DnsUpdateAccepted) => return NOERROR,
        NOTIFY | UPDATE => return if folded == zone().apex { REFUSED } else { NOTAUTH },
        _ => {}
    }
    match question.class {
        IN | ANY_CLASS => {}
        _ if world.deviates(Deviation::DnsClassIgnored) => {}
        _ => return REFUSED,
    }
    if TRANSFERS.contains(&question.kind) {
        if world.deviates(Deviation::DnsTransfersAnswered) {
            response.found = zone().look_up(&question.name, ANY, world);
            response.found.answer.retain(|record| record.kind != SOA);
            return NOERROR;
        }
        return REFUSED;
    }
    // OPT and the other types that no record of a zone has (RFC 6895 section 3.1).
    if question.kind == query::OPT || matches!(question.kind, 128..=254) || question.kind == 0 {
        return FORMERR;
    }
    if !is_own {
        return if world.deviates(Deviation::DnsForeignNamesExist) { NOERROR } else { REFUSED };
    }
    let found = zone().look_up(&question.name, question.kind, world);
    let is_authoritative = found.is_authoritative && question.class == IN;
    let name_exists = found.name_exists;
    response.found = Found { is_authoritative, ..found };
    if question.kind == ANY && world.deviates(Deviation::DnsAnyRefused) {
        response.found = Found::default();
        return NOTIMP;
    }
    if name_exists { NOERROR } else { NXDOMAIN }
}

/// One TCP connection: messages with their length before them (RFC 1035 section 4.2.2).
#[derive(Debug, Default)]
pub(super) struct Dns {
    /// The length and the message as far as they have come.
    octets: Vec<u8>,
    /// When the last query was complete.
    answered: Option<Instant>,
    is_over: bool,
}

impl Conversation for Dns {
    fn take(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> usize {
        if world.deviates(Deviation::DnsTcpRefused) {
            self.is_over = true;
            return octets.len();
        }
        if world.deviates(Deviation::DnsFirstReadWhole) && self.octets.is_empty() && !is_whole(octets) {
            self.is_over = true;
            return octets.len();
        }
        for (at, octet) in octets.iter().enumerate() {
            self.octets.push(*octet);
            let [high, low, message @ ..] = &self.octets[..] else { continue };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if world.deviates(Deviation::DnsLengthIgnored) {
                let message = &octets[octets.len().min(2)..];
                if let Some(answer) = answer(message, Transport::Tcp, world) {
                    out.extend_from_slice(&(answer.len() as u16).to_be_bytes());
                    out.extend_from_slice(&answer);
                }
                self.octets.clear();
                return octets.len();
            }
            if length < query::HEADER {
                // No message is so short: what follows cannot be trusted.
                self.is_over = true;
                return at + 1;
            }
            if message.len() == length {
                let before = self.answered.replace(world.now);
                let is_lost = before == Some(world.now) && world.deviates(Deviation::DnsOneAtATime);
                if let Some(answer) = answer(message, Transport::Tcp, world).filter(|_| !is_lost) {
                    out.extend_from_slice(&(answer.len() as u16).to_be_bytes());
                    out.extend_from_slice(&answer);
                    world.owed = Some(answer).filter(|_| world.deviates(Deviation::DnsAnswersElsewhere));
                }
                self.octets.clear();
                self.is_over = world.deviates(Deviation::DnsClosesAfterOne);
                return at + 1;
            }
        }
        octets.len()
    }

    fn finish(&mut self, _world: &mut World, _out: &mut Vec<u8>) {
        self.is_over = true;
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn only_answers_count(&self) -> bool {
        // RFC 7766 section 6.2.3.
        true
    }

    fn time_out(&mut self, _world: &mut World, _out: &mut Vec<u8>) {
        self.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

/// Whether octets begin with a whole message and its length.
fn is_whole(octets: &[u8]) -> bool {
    matches!(octets, [high, low, rest @ ..] if rest.len() >= usize::from(u16::from_be_bytes([*high, *low])))
}
