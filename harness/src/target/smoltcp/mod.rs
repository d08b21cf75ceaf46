//! smoltcp in process on a virtual clock, and smoltcp behind a real TUN device.
//!
//! [`SmoltcpFactory`] is the embedded default target: the clock jumps from event to event, the seed is fixed, and so
//! the same script gives the same trace. The stack is polled after each datagram and each call, as a user's main loop
//! does when it has nothing else to do. Below: `device` is the link, `memory` lends buffers, `stack` is an
//! interface with sockets and takes datagrams, calls and time, `sockets` makes smoltcp's API a POSIX one.
//! [`SmoltcpTunFactory`] has the same stack on a thread of its own, behind a TUN device and on the machine's clock.

mod abi;
mod capabilities;
mod device;
mod memory;
mod sockets;
mod stack;
mod target;
mod timestamps;
#[cfg(target_os = "linux")]
mod tun;

pub use target::{SmoltcpFactory, SmoltcpOptions};
#[cfg(target_os = "linux")]
pub use tun::SmoltcpTunFactory;
