//! The monitor over a trace of a run.

use super::{Monitor, Sender, Vantage, Violation};
use crate::time::Instant;
use crate::trace::{Trace, TraceEventKind};

/// Judges the target's packets of a run that ended at `ended`. `vantage` is that of [`Vantage::link`], with what the run's
/// link makes different.
pub fn judge<'a>(monitor: &'a mut Monitor, vantage: Vantage, trace: &Trace, ended: Instant) -> &'a [Violation] {
    monitor.clear(vantage);
    for event in &trace.events {
        let (sender, octets) = match &event.kind {
            TraceEventKind::Injected { octets, .. } => (Sender::Tester, octets),
            TraceEventKind::Received { octets, .. } => (Sender::Target, octets),
            _ => continue,
        };
        let octets = trace.octets(octets);
        monitor.packet(event.at, sender, octets, octets.len());
    }
    monitor.finish(ended);
    monitor.violations()
}
