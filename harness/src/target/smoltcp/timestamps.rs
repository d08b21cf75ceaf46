//! The clock of smoltcp's TCP timestamps (RFC 7323): smoltcp asks a plain function for it, so it lies beside the stack.

use std::cell::Cell;

use crate::time::Instant;

thread_local! {
    static NOW: Cell<u32> = const { Cell::new(0) };
}

/// Tells the time to the stack that the calling thread is about to poll.
pub(super) fn tell(now: Instant) {
    NOW.set((now.micros() / 1_000) as u32);
}

/// The timestamp clock: one tick a millisecond (RFC 7323 section 5.4 allows 1 ms to 1 s).
pub(super) fn generate() -> u32 {
    NOW.get()
}
