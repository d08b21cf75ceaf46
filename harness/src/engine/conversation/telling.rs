//! Answers as people read them, and what of an answer must be the same however it was asked for.

use std::fmt::Write as _;

use super::answer::{Answer, Content};
use crate::dialogue::Text;
use crate::dialogue::framing::dns::{Flag, Message};
use crate::dialogue::framing::imap;

/// Octets of what one side said that are told.
const MOST_TOLD: usize = 4_096;
/// Lines of it.
const MOST_LINES: usize = 40;

/// Octets as lines of a dialogue, each with its party before it.
pub(super) fn lines(party: &str, octets: &[u8]) -> String {
    let mut out = String::new();
    let told = &octets[..octets.len().min(MOST_TOLD)];
    for (at, line) in told.split_inclusive(|octet| *octet == b'\n').enumerate() {
        if at == MOST_LINES {
            break;
        }
        let (text, end) = match line.strip_suffix(b"\r\n") {
            Some(text) => (text, ""),
            None => (line, "\\"),
        };
        let text = Text::from_octets(text).as_line();
        let gap = if text.is_empty() && end.is_empty() { "" } else { " " };
        _ = writeln!(out, "{party}:{gap}{text}{end}");
    }
    if told.len() < octets.len() || told.split(|octet| *octet == b'\n').count() > MOST_LINES + 1 {
        _ = writeln!(out, "{party}: ... {} octets in all", octets.len());
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

impl Answer {
    /// The answer in one line, in the notation of dialogues.
    pub(super) fn summary(&self) -> String {
        let text = |octets: &[u8]| {
            let shown = &octets[..octets.len().min(200)];
            let more = if shown.len() < octets.len() { "..." } else { "" };
            format!("{}{more}", Text::from_octets(shown).as_line())
        };
        match &self.content {
            Content::Reply(reply) => {
                let code = reply.code.map_or("no code".to_owned(), |code| format!("{code:03}"));
                let count =
                    if reply.lines.len() > 1 { format!(" ({} lines)", reply.lines.len()) } else { String::new() };
                format!("{code} {}{count}", text(reply.text())).trim_end().to_owned()
            }
            Content::Status(response) => {
                let status = match response.is_ok {
                    Some(true) => "+OK ",
                    Some(false) => "-ERR ",
                    None => "",
                };
                let lines = response.lines.as_ref().map(|lines| format!(" ({} lines)", lines.len()));
                format!("{status}{}{}", text(&response.text), lines.unwrap_or_default()).trim_end().to_owned()
            }
            Content::Responses(answer) => match answer.last.as_ref().or(answer.untagged.last()) {
                Some(response) => format!("{}{}", begin(&response.kind), text(&response.text)),
                None => "nothing".to_owned(),
            },
            Content::Response { last, .. } => {
                let status = last.status.map_or("no status".to_owned(), |status| format!("status {status}"));
                format!("{status} {}", text(&last.reason)).trim_end().to_owned()
            }
            Content::Dns(message) => of_message(message),
            Content::Command(input) => format!("command {}", text(&input.lines.concat())),
            Content::Mail(input) => format!("message of {} lines", input.lines.len()),
            Content::Request(request) => format!("request {} {}", text(&request.method), text(&request.target)),
        }
    }

    /// What must not depend on how the octets before it were delivered: dates, names of messages and the like do.
    pub(super) fn essence(&self) -> String {
        let defects = self.defects().iter().map(|defect| format!("; {}", defect.flaw)).collect::<String>();
        let told = match &self.content {
            Content::Reply(reply) => {
                let enhanced =
                    reply.enhanced_code().map(|code| format!(" {}.{}.{}", code.class, code.subject, code.detail));
                format!("{:?}{} in {} lines", reply.code, enhanced.unwrap_or_default(), reply.lines.len())
            }
            Content::Status(response) => {
                let told = |lines: &Vec<Vec<u8>>| lines.iter().map(|line| without_unique_id(line)).collect::<Vec<_>>();
                let lines = response.lines.as_ref().map(|lines| told(lines).join("\n"));
                format!("{:?} {lines:?}", response.is_ok)
            }
            Content::Responses(answer) => {
                let all = answer.untagged.iter().chain(&answer.last);
                all.map(|response| format!("{}{}; ", begin(&response.kind), response.name())).collect()
            }
            Content::Response { interims, last } => {
                let mut told = interims.iter().map(|interim| format!("{:?} ", interim.status)).collect::<String>();
                _ = write!(told, "{:?} of {:?}", last.status, last.message.framing);
                // Whether a Date is there says nothing of how the request was understood, and is judged by its own dialogue:
                // there are servers whose parser answers without one, and what stands behind it with one. The order of
                // fields means nothing (RFC 9110 section 5.3).
                let name = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_lowercase();
                let mut names: Vec<String> = last.message.fields.iter().map(|field| name(&field.name)).collect();
                names.retain(|name| name != "date");
                names.sort();
                for name in names {
                    _ = write!(told, ", {name}");
                }
                told
            }
            Content::Dns(message) => of_message(message),
            Content::Command(input) => String::from_utf8_lossy(&input.lines.join(&b'\n')).into_owned(),
            Content::Mail(input) => without_time_and_name(&input.lines),
            Content::Request(request) => {
                format!("{} {}", String::from_utf8_lossy(&request.method), String::from_utf8_lossy(&request.target))
            }
        };
        told + &defects
    }

    /// The answer as lines of the conversation.
    pub(super) fn told(&self, party: &str) -> String {
        match &self.content {
            Content::Dns(message) => format!("{party}: {}", of_message(message)),
            _ => lines(party, &self.raw),
        }
    }
}

/// A line of POP3's. The unique-id of a message in a mailbox that was filled anew is another one (RFC 1939 section 7: a
/// number and up to 70 characters), which is told from a size in octets by its length and letters.
fn without_unique_id(line: &[u8]) -> String {
    let told = String::from_utf8_lossy(line).into_owned();
    match told.split_once(' ') {
        Some((number, id))
            if number.bytes().all(|octet| octet.is_ascii_digit())
                && id.bytes().all(|octet| octet.is_ascii_graphic())
                && (id.len() > 10 || id.bytes().any(|octet| !octet.is_ascii_digit())) =>
        {
            format!("{number} unique-id")
        }
        _ => told,
    }
}

/// A message that a client has sent. What it adds itself says when it did, and names the message.
fn without_time_and_name(lines: &[Vec<u8>]) -> String {
    let end = lines.iter().position(Vec::is_empty).unwrap_or(lines.len());
    let told = lines.iter().enumerate().map(|(at, line)| {
        let line = String::from_utf8_lossy(line).into_owned();
        let name = line.split(':').next().unwrap_or_default();
        let is_new = at < end && ["Date", "Message-ID"].iter().any(|new| name.eq_ignore_ascii_case(new));
        if is_new { name.to_owned() } else { line }
    });
    told.collect::<Vec<_>>().join("\n")
}

fn begin(kind: &imap::Kind) -> String {
    match kind {
        imap::Kind::Untagged => "* ".to_owned(),
        imap::Kind::Continuation => "+ ".to_owned(),
        imap::Kind::Tagged(tag) => format!("{} ", String::from_utf8_lossy(tag)),
        imap::Kind::Malformed => String::new(),
    }
}

/// A message in one line. Records of a section have no order (RFC 1034 section 3.6), nor has their TTL to stay.
pub(super) fn of_message(message: &Message) -> String {
    let is_response = message.has(Flag(1 << 15));
    let mut told = if is_response { format!("rcode {}", message.rcode()) } else { "query".to_owned() };
    if message.opcode().0 != 0 {
        _ = write!(told, " opcode {}", message.opcode());
    }
    for (name, flag) in Flag::NAMES.iter().skip(1) {
        if message.has(*flag) {
            _ = write!(told, " {name}");
        }
    }
    for asked in &message.questions {
        _ = write!(told, ", question {} {}", asked.name, asked.kind);
    }
    for (section, name) in message.sections.iter().zip(["answer", "authority", "additional"]) {
        let mut records: Vec<String> = section
            .iter()
            .filter(|record| record.kind.0 != 41)
            .map(|record| {
                let data = record.data.to_string();
                let shown: String = data.chars().take(60).collect();
                let more = if shown.len() < data.len() { "..." } else { "" };
                format!(", {name} {} {} {shown}{more}", record.name, record.kind)
            })
            .collect();
        records.sort();
        told.push_str(&records.concat());
    }
    if let Some(opt) = message.edns() {
        _ = write!(told, ", edns size {}", opt.class.0);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dovecot's unique-ids hold the second in which a mailbox was made, and seemed to depend on the delivery.
    #[test]
    fn unique_ids_are_new_and_sizes_are_not() {
        assert_eq!(without_unique_id(b"1 000000016b023ad5"), "1 unique-id");
        assert_eq!(without_unique_id(b"2 0000000167023915"), "2 unique-id");
        for kept in ["1 120", "2 1000000", "Subject: one", "1 of three", "."] {
            assert_eq!(without_unique_id(kept.as_bytes()), kept);
        }
    }

    /// msmtp adds both fields, so that no two of its messages were the same.
    #[test]
    fn what_a_client_adds_to_a_message_says_when_and_which() {
        let lines = ["Subject: one", "date: now", "Message-ID: <1@a>", "", "Date: content"];
        let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        assert_eq!(without_time_and_name(&lines), "Subject: one\ndate\nMessage-ID\n\nDate: content");
    }
}
