//! recvmsg and sendmsg: scattered buffers and control messages.

use std::mem;
use std::net::SocketAddr;

use super::buffer::Buffer;
use super::sockaddr::RawAddress;
use super::{Done, outcome, refused};
use crate::target::linux::timing::clock::Clock;
use crate::target::{CallOutput, Control};

/// readv(2).
pub(super) fn readv(fd: i32, lengths: &[usize]) -> Done {
    let mut rooms = match rooms(lengths) {
        Ok(rooms) => rooms,
        Err(error) => return refused(&error),
    };
    let vector = vector_of(&mut rooms, lengths);
    // SAFETY: each entry is a room of ours, no smaller than what a call can transfer.
    let result = unsafe { libc::readv(fd, vector.as_ptr(), vector.len() as libc::c_int) };
    outcome(result as i64, |length| CallOutput::Data(gather(&rooms, lengths, length)))
}

/// recvmsg(2).
pub(super) fn recvmsg(fd: i32, lengths: &[usize], control_length: usize, flags: i32, clock: Clock) -> Done {
    let mut rooms = match rooms(lengths) {
        Ok(rooms) => rooms,
        Err(error) => return refused(&error),
    };
    let mut vector = vector_of(&mut rooms, lengths);
    let mut address = RawAddress::room();
    let control_length = control_length.min(1 << 16);
    // Of 64-bit words, for the alignment of `struct cmsghdr`.
    let mut control = vec![0u64; control_length.div_ceil(8)];
    let mut message = empty_message();
    message.msg_name = address.pointer_mut().cast();
    message.msg_namelen = address.length();
    message.msg_iov = vector.as_mut_ptr();
    message.msg_iovlen = vector.len() as _;
    if control_length > 0 {
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = control_length as _;
    }
    // SAFETY: every pointer of the message is to room of the length it says.
    let result = unsafe { libc::recvmsg(fd, &mut message, flags) };
    *address.length_mut() = message.msg_namelen;
    outcome(result as i64, |length| CallOutput::Message {
        data: gather(&rooms, lengths, length),
        address: address.read(),
        control: read_controls(&message, clock),
        flags: message.msg_flags,
    })
}

/// sendmsg(2).
pub(super) fn sendmsg(
    fd: i32,
    address: Option<SocketAddr>,
    data: &[Vec<u8>],
    control: &[Control],
    message_flags: i32,
    flags: i32,
) -> Done {
    let mut vector: Vec<libc::iovec> = data.iter().map(|part| parts(part)).collect();
    let mut address = address.map(RawAddress::from);
    let mut control = write_controls(control);
    let mut message = empty_message();
    if let Some(address) = &mut address {
        message.msg_name = address.pointer_mut().cast();
        message.msg_namelen = address.length();
    }
    message.msg_iov = vector.as_mut_ptr();
    message.msg_iovlen = vector.len() as _;
    if !control.is_empty() {
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = mem::size_of_val(control.as_slice()) as _;
    }
    message.msg_flags = message_flags;
    // SAFETY: every pointer of the message is to octets of the length it says.
    outcome(unsafe { libc::sendmsg(fd, &message, flags) } as i64, |_| CallOutput::None)
}

/// writev(2).
pub(super) fn writev(fd: i32, data: &[Vec<u8>]) -> Done {
    let vector: Vec<libc::iovec> = data.iter().map(|part| parts(part)).collect();
    // SAFETY: every entry is valid for its length.
    let result = unsafe { libc::writev(fd, vector.as_ptr(), vector.len() as libc::c_int) };
    outcome(result as i64, |_| CallOutput::None)
}

fn empty_message() -> libc::msghdr {
    // SAFETY: all-zero octets are a valid `struct msghdr`: no address, no buffers, no control messages.
    unsafe { mem::zeroed() }
}

fn rooms(lengths: &[usize]) -> std::io::Result<Vec<Buffer>> {
    lengths.iter().map(|&length| Buffer::new(length, false)).collect()
}

fn vector_of(rooms: &mut [Buffer], lengths: &[usize]) -> Vec<libc::iovec> {
    let pairs = rooms.iter_mut().zip(lengths);
    pairs.map(|(room, &length)| libc::iovec { iov_base: room.pointer(), iov_len: length }).collect()
}

fn parts(octets: &[u8]) -> libc::iovec {
    libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() }
}

/// The first `length` octets of scattered rooms, in one piece.
fn gather(rooms: &[Buffer], lengths: &[usize], length: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(length.min(1 << 20));
    for (room, &size) in rooms.iter().zip(lengths) {
        let left = length.saturating_sub(data.len());
        data.extend_from_slice(room.filled(left.min(size)));
    }
    data
}

/// The control messages the kernel wrote, time stamps moved to the target's clock.
#[allow(clippy::unnecessary_cast)] // the lengths have other types in other C libraries
fn read_controls(message: &libc::msghdr, clock: Clock) -> Vec<Control> {
    let mut controls = Vec::new();
    // SAFETY: the kernel wrote `msg_controllen` octets of well-formed control messages to `msg_control`; the macros
    // stay within them.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(message);
        while let Some(header) = next.as_ref() {
            let length = (header.cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
            let end = message.msg_control as usize + message.msg_controllen as usize;
            let start = libc::CMSG_DATA(next);
            let length = length.min(end.saturating_sub(start as usize));
            let data = std::slice::from_raw_parts(start, length).to_vec();
            let mut control = Control { level: header.cmsg_level, kind: header.cmsg_type, data };
            to_target_clock(&mut control, clock);
            controls.push(control);
            next = libc::CMSG_NXTHDR(message, next);
        }
    }
    controls
}

/// The kernel stamps with CLOCK_REALTIME; scripts want time since the run began. A stamp of zero is none.
fn to_target_clock(control: &mut Control, clock: Clock) {
    if control.level != libc::SOL_SOCKET {
        return;
    }
    // Seconds come with nanoseconds in all but SO_TIMESTAMP, where they come with microseconds.
    let unit = match control.kind {
        libc::SCM_TIMESTAMP => 1_000,
        libc::SCM_TIMESTAMPNS | libc::SCM_TIMESTAMPING => 1,
        _ => return,
    };
    for stamp in control.data.chunks_exact_mut(16) {
        let (seconds, fraction) = stamp.split_at_mut(8);
        let (Some(seconds), Some(fraction)) = (seconds.first_chunk_mut(), fraction.first_chunk_mut()) else { continue };
        let nanoseconds = u64::from_ne_bytes(*seconds) * 1_000_000_000 + u64::from_ne_bytes(*fraction) * unit;
        if nanoseconds != 0 {
            let since = clock.since_origin(nanoseconds);
            *seconds = (since / 1_000_000_000).to_ne_bytes();
            *fraction = (since % 1_000_000_000 / unit).to_ne_bytes();
        }
    }
}

/// Control messages in the kernel's layout, padded as CMSG_SPACE does.
fn write_controls(controls: &[Control]) -> Vec<u64> {
    let mut octets = Vec::new();
    for control in controls {
        // SAFETY: CMSG_LEN only computes.
        let length = unsafe { libc::CMSG_LEN(control.data.len() as u32) } as usize;
        octets.extend_from_slice(&length.to_ne_bytes());
        octets.extend_from_slice(&control.level.to_ne_bytes());
        octets.extend_from_slice(&control.kind.to_ne_bytes());
        octets.extend_from_slice(&control.data);
        octets.resize(octets.len().next_multiple_of(8), 0);
    }
    octets.chunks_exact(8).map(|word| u64::from_ne_bytes(word.first_chunk().copied().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_survive_the_kernels_layout() {
        let controls = vec![
            Control { level: 1, kind: 2, data: vec![7; 4] },
            Control { level: 41, kind: 25, data: (0..44).collect() },
        ];
        let mut words = write_controls(&controls);
        let mut message = empty_message();
        message.msg_control = words.as_mut_ptr().cast();
        message.msg_controllen = words.len() * 8;
        assert_eq!(read_controls(&message, Clock::start()), controls);
    }

    #[test]
    fn time_stamps_are_on_the_targets_clock() {
        let clock = Clock::start();
        let now = crate::target::linux::timing::clock::realtime();
        let mut data = (now / 1_000_000_000).to_ne_bytes().to_vec();
        data.extend_from_slice(&(now % 1_000_000_000).to_ne_bytes());
        data.extend_from_slice(&[0; 32]);
        let mut control = Control { level: libc::SOL_SOCKET, kind: libc::SCM_TIMESTAMPING, data };
        to_target_clock(&mut control, clock);
        assert_eq!(control.data[..8], [0; 8]);
        assert_eq!(control.data[16..], [0; 32]);
    }
}
