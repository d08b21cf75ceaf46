//! Descriptors from one process, or one table of descriptors, to another (unix(7), SCM_RIGHTS).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::system::{check, check_size, owned};

/// Room for a control message of up to four descriptors, in words because `struct cmsghdr` is aligned so.
pub(super) const CONTROL_WORDS: usize = 4;

/// A pair of connected sockets that no other program inherits.
pub(super) fn pair(kind: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: two descriptors are written.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) })?;
    Ok((owned(ends[0])?, owned(ends[1])?))
}

/// Sends octets together with descriptors (at most four).
pub(super) fn send_with(channel: &impl AsFd, octets: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    debug_assert!(descriptors.len() <= 4, "there is room for four descriptors");
    let mut control = [0u64; CONTROL_WORDS];
    let mut vector = libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() };
    let size = size_of_val(descriptors) as u32;
    // SAFETY: all-zero octets are a valid `struct msghdr`; the control message fits the room, which is aligned; a
    // `BorrowedFd` is a descriptor in memory.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut vector;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size) as _;
        let header = control.as_mut_ptr().cast::<libc::cmsghdr>();
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size) as _;
        libc::CMSG_DATA(header).copy_from_nonoverlapping(descriptors.as_ptr().cast(), size as usize);
        libc::sendmsg(channel.as_fd().as_raw_fd(), &message, libc::MSG_NOSIGNAL)
    };
    check_size(sent).map(drop)
}

/// Waits for one descriptor; `None` at the end of the channel.
pub(super) fn receive_descriptor(channel: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    // SAFETY: the channel is open.
    match unsafe { receive_raw::<1, 1>(channel.as_raw_fd()) } {
        Some((_, [descriptor])) => owned(descriptor).map(Some),
        None => Ok(None),
    }
}

/// Waits for exactly `OCTETS` octets with `COUNT` descriptors; `None` if something else comes, or the channel ends.
///
/// Calls nothing but the kernel, so that it can be used after a fork.
///
/// # Safety
/// `channel` must be an open descriptor.
#[allow(clippy::unnecessary_cast)] // the length has another type in other C libraries
pub(super) unsafe fn receive_raw<const OCTETS: usize, const COUNT: usize>(
    channel: libc::c_int,
) -> Option<([u8; OCTETS], [libc::c_int; COUNT])> {
    let mut octets = [0; OCTETS];
    let mut control = [0u64; CONTROL_WORDS];
    let mut vector = libc::iovec { iov_base: octets.as_mut_ptr().cast(), iov_len: OCTETS };
    // SAFETY: all-zero octets are a valid `struct msghdr`; both rooms are as large as is said, and what the kernel wrote
    // to the second is a control message if it says so.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut vector;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        loop {
            let length = libc::recvmsg(channel, &raw mut message, libc::MSG_CMSG_CLOEXEC);
            if length == OCTETS as libc::ssize_t {
                break;
            }
            if length != -1 || *libc::__errno_location() != libc::EINTR {
                return None;
            }
        }
        let header = control.as_ptr().cast::<libc::cmsghdr>();
        let wanted = libc::CMSG_LEN((COUNT * size_of::<libc::c_int>()) as u32) as usize;
        if (*header).cmsg_type != libc::SCM_RIGHTS || (*header).cmsg_len as usize != wanted {
            return None;
        }
        Some((octets, libc::CMSG_DATA(header).cast::<[libc::c_int; COUNT]>().read_unaligned()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_descriptor_is_the_same_file_at_the_other_end() {
        let (ours, theirs) = pair(libc::SOCK_SEQPACKET).unwrap();
        let (mut from, to) = std::io::pipe().unwrap();
        send_with(&ours, &[7], &[to.as_fd()]).unwrap();
        drop(to);
        let passed = receive_descriptor(theirs.as_fd()).unwrap().unwrap();
        std::fs::File::from(passed).write_all(b"here").unwrap();
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        assert_eq!(text, "here");
        drop(ours);
        assert!(receive_descriptor(theirs.as_fd()).unwrap().is_none());
    }
}
