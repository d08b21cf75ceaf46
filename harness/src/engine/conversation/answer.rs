//! One whole answer, or what a client sent, and its parts.

use crate::dialogue::framing::dns::{self, Flag, Kind, Name};
use crate::dialogue::framing::{Defects, http, imap, pop3, smtp};

const OPT: Kind = Kind(41);

/// What the target said, up to where its protocol says that it ends.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub content: Content,
    /// Octets of it on the wire.
    pub size: u64,
    /// Its first octets.
    pub raw: Vec<u8>,
}

/// What an answer is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Reply(smtp::Reply),
    Status(pop3::Response),
    Responses(imap::Answer),
    Response {
        interims: Vec<http::Response>,
        last: http::Response,
    },
    Dns(dns::Message),
    /// A command line of a client.
    Command(smtp::Input),
    /// The message after DATA.
    Mail(smtp::Input),
    Request(http::Request),
}

impl Answer {
    /// What is wrong with its form.
    pub(super) fn defects(&self) -> &Defects {
        match &self.content {
            Content::Reply(reply) => &reply.defects,
            Content::Status(response) => &response.defects,
            Content::Responses(answer) => &answer.defects,
            Content::Response { last, .. } => &last.message.defects,
            Content::Dns(message) => &message.defects,
            Content::Command(input) | Content::Mail(input) => &input.defects,
            Content::Request(request) => &request.message.defects,
        }
    }

    /// The values of all parts of this name: none if there is none.
    pub(super) fn values(&self, part: &str, arguments: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let first = arguments.first().map_or(&[][..], Vec::as_slice);
        let number = |number: u64| vec![number.to_string().into_bytes()];
        let present = |yes: bool| if yes { vec![Vec::new()] } else { Vec::new() };
        if part == "size" {
            return number(self.size);
        }
        match (&self.content, part) {
            (Content::Reply(reply), "line") => reply.lines.clone(),
            (Content::Status(response), "line") => match &response.lines {
                Some(lines) => lines.clone(),
                None => vec![response.text.clone()],
            },
            (Content::Command(input) | Content::Mail(input), "line") => input.lines.clone(),
            (Content::Mail(input), "header") => Mail::of(input).values(first),
            (Content::Mail(input), "content") => vec![Mail::of(input).content()],
            (Content::Mail(input), "content-size") => number(Mail::of(input).content().len() as u64),
            (Content::Responses(answer), "untagged") => {
                let is_last = |response: &&imap::Response| response.kind == imap::Kind::Untagged;
                let all = answer.untagged.iter().chain(answer.last.iter().filter(is_last));
                all.map(|response| response.text.clone()).collect()
            }
            (Content::Responses(answer), "code") => {
                answer.last.iter().filter_map(|last| last.code()).map(<[u8]>::to_vec).collect()
            }
            (Content::Response { interims, .. }, "interim") => {
                let status = |response: &http::Response| response.status.map(|status| status.to_string());
                let is_asked = |status: &String| matches_code(first, status.as_bytes());
                interims.iter().filter_map(status).filter(is_asked).map(String::into_bytes).collect()
            }
            (Content::Response { last, .. }, "reason") => vec![last.reason.clone()],
            (Content::Response { last, .. }, "version") => vec![last.version.clone()],
            (Content::Request(request), "version") => vec![request.version.clone()],
            (Content::Response { last: http::Response { message, .. }, .. }, _)
            | (Content::Request(http::Request { message, .. }), _) => match part {
                "header" => message.fields.values(first).map(<[u8]>::to_vec).collect(),
                "trailer" => message.trailers.values(first).map(<[u8]>::to_vec).collect(),
                "content" => vec![message.content.clone()],
                "content-size" => number(message.content_length),
                _ => Vec::new(),
            },
            (Content::Dns(message), _) => {
                let opt = message.edns();
                match part {
                    "id" => number(message.id.into()),
                    "flag" => {
                        let flag = Flag::named(&String::from_utf8_lossy(first));
                        present(flag.is_some_and(|flag| message.has(flag)))
                    }
                    "opcode" => number(message.opcode().0.into()),
                    "question" => {
                        let wanted = Wanted::of(arguments);
                        let asked = message.questions.iter().filter(|asked| wanted.fits(&asked.name, asked.kind));
                        asked.map(|_| Vec::new()).collect()
                    }
                    "answer" => records(&message.sections[0], arguments),
                    "authority" => records(&message.sections[1], arguments),
                    "additional" => records(&message.sections[2], arguments),
                    "ttl" => ttls(message, arguments),
                    "edns" => present(opt.is_some()),
                    "edns-version" => opt.iter().flat_map(|opt| number(u64::from(opt.ttl >> 16 & 0xff))).collect(),
                    "edns-size" => opt.iter().flat_map(|opt| number(opt.class.0.into())).collect(),
                    "edns-flags" => opt.iter().flat_map(|opt| number(u64::from(opt.ttl & 0xffff))).collect(),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }
}

fn records(section: &[dns::Record], arguments: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let wanted = Wanted::of(arguments);
    let found = section.iter().filter(|record| wanted.fits(&record.name, record.kind));
    found.map(|record| record.data.to_string().into_bytes()).collect()
}

/// The TTL of every record of the message; what stands in its place in an OPT record is none.
fn ttls(message: &dns::Message, arguments: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let wanted = Wanted::of(arguments);
    let all = message.sections.iter().flatten().filter(|record| record.kind != OPT);
    let found = all.filter(|record| wanted.fits(&record.name, record.kind));
    found.map(|record| record.ttl.to_string().into_bytes()).collect()
}

/// `[NAME [TYPE]]`; a name that cannot be read is that of no record.
struct Wanted {
    name: Option<Option<Name>>,
    kind: Option<Kind>,
}

impl Wanted {
    fn of(arguments: &[Vec<u8>]) -> Self {
        let text = |at: usize| arguments.get(at).map(|octets| String::from_utf8_lossy(octets).into_owned());
        Wanted {
            name: text(0).map(|name| Name::from_text(&name).ok()),
            kind: text(1).and_then(|kind| Kind::named(&kind)),
        }
    }

    fn fits(&self, name: &Name, kind: Kind) -> bool {
        self.name.as_ref().is_none_or(|wanted| wanted.as_ref() == Some(name))
            && self.kind.is_none_or(|wanted| wanted == kind)
    }
}

/// `100`, or `1xx`.
fn matches_code(pattern: &[u8], code: &[u8]) -> bool {
    pattern.len() == code.len() && pattern.iter().zip(code).all(|(wanted, digit)| *wanted == b'x' || wanted == digit)
}

/// A message (RFC 5322 section 2.1): a header section, and after an empty line its content.
pub(super) struct Mail<'a> {
    header: &'a [Vec<u8>],
    body: &'a [Vec<u8>],
}

impl<'a> Mail<'a> {
    fn of(input: &'a smtp::Input) -> Self {
        let end = input.lines.iter().position(Vec::is_empty).unwrap_or(input.lines.len());
        let (header, body) = input.lines.split_at(end);
        Mail { header, body: body.get(1..).unwrap_or_default() }
    }

    /// The values of the fields of this name, unfolded.
    fn values(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut found: Vec<(bool, Vec<u8>)> = Vec::new();
        for line in self.header {
            if line.first().is_some_and(|octet| matches!(octet, b' ' | b'\t')) {
                if let Some((_, value)) = found.last_mut() {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
                continue;
            }
            let colon = line.iter().position(|octet| *octet == b':').unwrap_or(line.len());
            let is_asked = line[..colon].trim_ascii_end().eq_ignore_ascii_case(name);
            found.push((is_asked, line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec()));
        }
        found.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, value)| value).collect()
    }

    fn content(&self) -> Vec<u8> {
        self.body.iter().flat_map(|line| [line.as_slice(), b"\r\n"].concat()).collect()
    }
}
