//! HTTP/1.1: messages by the framing rules of RFC 9112 section 6.

mod fields;
mod length;
mod reader;

pub use fields::{Field, Fields};
pub use reader::{RequestReader, ResponseReader};

use super::Defects;

/// A message with its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The fields of the header section.
    pub fields: Fields,
    /// The content, transfer codings undone; the first [`MOST_KEPT`](super::MOST_KEPT) octets at most.
    pub content: Vec<u8>,
    /// Octets of content that came.
    pub content_length: u64,
    /// What tells where the content ends.
    pub framing: Framing,
    /// The fields of the trailer section.
    pub trailers: Fields,
    /// What is wrong with it.
    pub defects: Defects,
}

/// What tells where content ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// Content-Length.
    Length(u64),
    /// The last chunk.
    Chunked,
    /// The end of the connection.
    Close,
}

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// What stands behind `HTTP/` in the status line.
    pub version: Vec<u8>,
    /// The status code, if there is one.
    pub status: Option<u16>,
    /// The reason phrase.
    pub reason: Vec<u8>,
    /// All else.
    pub message: Message,
}

impl Response {
    /// Whether the final response is still to come (RFC 9110 section 15.2); after 101 none comes.
    pub fn is_interim(&self) -> bool {
        self.status.is_some_and(|status| matches!(status, 100 | 102..=199))
    }
}

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Vec<u8>,
    /// The request target.
    pub target: Vec<u8>,
    /// What stands behind `HTTP/` in the request line.
    pub version: Vec<u8>,
    /// All else.
    pub message: Message,
}

/// What a response answers, as far as its framing depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerTo {
    /// HEAD: no content whatever the fields say.
    Head,
    /// CONNECT: with a status of 2xx a tunnel begins.
    Connect,
    /// Any other method.
    #[default]
    Other,
}

impl AnswerTo {
    /// What a request with this method is answered by.
    pub fn method(method: &[u8]) -> Self {
        match method {
            b"HEAD" => AnswerTo::Head,
            b"CONNECT" => AnswerTo::Connect,
            _ => AnswerTo::Other,
        }
    }
}
