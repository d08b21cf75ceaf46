//! How much memory a session makes a target hold, where a fuzz target counts it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which counts. [`crate::fuzz_target`] makes it the allocator of a fuzz target.
#[derive(Debug)]
pub struct CountingAllocator;

// SAFETY: all memory is the system allocator's, asked for and given back as it came.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, octets: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(octets, layout) }
    }

    unsafe fn realloc(&self, octets: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_sub(layout.size(), Relaxed);
        grow(size);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(octets, layout, size) }
    }
}

fn grow(octets: usize) {
    COUNTING.store(true, Relaxed);
    let held = HELD.fetch_add(octets, Relaxed) + octets;
    PEAK.fetch_max(held, Relaxed);
}

/// Octets held now; what is held from now on is measured.
pub(super) fn begin() -> usize {
    let held = HELD.load(Relaxed);
    PEAK.store(held, Relaxed);
    held
}

/// The most that was held at a time since `begin`, without what was held then; nothing if nobody counts.
pub(super) fn peak_since(begun: usize) -> Option<usize> {
    COUNTING.load(Relaxed).then(|| PEAK.load(Relaxed).saturating_sub(begun))
}
