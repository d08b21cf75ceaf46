//! Settings of the target's device that only the ethtool interface offers.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::tun::named_request;
use crate::target::linux::system::check;

const ETHTOOL_GSET: u32 = 0x01;
const ETHTOOL_SSET: u32 = 0x02;
const ETHTOOL_STXCSUM: u32 = 0x17;

/// `struct ethtool_value`.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// `struct ethtool_cmd`.
#[repr(C)]
#[derive(Default)]
struct Settings {
    command: u32,
    supported: u32,
    advertising: u32,
    speed: u16,
    duplex: u8,
    port: u8,
    phy_address: u8,
    transceiver: u8,
    autoneg: u8,
    mdio_support: u8,
    maxtxpkt: u32,
    maxrxpkt: u32,
    speed_hi: u16,
    eth_tp_mdix: u8,
    eth_tp_mdix_ctrl: u8,
    lp_advertising: u32,
    reserved: [u32; 2],
}

/// Makes the target's device compute its checksums itself, and with that send segments of at most the MTU.
pub(in crate::target::linux) fn switch_off_offloads(socket: &OwnedFd) -> io::Result<()> {
    request(socket, &mut Value { command: ETHTOOL_STXCSUM, data: 0 })
}

/// Makes the target's device report a speed, in Mbit/s, without negotiation.
pub(in crate::target::linux) fn set_speed(socket: &OwnedFd, speed: u32) -> io::Result<()> {
    let mut settings = Settings { command: ETHTOOL_GSET, ..Settings::default() };
    request(socket, &mut settings)?;
    settings.command = ETHTOOL_SSET;
    settings.autoneg = 0;
    settings.speed = speed as u16;
    settings.speed_hi = (speed >> 16) as u16;
    request(socket, &mut settings)
}

fn request<T>(socket: &OwnedFd, data: &mut T) -> io::Result<()> {
    let mut request = named_request();
    request.ifr_ifru.ifru_data = (&raw mut *data).cast();
    // SAFETY: SIOCETHTOOL reads and writes the request and the structure it points to, which its first member names.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &mut request) })?;
    Ok(())
}
