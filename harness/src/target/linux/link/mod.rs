//! Links between tester and target: devices, addresses and routes, made over netlink and ioctl without other programs.

pub(super) mod closer;
pub(super) mod configure;
pub(super) mod device;
mod ethtool;
pub(super) mod netlink;
mod offload;
mod packet_socket;
pub(in crate::target) mod stack_link;
mod stamps;
pub(super) mod tun;
pub(super) mod veth;
