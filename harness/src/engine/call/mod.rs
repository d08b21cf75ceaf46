//! Socket calls of a script: lowered onto the target's socket API, and judged when they return.
//!
//! [`lower`] resolves symbols, descriptors and addresses of a script's call and gives the target's call; [`starts`]
//! tells what the connection table must learn as soon as it is issued; [`check`] holds what came back against the
//! script and tells what the table must learn then; [`needs`] tells, before the run, what the target must support.

mod address;
mod arguments;
mod check;
mod control;
mod data;
mod descriptors;
mod epoll;
mod errno;
mod findings;
mod lower;
mod message;
mod needs;
mod options;
mod poll;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use check::CallMismatch;
pub(crate) use check::{CallEffect, check, starts};
pub(crate) use descriptors::{Descriptor, DescriptorKind, Descriptors};
pub(crate) use errno::describe_errno;
pub(crate) use lower::lower;
pub(crate) use needs::needs;

use super::Settings;
use crate::script::Span;
use crate::time::Instant;

/// What a call is lowered and judged with.
pub(crate) struct CallContext<'a> {
    /// Addresses, ports, tolerance.
    pub(crate) settings: &'a Settings,
    /// The script's file descriptors and the target's.
    pub(crate) descriptors: &'a mut Descriptors,
    /// The script's time 0 on the target's clock.
    pub(crate) script_epoch: Instant,
}

/// A call that the script writes wrongly; the target was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallProblem {
    /// The place.
    pub(crate) span: Span,
    /// What is wrong, lower-case, one line.
    pub(crate) message: String,
}

impl CallProblem {
    fn new(span: Span, message: impl Into<String>) -> Self {
        CallProblem { span, message: message.into() }
    }
}

/// Address family of IPv4 sockets in the Linux ABI.
const AF_INET: i32 = 2;
/// Address family of IPv6 sockets in the Linux ABI.
const AF_INET6: i32 = 10;
/// Socket type of byte streams in the Linux ABI.
const SOCK_STREAM: i32 = 1;
/// Socket type of datagrams in the Linux ABI.
const SOCK_DGRAM: i32 = 2;
/// The bits of a socket type that are not flags (SOCK_NONBLOCK, SOCK_CLOEXEC).
const SOCK_TYPE_MASK: i32 = 0xf;
/// Level of socket options in the Linux ABI.
const SOL_SOCKET: i32 = 1;
/// Pending error of a socket.
const SO_ERROR: i32 = 4;
const IPPROTO_ICMP: i32 = 1;
const IPPROTO_TCP: i32 = 6;
const IPPROTO_UDP: i32 = 17;
const IPPROTO_ICMPV6: i32 = 58;
