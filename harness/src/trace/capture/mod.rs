//! Captures: pcapng and classic pcap files, whoever wrote them, read packet by packet in bounded memory.
//!
//! The reader is our own because the pcap-file crate gives all times as nanoseconds, whatever the interface says, and
//! its errors do not tell where a file is damaged.

mod link;
mod pcap;
mod pcapng;

use std::io::{self, Read};

pub use link::LinkType;

use crate::time::Instant;

/// A packet, or a block around it, is not larger than this, in octets.
const LARGEST: usize = 16 * 1024 * 1024;

/// Reads a capture.
#[derive(Debug)]
pub struct CaptureReader<R> {
    input: Input<R>,
    format: Format,
    number: u64,
    data: Vec<u8>,
}

/// One packet of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedPacket<'a> {
    /// Its number in the file, from 1, as Wireshark counts.
    pub number: u64,
    /// When it was seen, since the epoch.
    pub at: Instant,
    /// What the octets begin with.
    pub link_type: LinkType,
    /// What was captured of it.
    pub octets: &'a [u8],
    /// Octets that it had on the link.
    pub length: usize,
    /// Which way it went, if the file tells.
    pub direction: Option<Direction>,
}

/// Which way a packet went, seen from the host that captured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The host received it.
    Inbound,
    /// The host sent it.
    Outbound,
}

/// A capture that cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The first octets are not those of a capture.
    #[error("is no capture: it begins with {0}, neither as pcapng nor as pcap does")]
    Format(String),
    /// It is compressed.
    #[error("is compressed with {0}: unpack it first")]
    Compressed(&'static str),
    /// It ends in the middle of something.
    #[error("ends at octet {end} within {what}, which begins at octet {start}")]
    Truncated {
        /// What is not complete.
        what: &'static str,
        /// Where it begins, in octets from the start of the file.
        start: u64,
        /// Where the file ends.
        end: u64,
    },
    /// It contradicts itself.
    #[error("is damaged at octet {at}: {what}")]
    Damaged {
        /// Octets from the start of the file.
        at: u64,
        /// What is wrong.
        what: String,
    },
}

#[derive(Debug)]
enum Format {
    Pcap(pcap::Header),
    Pcapng(pcapng::Section),
}

/// Input that knows where it is.
#[derive(Debug)]
struct Input<R> {
    inner: R,
    position: u64,
}

/// What a block or record says of a packet, whose octets are at a place of the reader's memory.
struct Found {
    at: Instant,
    link_type: LinkType,
    octets: std::ops::Range<usize>,
    length: usize,
    direction: Option<Direction>,
}

impl<R: Read> CaptureReader<R> {
    /// Reads the beginning of a capture.
    ///
    /// # Errors
    /// What is no capture, or ends within its header.
    pub fn new(inner: R) -> Result<Self, CaptureError> {
        let mut input = Input { inner, position: 0 };
        let mut data = Vec::new();
        let mut magic = [0; 4];
        input.fill(&mut magic, "the first four octets", 0)?;
        let format = match magic {
            [0x0a, 0x0d, 0x0d, 0x0a] => Format::Pcapng(pcapng::Section::read(&mut input, &mut data)?),
            [0x1f, 0x8b, ..] => return Err(CaptureError::Compressed("gzip")),
            [0x28, 0xb5, 0x2f, 0xfd] => return Err(CaptureError::Compressed("zstd")),
            [0xfd, b'7', b'z', b'X'] => return Err(CaptureError::Compressed("xz")),
            magic => match pcap::Header::read(magic, &mut input)? {
                Some(header) => Format::Pcap(header),
                None => {
                    let text = magic.map(|octet| format!("{octet:02x}")).join(" ");
                    return Err(CaptureError::Format(text));
                }
            },
        };
        Ok(CaptureReader { input, format, number: 0, data })
    }

    /// The program that wrote the capture, if it says so.
    pub fn application(&self) -> Option<&str> {
        match &self.format {
            Format::Pcap(_) => None,
            Format::Pcapng(section) => section.application.as_deref(),
        }
    }

    /// The next packet; `None` at the end.
    ///
    /// # Errors
    /// A file that ends within a packet, or contradicts itself. What comes after is not read.
    pub fn next_packet(&mut self) -> Result<Option<CapturedPacket<'_>>, CaptureError> {
        let found = match &mut self.format {
            Format::Pcap(header) => header.record(&mut self.input, &mut self.data)?,
            Format::Pcapng(section) => section.packet(&mut self.input, &mut self.data)?,
        };
        let Some(found) = found else { return Ok(None) };
        self.number += 1;
        let octets = self.data.get(found.octets).unwrap_or_default();
        Ok(Some(CapturedPacket {
            number: self.number,
            at: found.at,
            link_type: found.link_type,
            octets,
            length: found.length.max(octets.len()),
            direction: found.direction,
        }))
    }
}

impl<'a> CapturedPacket<'a> {
    /// The IP datagram, and the octets that it had on the link; `None` if it carries something else, or has a link type
    /// that is not known.
    pub fn datagram(&self) -> Option<(&'a [u8], usize)> {
        let skipped = self.link_type.header_length(self.octets)?;
        Some((&self.octets[skipped..], self.length - skipped))
    }
}

impl<R: Read> Input<R> {
    /// Fills `buffer`, of which nothing may be missing. `start` is where `what` begins.
    fn fill(&mut self, buffer: &mut [u8], what: &'static str, start: u64) -> Result<(), CaptureError> {
        let read = self.read(buffer)?;
        if read == buffer.len() { Ok(()) } else { Err(CaptureError::Truncated { what, start, end: self.position }) }
    }

    /// As [`Input::fill`], but false at the end of the file.
    fn fill_or_end(&mut self, buffer: &mut [u8], what: &'static str) -> Result<bool, CaptureError> {
        let start = self.position;
        match self.read(buffer)? {
            0 => Ok(false),
            read if read == buffer.len() => Ok(true),
            _ => Err(CaptureError::Truncated { what, start, end: self.position }),
        }
    }

    /// Reads `length` octets into `data`, which grows only as they come.
    fn take(&mut self, data: &mut Vec<u8>, length: usize, what: &'static str, start: u64) -> Result<(), CaptureError> {
        if length > LARGEST {
            let what = format!("{what} of {length} octets, more than {LARGEST}");
            return Err(CaptureError::Damaged { at: start, what });
        }
        data.clear();
        let read = (&mut self.inner).take(length as u64).read_to_end(data)?;
        self.position += read as u64;
        if read == length { Ok(()) } else { Err(CaptureError::Truncated { what, start, end: self.position }) }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, CaptureError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.inner.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }
}

/// Octet order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn u16(self, octets: &[u8], at: usize) -> u16 {
        let octets = octets.get(at..at + 2).and_then(|o| o.first_chunk()).copied().unwrap_or_default();
        if self == Order::Big { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
    }

    fn u32(self, octets: &[u8], at: usize) -> u32 {
        let octets = octets.get(at..at + 4).and_then(|o| o.first_chunk()).copied().unwrap_or_default();
        if self == Order::Big { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }

    fn u64(self, octets: &[u8], at: usize) -> u64 {
        let octets = octets.get(at..at + 8).and_then(|o| o.first_chunk()).copied().unwrap_or_default();
        if self == Order::Big { u64::from_be_bytes(octets) } else { u64::from_le_bytes(octets) }
    }
}

#[cfg(test)]
mod tests;
