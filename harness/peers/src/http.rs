//! Heads of HTTP/1 requests and responses, beside httparse.

use httparse::{EMPTY_HEADER, Error, Status};
use rfcheck::dialogue::framing::http::{Framing, Message, Request, RequestReader, Response, ResponseReader};
use rfcheck::dialogue::framing::{Flaw, Reader};

use crate::Quirks;
use crate::quirk::quirks;

quirks! {
    MINOR_VERSION = "httparse-minor-version", "httparse 1.10.1", "refuses a minor version above 1",
        "RFC 9110 section 2.5: SHOULD process the message as if it were in the highest minor version that it knows";
    REASON_SPACE = "httparse-reason-space", "httparse 1.10.1", "accepts a status line that ends behind the status code",
        "RFC 9112 section 4: the space is part of the status line also where the reason phrase is empty";
    REASON_OBS_TEXT = "httparse-reason-obs-text", "httparse 1.10.1", "gives an empty reason phrase for one with obs-text",
        "RFC 9112 section 4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )";
    TARGET_OBS_TEXT = "httparse-target-octets", "httparse 1.10.1", "accepts octets above 0x7f in a request target",
        "RFC 9112 section 3.2, RFC 3986 section 2: a URI has characters of US-ASCII only";
}

/// Fields that httparse is given room for.
const MOST_FIELDS: usize = 64;

/// A head as httparse reads it.
struct Theirs<'a> {
    /// Method and target, or the status code and the reason phrase.
    words: (Vec<u8>, Vec<u8>),
    minor_version: u8,
    fields: &'a [httparse::Header<'a>],
}

/// The head that octets begin with, of a response if they begin as one, else of a request: the same verdict, the same
/// end and the same fields as httparse's.
///
/// # Panics
///
/// Where they disagree otherwise than in a known quirk.
pub fn http_peers(octets: &[u8]) -> Quirks {
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    let mut quirks = Quirks::new();
    if octets.starts_with(b"HTTP/") {
        let mut response = httparse::Response::new(&mut fields);
        let verdict = response.parse(octets);
        let theirs = |_end| Theirs {
            words: (
                response.code.map_or_else(Vec::new, |code| format!("{code:03}").into()),
                response.reason.unwrap_or_default().into(),
            ),
            minor_version: response.version.unwrap_or_default(),
            fields: response.headers,
        };
        compare::<ResponseReader>(octets, verdict, theirs, &mut quirks);
    } else {
        let mut request = httparse::Request::new(&mut fields);
        let verdict = request.parse(octets);
        let theirs = |_end| Theirs {
            words: (request.method.unwrap_or_default().into(), request.path.unwrap_or_default().into()),
            minor_version: request.version.unwrap_or_default(),
            fields: request.headers,
        };
        compare::<RequestReader>(octets, verdict, theirs, &mut quirks);
    }
    quirks
}

/// Our reading of either kind.
trait Head: Default {
    fn message(&self) -> &Message;
    fn words(&self) -> (Vec<u8>, Vec<u8>);
    fn version(&self) -> &[u8];
}

impl Head for Request {
    fn message(&self) -> &Message {
        &self.message
    }

    fn words(&self) -> (Vec<u8>, Vec<u8>) {
        (self.method.clone(), self.target.clone())
    }

    fn version(&self) -> &[u8] {
        &self.version
    }
}

impl Head for Response {
    fn message(&self) -> &Message {
        &self.message
    }

    fn words(&self) -> (Vec<u8>, Vec<u8>) {
        (self.status.map_or_else(Vec::new, |status| format!("{status:03}").into()), self.reason.clone())
    }

    fn version(&self) -> &[u8] {
        &self.version
    }
}

fn compare<'a, R: Reader + Default>(
    octets: &[u8],
    verdict: Result<Status<usize>, Error>,
    theirs: impl FnOnce(usize) -> Theirs<'a>,
    quirks: &mut Quirks,
) where
    R::Message: Head,
{
    match verdict {
        Ok(Status::Complete(end)) => same_fields::<R>(&octets[..end], &theirs(end), quirks),
        Ok(Status::Partial) => {
            let (_, is_complete) = read::<R>(octets);
            assert!(!is_complete, "we read a whole head, httparse a part of one");
        }
        Err(Error::TooManyHeaders) => {}
        Err(error) => {
            let (ours, is_complete) = read::<R>(octets);
            // No more defects than these are kept.
            let is_full = ours.message().defects.iter().count() == 32;
            let flaws = head_flaws(ours.message());
            let is_http_1_2 = matches!(ours.version(), [b'1', b'.', b'2'..=b'9']);
            if flaws.is_empty() && error == Error::Version && is_http_1_2 {
                quirks.push(&MINOR_VERSION);
            } else if error != Error::Version || ours.version().starts_with(b"1.") {
                assert!(
                    !flaws.is_empty() || is_full,
                    "httparse says {error}, we find nothing wrong (whole: {is_complete})"
                );
            }
        }
    }
}

fn same_fields<R: Reader + Default>(octets: &[u8], theirs: &Theirs<'_>, quirks: &mut Quirks)
where
    R::Message: Head,
{
    let (ours, is_complete) = read::<R>(octets);
    assert!(is_complete, "httparse reads a whole head, we a part of one");
    let (first, second) = ours.words();
    assert_eq!(first, theirs.words.0, "the method or the status code");
    if second != theirs.words.1 && theirs.words.1.is_empty() && second.iter().any(|octet| *octet > 0x7f) {
        quirks.push(&REASON_OBS_TEXT);
    } else {
        assert_eq!(second, theirs.words.1, "the target or the reason phrase");
    }
    assert_eq!(ours.version(), [b'1', b'.', b'0' + theirs.minor_version], "the version");
    let message = ours.message();
    assert_eq!(message.fields.iter().count(), theirs.fields.len(), "how many fields there are");
    for (ours, theirs) in message.fields.iter().zip(theirs.fields) {
        assert_eq!((&*ours.name, &*ours.value), (theirs.name.as_bytes(), theirs.value));
    }
    for flaw in head_flaws(message) {
        match flaw {
            Flaw::StatusLine if second.is_empty() => quirks.push(&REASON_SPACE),
            Flaw::RequestLine if second.iter().any(|octet| *octet > 0x7f) => quirks.push(&TARGET_OBS_TEXT),
            flaw => panic!("httparse accepts a head of which we say that {flaw}"),
        }
    }
}

/// Our reading of the first head, and whether it is whole.
fn read<R: Reader + Default>(octets: &[u8]) -> (R::Message, bool)
where
    R::Message: Head,
{
    let mut reader = R::default();
    let fed = reader.feed(octets);
    if let Some(message) = fed.message {
        return (message, true);
    }
    let message = reader.end().unwrap_or_default();
    // Where content follows a head, the message goes on.
    let is_whole = message.message().framing != Framing::None;
    (message, is_whole)
}

/// What is wrong with start line and fields, but what a recipient may let pass (RFC 9112 section 2.2: LF alone, empty
/// lines before the start line), and what is wrong with the framing of the content.
fn head_flaws(message: &Message) -> Vec<Flaw> {
    let is_of_head = |flaw: &Flaw| {
        matches!(
            flaw,
            Flaw::BareCr
                | Flaw::RequestLine
                | Flaw::StatusLine
                | Flaw::LeadingSpace
                | Flaw::NoColon
                | Flaw::SpaceBeforeColon
                | Flaw::FieldName
                | Flaw::FieldValue
                | Flaw::ObsoleteFold
        )
    };
    message.defects.iter().map(|defect| defect.flaw).filter(is_of_head).collect()
}
