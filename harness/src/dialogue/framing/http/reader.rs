//! Reads messages octet by octet, their content in stretches.

use super::fields::{is_token_octet, without_space};
use super::{AnswerTo, Framing, Message, Request, Response, length};
use crate::dialogue::framing::line::{Line, Lines};
use crate::dialogue::framing::{Fed, Flaw, Reader};

/// Reads responses.
#[derive(Clone, Debug, Default)]
pub struct ResponseReader {
    to: AnswerTo,
    core: Core<Response>,
}

/// Reads requests.
#[derive(Clone, Debug, Default)]
pub struct RequestReader {
    core: Core<Request>,
}

/// What is read next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Fields,
    /// So many octets of content.
    Content(u64),
    ChunkSize,
    /// So many octets of a chunk.
    Chunk(u64),
    /// CRLF after a chunk.
    ChunkEnd,
    Trailers,
    /// Content until the connection ends.
    UntilClose,
}

/// Reads either kind of message.
#[derive(Clone, Debug, Default)]
struct Core<M> {
    state: State,
    parts: Parts,
    head: M,
}

/// What differs between requests and responses.
trait Head: Default {
    /// Reads the start line.
    fn start(&mut self, line: &[u8], parts: &mut Parts) -> State;

    /// The framing, when the header section is complete.
    fn framing(&self, to: AnswerTo, parts: &mut Parts) -> Framing;

    /// The whole message.
    fn with(self, message: Message) -> Self;
}

impl<M: Head> Core<M> {
    fn feed(&mut self, octets: &[u8], to: AnswerTo) -> Fed<M> {
        let mut at = 0;
        while at < octets.len() {
            let (taken, next) = match self.state {
                State::Start | State::Fields => match self.parts.lines.push(octets[at]) {
                    Some(line) => (1, self.head_line(&line, to)),
                    None => (1, Some(self.state)),
                },
                state => self.parts.body(state, &octets[at..]),
            };
            at += taken;
            match next {
                Some(state) => self.state = state,
                None => return Fed { taken: at, message: Some(self.take()) },
            }
        }
        Fed::more(octets)
    }

    /// A line of the header section; none if the message ends with it.
    fn head_line(&mut self, line: &Line, to: AnswerTo) -> Option<State> {
        match (self.state, line.octets.is_empty()) {
            (State::Start, true) => {
                self.parts.lines.flaw(Flaw::LeadingEmptyLine);
                Some(State::Start)
            }
            (State::Start, false) => Some(self.head.start(&line.octets, &mut self.parts)),
            (_, true) => {
                let framing = self.head.framing(to, &mut self.parts);
                self.parts.after_fields(framing)
            }
            (_, false) => {
                self.parts.message.fields.add(line, &mut self.parts.lines);
                Some(State::Fields)
            }
        }
    }

    fn end(&mut self) -> Option<M> {
        if self.parts.lines.read == 0 {
            return None;
        }
        if self.state == State::Start
            && let Some(line) = self.parts.lines.end()
        {
            self.state = self.head.start(&line.octets, &mut self.parts);
        }
        self.parts.cut(self.state);
        Some(self.take())
    }

    fn take(&mut self) -> M {
        let Core { parts, head, .. } = std::mem::take(self);
        head.with(Message { defects: parts.lines.defects, ..parts.message })
    }
}

/// What requests and responses have in common.
#[derive(Clone, Debug, Default)]
struct Parts {
    lines: Lines,
    message: Message,
}

impl Parts {
    /// What follows the header section; none if the message ends with it.
    fn after_fields(&mut self, framing: Framing) -> Option<State> {
        self.message.framing = framing;
        match framing {
            Framing::None | Framing::Length(0) => None,
            Framing::Length(length) => Some(State::Content(length)),
            Framing::Chunked => Some(State::ChunkSize),
            Framing::Close => Some(State::UntilClose),
        }
    }

    /// Takes content; gives how much.
    fn content(&mut self, octets: &[u8], most: u64) -> usize {
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(octets.len());
        let kept = self.lines.take_raw(&octets[..length]);
        self.message.content.extend_from_slice(kept);
        self.message.content_length += length as u64;
        length
    }

    /// Takes octets after the header section. Gives how many, and the next state; none if the message ended.
    fn body(&mut self, state: State, octets: &[u8]) -> (usize, Option<State>) {
        match state {
            State::Content(length) => {
                let taken = self.content(octets, length);
                let left = length - taken as u64;
                (taken, (left > 0).then_some(State::Content(left)))
            }
            State::UntilClose => (self.content(octets, u64::MAX), Some(state)),
            State::Chunk(length) => {
                let taken = self.content(octets, length);
                let left = length - taken as u64;
                (taken, Some(if left > 0 { State::Chunk(left) } else { State::ChunkEnd }))
            }
            State::Start | State::Fields | State::ChunkSize | State::ChunkEnd | State::Trailers => {
                let next = match self.lines.push(octets[0]) {
                    Some(line) => self.line(state, &line),
                    None => Some(state),
                };
                (1, next)
            }
        }
    }

    /// A line after the header section.
    fn line(&mut self, state: State, line: &Line) -> Option<State> {
        match state {
            State::ChunkSize => match self.chunk_size(&line.octets) {
                Some(0) => Some(State::Trailers),
                Some(length) => Some(State::Chunk(length)),
                // Where the next chunk begins cannot be known.
                None => Some(State::UntilClose),
            },
            State::ChunkEnd => {
                if !line.octets.is_empty() {
                    self.lines.flaw(Flaw::ChunkEnd);
                    return Some(State::UntilClose);
                }
                Some(State::ChunkSize)
            }
            _ if line.octets.is_empty() => None,
            _ => {
                self.message.trailers.add(line, &mut self.lines);
                Some(State::Trailers)
            }
        }
    }

    /// `chunk-size [ chunk-ext ]` (RFC 9112 section 7.1).
    fn chunk_size(&mut self, line: &[u8]) -> Option<u64> {
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let after = without_space(&line[digits..]);
        let size = std::str::from_utf8(&line[..digits]).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        // White space is only there before an extension (RFC 9112 section 7.1.1: BWS).
        let is_well_formed = digits == line.len() || after.first() == Some(&b';');
        if size.is_none() || !is_well_formed {
            self.lines.flaw(Flaw::ChunkSize);
        }
        let is_readable = is_well_formed || after.is_empty();
        size.filter(|_| is_readable)
    }

    /// What was still awaited when the connection ended.
    fn cut(&mut self, state: State) {
        if let Some(line) = self.lines.end() {
            match state {
                State::Fields => self.message.fields.add(&line, &mut self.lines),
                State::Trailers => self.message.trailers.add(&line, &mut self.lines),
                _ => {}
            }
        }
        if state != State::UntilClose || self.message.framing != Framing::Close {
            self.lines.flaw(Flaw::Incomplete);
        }
    }
}

impl Head for Response {
    /// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 section 4).
    fn start(&mut self, line: &[u8], parts: &mut Parts) -> State {
        let Some(rest) = line.strip_prefix(b"HTTP/") else {
            // A response of HTTP/0.9 is content alone.
            parts.lines.flaw(Flaw::StatusLine);
            parts.message.content = line.to_vec();
            parts.message.content_length = line.len() as u64;
            parts.message.framing = Framing::Close;
            return State::UntilClose;
        };
        let mut words = rest.splitn(3, |octet| *octet == b' ');
        self.version = words.next().unwrap_or_default().to_vec();
        let status = words.next().unwrap_or_default();
        let reason = words.next();
        self.reason = reason.unwrap_or_default().to_vec();
        let is_status = status.len() == 3 && status.iter().all(u8::is_ascii_digit);
        if is_status {
            self.status = Some(status.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')));
        }
        let is_reason = reason.is_some_and(|r| !r.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t'));
        if !is_status || !is_reason || !is_version(&self.version) {
            parts.lines.flaw(Flaw::StatusLine);
        }
        State::Fields
    }

    fn framing(&self, to: AnswerTo, parts: &mut Parts) -> Framing {
        length::of_response(self.status, to, &parts.message.fields, &mut parts.lines)
    }

    fn with(self, message: Message) -> Self {
        Response { message, ..self }
    }
}

impl Head for Request {
    /// `method SP request-target SP HTTP-version` (RFC 9112 section 3).
    fn start(&mut self, line: &[u8], parts: &mut Parts) -> State {
        let words: Vec<&[u8]> = line.split(|octet| *octet == b' ').collect();
        let mut is_well_formed = false;
        if let [method, target, version] = words[..]
            && let Some(version) = version.strip_prefix(b"HTTP/")
        {
            (self.method, self.target, self.version) = (method.to_vec(), target.to_vec(), version.to_vec());
            let is_method = !method.is_empty() && method.iter().all(|octet| is_token_octet(*octet));
            let is_target = !target.is_empty() && target.iter().all(|octet| matches!(octet, b'!'..=b'~'));
            is_well_formed = is_method && is_target && is_version(version);
        } else {
            self.method = words.first().map_or(Vec::new(), |method| method.to_vec());
            self.target = words.get(1..).unwrap_or_default().join(&b' ');
        }
        if !is_well_formed {
            parts.lines.flaw(Flaw::RequestLine);
        }
        State::Fields
    }

    fn framing(&self, _to: AnswerTo, parts: &mut Parts) -> Framing {
        length::of_request(&parts.message.fields, &mut parts.lines)
    }

    fn with(self, message: Message) -> Self {
        Request { message, ..self }
    }
}

impl ResponseReader {
    /// The next response answers such a request; until told otherwise, also those after it.
    pub fn expect(&mut self, to: AnswerTo) {
        self.to = to;
    }
}

impl Reader for ResponseReader {
    type Message = Response;

    fn feed(&mut self, octets: &[u8]) -> Fed<Response> {
        self.core.feed(octets, self.to)
    }

    fn end(&mut self) -> Option<Response> {
        self.core.end()
    }
}

impl Reader for RequestReader {
    type Message = Request;

    fn feed(&mut self, octets: &[u8]) -> Fed<Request> {
        self.core.feed(octets, AnswerTo::Other)
    }

    fn end(&mut self) -> Option<Request> {
        self.core.end()
    }
}

/// `DIGIT "." DIGIT` (RFC 9112 section 2.3).
fn is_version(version: &[u8]) -> bool {
    matches!(version, [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(octets: &[u8], to: AnswerTo) -> (Response, usize) {
        let mut reader = ResponseReader::default();
        reader.expect(to);
        let fed = reader.feed(octets);
        (fed.message.or_else(|| reader.end()).unwrap(), fed.taken)
    }

    fn flaws(message: &Message) -> Vec<Flaw> {
        message.defects.iter().map(|defect| defect.flaw).collect()
    }

    /// Framing, content and flaws of the response, and whether all octets were its own.
    fn framed(octets: &str) -> (Framing, String, Vec<Flaw>, bool) {
        let (response, taken) = response(octets.as_bytes(), AnswerTo::Other);
        let content = String::from_utf8_lossy(&response.message.content).into_owned();
        (response.message.framing, content, flaws(&response.message), taken == octets.len())
    }

    #[test]
    fn each_framing_ends_where_it_says() {
        let head = "HTTP/1.1 200 OK\r\n";
        assert_eq!(
            framed(&format!("{head}Content-Length: 3\r\n\r\nabcd")),
            (Framing::Length(3), "abc".into(), vec![], false)
        );
        assert_eq!(framed(&format!("{head}\r\nabc")), (Framing::Close, "abc".into(), vec![], true));
        let chunked =
            format!("{head}Transfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\n");
        assert_eq!(framed(&chunked), (Framing::Chunked, "abcd".into(), vec![], true));
        let (trailers, _) = response(chunked.as_bytes(), AnswerTo::Other);
        assert_eq!(trailers.message.trailers.values(b"t").collect::<Vec<_>>(), [b"1"]);
        assert_eq!(framed("HTTP/1.1 204 No Content\r\n\r\nHTTP"), (Framing::None, String::new(), vec![], false));
    }

    #[test]
    fn the_request_matters() {
        let octets = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        let (head, taken) = response(octets, AnswerTo::method(b"HEAD"));
        assert_eq!((head.message.framing, taken), (Framing::None, octets.len() - 3));
        assert_eq!(flaws(&head.message), []);
        let (connect, _) = response(octets, AnswerTo::method(b"CONNECT"));
        assert_eq!(flaws(&connect.message), [Flaw::FramingForbidden]);
    }

    #[test]
    fn interim_responses_come_first() {
        let mut reader = ResponseReader::default();
        let octets = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let interim = reader.feed(octets);
        assert!(interim.message.unwrap().is_interim());
        let last = reader.feed(&octets[interim.taken..]).message.unwrap();
        assert_eq!((last.status, last.is_interim()), (Some(200), false));
    }

    #[test]
    fn conflicts_of_framing_are_told() {
        let head = "HTTP/1.1 200 OK\r\n";
        for (fields, framing, flaw) in [
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked, Flaw::LengthAndCoding),
            ("Content-Length: 3\r\nContent-Length: 4\r\n", Framing::Close, Flaw::ContentLength),
            ("Content-Length: 3, 3\r\n", Framing::Length(3), Flaw::ContentLengthRepeated),
            ("Content-Length: +3\r\n", Framing::Close, Flaw::ContentLength),
            ("Content-Length: 99999999999999999999\r\n", Framing::Close, Flaw::ContentLength),
            ("Transfer-Encoding: chunked, gzip\r\n", Framing::Close, Flaw::NotChunkedLast),
            ("Transfer-Encoding : chunked\r\n", Framing::Chunked, Flaw::SpaceBeforeColon),
        ] {
            let (found, _, flaws, _) = framed(&format!("{head}{fields}\r\n0\r\n\r\n"));
            assert_eq!((found, flaws.contains(&flaw)), (framing, true), "{fields}: {flaws:?}");
        }
    }

    #[test]
    fn what_is_broken_is_read_and_told() {
        for (octets, flaw) in [
            ("HTTP/1.1 200\r\n\r\n", Flaw::StatusLine),
            ("HTTP/1.1 20 OK\r\n\r\n", Flaw::StatusLine),
            ("HTTP/11 200 OK\r\n\r\n", Flaw::StatusLine),
            ("<html>", Flaw::StatusLine),
            ("\r\nHTTP/1.1 200 OK\r\n\r\n", Flaw::LeadingEmptyLine),
            ("HTTP/1.1 200 OK\n\r\n", Flaw::BareLf),
            ("HTTP/1.1 200 OK\r\n a: b\r\n\r\n", Flaw::LeadingSpace),
            ("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", Flaw::ObsoleteFold),
            ("HTTP/1.1 200 OK\r\na\r\n\r\n", Flaw::NoColon),
            ("HTTP/1.1 200 OK\r\n(a): b\r\n\r\n", Flaw::FieldName),
            ("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", Flaw::FieldValue),
            // Form feed is white space of ASCII, but none of HTTP.
            ("HTTP/1.1 200 OK\r\na:\x0cb\r\n\r\n", Flaw::FieldValue),
            ("HTTP/1.1 200 OK\r\na\x0c: b\r\n\r\n", Flaw::FieldName),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\x0c\r\n\r\nabc", Flaw::ContentLength),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\x0c\r\na\r\n0\r\n\r\n", Flaw::ChunkSize),
            ("HTTP/1.1 200 OK\r\na: b\r\n", Flaw::Incomplete),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Flaw::Incomplete),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", Flaw::ChunkSize),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", Flaw::ChunkEnd),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", Flaw::ChunkSize),
            ("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", Flaw::FramingForbidden),
        ] {
            let (_, _, flaws, _) = framed(octets);
            assert!(flaws.contains(&flaw), "{octets:?}: {flaws:?}");
        }
    }

    #[test]
    fn requests_are_read_by_their_own_rules() {
        let mut reader = RequestReader::default();
        let octets = b"POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\n\r\n";
        let fed = reader.feed(octets);
        let post = fed.message.unwrap();
        assert_eq!((&post.method[..], &post.target[..], &post.version[..]), (&b"POST"[..], &b"/a"[..], &b"1.1"[..]));
        assert_eq!(post.message.content, b"hi");
        let get = reader.feed(&octets[fed.taken..]).message.unwrap();
        assert_eq!((get.method, get.message.framing), (b"GET".to_vec(), Framing::None));
        for line in ["GET  / HTTP/1.1", "GET /", "GET / HTTP/1", "G(T / HTTP/1.1", "GET /a b HTTP/1.1"] {
            let request = reader.feed(format!("{line}\r\n\r\n").as_bytes()).message.unwrap();
            assert!(request.message.defects.has(Flaw::RequestLine), "{line}");
        }
    }
}
