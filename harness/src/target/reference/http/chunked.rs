//! The chunked transfer coding of a request (RFC 9112 section 7.1), undone without keeping its content.

use super::request::{Request, is_token};
use super::{BAD_REQUEST, LONGEST_HEAD, MOST_FIELDS, Refusal, push};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{Lines, split, trimmed};
use crate::target::reference::world::World;

/// Octets of one chunk-size line, and of all chunk extensions of a message together (RFC 9112 section 7.1.1).
const LONGEST_SIZE_LINE: usize = 4_096;
const LONGEST_EXTENSIONS: usize = 16_384;

/// How far a chunked content has come.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    lines: Lines,
    /// Octets of content so far.
    length: u64,
    extensions: usize,
    trailer_octets: usize,
    trailers: Request,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Size,
    /// So many octets of the chunk are to come.
    Data(u64),
    /// The CR LF after a chunk is to come; whether its CR has.
    End(bool),
    Trailers,
}

/// What has come of a content.
pub(super) enum Progress {
    /// It goes on; so many octets so far.
    Goes(u64),
    /// It had so many octets, and these trailer fields.
    Ends { length: u64, trailers: Vec<(String, Vec<u8>)> },
}

impl Chunked {
    /// Takes at least one octet; says how many, and how far the content is.
    pub(super) fn take(&mut self, octets: &[u8], world: &World) -> Result<(usize, Progress), Refusal> {
        let octet = octets[0];
        let mut count = 1;
        match &mut self.state {
            State::Size => {
                if self.lines.length() >= LONGEST_SIZE_LINE && !world.deviates(Deviation::HttpExtensionsUnlimited) {
                    return Err(BAD_REQUEST);
                }
                if let Some(line) = self.push(octet, LONGEST_SIZE_LINE + 1, world)? {
                    self.size(&line, world)?;
                }
            }
            State::Data(left) => {
                count = octets.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                self.length = self.length.saturating_add(count as u64);
                if *left == 0 {
                    self.state = State::End(false);
                }
            }
            State::End(after_cr) => match (octet, *after_cr) {
                (b'\r', false) => *after_cr = true,
                (b'\n', true) => self.state = State::Size,
                (b'\n', false) if world.deviates(Deviation::HttpBareLfInChunks) => self.state = State::Size,
                _ if world.deviates(Deviation::HttpChunkEndUnchecked) => {
                    // Whatever two octets stand there.
                    if *after_cr { self.state = State::Size } else { *after_cr = true }
                }
                _ => return Err(BAD_REQUEST),
            },
            State::Trailers => {
                self.trailer_octets += 1;
                if self.trailer_octets > LONGEST_HEAD || self.trailers.fields.len() > MOST_FIELDS {
                    return Err(Refusal(431));
                }
                match self.push(octet, LONGEST_HEAD, world)? {
                    Some(line) if line.is_empty() => {
                        let trailers = std::mem::take(&mut self.trailers.fields);
                        return Ok((count, Progress::Ends { length: self.length, trailers }));
                    }
                    Some(_) if world.deviates(Deviation::HttpTrailersUnchecked) => {}
                    Some(line) => self.trailers.add_field(&line, world)?,
                    None => {}
                }
            }
        }
        Ok((count, Progress::Goes(self.length)))
    }

    fn push(&mut self, octet: u8, most: usize, world: &World) -> Result<Option<Vec<u8>>, Refusal> {
        if world.deviates(Deviation::HttpBareLfInChunks) {
            return Ok(self.lines.push(octet, most, true).map(|line| line.octets));
        }
        Ok(push(&mut self.lines, octet, most, world)?.map(|line| line.octets))
    }

    /// `chunk-size [ chunk-ext ]`.
    fn size(&mut self, line: &[u8], world: &World) -> Result<(), Refusal> {
        let line = if world.deviates(Deviation::HttpChunkSizeGuessed) { guessed(line) } else { line };
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let (digits, extensions) = line.split_at(digits);
        self.extensions += extensions.len();
        let is_limited = self.extensions <= LONGEST_EXTENSIONS || world.deviates(Deviation::HttpExtensionsUnlimited);
        let is_plain = extensions.is_empty() || !world.deviates(Deviation::HttpExtensionsRefused);
        let is_known = !(extensions.contains(&b'\\') && world.deviates(Deviation::HttpQuotedPairUnknown));
        if digits.is_empty() || !is_limited || !is_plain || !is_known || !are_extensions(extensions) {
            return Err(BAD_REQUEST);
        }
        let mut size: u64 = 0;
        for digit in digits {
            let digit = u64::from(char::from(*digit).to_digit(16).unwrap_or_default());
            size = if world.deviates(Deviation::HttpChunkSizeWraps) {
                u64::from((size as u32).wrapping_mul(16).wrapping_add(digit as u32))
            } else {
                size.checked_mul(16).and_then(|size| size.checked_add(digit)).ok_or(BAD_REQUEST)?
            };
        }
        self.state = if size == 0 { State::Trailers } else { State::Data(size) };
        // What is too large is refused before it comes.
        if size > super::LARGEST_CONTENT { Err(Refusal(413)) } else { Ok(()) }
    }
}

/// What a reader takes for a chunk size that skips what it does not know.
fn guessed(line: &[u8]) -> &[u8] {
    let line = trimmed(line);
    let line = line.strip_prefix(b"0x").or(line.strip_prefix(b"+")).unwrap_or(line);
    let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
    &line[..digits]
}

/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`.
fn are_extensions(mut text: &[u8]) -> bool {
    let skip = |mut text: &'_ [u8]| -> usize {
        let all = text.len();
        while let [b' ' | b'\t', rest @ ..] = text {
            text = rest;
        }
        all - text.len()
    };
    let token = |text: &[u8]| text.iter().take_while(|octet| is_token(&[**octet])).count();
    while !text.is_empty() {
        text = &text[skip(text)..];
        let [b';', rest @ ..] = text else { return false };
        text = &rest[skip(rest)..];
        let length = token(text);
        if length == 0 {
            return false;
        }
        text = &text[length..];
        let (before, value) = split(text, b'=');
        let (true, Some(value)) = (before.iter().all(|octet| b" \t".contains(octet)), value) else { continue };
        text = &value[skip(value)..];
        let length = if text.starts_with(b"\"") { quoted(text) } else { token(text) };
        if length == 0 {
            return false;
        }
        text = &text[length..];
    }
    true
}

/// Octets of the quoted string (RFC 9110 section 5.6.4) that a text begins with; 0 if it has no end.
fn quoted(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'"' => return at + 1,
            b'\\' => at += 1,
            octet if octet.is_ascii_control() && octet != b'\t' => return 0,
            _ => {}
        }
        at += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets of content and trailers of a message, or how it is refused; the message is given octet by octet.
    fn read(text: &str) -> Result<(u64, usize), u16> {
        let mut chunked = Chunked::default();
        let world = World::default();
        for octet in text.bytes() {
            match chunked.take(&[octet], &world) {
                Ok((_, Progress::Ends { length, trailers })) => return Ok((length, trailers.len())),
                Ok(_) => {}
                Err(Refusal(status)) => return Err(status),
            }
        }
        Err(0)
    }

    #[test]
    fn what_is_well_formed_is_read() {
        assert_eq!(read("0\r\n\r\n"), Ok((0, 0)));
        assert_eq!(read("5\r\nhello\r\n0\r\n\r\n"), Ok((5, 0)));
        assert_eq!(read("A;a=b;c=\"x;\\\"y\" ; d\r\n0123456789\r\n000\r\nT: 1\r\nU:\r\n\r\n"), Ok((10, 2)));
    }

    #[test]
    fn what_is_not_is_refused() {
        for text in [
            "\r\n",
            " 5\r\n",
            "5 \r\n",
            "0x5\r\n",
            "-1\r\n",
            "g\r\n",
            "5;\r\n",
            "5;=a\r\n",
            "5;a=\r\n",
            "5;a=\"b\r\n",
            "5\nhello",
            "5;a\rb\r\n",
            "5\r\nhello\n",
            "5\r\nhello!\r\n",
            "5\r\nhell\r\n0\r\n",
            "10000000000000001\r\n",
            "0\r\n\n",
            "0\r\nbad line\r\n",
            "0\r\n a: b\r\n",
        ] {
            assert_eq!(read(text), Err(400), "{text:?}");
        }
        assert_eq!(read("fffffff\r\n"), Err(413));
        assert_eq!(read(&format!("1;{}\r\n", "a".repeat(5_000))), Err(400));
    }
}
