//! From a script's call to the target's.

use super::address::{Destination, bind_address, default_domain, destination};
use super::arguments::{Arguments, elements, int, number, single, what};
use super::check::expected_errno;
use super::data::{Outgoing, incoming, outgoing, vector_count, vector_data, vector_lengths};
use super::message::{lower_recvmsg, lower_sendmsg};
use super::{
    AF_INET, AF_INET6, CallContext, CallProblem, Descriptor, DescriptorKind, IPPROTO_ICMP, IPPROTO_ICMPV6, SOCK_DGRAM,
    epoll, options, poll,
};
use crate::script::tree::{Call, Expression, ExpressionKind};
use crate::target::SocketCall;

/// Type of an ICMP echo request (RFC 792).
const ICMP_ECHO: u8 = 8;
/// Type of an ICMPv6 echo request (RFC 4443 section 4.1).
const ICMPV6_ECHO_REQUEST: u8 = 128;
/// Octets of an echo request's header.
const ICMP_HEADER: usize = 8;

/// The target's call for the script's: symbols, descriptors and addresses resolved. The error is the script's fault.
pub(crate) fn lower(call: &Call, context: &CallContext) -> Result<SocketCall, CallProblem> {
    let a = Arguments::new(call);
    result_is_readable(call)?;
    match call.name.node.as_str() {
        "socket" => {
            a.count(3, 3, "socket(..., SOCK_STREAM, IPPROTO_TCP)")?;
            new_descriptor(call)?;
            let (domain, kind, protocol) = socket(a, default_domain(context.settings.link.ip_version))?;
            Ok(SocketCall::Socket { domain, kind, protocol })
        }
        "bind" => {
            a.count(3, 3, "bind(fd, ..., ...)")?;
            let socket = a.descriptor(0, context)?;
            let address = bind_address(a.get(1)?, context.settings, &socket)?;
            a.address_length(2)?;
            Ok(SocketCall::Bind { fd: socket.live, address })
        }
        "listen" => {
            a.count(2, 2, "listen(fd, backlog)")?;
            Ok(SocketCall::Listen { fd: a.fd(0, context)?, backlog: a.int(1)? })
        }
        "accept" => {
            a.count(3, 3, "accept(fd, ..., ...)")?;
            new_descriptor(call)?;
            a.address_output(1)?;
            a.address_length(2)?;
            Ok(SocketCall::Accept { fd: a.fd(0, context)? })
        }
        "connect" => {
            a.count(3, 3, "connect(fd, ..., ...)")?;
            let socket = a.descriptor(0, context)?;
            a.address_length(2)?;
            Ok(match destination(a.get(1)?, context.settings, &socket)? {
                Destination::Address(address) => SocketCall::Connect { fd: socket.live, address },
                Destination::Family(family) => SocketCall::ConnectFamily { fd: socket.live, family },
            })
        }
        "read" => {
            a.count(3, 3, "read(fd, ..., count)")?;
            let null = incoming(a.get(1)?)?;
            Ok(SocketCall::Read { fd: a.fd(0, context)?, length: a.length(2)?, null })
        }
        "readv" => {
            a.count(3, 3, "readv(fd, [{..., length}], count)")?;
            let lengths = vector_lengths(a.get(1)?, vector_count(a.get(2)?)?)?;
            Ok(SocketCall::Readv { fd: a.fd(0, context)?, lengths })
        }
        "recv" => {
            a.count(4, 4, "recv(fd, ..., count, flags)")?;
            let null = incoming(a.get(1)?)?;
            Ok(SocketCall::Recv { fd: a.fd(0, context)?, length: a.length(2)?, flags: a.int(3)?, null })
        }
        "recvfrom" => {
            a.count(6, 6, "recvfrom(fd, ..., count, flags, ..., ...)")?;
            let null = incoming(a.get(1)?)?;
            a.address_output(4)?;
            a.address_length(5)?;
            Ok(SocketCall::RecvFrom { fd: a.fd(0, context)?, length: a.length(2)?, flags: a.int(3)?, null })
        }
        "recvmsg" => {
            a.count(3, 3, "recvmsg(fd, {msg_name(...)=..., ...}, flags)")?;
            lower_recvmsg(a, context)
        }
        "write" => {
            a.count(3, 3, "write(fd, ..., count)")?;
            let Outgoing { data, null } = outgoing(a.get(1)?, a.get(2)?)?;
            Ok(SocketCall::Write { fd: a.fd(0, context)?, data, null })
        }
        "writev" => {
            a.count(3, 3, "writev(fd, [{..., length}], count)")?;
            let data = vector_data(a.get(1)?, vector_count(a.get(2)?)?)?;
            Ok(SocketCall::Writev { fd: a.fd(0, context)?, data })
        }
        "send" => {
            a.count(4, 4, "send(fd, ..., count, flags)")?;
            let Outgoing { data, null } = outgoing(a.get(1)?, a.get(2)?)?;
            Ok(SocketCall::Send { fd: a.fd(0, context)?, data, flags: a.int(3)?, null })
        }
        "sendto" => {
            a.count(6, 6, "sendto(fd, ..., count, flags, ..., ...)")?;
            lower_sendto(a, context)
        }
        "sendmsg" => {
            a.count(3, 3, "sendmsg(fd, {msg_name(...)=..., ...}, flags)")?;
            lower_sendmsg(a, context)
        }
        "fcntl" => {
            a.count(2, 3, "fcntl(fd, command[, argument])")?;
            let argument = if a.len() == 3 { Some(i64::from(a.int(2)?)) } else { None };
            Ok(SocketCall::Fcntl { fd: a.fd(0, context)?, command: a.int(1)?, argument })
        }
        "ioctl" => {
            a.count(2, 3, "ioctl(fd, request[, [value]])")?;
            let argument = if a.len() == 3 { ioctl_argument(a.get(2)?)? } else { None };
            Ok(SocketCall::Ioctl { fd: a.fd(0, context)?, request: u64::from(a.int(1)? as u32), argument })
        }
        "close" => {
            a.count(1, 1, "close(fd)")?;
            Ok(SocketCall::Close { fd: a.fd(0, context)? })
        }
        "shutdown" => {
            a.count(2, 2, "shutdown(fd, how)")?;
            Ok(SocketCall::Shutdown { fd: a.fd(0, context)?, how: a.int(1)? })
        }
        "getsockopt" => {
            a.count(5, 5, "getsockopt(fd, level, option, [value], [length])")?;
            let (level, option) = (a.int(1)?, a.int(2)?);
            let value = vec![0; options::to_get(a.get(3)?, a.get(4)?)?];
            Ok(SocketCall::GetSockOpt { fd: a.fd(0, context)?, level, option, value })
        }
        "setsockopt" => {
            a.count(5, 5, "setsockopt(fd, level, option, [value], length)")?;
            let (level, option) = (a.int(1)?, a.int(2)?);
            let value = options::to_set(a.get(3)?, a.get(4)?)?;
            Ok(SocketCall::SetSockOpt { fd: a.fd(0, context)?, level, option, value })
        }
        "poll" => {
            a.count(3, 3, "poll([{fd=3, events=POLLIN, revents=0}], count, timeout)")?;
            let entries = poll::entries(a.get(0)?, context)?;
            let count = number(a.get(1)?)?;
            if i64::try_from(entries.len()) != Ok(count) {
                let message = format!("poll has {} entries, but its count says {count}", entries.len());
                return Err(CallProblem::new(a.get(1)?.span, message));
            }
            Ok(SocketCall::Poll { entries, timeout: a.int(2)? })
        }
        "cap_set" => {
            a.count(3, 3, "cap_set(CAP_EFFECTIVE, capability, CAP_SET)")?;
            let set = a.int(0)?;
            if set != 0 {
                return Err(CallProblem::new(a.get(0)?.span, "only the set CAP_EFFECTIVE can be changed"));
            }
            Ok(SocketCall::CapSet { capability: a.int(1)?, raise: a.int(2)? != 0 })
        }
        "open" => {
            a.count(2, 2, "open(\"path\", flags)")?;
            new_descriptor(call)?;
            Ok(SocketCall::Open { path: path(a.get(0)?)?, flags: a.int(1)? })
        }
        "sendfile" => {
            a.count(4, 4, "sendfile(out_fd, in_fd, [offset], count)")?;
            let offset = offset(a.get(2)?)?;
            Ok(SocketCall::SendFile {
                out_fd: a.fd(0, context)?,
                in_fd: a.fd(1, context)?,
                offset,
                count: a.length(3)?,
            })
        }
        "epoll_create" => {
            a.count(1, 1, "epoll_create(size)")?;
            new_descriptor(call)?;
            Ok(SocketCall::EpollCreate { size: a.int(0)? })
        }
        "epoll_ctl" => {
            a.count(4, 4, "epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, {events=EPOLLIN, fd=4})")?;
            let fd = a.descriptor(2, context)?;
            let event = epoll::registered(a.get(3)?, fd.script, context)?;
            Ok(SocketCall::EpollCtl {
                epoll_fd: a.fd(0, context)?,
                operation: a.int(1)?,
                fd: fd.live,
                events: event.events,
                data: event.data,
            })
        }
        "epoll_wait" => {
            a.count(4, 4, "epoll_wait(epoll_fd, {events=EPOLLIN, fd=4}, max_events, timeout)")?;
            epoll::awaited(a.get(1)?, context)?;
            Ok(SocketCall::EpollWait { epoll_fd: a.fd(0, context)?, max_events: a.int(2)?, timeout: a.int(3)? })
        }
        "pipe" => {
            a.count(1, 1, "pipe([read_fd, write_fd])")?;
            pipe_ends(a.get(0)?)?;
            Ok(SocketCall::Pipe)
        }
        "splice" => {
            a.count(6, 6, "splice(in_fd, NULL, out_fd, NULL, length, flags)")?;
            Ok(SocketCall::Splice {
                in_fd: a.fd(0, context)?,
                in_offset: offset(a.get(1)?)?,
                out_fd: a.fd(2, context)?,
                out_offset: offset(a.get(3)?)?,
                length: a.length(4)?,
                flags: a.int(5)? as u32,
            })
        }
        unknown => Err(CallProblem::new(call.name.span, format!("there is no call `{unknown}`"))),
    }
}

/// Domain, type and protocol of a socket call.
pub(super) fn socket(a: Arguments, default_domain: i32) -> Result<(i32, i32, i32), CallProblem> {
    let domain = match &a.get(0)?.kind {
        ExpressionKind::Ellipsis => default_domain,
        _ => a.int(0)?,
    };
    Ok((domain, a.int(1)?, a.int(2)?))
}

/// The script's descriptors for the ends of a pipe: read end, write end.
pub(super) fn pipe_ends(list: &Expression) -> Result<(i32, i32), CallProblem> {
    match elements(list)? {
        [read, write] => Ok((int(read)?, int(write)?)),
        others => {
            let message = format!("a pipe has two ends, [read_fd, write_fd], not {}", others.len());
            Err(CallProblem::new(list.span, message))
        }
    }
}

fn lower_sendto(a: Arguments, context: &CallContext) -> Result<SocketCall, CallProblem> {
    let socket = a.descriptor(0, context)?;
    let Outgoing { mut data, null } = outgoing(a.get(1)?, a.get(2)?)?;
    let flags = a.int(3)?;
    a.address_length(5)?;
    // A buffer of zeros is no ICMP message that a ping socket would send: make it an echo request.
    if is_ping_socket(&socket) && matches!(a.get(1)?.kind, ExpressionKind::Ellipsis) && data.len() >= ICMP_HEADER {
        let v6 = context.settings.link.ip_version.is_ipv6_on_wire();
        data[0] = if v6 { ICMPV6_ECHO_REQUEST } else { ICMP_ECHO };
    }
    Ok(match destination(a.get(4)?, context.settings, &socket)? {
        Destination::Address(address) => {
            SocketCall::SendTo { fd: socket.live, data, flags, address: Some(address), null }
        }
        Destination::Family(family) => SocketCall::SendToFamily { fd: socket.live, data, flags, family, null },
    })
}

fn is_ping_socket(socket: &Descriptor) -> bool {
    matches!(
        socket.kind,
        DescriptorKind::Socket { domain: AF_INET, kind: SOCK_DGRAM, protocol: IPPROTO_ICMP }
            | DescriptorKind::Socket { domain: AF_INET6, kind: SOCK_DGRAM, protocol: IPPROTO_ICMPV6 }
    )
}

/// The int behind the pointer; `[...]` is one whose value does not matter.
fn ioctl_argument(argument: &Expression) -> Result<Option<i32>, CallProblem> {
    let element = single(argument)?;
    if matches!(element.kind, ExpressionKind::Ellipsis) { Ok(Some(0)) } else { int(element).map(Some) }
}

/// NULL, or `[offset]`.
fn offset(expression: &Expression) -> Result<Option<i64>, CallProblem> {
    match &expression.kind {
        ExpressionKind::List(_) => number(single(expression)?).map(Some),
        _ if number(expression)? == 0 => Ok(None),
        _ => Err(CallProblem::new(expression.span, "an offset is NULL or a number in brackets")),
    }
}

fn path(expression: &Expression) -> Result<String, CallProblem> {
    let bad = |why: &str| CallProblem::new(expression.span, format!("expected a path in quotes, found {why}"));
    let ExpressionKind::String { octets, .. } = &expression.kind else { return Err(bad(what(expression))) };
    match String::from_utf8(octets.clone()) {
        Ok(path) if !path.contains('\0') => Ok(path),
        _ => Err(bad("octets that no path can have")),
    }
}

/// The result must be a number, or `...` for any that is no error; the error must have a name that is known.
fn result_is_readable(call: &Call) -> Result<(), CallProblem> {
    expected_errno(call)?;
    match &call.result.kind {
        ExpressionKind::Ellipsis => Ok(()),
        _ => int(&call.result).map(drop),
    }
}

/// A call that opens a descriptor must give it a number that later lines can name.
fn new_descriptor(call: &Call) -> Result<(), CallProblem> {
    match &call.result.kind {
        ExpressionKind::Ellipsis => {
            Err(CallProblem::new(call.result.span, "write the number of the new file descriptor, such as 3"))
        }
        _ => Ok(()),
    }
}
