//! Packets from the target that no expectation has taken yet.

use crate::time::Instant;
use crate::trace::{Trace, TraceEventKind};
use crate::wire::{Defect, DefectKind};

/// A packet from the target that no expectation has taken yet; its octets are in the trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub at: Instant,
    /// Index of its trace event.
    pub trace: usize,
}

/// The octets of a pending packet.
pub(super) fn octets<'t>(trace: &'t Trace, pending: &Pending) -> &'t [u8] {
    match &trace.events[pending.trace].kind {
        TraceEventKind::Received { octets, .. } => trace.octets(octets),
        _ => &[],
    }
}

/// What makes a packet malformed, if anything; reserved bits are compared field by field instead.
pub(super) fn worst_defect(defects: &[Defect]) -> Option<String> {
    defects
        .iter()
        .find(|defect| !matches!(defect.kind, DefectKind::Reserved(_)))
        .map(|defect| format!("{} (octet {})", defect.kind, defect.octet))
}
