//! Numbers of the Linux ABI that socket calls use, spelled out so that they are the same on every host.
#![allow(missing_docs)]

use crate::target::Errno;

pub(super) const AF_UNSPEC: i32 = 0;
pub(super) const AF_INET: i32 = 2;
pub(super) const AF_INET6: i32 = 10;

pub(super) const SOCK_STREAM: i32 = 1;
pub(super) const SOCK_DGRAM: i32 = 2;
pub(super) const SOCK_NONBLOCK: i32 = 0o4000;
pub(super) const SOCK_CLOEXEC: i32 = 0o2000000;

pub(super) const IPPROTO_IP: i32 = 0;
pub(super) const IPPROTO_ICMP: i32 = 1;
pub(super) const IPPROTO_TCP: i32 = 6;
pub(super) const IPPROTO_UDP: i32 = 17;
pub(super) const IPPROTO_IPV6: i32 = 41;
pub(super) const IPPROTO_ICMPV6: i32 = 58;

pub(super) const SOL_SOCKET: i32 = 1;
pub(super) const SO_REUSEADDR: i32 = 2;
pub(super) const SO_TYPE: i32 = 3;
pub(super) const SO_ERROR: i32 = 4;
pub(super) const SO_BROADCAST: i32 = 6;
pub(super) const SO_SNDBUF: i32 = 7;
pub(super) const SO_RCVBUF: i32 = 8;
pub(super) const SO_KEEPALIVE: i32 = 9;
pub(super) const SO_OOBINLINE: i32 = 10;
pub(super) const SO_LINGER: i32 = 13;
pub(super) const SO_REUSEPORT: i32 = 15;
pub(super) const SO_RCVTIMEO: i32 = 20;
pub(super) const SO_SNDTIMEO: i32 = 21;
pub(super) const SO_ACCEPTCONN: i32 = 30;
pub(super) const SO_PROTOCOL: i32 = 38;
pub(super) const SO_DOMAIN: i32 = 39;

pub(super) const TCP_NODELAY: i32 = 1;
pub(super) const TCP_KEEPIDLE: i32 = 4;
pub(super) const TCP_KEEPINTVL: i32 = 5;
pub(super) const TCP_QUICKACK: i32 = 12;
pub(super) const TCP_CONGESTION: i32 = 13;
pub(super) const TCP_USER_TIMEOUT: i32 = 18;

pub(super) const IP_TTL: i32 = 2;
pub(super) const IPV6_UNICAST_HOPS: i32 = 16;

pub(super) const MSG_OOB: i32 = 0x1;
pub(super) const MSG_PEEK: i32 = 0x2;
pub(super) const MSG_TRUNC: i32 = 0x20;
pub(super) const MSG_DONTWAIT: i32 = 0x40;
pub(super) const MSG_WAITALL: i32 = 0x100;

pub(super) const SHUT_RD: i32 = 0;
pub(super) const SHUT_WR: i32 = 1;
pub(super) const SHUT_RDWR: i32 = 2;

pub(super) const F_GETFD: i32 = 1;
pub(super) const F_SETFD: i32 = 2;
pub(super) const F_GETFL: i32 = 3;
pub(super) const F_SETFL: i32 = 4;
pub(super) const O_RDWR: i32 = 2;
pub(super) const O_NONBLOCK: i32 = 0o4000;

pub(super) const FIONREAD: u64 = 0x541B;
pub(super) const SIOCOUTQ: u64 = 0x5411;
pub(super) const FIONBIO: u64 = 0x5421;

pub(super) const POLLIN: i16 = 0x1;
pub(super) const POLLOUT: i16 = 0x4;
pub(super) const POLLERR: i16 = 0x8;
pub(super) const POLLHUP: i16 = 0x10;
pub(super) const POLLNVAL: i16 = 0x20;
pub(super) const POLLRDNORM: i16 = 0x40;
pub(super) const POLLWRNORM: i16 = 0x100;
pub(super) const POLLRDHUP: i16 = 0x2000;

pub(super) const ENOENT: Errno = Errno(2);
pub(super) const EBADF: Errno = Errno(9);
pub(super) const EAGAIN: Errno = Errno(11);
pub(super) const EFAULT: Errno = Errno(14);
pub(super) const EINVAL: Errno = Errno(22);
pub(super) const EMFILE: Errno = Errno(24);
pub(super) const ENOTTY: Errno = Errno(25);
pub(super) const EPIPE: Errno = Errno(32);
pub(super) const EDOM: Errno = Errno(33);
pub(super) const ENOSYS: Errno = Errno(38);
pub(super) const EDESTADDRREQ: Errno = Errno(89);
pub(super) const EMSGSIZE: Errno = Errno(90);
pub(super) const ENOPROTOOPT: Errno = Errno(92);
pub(super) const EPROTONOSUPPORT: Errno = Errno(93);
pub(super) const ESOCKTNOSUPPORT: Errno = Errno(94);
pub(super) const EOPNOTSUPP: Errno = Errno(95);
pub(super) const EAFNOSUPPORT: Errno = Errno(97);
pub(super) const EADDRINUSE: Errno = Errno(98);
pub(super) const EADDRNOTAVAIL: Errno = Errno(99);
pub(super) const ENETUNREACH: Errno = Errno(101);
pub(super) const ECONNABORTED: Errno = Errno(103);
pub(super) const ECONNRESET: Errno = Errno(104);
pub(super) const EISCONN: Errno = Errno(106);
pub(super) const ENOTCONN: Errno = Errno(107);
pub(super) const ETIMEDOUT: Errno = Errno(110);
pub(super) const ECONNREFUSED: Errno = Errno(111);
pub(super) const EALREADY: Errno = Errno(114);
pub(super) const EINPROGRESS: Errno = Errno(115);
