//! Calls of a session as a script writes them.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::fuzzing::run::Step;
use crate::target::{CallOutput, Errno, SocketCall};

/// Numbers of the Linux ABI that sessions meet.
const ERRORS: &[(i32, &str)] = &[
    (2, "ENOENT"),
    (4, "EINTR"),
    (9, "EBADF"),
    (11, "EAGAIN"),
    (22, "EINVAL"),
    (24, "EMFILE"),
    (32, "EPIPE"),
    (88, "ENOTSOCK"),
    (89, "EDESTADDRREQ"),
    (90, "EMSGSIZE"),
    (92, "ENOPROTOOPT"),
    (95, "EOPNOTSUPP"),
    (98, "EADDRINUSE"),
    (99, "EADDRNOTAVAIL"),
    (101, "ENETUNREACH"),
    (103, "ECONNABORTED"),
    (104, "ECONNRESET"),
    (105, "ENOBUFS"),
    (106, "EISCONN"),
    (107, "ENOTCONN"),
    (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"),
    (113, "EHOSTUNREACH"),
    (114, "EALREADY"),
    (115, "EINPROGRESS"),
];

const OPTIONS: &[((i32, i32), &str)] = &[
    ((6, 1), "IPPROTO_TCP, TCP_NODELAY"),
    ((1, 9), "SOL_SOCKET, SO_KEEPALIVE"),
    ((6, 4), "IPPROTO_TCP, TCP_KEEPIDLE"),
    ((1, 8), "SOL_SOCKET, SO_RCVBUF"),
    ((1, 7), "SOL_SOCKET, SO_SNDBUF"),
    ((6, 18), "IPPROTO_TCP, TCP_USER_TIMEOUT"),
    ((6, 12), "IPPROTO_TCP, TCP_QUICKACK"),
    ((1, 2), "SOL_SOCKET, SO_REUSEADDR"),
];

/// The name of an error, such as `EAGAIN`; its number if it is one that sessions do not meet.
pub(in crate::fuzzing) fn error_name(error: i32) -> String {
    let known = ERRORS.iter().find(|(number, _)| *number == error);
    known.map_or_else(|| format!("error {error}"), |(_, name)| (*name).to_owned())
}

impl Step {
    /// A call as a script writes it, with what it gave; `None` for other steps, and for calls that scripts do not have.
    pub fn call(&self) -> Option<String> {
        let Step::Called { call, result, output, .. } = self else { return None };
        self::call(call, *result, output, None)
    }
}

/// A call as a script writes it, with what it must give; `data` is what a receiving call must read, if it is not what
/// it read. `None` for a call that sessions do not make.
pub(super) fn call(
    call: &SocketCall,
    result: Result<i64, Errno>,
    output: &CallOutput,
    data: Option<&[u8]>,
) -> Option<String> {
    let given = match result {
        Ok(value) => value.to_string(),
        Err(Errno(error)) => {
            let name = ERRORS.iter().find(|(number, _)| *number == error)?.1;
            format!("-1 {name}")
        }
    };
    let read = match (data, output) {
        (Some(data), _) => data,
        (None, CallOutput::Data(data) | CallOutput::Message { data, .. }) => data,
        _ => &[],
    };
    // Nothing instead of something; instead of nothing, it is an empty datagram.
    if let (SocketCall::RecvFrom { fd, length, .. }, Some([]), Ok(_)) = (call, data, result) {
        return Some(format!("recvfrom({fd}, ..., {length}, MSG_DONTWAIT, ..., ...) = -1 EAGAIN"));
    }
    let given = if data.is_some() { read.len().to_string() } else { given };
    let shown = if read.is_empty() { "...".to_owned() } else { string(read) };
    Some(match call {
        SocketCall::Socket { kind, .. } => {
            let name = if kind & 0xf == 1 { "SOCK_STREAM" } else { "SOCK_DGRAM" };
            let nonblocking = if kind & 0o4000 != 0 { "|SOCK_NONBLOCK" } else { "" };
            format!("socket(..., {name}{nonblocking}, 0) = {given}")
        }
        SocketCall::Bind { fd, address } => format!("bind({fd}, {}, ...) = {given}", structure(address)),
        SocketCall::Listen { fd, backlog } => format!("listen({fd}, {backlog}) = {given}"),
        SocketCall::Accept { fd } => format!("accept({fd}, ..., ...) = {given}"),
        SocketCall::Connect { fd, address } => format!("connect({fd}, {}, ...) = {given}", structure(address)),
        SocketCall::Send { fd, data, .. } => {
            format!("send({fd}, {}, {}, MSG_DONTWAIT) = {given}", string(data), data.len())
        }
        SocketCall::SendTo { fd, data, address, .. } => {
            let address = structure(address.as_ref()?);
            format!("sendto({fd}, {}, {}, MSG_DONTWAIT, {address}, ...) = {given}", string(data), data.len())
        }
        SocketCall::Recv { fd, length, .. } => format!("recv({fd}, {shown}, {length}, MSG_DONTWAIT) = {given}"),
        SocketCall::RecvFrom { fd, length, .. } => {
            format!("recvfrom({fd}, {shown}, {length}, MSG_DONTWAIT, ..., ...) = {given}")
        }
        SocketCall::Shutdown { fd, how } => {
            let how = ["SHUT_RD", "SHUT_WR", "SHUT_RDWR"].get(*how as usize)?;
            format!("shutdown({fd}, {how}) = {given}")
        }
        SocketCall::Close { fd } => format!("close({fd}) = {given}"),
        SocketCall::SetSockOpt { fd, level: 1, option: 13, .. } => {
            format!("setsockopt({fd}, SOL_SOCKET, SO_LINGER, {{onoff=1, linger=0}}, 8) = {given}")
        }
        SocketCall::SetSockOpt { fd, level, option, value } => {
            let name = OPTIONS.iter().find(|(numbers, _)| numbers == &(*level, *option))?.1;
            let value = i32::from_ne_bytes(value.as_slice().try_into().ok()?);
            format!("setsockopt({fd}, {name}, [{value}], 4) = {given}")
        }
        // What is ready is no matter of the finding.
        SocketCall::Poll { .. } => return None,
        _ => return None,
    })
}

fn structure(address: &SocketAddr) -> String {
    let (family, function) = if address.is_ipv4() { ("AF_INET", "inet_addr") } else { ("AF_INET6", "inet6_addr") };
    let (ip, port) = (address.ip(), address.port());
    format!("{{sa_family={family}, sin_port=htons({port}), sin_addr={function}(\"{ip}\")}}")
}

/// Octets between quotation marks.
pub(super) fn string(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() + 2);
    text.push('"');
    for &octet in octets {
        match octet {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(octet));
            }
            b' '..=b'~' => text.push(char::from(octet)),
            _ => {
                let _infallible = write!(text, "\\x{octet:02x}");
            }
        }
    }
    text.push('"');
    text
}
