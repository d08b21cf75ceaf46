//! Responses, written (RFC 9112 section 4, RFC 9110 sections 6 to 8).

use super::request::{Request, Version};
use crate::target::reference::date;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// A response before it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Fields but those that tell date, framing and connection.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) content: Content,
}

/// What a response carries.
#[derive(Clone, Debug, Default)]
pub(super) enum Content {
    /// Nothing can follow the header section: 204 and 304.
    #[default]
    None,
    /// These octets, with their length told.
    Octets(Vec<u8>),
    /// These octets, made while they are sent: in chunks where the client knows chunks.
    Made(Vec<u8>),
}

impl Response {
    /// An error, with its reason as content.
    pub(super) fn error(status: u16) -> Self {
        let text = format!("{status} {}\n", reason(status));
        Response::new(status, Content::Octets(text.into_bytes())).with("Content-Type", "text/plain")
    }

    pub(super) fn new(status: u16, content: Content) -> Self {
        Response { status, fields: Vec::new(), content }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Writes the answer to a request; `closes`: the connection ends with it.
    pub(super) fn write(self, request: &Request, closes: bool, world: &World, out: &mut Vec<u8>) {
        let is_old = request.version == Version::Http10;
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let mut field = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        };
        match world.deviation {
            Some(Deviation::HttpDateMissing) => {}
            Some(Deviation::HttpDateOfOldForm) => field("Date", &date::rfc850(world.date())),
            _ => field("Date", &date::imf_fixdate(world.date())),
        }
        let is_head = request.method == b"HEAD";
        for (name, value) in &self.fields {
            let is_left_out = match world.deviation {
                Some(Deviation::HttpTypeMissing) => *name == "Content-Type",
                Some(Deviation::HttpHeadFieldsMissing) => is_head && *name == "ETag",
                _ => false,
            };
            if !is_left_out {
                field(name, value);
            }
        }
        let coded = match &self.content {
            Content::None => Vec::new(),
            Content::Made(octets) if !is_old || world.deviates(Deviation::HttpChunkedToOld) => {
                field("Transfer-Encoding", "chunked");
                let chunks = octets.chunks(16).flat_map(|chunk| {
                    [format!("{:x}\r\n", chunk.len()).into_bytes(), chunk.to_vec(), b"\r\n".to_vec()].concat()
                });
                chunks.chain(*b"0\r\n\r\n").collect()
            }
            Content::Octets(octets) | Content::Made(octets) => {
                let is_zero = is_head && world.deviates(Deviation::HttpHeadLengthZero);
                field("Content-Length", &if is_zero { 0 } else { octets.len() }.to_string());
                octets.clone()
            }
        };
        if closes && !world.deviates(Deviation::HttpCloseNotSaid) {
            field("Connection", "close");
        } else if is_old && !closes {
            field("Connection", "keep-alive");
        }
        head.push_str("\r\n");
        out.extend_from_slice(head.as_bytes());
        // RFC 9110 section 9.3.2: the same fields as for GET, and nothing behind them.
        if !is_head || world.deviates(Deviation::HttpHeadWithContent) {
            out.extend_from_slice(&coded);
        }
    }
}

/// The reason phrases of RFC 9110 section 15.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
