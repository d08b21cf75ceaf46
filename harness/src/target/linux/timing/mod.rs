//! The machine's clock and tick, the scheduling of the run's threads, and the limit of calls.

pub(super) mod clock;
pub(super) mod processor_times;
pub(super) mod scheduling;
pub(super) mod sleep;
pub(super) mod tick;
pub(super) mod watchdog;
