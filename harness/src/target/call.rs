//! Socket calls as data: what a script asks of a target's socket API, and what came back.
//!
//! Numbers (families, options, flags, errno) are those of the Linux ABI on every target, so that a script
//! means the same everywhere. File descriptors are the target's own; the engine maps the script's onto them.

use std::net::SocketAddr;

use crate::time::Instant;

/// Identifies one issued call within a run; counts up from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// An errno of the Linux ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

/// Whether a call may block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallMode {
    /// Must return at once; the target reports [`Errno`] EINTR if it had to be interrupted.
    Immediate,
    /// May block while the run goes on.
    Blocking,
}

/// One call. `fd` is the target's file descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are the parameters of the call, as its manual page names them
pub enum SocketCall {
    /// socket(2).
    Socket { domain: i32, kind: i32, protocol: i32 },
    /// bind(2).
    Bind { fd: i32, address: SocketAddr },
    /// listen(2).
    Listen { fd: i32, backlog: i32 },
    /// accept(2).
    Accept { fd: i32 },
    /// connect(2).
    Connect { fd: i32, address: SocketAddr },
    /// connect(2) with an address that is all zeros but for its family; AF_UNSPEC dissolves an association.
    ConnectFamily { fd: i32, family: i32 },
    /// read(2) of at most `length` octets; a `None` buffer is a null pointer.
    Read { fd: i32, length: usize, null: bool },
    /// readv(2); lengths of the buffers.
    Readv { fd: i32, lengths: Vec<usize> },
    /// recv(2).
    Recv { fd: i32, length: usize, flags: i32, null: bool },
    /// recvfrom(2).
    RecvFrom { fd: i32, length: usize, flags: i32, null: bool },
    /// recvmsg(2), with room for `control_length` octets of control messages.
    RecvMsg { fd: i32, lengths: Vec<usize>, control_length: usize, flags: i32 },
    /// write(2).
    Write { fd: i32, data: Vec<u8>, null: bool },
    /// writev(2).
    Writev { fd: i32, data: Vec<Vec<u8>> },
    /// send(2).
    Send { fd: i32, data: Vec<u8>, flags: i32, null: bool },
    /// sendto(2).
    SendTo { fd: i32, data: Vec<u8>, flags: i32, address: Option<SocketAddr>, null: bool },
    /// sendto(2) with an address that is all zeros but for its family.
    SendToFamily { fd: i32, data: Vec<u8>, flags: i32, family: i32, null: bool },
    /// sendmsg(2).
    SendMsg {
        fd: i32,
        address: Option<SocketAddr>,
        data: Vec<Vec<u8>>,
        control: Vec<Control>,
        message_flags: i32,
        flags: i32,
    },
    /// fcntl(2).
    Fcntl { fd: i32, command: i32, argument: Option<i64> },
    /// ioctl(2); `argument` is the int behind the pointer, or none.
    Ioctl { fd: i32, request: u64, argument: Option<i32> },
    /// close(2).
    Close { fd: i32 },
    /// shutdown(2).
    Shutdown { fd: i32, how: i32 },
    /// getsockopt(2); `value` is what the buffer holds before the call.
    GetSockOpt { fd: i32, level: i32, option: i32, value: Vec<u8> },
    /// setsockopt(2).
    SetSockOpt { fd: i32, level: i32, option: i32, value: Vec<u8> },
    /// poll(2); timeout in milliseconds, negative for none.
    Poll { entries: Vec<PollEntry>, timeout: i32 },
    /// Raises (`raise`) or drops one capability, by number, in the effective set of the calling process.
    CapSet { capability: i32, raise: bool },
    /// open(2).
    Open { path: String, flags: i32 },
    /// sendfile(2).
    SendFile { out_fd: i32, in_fd: i32, offset: Option<i64>, count: usize },
    /// epoll_create(2).
    EpollCreate { size: i32 },
    /// epoll_ctl(2).
    EpollCtl { epoll_fd: i32, operation: i32, fd: i32, events: u32, data: u64 },
    /// epoll_wait(2); timeout in milliseconds, negative for none.
    EpollWait { epoll_fd: i32, max_events: i32, timeout: i32 },
    /// pipe(2).
    Pipe,
    /// splice(2).
    Splice { in_fd: i32, in_offset: Option<i64>, out_fd: i32, out_offset: Option<i64>, length: usize, flags: u32 },
}

/// One control message: level, type and data in the 64-bit ABI's layout and the host's byte order.
///
/// Time stamps in it (`SCM_TIMESTAMPING` and its kin) are on the target's clock: seconds and nanoseconds since the
/// target was created. An adapter whose system stamps with another clock converts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// cmsg_level.
    pub level: i32,
    /// cmsg_type.
    pub kind: i32,
    /// What follows the header.
    pub data: Vec<u8>,
}

/// One entry of poll(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollEntry {
    /// The target's file descriptor.
    pub fd: i32,
    /// Requested events.
    pub events: i16,
    /// Returned events.
    pub revents: i16,
}

/// A call that returned.
#[derive(Debug, PartialEq, Eq)]
pub struct Returned {
    /// Which call.
    pub id: CallId,
    /// When it returned, on the target's clock.
    pub at: Instant,
    /// What it returned.
    pub result: Result<i64, Errno>,
    /// What it wrote through its pointers.
    pub output: CallOutput,
}

/// What a call wrote through its pointers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CallOutput {
    /// Nothing.
    #[default]
    None,
    /// Octets read, or an option's value.
    Data(Vec<u8>),
    /// The peer of an accepted connection.
    Address(SocketAddr),
    /// recvfrom and recvmsg: octets, sender, control messages and message flags.
    Message { data: Vec<u8>, address: Option<SocketAddr>, control: Vec<Control>, flags: i32 },
    /// poll(2).
    Poll(Vec<PollEntry>),
    /// epoll_wait(2): events and data.
    Epoll(Vec<(u32, u64)>),
    /// pipe(2): the read end and the write end.
    Pipe(i32, i32),
    /// ioctl(2): the int behind the pointer.
    Integer(i64),
}
