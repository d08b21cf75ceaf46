//! The running Linux kernel, each run in a network namespace of its own.
//!
//! A run has its own namespace, its own TUN device and its own addresses, so any number of runs can go on side by
//! side, and the kernel takes everything down when the run's thread leaves or the process dies.

mod access;
mod blocking;
mod calls;
mod capabilities;
mod capability;
mod clock;
mod closer;
mod command;
mod configure;
mod descriptor_passing;
mod descriptors;
mod device;
mod ethtool;
mod factory;
mod namespace;
mod netlink;
mod offload;
mod orphans;
mod packet_socket;
mod scheduling;
pub(in crate::target) mod stack_link;
mod stamps;
mod system;
mod target;
mod tick;
mod tun;
mod veth;
mod watchdog;

pub use access::{Access, AccessDevice, Rights, access, enter_user_namespace};
pub use factory::LinuxFactory;
