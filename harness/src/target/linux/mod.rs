//! The running Linux kernel, each run in a network namespace of its own.
//!
//! A run has its own namespace, its own device and its own addresses, so any number of runs can go on side by side, and
//! the kernel takes everything down when the run's thread leaves or the process dies.

mod access;
mod calls;
mod capabilities;
mod command;
mod descriptor_passing;
mod factory;
mod link;
mod namespace;
pub mod server;
mod system;
mod target;
mod timing;

pub use access::{Access, AccessDevice, Rights, access, enter_user_namespace};
pub use factory::LinuxFactory;
pub(in crate::target) use link::stack_link;
pub(crate) use timing::processor_times::ProcessorTimes;
