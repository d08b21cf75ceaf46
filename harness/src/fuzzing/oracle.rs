//! The seam to what judges the packets of a session.

use std::net::{IpAddr, Ipv4Addr};

use crate::monitor::{Monitor, Sender, Vantage};
use crate::target::Link;
use crate::time::Instant;
use crate::wire::Parsed;

/// Judges the packets of a session against RFCs. One judges session after session, in the same memory.
pub trait Oracle {
    /// A session begins on a fresh target.
    fn begin(&mut self, link: &Link);

    /// A datagram of the tester (`from_target` is false) or of the target: its octets, and what was read of them.
    fn packet(&mut self, at: Instant, from_target: bool, octets: &[u8], parsed: &Parsed<'_>);

    /// The session is over.
    fn finish(&mut self, at: Instant);

    /// What the target broke, in order.
    fn complaints(&self, each: &mut dyn FnMut(Complaint<'_>));
}

/// Something that the target broke.
#[derive(Clone, Copy, Debug)]
pub struct Complaint<'a> {
    /// What it broke: the ID of a requirement, or of an invariant that has none.
    pub id: &'a str,
    /// The datagram of the session that shows it, fragments counted one by one, from 1.
    pub frame: u64,
    /// When.
    pub at: Instant,
    /// What is wrong, lower-case, one line.
    pub detail: &'a str,
}

/// The monitor's invariants, over the packets of a session.
impl Oracle for Monitor {
    fn begin(&mut self, link: &Link) {
        self.clear(vantage(link));
    }

    fn packet(&mut self, at: Instant, from_target: bool, octets: &[u8], parsed: &Parsed<'_>) {
        let sender = if from_target { Sender::Target } else { Sender::Tester };
        Monitor::parsed(self, at, sender, octets, 0, parsed);
    }

    fn finish(&mut self, at: Instant) {
        Monitor::finish(self, at);
    }

    fn complaints(&self, each: &mut dyn FnMut(Complaint<'_>)) {
        for violation in self.violations() {
            each(Complaint {
                id: violation.invariant.requirement(),
                frame: violation.frame,
                at: violation.at,
                detail: &violation.detail,
            });
        }
    }
}

/// What a monitor may rely on in a run on this link.
pub(super) fn vantage(link: &Link) -> Vantage {
    let broadcast = match link.local {
        IpAddr::V4(local) if link.prefix < 31 => {
            Some(Ipv4Addr::from_bits(local.to_bits() | u32::MAX >> link.prefix).into())
        }
        _ => None,
    };
    Vantage { offload: link.segmentation_offload, broadcast, ..Vantage::link() }
}
