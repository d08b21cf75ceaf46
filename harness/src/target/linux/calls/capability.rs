//! The effective capabilities of a thread (capabilities(7)).

use std::io;

/// `_LINUX_CAPABILITY_VERSION_3`: 64 capabilities in two words each.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

/// One half of the capability sets of a thread.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The capability sets of the calling thread, as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::target::linux) struct Capabilities([Half; 2]);

impl Capabilities {
    /// Those of the calling thread.
    pub(in crate::target::linux) fn get() -> io::Result<Capabilities> {
        let mut header = Header { version: VERSION, pid: 0 };
        let mut halves = [Half::default(); 2];
        // SAFETY: version 3 of capget reads one header and writes two halves.
        let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) };
        if result == 0 { Ok(Capabilities(halves)) } else { Err(io::Error::last_os_error()) }
    }

    /// Gives the calling thread these.
    pub(in crate::target::linux) fn set(self) -> io::Result<()> {
        let mut header = Header { version: VERSION, pid: 0 };
        // SAFETY: version 3 of capset reads one header and two halves.
        let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, self.0.as_ptr()) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Whether a capability is effective.
    pub(in crate::target::linux) fn has(self, capability: u32) -> bool {
        self.0.get(capability as usize / 32).is_some_and(|half| half.effective & (1 << (capability % 32)) != 0)
    }
}

/// Raises or drops one capability in the effective set of the calling thread.
pub(in crate::target::linux) fn set_effective(capability: i32, raise: bool) -> io::Result<()> {
    let mut capabilities = Capabilities::get()?;
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let number = usize::try_from(capability).map_err(|_| invalid())?;
    let half = capabilities.0.get_mut(number / 32).ok_or_else(invalid)?;
    let bit = 1 << (number % 32);
    if raise {
        half.effective |= bit;
    } else {
        half.effective &= !bit;
    }
    capabilities.set()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_that_does_not_exist_is_refused() {
        assert_eq!(set_effective(64, true).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(set_effective(-1, false).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn dropping_is_for_this_thread_and_can_be_undone() {
        let before = Capabilities::get().unwrap();
        set_effective(10, false).unwrap();
        assert!(!Capabilities::get().unwrap().has(10));
        before.set().unwrap();
        assert_eq!(Capabilities::get().unwrap(), before);
    }
}
