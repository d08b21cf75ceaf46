//! Room for the kernel to write to, as large as a script says it is.

use std::io;
use std::ptr;

/// The most that one call can transfer (read(2), NOTES).
const MOST: usize = 0x7fff_f000;
/// Larger rooms are mapped, so that a script may claim gigabytes and only what is written to costs memory.
const MAPPED_FROM: usize = 1 << 20;

/// Room for the kernel to write to.
pub(super) enum Buffer {
    Null,
    Owned(Vec<u8>),
    Mapped { start: *mut libc::c_void, length: usize },
}

impl Buffer {
    /// Room for `length` octets, or a null pointer. No call writes more than [`MOST`] octets, so no room is larger.
    pub(super) fn new(length: usize, null: bool) -> io::Result<Buffer> {
        if null {
            return Ok(Buffer::Null);
        }
        if length < MAPPED_FROM {
            return Ok(Buffer::Owned(vec![0; length]));
        }
        let length = length.min(MOST);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a fresh anonymous mapping touches nothing that exists.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Buffer::Mapped { start, length }) }
    }

    /// Where the kernel may write.
    pub(super) fn pointer(&mut self) -> *mut libc::c_void {
        match self {
            Buffer::Null => ptr::null_mut(),
            Buffer::Owned(octets) => octets.as_mut_ptr().cast(),
            Buffer::Mapped { start, .. } => *start,
        }
    }

    /// The first `length` octets; fewer if the room is smaller.
    pub(super) fn filled(&self, length: usize) -> &[u8] {
        match self {
            Buffer::Null => &[],
            Buffer::Owned(octets) => &octets[..length.min(octets.len())],
            Buffer::Mapped { start, length: room } => {
                // SAFETY: the mapping is `room` octets long, initialised by the kernel, and lives as long as self.
                unsafe { std::slice::from_raw_parts(start.cast(), length.min(*room)) }
            }
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Buffer::Mapped { start, length } = self {
            // SAFETY: the mapping is ours and nobody refers to it any more.
            unsafe { libc::munmap(*start, *length) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_rooms_cost_nothing_until_written_to() {
        let mut room = Buffer::new(usize::MAX, false).unwrap();
        assert!(!room.pointer().is_null());
        assert_eq!(room.filled(3), [0, 0, 0]);
        assert_eq!(room.filled(usize::MAX).len(), MOST);
    }
}
