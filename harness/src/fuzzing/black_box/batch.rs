//! A target that many sessions share, and where the tester is in each of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::fuzzing::run::ADDRESSES;
use crate::fuzzing::session::Session;
use crate::target::{Event, Link, Target, TargetError, TargetFactory};
use crate::time::Instant;
use crate::wire::{Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Packet};

/// Sessions that follow each other on one target: as many as there are addresses for.
pub(super) const SESSIONS: u32 = 2_000;
/// Where the tester's IPv4 addresses begin, and the length of their prefix: those for benchmarks (RFC 2544 appendix C).
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const PREFIX: u8 = 15;
/// Echo requests that tell how soon a target answers.
const PROBES: u32 = 8;
/// What is taken to be its time if it does not answer them, and the longest that is waited, in microseconds.
const UNKNOWN: i64 = 2_000;
const LONGEST: i64 = 20_000;

/// A target that many sessions share.
pub(in crate::fuzzing) struct Shared {
    pub(in crate::fuzzing) target: Box<dyn Target>,
    link: Link,
    used: u32,
    /// How long it may take to answer at once.
    pub(in crate::fuzzing) settling: Duration,
}

impl Shared {
    /// A fresh target for sessions with the setup of this one.
    pub(in crate::fuzzing) fn make(factory: &dyn TargetFactory, session: &Session) -> Result<Shared, TargetError> {
        let mut link = session.link();
        if link.remote.is_ipv4() {
            link.remote = FIRST.into();
            link.remote_prefix = PREFIX;
        }
        let mut target = factory.create(&link)?;
        let settling = settling(&mut *target, &link)?;
        Ok(Shared { target, link, used: 1, settling })
    }

    /// The link of the next session: the tester has an address that it never had.
    pub(in crate::fuzzing) fn next_link(&mut self) -> Link {
        let first = self.used * ADDRESSES;
        self.used += 1;
        let remote = match self.link.remote {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().wrapping_add(first)).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().wrapping_add(first.into())).into(),
        };
        Link { remote, ..self.link.clone() }
    }

    /// Whether the target is one for the setup of this session.
    pub(in crate::fuzzing) fn fits(&self, session: &Session) -> bool {
        let link = session.link();
        (link.local, link.mtu) == (self.link.local, self.link.mtu)
    }

    /// Whether there are addresses for another session.
    pub(in crate::fuzzing) fn has_room(&self) -> bool {
        self.used <= SESSIONS
    }
}

/// How long a target takes to answer at once: nothing where an answer is there when the request has been handed over.
fn settling(target: &mut dyn Target, link: &Link) -> Result<Duration, TargetError> {
    let mut packet = Vec::new();
    let mut longest = 0;
    for number in 0..PROBES {
        let mut request = Vec::new();
        echo(link, number as u16, &mut request);
        let begin = target.now();
        target.inject(&request)?;
        if matches!(target.wait(begin, &mut packet)?, Event::Packet(_)) {
            continue;
        }
        let patience = begin.offset(LONGEST);
        let answered = loop {
            match target.wait(patience, &mut packet)? {
                Event::Packet(_) => break true,
                Event::Returned(_) => {}
                Event::Deadline => break false,
            }
        };
        if !answered {
            return Ok(Duration::from_micros(UNKNOWN as u64));
        }
        longest = longest.max(since(begin, target.now()));
    }
    // The slowest of a few is not the slowest of many.
    Ok(Duration::from_micros((longest * 4).min(LONGEST) as u64))
}

fn since(begin: Instant, now: Instant) -> i64 {
    now.saturating_since(begin).as_micros() as i64
}

fn echo(link: &Link, number: u16, out: &mut Vec<u8>) {
    let headers = match (link.remote, link.local) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            [Header::Ipv4(Ipv4::new(source, destination)), Header::Icmpv4(Icmpv4::echo(1, number))]
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let [high, low] = number.to_be_bytes();
            let request = Icmpv6 { rest: [0, 1, high, low], ..Icmpv6::new(Icmpv6::ECHO_REQUEST, 0) };
            [Header::Ipv6(Ipv6::new(source, destination)), Header::Icmpv6(request)]
        }
        _ => return, // A link has one IP version.
    };
    Packet { headers: headers.into_iter().collect(), payload: &[] }.emit(out);
}
