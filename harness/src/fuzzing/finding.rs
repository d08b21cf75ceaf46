//! What fuzzing found, with an ID that is the same for the same cause.

use std::fmt;

use crate::time::Instant;

/// One thing that a target does and must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is; equal for equal causes.
    pub cause: Cause,
    /// When it showed, on the target's clock.
    pub at: Instant,
    /// What happened this time, lower-case, one line.
    pub detail: String,
}

/// Why a session is a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The target is gone: it panicked, spins, or sends without end. What it said, with numbers left out.
    Gone(String),
    /// It sends without end, and no time goes by.
    Flood,
    /// It holds more memory than a session can make it need.
    Memory,
    /// It broke what an oracle watches; the oracle's ID.
    Broken(String),
    /// It acknowledges what the tester has not sent.
    AcknowledgesUnsent,
    /// The application reads something else than the tester sent.
    Delivered,
    /// The application reads octets that stand behind the tester's FIN.
    DeliveredAfterFin,
    /// What the target sends is not what its application wrote.
    Sent,
    /// A UDP datagram is delivered that nobody sent.
    Datagram,
    /// What the application wrote does not get to a tester that takes it.
    Stalled,
    /// The application cannot read what the target has acknowledged.
    Lost,
    /// It does not take octets that are next and inside its window, or the FIN behind them.
    Refused,
    /// It says nothing to what it must answer.
    Unanswered(Demand),
    /// After the session a fresh connection does not work: at this step.
    NotLive(&'static str),
}

/// Something that a target must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// An echo request: by a reply.
    EchoRequest,
    /// A datagram to a socket: by handing it to the application.
    Datagram,
    /// A datagram of the application: by sending it.
    SentDatagram,
    /// A datagram to a port that nobody has: by an error.
    NobodysPort,
    /// A segment for which there is no connection: by a reset.
    NoConnection,
    /// A segment outside the window: by an acknowledgment.
    OutsideWindow,
    /// The peer's FIN once more, in TIME-WAIT: by an acknowledgment.
    FinAgain,
}

impl Demand {
    /// What is to be answered, with an article.
    pub fn what(self) -> &'static str {
        match self {
            Demand::EchoRequest => "an echo request",
            Demand::Datagram => "a datagram to a socket",
            Demand::SentDatagram => "a datagram of the application",
            Demand::NobodysPort => "a datagram to a port that nobody has",
            Demand::NoConnection => "a segment without a connection",
            Demand::OutsideWindow => "a segment outside the window",
            Demand::FinAgain => "a FIN in TIME-WAIT",
        }
    }

    /// Where that stands, and what it says.
    pub fn clause(self) -> (&'static str, &'static str) {
        match self {
            Demand::EchoRequest => {
                ("RFC 1122 section 3.2.2.6, RFC 4443 section 4.2", "A host sends an echo reply to each echo request.")
            }
            Demand::Datagram => {
                ("RFC 768 User Interface", "A datagram that came whole is given to the user of its port.")
            }
            Demand::SentDatagram => ("RFC 768 User Interface", "A datagram of the user is sent, from the user's port."),
            Demand::NobodysPort => (
                "RFC 1122 section 4.1.3.1, RFC 4443 section 3.1",
                "A datagram to a port without a socket is answered by Port Unreachable (SHOULD).",
            ),
            Demand::NoConnection => {
                ("RFC 9293 section 3.5.2", "A segment for which there is no connection is answered by a reset.")
            }
            Demand::OutsideWindow => (
                "RFC 9293 section 3.10.7.4, first",
                "A segment that is not acceptable is answered by an acknowledgment.",
            ),
            Demand::FinAgain => {
                ("RFC 9293 section 3.10.7.4, eighth", "In TIME-WAIT a FIN that comes again is acknowledged.")
            }
        }
    }
}

impl Cause {
    /// The cause of a target that is gone and said so. Numbers say how it happened this time, and are left out.
    pub fn gone(said: &str) -> Cause {
        let mut text = String::with_capacity(said.len());
        for character in said.chars() {
            match character {
                '0'..='9' if text.ends_with('N') => {}
                '0'..='9' => text.push('N'),
                _ => text.push(character),
            }
        }
        Cause::Gone(text)
    }

    /// A name for files and lists: the same for the same cause, in every run and on every machine.
    pub fn id(&self) -> String {
        match self {
            Cause::Gone(said) => format!("gone-{}", slug(said)),
            Cause::Flood => "flood".into(),
            Cause::Memory => "memory".into(),
            Cause::Broken(id) => format!("breaks-{}", slug(id)),
            Cause::AcknowledgesUnsent => "acknowledges-unsent".into(),
            Cause::Delivered => "delivers-another-stream".into(),
            Cause::DeliveredAfterFin => "delivers-after-fin".into(),
            Cause::Sent => "sends-another-stream".into(),
            Cause::Datagram => "delivers-another-datagram".into(),
            Cause::Stalled => "stalls".into(),
            Cause::Lost => "loses-octets".into(),
            Cause::Refused => "takes-no-octets".into(),
            Cause::Unanswered(demand) => format!("unanswered-{}", slug(demand.what())),
            Cause::NotLive(step) => format!("not-live-{}", slug(step)),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Gone(said) => write!(f, "the target is gone: {said}"),
            Cause::Flood => f.write_str("the target sends without end"),
            Cause::Memory => f.write_str("the target holds more memory than the session can need"),
            Cause::Broken(id) => write!(f, "the target breaks {id}"),
            Cause::AcknowledgesUnsent => f.write_str("the target acknowledges what the tester has not sent"),
            Cause::Delivered => f.write_str("the application reads something else than the tester sent"),
            Cause::DeliveredAfterFin => f.write_str("the application reads octets that stand behind the tester's FIN"),
            Cause::Sent => f.write_str("the target sends something else than its application wrote"),
            Cause::Datagram => f.write_str("a datagram is delivered that nobody sent"),
            Cause::Stalled => f.write_str("what the application wrote is not sent, or not sent again"),
            Cause::Lost => f.write_str("the application cannot read what the target has acknowledged"),
            Cause::Refused => f.write_str("octets that are next and inside the window are not taken"),
            Cause::Unanswered(demand) => write!(f, "the target does not answer {}", demand.what()),
            Cause::NotLive(step) => write!(f, "after the session a fresh connection does not work: {step}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] at {} s: {}", self.cause, self.cause.id(), self.at, self.detail)
    }
}

/// Lower-case words joined by `-`, cut where it is long; then a hash of the whole, so that no two are mixed up.
fn slug(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut slug = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.len() <= LONGEST {
        return slug.to_owned();
    }
    // FNV-1a.
    let hash = text.bytes().fold(0x811c_9dc5u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    format!("{}-{hash:08x}", slug[..LONGEST].trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_does_not_depend_on_numbers() {
        let (one, other) = (Cause::gone("index 17 of 4"), Cause::gone("index 9 of 1024"));
        assert_eq!(one, other);
        assert_eq!(one.id(), "gone-index-n-of-n");
    }

    #[test]
    fn long_texts_that_differ_late_have_different_ids() {
        let text = |end: &str| Cause::gone(&format!("{}{end}", "word ".repeat(20))).id();
        assert_ne!(text("a"), text("b"));
        assert!(text("a").len() < 64);
    }
}
