//! getsockopt(2) and setsockopt(2), as far as smoltcp has what they set.

use ::smoltcp::socket::tcp;
use ::smoltcp::socket::tcp::CongestionControl;
use ::smoltcp::time::Duration;

use super::super::SmoltcpOptions;
use super::super::abi::*;
use super::super::memory::Sockets;
use super::super::timestamps;
use super::stream::StreamState;
use super::{Descriptor, Reply, Socket};
use crate::target::{CallOutput, Errno};

/// Every option that can be set or got here, by level and name.
pub(in super::super) const SUPPORTED: &[(i32, i32)] = &[
    (SOL_SOCKET, SO_REUSEADDR),
    (SOL_SOCKET, SO_REUSEPORT),
    (SOL_SOCKET, SO_TYPE),
    (SOL_SOCKET, SO_ERROR),
    (SOL_SOCKET, SO_BROADCAST),
    (SOL_SOCKET, SO_SNDBUF),
    (SOL_SOCKET, SO_RCVBUF),
    (SOL_SOCKET, SO_KEEPALIVE),
    (SOL_SOCKET, SO_OOBINLINE),
    (SOL_SOCKET, SO_LINGER),
    (SOL_SOCKET, SO_RCVTIMEO),
    (SOL_SOCKET, SO_SNDTIMEO),
    (SOL_SOCKET, SO_ACCEPTCONN),
    (SOL_SOCKET, SO_PROTOCOL),
    (SOL_SOCKET, SO_DOMAIN),
    (IPPROTO_TCP, TCP_NODELAY),
    (IPPROTO_TCP, TCP_KEEPIDLE),
    (IPPROTO_TCP, TCP_KEEPINTVL),
    (IPPROTO_TCP, TCP_QUICKACK),
    (IPPROTO_TCP, TCP_CONGESTION),
    (IPPROTO_TCP, TCP_USER_TIMEOUT),
    (IPPROTO_IP, IP_TTL),
    (IPPROTO_IPV6, IPV6_UNICAST_HOPS),
];

/// smoltcp's default hop limit.
const DEFAULT_HOP_LIMIT: u8 = 64;
/// smoltcp's default delay of acknowledgments.
const ACK_DELAY: Duration = Duration::from_millis(10);
/// Largest buffer that may be asked for.
const GREATEST_BUFFER: i32 = 16 << 20;

/// The options of one descriptor; an accepted one inherits them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) receive_buffer: usize,
    pub(super) send_buffer: usize,
    pub(super) reuse_address: bool,
    reuse_port: bool,
    /// Without effect: smoltcp sends broadcasts in any case.
    broadcast: bool,
    /// Seconds, if SO_LINGER is on.
    pub(super) linger: Option<u32>,
    /// Microseconds; 0 for no limit.
    pub(super) receive_timeout: u64,
    /// Microseconds; 0 for no limit.
    pub(super) send_timeout: u64,
    keep_alive: bool,
    /// Seconds. smoltcp has one interval for the first and all further probes; RFC 1122 section 4.2.3.6 wants 2 hours.
    keep_idle: u32,
    /// Milliseconds; 0 for none.
    user_timeout: u32,
    no_delay: bool,
    quick_ack: bool,
    congestion_control: CongestionControl,
    pub(super) hop_limit: Option<u8>,
    /// Not an option of the socket but of the whole stack: RFC 7323 timestamps.
    timestamps: bool,
}

impl Options {
    /// What a fresh socket of a stack with these settings has.
    pub(super) fn new(settings: SmoltcpOptions) -> Self {
        Options {
            // What smoltcp's own examples take, and the largest window without scaling.
            receive_buffer: 65_535,
            send_buffer: 65_535,
            reuse_address: false,
            reuse_port: false,
            broadcast: false,
            linger: None,
            receive_timeout: 0,
            send_timeout: 0,
            keep_alive: false,
            keep_idle: 7_200,
            user_timeout: 0,
            no_delay: false,
            quick_ack: false,
            congestion_control: CongestionControl::Cubic,
            hop_limit: None,
            timestamps: settings.timestamps,
        }
    }

    /// Sets up a fresh TCP socket; what is at smoltcp's default is left alone.
    pub(super) fn apply_tcp(&self, socket: &mut tcp::Socket<'_>) {
        if self.timestamps {
            socket.set_tsval_generator(Some(timestamps::generate));
        }
        if self.hop_limit.is_some() {
            socket.set_hop_limit(self.hop_limit);
        }
        if self.no_delay {
            socket.set_nagle_enabled(false);
        }
        if self.quick_ack {
            socket.set_ack_delay(None);
        }
        if self.keep_alive {
            socket.set_keep_alive(self.keep_alive_interval());
        }
        if self.user_timeout != 0 {
            socket.set_timeout(self.timeout());
        }
        if self.congestion_control != CongestionControl::Cubic {
            socket.set_congestion_control(self.congestion_control);
        }
    }

    fn keep_alive_interval(&self) -> Option<Duration> {
        self.keep_alive.then(|| Duration::from_secs(self.keep_idle.into()))
    }

    fn timeout(&self) -> Option<Duration> {
        (self.user_timeout != 0).then(|| Duration::from_millis(self.user_timeout.into()))
    }
}

impl Descriptor {
    /// setsockopt(2).
    pub(super) fn set_option(
        &mut self,
        sockets: &mut Sockets,
        level: i32,
        option: i32,
        value: &[u8],
    ) -> Result<i64, Errno> {
        self.applicable(level)?;
        let options = &mut self.options;
        match (level, option) {
            (SOL_SOCKET, SO_LINGER) => {
                let (on, seconds) = (integer(value)?, integer(value.get(4..).unwrap_or_default())?);
                options.linger = (on != 0).then_some(u32::try_from(seconds).unwrap_or(0));
                return Ok(0);
            }
            (SOL_SOCKET, SO_RCVTIMEO) => {
                options.receive_timeout = timeval(value)?;
                return Ok(0);
            }
            (SOL_SOCKET, SO_SNDTIMEO) => {
                options.send_timeout = timeval(value)?;
                return Ok(0);
            }
            (IPPROTO_TCP, TCP_CONGESTION) => {
                let name = value.split(|&octet| octet == 0).next().unwrap_or_default();
                let algorithm = ALGORITHMS.iter().find(|(known, _)| known.as_bytes() == name).ok_or(ENOENT)?.1;
                options.congestion_control = algorithm;
                self.apply(sockets, |_, socket| socket.set_congestion_control(algorithm));
                return Ok(0);
            }
            _ => {}
        }
        let number = integer(value)?;
        match (level, option) {
            (SOL_SOCKET, SO_REUSEADDR) => options.reuse_address = number != 0,
            (SOL_SOCKET, SO_REUSEPORT) => options.reuse_port = number != 0,
            (SOL_SOCKET, SO_BROADCAST) => options.broadcast = number != 0,
            // smoltcp's buffers are fixed once a socket has them: this is for sockets to come.
            (SOL_SOCKET, SO_SNDBUF) => options.send_buffer = number.clamp(1, GREATEST_BUFFER) as usize,
            (SOL_SOCKET, SO_RCVBUF) => options.receive_buffer = number.clamp(1, GREATEST_BUFFER) as usize,
            (SOL_SOCKET, SO_KEEPALIVE) => {
                options.keep_alive = number != 0;
                self.apply(sockets, |options, socket| socket.set_keep_alive(options.keep_alive_interval()));
            }
            // smoltcp takes no octet out of the stream, whatever the urgent pointer says.
            (SOL_SOCKET, SO_OOBINLINE) if number != 0 => {}
            (SOL_SOCKET, SO_OOBINLINE) => return Err(EINVAL),
            (SOL_SOCKET, SO_TYPE | SO_ERROR | SO_ACCEPTCONN | SO_PROTOCOL | SO_DOMAIN) => return Err(ENOPROTOOPT),
            (IPPROTO_TCP, TCP_NODELAY) => {
                options.no_delay = number != 0;
                self.apply(sockets, |options, socket| socket.set_nagle_enabled(!options.no_delay));
            }
            (IPPROTO_TCP, TCP_KEEPIDLE | TCP_KEEPINTVL) => {
                options.keep_idle = u32::try_from(number).ok().filter(|s| (1..=32_767).contains(s)).ok_or(EINVAL)?;
                if options.keep_alive {
                    self.apply(sockets, |options, socket| socket.set_keep_alive(options.keep_alive_interval()));
                }
            }
            (IPPROTO_TCP, TCP_QUICKACK) => {
                options.quick_ack = number != 0;
                self.apply(sockets, |options, socket| {
                    socket.set_ack_delay(if options.quick_ack { None } else { Some(ACK_DELAY) });
                });
            }
            (IPPROTO_TCP, TCP_USER_TIMEOUT) => {
                options.user_timeout = u32::try_from(number).map_err(|_| EINVAL)?;
                self.apply(sockets, |options, socket| socket.set_timeout(options.timeout()));
            }
            (IPPROTO_IP, IP_TTL) | (IPPROTO_IPV6, IPV6_UNICAST_HOPS) => {
                options.hop_limit = match number {
                    -1 => None,
                    1..=255 => Some(number as u8),
                    _ => return Err(EINVAL),
                };
                self.apply(sockets, |options, socket| socket.set_hop_limit(options.hop_limit));
                self.apply_hop_limit(sockets);
            }
            _ => return Err(ENOPROTOOPT),
        }
        Ok(0)
    }

    /// getsockopt(2) into a buffer of `room` octets.
    pub(super) fn get_option(&mut self, level: i32, option: i32, room: usize) -> Reply {
        match self.option(level, option) {
            Ok(mut value) => {
                value.truncate(room);
                (Ok(0), CallOutput::Data(value))
            }
            Err(error) => (Err(error), CallOutput::None),
        }
    }

    fn option(&mut self, level: i32, option: i32) -> Result<Vec<u8>, Errno> {
        self.applicable(level)?;
        let options = &self.options;
        let number = match (level, option) {
            (SOL_SOCKET, SO_LINGER) => {
                let seconds = options.linger.unwrap_or(0);
                return Ok([i32::from(options.linger.is_some()).to_ne_bytes(), seconds.to_ne_bytes()].concat());
            }
            (SOL_SOCKET, SO_RCVTIMEO) => return Ok(timeval_octets(options.receive_timeout)),
            (SOL_SOCKET, SO_SNDTIMEO) => return Ok(timeval_octets(options.send_timeout)),
            (IPPROTO_TCP, TCP_CONGESTION) => {
                let name = ALGORITHMS.iter().find(|(_, known)| *known == options.congestion_control);
                let mut value = name.map_or("", |(name, _)| name).as_bytes().to_vec();
                value.resize(16, 0); // TCP_CA_NAME_MAX
                return Ok(value);
            }
            (SOL_SOCKET, SO_REUSEADDR) => options.reuse_address.into(),
            (SOL_SOCKET, SO_REUSEPORT) => options.reuse_port.into(),
            (SOL_SOCKET, SO_BROADCAST) => options.broadcast.into(),
            (SOL_SOCKET, SO_SNDBUF) => options.send_buffer as i32,
            (SOL_SOCKET, SO_RCVBUF) => options.receive_buffer as i32,
            (SOL_SOCKET, SO_KEEPALIVE) => options.keep_alive.into(),
            (SOL_SOCKET, SO_OOBINLINE) => 1,
            (SOL_SOCKET, SO_DOMAIN) => self.family,
            (SOL_SOCKET, SO_TYPE) => match self.socket {
                Socket::Stream(_) => SOCK_STREAM,
                Socket::Datagram(_) | Socket::Echo(_) => SOCK_DGRAM,
            },
            (SOL_SOCKET, SO_PROTOCOL) => match self.socket {
                Socket::Stream(_) => IPPROTO_TCP,
                Socket::Datagram(_) => IPPROTO_UDP,
                Socket::Echo(_) if self.family == AF_INET6 => IPPROTO_ICMPV6,
                Socket::Echo(_) => IPPROTO_ICMP,
            },
            (SOL_SOCKET, SO_ACCEPTCONN) => {
                matches!(&self.socket, Socket::Stream(stream) if stream.is_listening()).into()
            }
            (SOL_SOCKET, SO_ERROR) => self.take_error().map_or(0, |error| error.0),
            (IPPROTO_TCP, TCP_NODELAY) => options.no_delay.into(),
            (IPPROTO_TCP, TCP_KEEPIDLE | TCP_KEEPINTVL) => options.keep_idle as i32,
            (IPPROTO_TCP, TCP_QUICKACK) => options.quick_ack.into(),
            (IPPROTO_TCP, TCP_USER_TIMEOUT) => options.user_timeout as i32,
            (IPPROTO_IP, IP_TTL) | (IPPROTO_IPV6, IPV6_UNICAST_HOPS) => {
                options.hop_limit.unwrap_or(DEFAULT_HOP_LIMIT).into()
            }
            _ => return Err(ENOPROTOOPT),
        };
        Ok(number.to_ne_bytes().to_vec())
    }

    fn take_error(&mut self) -> Option<Errno> {
        match &mut self.socket {
            Socket::Stream(stream) => match &mut stream.state {
                StreamState::Connection(connection) => connection.error.take(),
                StreamState::Unconnected | StreamState::Listening(_) => None,
            },
            Socket::Datagram(datagram) => datagram.take_error(),
            Socket::Echo(_) => None,
        }
    }

    /// Whether this kind of socket has options of this level.
    fn applicable(&self, level: i32) -> Result<(), Errno> {
        let applicable = match level {
            SOL_SOCKET => true,
            IPPROTO_TCP => matches!(self.socket, Socket::Stream(_)),
            IPPROTO_IP => self.family == AF_INET,
            IPPROTO_IPV6 => self.family == AF_INET6,
            _ => false,
        };
        if applicable { Ok(()) } else { Err(ENOPROTOOPT) }
    }

    fn apply(&self, sockets: &mut Sockets, change: impl Fn(&Options, &mut tcp::Socket<'_>)) {
        if let Socket::Stream(stream) = &self.socket {
            stream.apply(sockets, |socket| change(&self.options, socket));
        }
    }

    fn apply_hop_limit(&self, sockets: &mut Sockets) {
        match &self.socket {
            Socket::Stream(_) => {}
            Socket::Datagram(datagram) => datagram.set_hop_limit(sockets, self.options.hop_limit),
            Socket::Echo(echo) => echo.set_hop_limit(sockets, self.options.hop_limit),
        }
    }
}

/// TCP_CONGESTION names.
const ALGORITHMS: [(&str, CongestionControl); 3] =
    [("cubic", CongestionControl::Cubic), ("reno", CongestionControl::Reno), ("none", CongestionControl::None)];

/// The int that a buffer begins with.
fn integer(value: &[u8]) -> Result<i32, Errno> {
    value.first_chunk().map(|octets| i32::from_ne_bytes(*octets)).ok_or(EINVAL)
}

/// A struct timeval, in microseconds.
fn timeval(value: &[u8]) -> Result<u64, Errno> {
    let (seconds, rest) = value.split_first_chunk().ok_or(EINVAL)?;
    let micros = rest.first_chunk().ok_or(EINVAL)?;
    let (seconds, micros) = (i64::from_ne_bytes(*seconds), i64::from_ne_bytes(*micros));
    if !(0..1_000_000).contains(&micros) {
        return Err(EDOM);
    }
    let seconds = u64::try_from(seconds).unwrap_or(0);
    Ok(seconds.saturating_mul(1_000_000).saturating_add(micros as u64))
}

fn timeval_octets(micros: u64) -> Vec<u8> {
    [(micros / 1_000_000).to_ne_bytes(), (micros % 1_000_000).to_ne_bytes()].concat()
}
