//! An HTTP/1.1 origin server (RFC 9110, RFC 9112), octets in and octets out.
//!
//! Where the RFCs leave a choice it refuses: what could be read in two ways is answered with an error and the end of the
//! connection. `request` reads the request line and fields, `target` what they ask for, `framing` and `chunked` find the
//! end of the content, `respond` decides on the answer with `conditions` and `range`, and `response` writes it.

mod chunked;
mod conditions;
mod framing;
mod gzip;
mod range;
mod request;
mod respond;
mod response;
mod target;

use std::time::Duration;

use self::chunked::{Chunked, Progress};
use self::framing::Framing;
use self::request::{Request, Version};
use self::respond::respond;
use self::response::Response;
use super::conversation::Conversation;
use super::deviation::Deviation;
use super::line::{Line, Lines};
use super::world::World;

/// Octets of a request line; RFC 9112 section 3 recommends at least 8000.
const LONGEST_REQUEST_LINE: usize = 16_384;
/// Octets of a header section.
const LONGEST_HEAD: usize = 65_536;
/// Field lines of a header section.
const MOST_FIELDS: usize = 256;
/// Octets of a request's content.
const LARGEST_CONTENT: u64 = 1 << 20;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that is answered with an error, and the connection closed: where the next one begins cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal(u16);

const BAD_REQUEST: Refusal = Refusal(400);

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Http {
    state: State,
    lines: Lines,
    /// The request whose header section or content is being read.
    request: Request,
    /// Octets of its header section so far.
    head: usize,
    /// Answers that are held back, by a server that sends them in the wrong order.
    held: Vec<Vec<u8>>,
    is_over: bool,
}

#[derive(Debug, Default)]
enum State {
    /// A request line is to come.
    #[default]
    Start,
    Fields,
    /// So many octets of content are to come, of so many.
    Content(u64, u64),
    Chunked(Chunked),
}

impl Conversation for Http {
    fn take(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> usize {
        let (mut taken, start) = (0, out.len());
        while taken < octets.len() && !self.is_over {
            let before = out.len();
            match self.advance(&octets[taken..], world, out) {
                Ok(count) => taken += count,
                Err(refusal) => {
                    taken += 1;
                    self.refuse(refusal, world, out);
                }
            }
            if out.len() > before {
                break;
            }
        }
        match world.deviation {
            Some(Deviation::HttpPipelineDropped) if out.len() > start => octets.len(),
            Some(Deviation::HttpPipelineReversed) if out.len() > start => {
                let answer = out.split_off(start);
                if taken < octets.len() {
                    self.held.push(answer);
                } else {
                    out.extend(answer);
                    self.held.drain(..).rev().for_each(|held| out.extend(held));
                }
                taken
            }
            _ => taken,
        }
    }

    fn finish(&mut self, world: &mut World, out: &mut Vec<u8>) {
        match self.state {
            State::Content(_, length) if world.deviates(Deviation::HttpShortContentTaken) => {
                self.answer(length, world, out);
            }
            State::Fields if world.deviates(Deviation::HttpShortHeadTaken) => {
                if let Err(refusal) = self.head_is_complete(world, out) {
                    self.refuse(refusal, world, out);
                }
            }
            _ if !self.is_idle() => self.refuse(BAD_REQUEST, world, out),
            _ => {}
        }
        self.is_over = true;
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn time_out(&mut self, world: &mut World, out: &mut Vec<u8>) {
        if !self.is_idle() {
            self.refuse(Refusal(408), world, out);
        }
        self.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Http {
    /// Whether no request has begun.
    fn is_idle(&self) -> bool {
        matches!(self.state, State::Start) && self.lines.is_empty()
    }

    /// Takes at least one octet; says how many.
    fn advance(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        match &mut self.state {
            State::Start => {
                if let Some(line) = push(&mut self.lines, octets[0], LONGEST_REQUEST_LINE, world)? {
                    self.start(line, world)?;
                } else if self.lines.length() >= longest(world) && !world.deviates(Deviation::HttpLongTargetCut) {
                    return Err(self.request.too_long(&mut self.lines));
                }
                Ok(1)
            }
            State::Fields => {
                self.head += 1;
                if self.head > LONGEST_HEAD {
                    return Err(Refusal(431));
                }
                if let Some(line) = push(&mut self.lines, octets[0], LONGEST_HEAD, world)? {
                    if line.octets.is_empty() {
                        self.head_is_complete(world, out)?;
                    } else if self.request.fields.len() < MOST_FIELDS {
                        // Only one that takes CR for the end of a line has lines with CR.
                        for part in line.octets.split(|octet| *octet == b'\r') {
                            self.request.add_field(part, world)?;
                        }
                        if world.deviates(Deviation::HttpAnswersEarly) {
                            self.head_is_complete(world, out)?;
                        }
                    } else {
                        return Err(Refusal(431));
                    }
                }
                Ok(1)
            }
            State::Content(left, length) => {
                let count = octets.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                if *left == 0 {
                    let length = *length;
                    self.answer(length, world, out);
                }
                Ok(count)
            }
            State::Chunked(chunked) => {
                let (count, progress) = chunked.take(octets, world)?;
                match progress {
                    Progress::Goes(length) if length > LARGEST_CONTENT => return Err(Refusal(413)),
                    Progress::Goes(_) => {}
                    Progress::Ends { length, trailers } => {
                        if world.deviates(Deviation::HttpTrailersMerged) {
                            self.request.fields.extend(trailers);
                        }
                        self.answer(length, world, out);
                    }
                }
                Ok(count)
            }
        }
    }

    fn start(&mut self, line: Line, world: &World) -> Result<(), Refusal> {
        // Empty lines before a request line are skipped (RFC 9112 section 2.2).
        if line.octets.is_empty() && !line.is_too_long {
            return if world.deviates(Deviation::HttpEmptyLineRefused) { Err(BAD_REQUEST) } else { Ok(()) };
        }
        self.request = Request::parse(&line.octets, world)?;
        self.head = 0;
        self.state = State::Fields;
        Ok(())
    }

    /// The empty line after the fields has come.
    fn head_is_complete(&mut self, world: &mut World, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.request.check(world)?;
        let framing = framing::of_request(&self.request, world)?;
        if matches!(framing, Framing::Length(length) if length > LARGEST_CONTENT) {
            return Err(Refusal(413));
        }
        self.state = match framing {
            Framing::Length(0) => {
                self.answer(0, world, out);
                return Ok(());
            }
            Framing::Length(length) => State::Content(length, length),
            Framing::Chunked => State::Chunked(Chunked::default()),
        };
        if world.deviates(Deviation::HttpNoLinger) {
            let answer = respond(&self.request, 0, world);
            if answer.status >= 400 {
                self.send(answer, true, world, out);
                return Ok(());
            }
        }
        self.expect(world, out);
        Ok(())
    }

    /// What `Expect: 100-continue` asks for before content is sent (RFC 9110 section 10.1.1).
    fn expect(&mut self, world: &mut World, out: &mut Vec<u8>) {
        let continues = self.request.expects_continue();
        let is_old = self.request.version == Version::Http10 && !world.deviates(Deviation::HttpContinueToOld);
        if !continues || is_old || world.deviates(Deviation::HttpExpectIgnored) {
            return;
        }
        let answer = respond(&self.request, 0, world);
        if answer.status < 300 && world.deviates(Deviation::HttpContentAwaitedAfterContinue) {
            self.send(answer, false, world, out);
        } else if answer.status < 300 {
            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            if world.deviates(Deviation::HttpFinalAfterContinueMissing) {
                self.request = Request::default();
                self.is_over = true;
            }
        } else {
            // The client may send the content all the same or not: what follows cannot be told.
            self.send(answer, !world.deviates(Deviation::HttpExpectErrorStays), world, out);
        }
    }

    /// The request is complete, with so many octets of content.
    fn answer(&mut self, length: u64, world: &mut World, out: &mut Vec<u8>) {
        let has_other = |expected: &[u8]| !expected.eq_ignore_ascii_case(b"100-continue");
        if self.request.list("expect").any(has_other) && world.deviates(Deviation::HttpUnknownExpectationUnanswered) {
            (self.state, self.request) = (State::Start, Request::default());
            return;
        }
        let answer = respond(&self.request, length, world);
        let closes = self.request.closes(world);
        self.send(answer, closes, world, out);
    }

    fn refuse(&mut self, refusal: Refusal, world: &mut World, out: &mut Vec<u8>) {
        match world.deviation {
            Some(Deviation::HttpStaysAfterError) => self.send(Response::error(refusal.0), false, world, out),
            Some(Deviation::HttpErrorsAreSuccesses) => self.send(Response::error(200), true, world, out),
            Some(Deviation::HttpErrorsNotAnswered) => (self.state, self.lines) = (State::Start, Lines::default()),
            Some(Deviation::HttpOtherVersionsClose) if refusal.0 == 505 => self.is_over = true,
            Some(Deviation::HttpLargeFieldsClose) if refusal.0 == 431 => self.is_over = true,
            Some(Deviation::HttpTooLargeCloses) if refusal.0 == 413 => self.is_over = true,
            _ => self.send(Response::error(refusal.0), true, world, out),
        }
    }

    fn send(&mut self, response: Response, closes: bool, world: &mut World, out: &mut Vec<u8>) {
        let stays = response.status < 400 && world.deviates(Deviation::HttpServedAfterClose);
        self.is_over |= closes && !stays;
        response.write(&self.request, closes, world, out);
        self.state = State::Start;
        self.lines = Lines::default();
        self.request = Request::default();
    }
}

/// Octets of a request line that are read.
fn longest(world: &World) -> usize {
    if world.deviates(Deviation::HttpRequestLinesShort) { 4_000 } else { LONGEST_REQUEST_LINE }
}

/// Takes an octet of a line. LF without CR before it and CR within the line are refused (RFC 9112 section 2.2).
fn push(lines: &mut Lines, octet: u8, most: usize, world: &World) -> Result<Option<Line>, Refusal> {
    let line = lines.push(octet, most, false);
    match &line {
        None if octet == b'\n' && !world.deviates(Deviation::HttpBareLfAwaited) => Err(BAD_REQUEST),
        Some(_) if world.deviates(Deviation::HttpBareCrEndsLine) => Ok(line),
        Some(line) if line.octets.contains(&b'\r') => Err(BAD_REQUEST),
        _ => Ok(line),
    }
}
