//! Socket calls, made with the kernel's own interface.

pub(super) mod blocking;
mod buffer;
pub(super) mod capability;
pub(super) mod descriptors;
mod message;
mod orphans;
mod sockaddr;

use std::ffi::CString;
use std::io;
use std::path::Path;

use buffer::Buffer;
use sockaddr::RawAddress;

use crate::target::linux::timing::clock::Clock;
use crate::target::{CallOutput, Errno, PollEntry, SocketCall};

/// What a call gave.
#[derive(Debug)]
pub(super) struct Done {
    /// What it returned.
    pub(super) result: Result<i64, Errno>,
    /// What it wrote through its pointers.
    pub(super) output: CallOutput,
}

/// What calls need to know of their run.
#[derive(Clone, Debug)]
pub(super) struct CallContext {
    /// The run's clock, for time stamps.
    pub(super) clock: Clock,
    /// Where relative paths begin; the process's own working directory if none.
    pub(super) working_directory: Option<std::path::PathBuf>,
}

/// Makes a call on the calling thread.
pub(super) fn execute(call: &SocketCall, context: &CallContext) -> Done {
    match call {
        SocketCall::Socket { domain, kind, protocol } => plain(unsafe { libc::socket(*domain, *kind, *protocol) }),
        SocketCall::Bind { fd, address } => {
            let address = RawAddress::from(*address);
            plain(unsafe { libc::bind(*fd, address.pointer(), address.length()) })
        }
        SocketCall::Listen { fd, backlog } => plain(unsafe { libc::listen(*fd, *backlog) }),
        SocketCall::Accept { fd } => {
            let mut peer = RawAddress::room();
            let result = unsafe { libc::accept(*fd, peer.pointer_mut(), peer.length_mut()) };
            outcome(result.into(), |_| peer.read().map_or(CallOutput::None, CallOutput::Address))
        }
        SocketCall::Connect { fd, address } => connect(*fd, &RawAddress::from(*address)),
        SocketCall::ConnectFamily { fd, family } => connect(*fd, &RawAddress::of_family(*family)),
        SocketCall::Read { fd, length, null } => {
            receive(*length, *null, |room| unsafe { libc::read(*fd, room, *length) })
        }
        SocketCall::Readv { fd, lengths } => message::readv(*fd, lengths),
        SocketCall::Recv { fd, length, flags, null } => {
            receive(*length, *null, |room| unsafe { libc::recv(*fd, room, *length, *flags) })
        }
        SocketCall::RecvFrom { fd, length, flags, null } => recvfrom(*fd, *length, *flags, *null),
        SocketCall::RecvMsg { fd, lengths, control_length, flags } => {
            message::recvmsg(*fd, lengths, *control_length, *flags, context.clock)
        }
        SocketCall::Write { fd, data, null } => size(unsafe { libc::write(*fd, start_of(data, *null), data.len()) }),
        SocketCall::Writev { fd, data } => message::writev(*fd, data),
        SocketCall::Send { fd, data, flags, null } => {
            size(unsafe { libc::send(*fd, start_of(data, *null), data.len(), *flags) })
        }
        SocketCall::SendTo { fd, data, flags, address, null } => {
            sendto(*fd, data, *flags, address.map(RawAddress::from).as_ref(), *null)
        }
        SocketCall::SendToFamily { fd, data, flags, family, null } => {
            sendto(*fd, data, *flags, Some(&RawAddress::of_family(*family)), *null)
        }
        SocketCall::SendMsg { fd, address, data, control, message_flags, flags } => {
            message::sendmsg(*fd, *address, data, control, *message_flags, *flags)
        }
        SocketCall::Fcntl { fd, command, argument } => fcntl(*fd, *command, *argument),
        SocketCall::Ioctl { fd, request, argument } => ioctl(*fd, *request, *argument),
        SocketCall::Close { fd } => plain(unsafe { libc::close(*fd) }),
        SocketCall::Shutdown { fd, how } => plain(unsafe { libc::shutdown(*fd, *how) }),
        SocketCall::GetSockOpt { fd, level, option, value } => getsockopt(*fd, *level, *option, value),
        SocketCall::SetSockOpt { fd, level, option, value } => plain(unsafe {
            libc::setsockopt(*fd, *level, *option, value.as_ptr().cast(), value.len() as libc::socklen_t)
        }),
        SocketCall::Poll { entries, timeout } => poll(entries, *timeout),
        SocketCall::CapSet { capability, raise } => match capability::set_effective(*capability, *raise) {
            Ok(()) => Done { result: Ok(0), output: CallOutput::None },
            Err(error) => refused(&error),
        },
        SocketCall::Open { path, flags } => open(path, *flags, context.working_directory.as_deref()),
        SocketCall::SendFile { out_fd, in_fd, offset, count } => {
            let mut offset = *offset;
            let offset = offset.as_mut().map_or(std::ptr::null_mut(), |offset| &raw mut *offset);
            size(unsafe { libc::sendfile64(*out_fd, *in_fd, offset, *count) })
        }
        SocketCall::EpollCreate { size } => plain(unsafe { libc::epoll_create(*size) }),
        SocketCall::EpollCtl { epoll_fd, operation, fd, events, data } => {
            let mut event = libc::epoll_event { events: *events, u64: *data };
            plain(unsafe { libc::epoll_ctl(*epoll_fd, *operation, *fd, &mut event) })
        }
        SocketCall::EpollWait { epoll_fd, max_events, timeout } => epoll_wait(*epoll_fd, *max_events, *timeout),
        SocketCall::Pipe => {
            let mut ends = [-1; 2];
            let result = unsafe { libc::pipe(ends.as_mut_ptr()) };
            outcome(result.into(), |_| CallOutput::Pipe(ends[0], ends[1]))
        }
        SocketCall::Splice { in_fd, in_offset, out_fd, out_offset, length, flags } => {
            let (mut in_offset, mut out_offset) = (*in_offset, *out_offset);
            let from = in_offset.as_mut().map_or(std::ptr::null_mut(), |offset| &raw mut *offset);
            let to = out_offset.as_mut().map_or(std::ptr::null_mut(), |offset| &raw mut *offset);
            size(unsafe { libc::splice(*in_fd, from, *out_fd, to, *length, *flags) })
        }
    }
}

/// What a call that returned `result` gave; `output` is asked for only if it succeeded.
fn outcome(result: i64, output: impl FnOnce(usize) -> CallOutput) -> Done {
    match usize::try_from(result) {
        Ok(value) => Done { result: Ok(result), output: output(value) },
        Err(_) => refused(&io::Error::last_os_error()),
    }
}

fn plain(result: libc::c_int) -> Done {
    outcome(result.into(), |_| CallOutput::None)
}

fn size(result: libc::ssize_t) -> Done {
    outcome(result as i64, |_| CallOutput::None)
}

fn refused(error: &io::Error) -> Done {
    Done { result: Err(Errno(error.raw_os_error().unwrap_or(libc::EINVAL))), output: CallOutput::None }
}

fn start_of(data: &[u8], null: bool) -> *const libc::c_void {
    if null { std::ptr::null() } else { data.as_ptr().cast() }
}

fn connect(fd: i32, address: &RawAddress) -> Done {
    plain(unsafe { libc::connect(fd, address.pointer(), address.length()) })
}

/// read and recv: `call` fills the room it is given and returns how much it wrote.
fn receive(length: usize, null: bool, call: impl FnOnce(*mut libc::c_void) -> libc::ssize_t) -> Done {
    let mut room = match Buffer::new(length, null) {
        Ok(room) => room,
        Err(error) => return refused(&error),
    };
    outcome(call(room.pointer()) as i64, |filled| CallOutput::Data(room.filled(filled).to_vec()))
}

fn recvfrom(fd: i32, length: usize, flags: i32, null: bool) -> Done {
    let mut room = match Buffer::new(length, null) {
        Ok(room) => room,
        Err(error) => return refused(&error),
    };
    let mut from = RawAddress::room();
    let result = unsafe { libc::recvfrom(fd, room.pointer(), length, flags, from.pointer_mut(), from.length_mut()) };
    outcome(result as i64, |filled| CallOutput::Message {
        data: room.filled(filled).to_vec(),
        address: from.read(),
        control: Vec::new(),
        flags: 0,
    })
}

fn sendto(fd: i32, data: &[u8], flags: i32, address: Option<&RawAddress>, null: bool) -> Done {
    let (to, length) = address.map_or((std::ptr::null(), 0), |address| (address.pointer(), address.length()));
    size(unsafe { libc::sendto(fd, start_of(data, null), data.len(), flags, to, length) })
}

/// Commands of fcntl(2) whose argument is a pointer to a structure of at most 32 octets. A script cannot name such a
/// structure, and must not be able to have the kernel write to an address of its choice.
const TAKES_POINTER: [libc::c_int; 8] = [
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_OFD_GETLK,
    libc::F_OFD_SETLK,
    libc::F_OFD_SETLKW,
    F_SETOWN_EX,
    F_GETOWN_EX,
];
const F_SETOWN_EX: libc::c_int = 15;
const F_GETOWN_EX: libc::c_int = 16;

fn fcntl(fd: i32, command: i32, argument: Option<i64>) -> Done {
    let mut structure = [0u64; 8];
    // The read and write hints (fcntl.h, 1035 to 1038) are pointers too.
    if TAKES_POINTER.contains(&command) || (1035..=1038).contains(&command) {
        return plain(unsafe { libc::fcntl(fd, command, structure.as_mut_ptr()) });
    }
    plain(unsafe { libc::fcntl(fd, command, argument.unwrap_or(0) as libc::c_long) })
}

fn ioctl(fd: i32, request: u64, argument: Option<i32>) -> Done {
    let Some(argument) = argument else {
        return plain(unsafe { libc::ioctl(fd, request as _, std::ptr::null_mut::<libc::c_void>()) });
    };
    // Larger than any structure that a request number can announce (14 bits), so that a request that is not about an
    // int writes nowhere else.
    let mut room = vec![0u32; 4096];
    room[0] = argument as u32;
    let result = unsafe { libc::ioctl(fd, request as _, room.as_mut_ptr()) };
    outcome(result.into(), |_| CallOutput::Integer(i64::from(room[0] as i32)))
}

fn getsockopt(fd: i32, level: i32, option: i32, value: &[u8]) -> Done {
    let mut value = value.to_vec();
    let mut length = value.len() as libc::socklen_t;
    let result = unsafe { libc::getsockopt(fd, level, option, value.as_mut_ptr().cast(), &mut length) };
    outcome(result.into(), |_| {
        value.truncate(length as usize);
        CallOutput::Data(value)
    })
}

fn poll(entries: &[PollEntry], timeout: i32) -> Done {
    let mut fds: Vec<libc::pollfd> = entries
        .iter()
        .map(|entry| libc::pollfd { fd: entry.fd, events: entry.events, revents: entry.revents })
        .collect();
    let result = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout) };
    outcome(result.into(), |_| {
        let entries = fds.iter().map(|fd| PollEntry { fd: fd.fd, events: fd.events, revents: fd.revents });
        CallOutput::Poll(entries.collect())
    })
}

fn open(path: &str, flags: i32, working_directory: Option<&Path>) -> Done {
    let path = working_directory.map_or_else(|| path.into(), |directory| directory.join(path));
    let Ok(path) = CString::new(path.into_os_string().into_encoded_bytes()) else {
        return refused(&io::Error::from_raw_os_error(libc::EINVAL));
    };
    plain(unsafe { libc::open(path.as_ptr(), flags, 0o644) })
}

fn epoll_wait(epoll_fd: i32, max_events: i32, timeout: i32) -> Done {
    let room = usize::try_from(max_events).unwrap_or(0).clamp(1, 1 << 16);
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; room];
    // What is out of the kernel's range is passed on as it is; what is in range but larger than any script's needs is
    // cut to the room there is.
    let most = if max_events > 0 { room as i32 } else { max_events };
    let result = unsafe { libc::epoll_wait(epoll_fd, events.as_mut_ptr(), most, timeout) };
    outcome(result.into(), |count| {
        CallOutput::Epoll(events[..count.min(room)].iter().map(|event| (event.events, event.u64)).collect())
    })
}
