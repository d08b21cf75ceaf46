//! The POSIX socket API over smoltcp's sockets: descriptors, calls, and calls that wait.
//!
//! smoltcp's own API is poll-driven and has no descriptors, no backlog, no errno and no blocking; all that is here.
//! What a call means for the protocol is left to smoltcp: nothing here answers, delays or repairs a packet.

mod connection;
mod datagram;
mod echo;
mod listener;
mod operation;
mod options;
mod readiness;
mod start;
mod stream;

use std::net::{IpAddr, SocketAddr};

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::tcp;
use ::smoltcp::wire::{IpAddress, IpListenEndpoint};

use self::datagram::Datagram;
use self::echo::Echo;
pub(super) use self::operation::Operation;
use self::options::Options;
pub(super) use self::options::SUPPORTED as SUPPORTED_OPTIONS;
pub(super) use self::start::Start;
use self::stream::Stream;
use super::SmoltcpOptions;
use super::abi::*;
use super::memory::Sockets;
use crate::target::{CallOutput, Errno};

/// What a call that is over gives back.
pub(super) type Reply = (Result<i64, Errno>, CallOutput);

/// First file descriptor: 0, 1 and 2 are taken in any process.
const FIRST_DESCRIPTOR: usize = 3;
/// Descriptors that may be open at once, as RLIMIT_NOFILE has it on most systems.
const DESCRIPTORS: usize = 1024;
/// The dynamic ports of RFC 6335 section 6.
const DYNAMIC_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// The open descriptors and the smoltcp sockets behind them.
pub(super) struct SocketLayer {
    pub(super) sockets: Sockets,
    descriptors: Vec<Option<Descriptor>>,
    /// TCP sockets without a descriptor that still close their connection.
    orphans: Vec<SocketHandle>,
    next_port: u16,
    /// The interface's only address.
    local: IpAddr,
    settings: SmoltcpOptions,
}

/// What a file descriptor refers to.
pub(super) struct Descriptor {
    family: i32,
    nonblocking: bool,
    options: Options,
    socket: Socket,
}

enum Socket {
    Stream(Stream),
    Datagram(Datagram),
    Echo(Echo),
}

/// A local address that a socket is bound to; no address stands for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    address: Option<IpAddr>,
    port: u16,
}

impl SocketLayer {
    pub(super) fn new(local: IpAddr, settings: SmoltcpOptions) -> Self {
        SocketLayer {
            sockets: Sockets::new(),
            descriptors: Vec::with_capacity(4),
            orphans: Vec::new(),
            next_port: *DYNAMIC_PORTS.start(),
            local,
            settings,
        }
    }

    /// Notes what the last poll changed. `ingress`: the poll took in a datagram, so a connection that is gone now
    /// was reset by its peer; without one it timed out.
    pub(super) fn observe(&mut self, ingress: bool) {
        for descriptor in self.descriptors.iter_mut().flatten() {
            match &mut descriptor.socket {
                Socket::Stream(stream) => stream.observe(&mut self.sockets, &descriptor.options, ingress),
                Socket::Datagram(datagram) => datagram.observe(&mut self.sockets),
                Socket::Echo(_) => {}
            }
        }
        let sockets = &mut self.sockets;
        self.orphans.retain(|&handle| {
            let gone = is_gone(sockets.tcp(handle));
            if gone {
                sockets.remove(handle);
            }
            !gone
        });
    }

    fn descriptor(&mut self, fd: i32) -> Result<(&mut Descriptor, &mut Sockets), Errno> {
        let descriptor = self.descriptors.get_mut(place(fd)?).and_then(Option::as_mut).ok_or(EBADF)?;
        Ok((descriptor, &mut self.sockets))
    }

    /// Puts `descriptor` at the lowest free number.
    fn install(&mut self, descriptor: Descriptor) -> Result<i64, Errno> {
        let index = match self.descriptors.iter().position(Option::is_none) {
            Some(index) => index,
            None if self.descriptors.len() + FIRST_DESCRIPTOR < DESCRIPTORS => {
                self.descriptors.push(None);
                self.descriptors.len() - 1
            }
            None => return Err(EMFILE),
        };
        self.descriptors[index] = Some(descriptor);
        Ok((index + FIRST_DESCRIPTOR) as i64)
    }

    /// Takes a descriptor out of the table.
    fn uninstall(&mut self, fd: i32) -> Result<Descriptor, Errno> {
        self.descriptors.get_mut(place(fd)?).and_then(Option::take).ok_or(EBADF)
    }

    /// The place that `address` binds to, if it is free for this kind of socket.
    fn bindable(&mut self, fd: i32, address: SocketAddr) -> Result<Bound, Errno> {
        let local = self.local;
        let (descriptor, _) = self.descriptor(fd)?;
        descriptor.check_family(address)?;
        let is_group = match address.ip() {
            IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
            IpAddr::V6(ip) => ip.is_multicast(),
        };
        let is_own = address.ip().is_unspecified() || address.ip() == local;
        if !is_own && (!is_group || matches!(descriptor.socket, Socket::Stream(_))) {
            return Err(EADDRNOTAVAIL);
        }
        let port = if address.port() == 0 { self.dynamic_port(fd)? } else { address.port() };
        let bound = Bound { address: Some(address.ip()).filter(|ip| !ip.is_unspecified()), port };
        if self.in_use(fd, bound) { Err(EADDRINUSE) } else { Ok(bound) }
    }

    /// A port that no socket of this kind uses; counts up, so that a run is the same each time.
    fn dynamic_port(&mut self, fd: i32) -> Result<u16, Errno> {
        for _ in DYNAMIC_PORTS {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(*DYNAMIC_PORTS.start());
            if !self.in_use(fd, Bound { address: None, port }) {
                return Ok(port);
            }
        }
        Err(EADDRNOTAVAIL)
    }

    fn in_use(&self, fd: i32, wanted: Bound) -> bool {
        let Ok(own) = place(fd) else { return false };
        let Some(asking) = self.descriptors.get(own).and_then(Option::as_ref) else { return false };
        let others = self.descriptors.iter().enumerate().filter(|&(index, _)| index != own);
        others.filter_map(|(_, other)| other.as_ref()).any(|other| {
            let (bound, listening) = match (&asking.socket, &other.socket) {
                (Socket::Stream(_), Socket::Stream(stream)) => (stream.bound(), stream.is_listening()),
                (Socket::Datagram(_), Socket::Datagram(datagram)) => (datagram.bound(), false),
                (Socket::Echo(_), Socket::Echo(echo)) => (echo.bound(), false),
                _ => return false,
            };
            let overlap = bound.is_some_and(|bound| {
                bound.port == wanted.port
                    && (bound.address.is_none() || wanted.address.is_none() || bound.address == wanted.address)
            });
            overlap && !(asking.options.reuse_address && other.options.reuse_address && !listening)
        })
    }
}

impl Descriptor {
    fn check_family(&self, address: SocketAddr) -> Result<(), Errno> {
        if address.is_ipv6() == (self.family == AF_INET6) { Ok(()) } else { Err(EAFNOSUPPORT) }
    }
}

impl Bound {
    fn endpoint(self) -> IpListenEndpoint {
        IpListenEndpoint { addr: self.address.map(IpAddress::from), port: self.port }
    }
}

/// A descriptor's index in the table.
fn place(fd: i32) -> Result<usize, Errno> {
    usize::try_from(fd).ok().and_then(|fd| fd.checked_sub(FIRST_DESCRIPTOR)).ok_or(EBADF)
}

/// Whether a TCP socket has nothing left to do, not even a reset to send.
fn is_gone(socket: &tcp::Socket<'_>) -> bool {
    socket.state() == tcp::State::Closed && socket.local_endpoint().is_none()
}
