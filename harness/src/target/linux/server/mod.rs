//! Server targets: a process of somebody else's on the running kernel, in namespaces of its own behind a TUN device.
//!
//! [`ServerDefinition`] says what is run. `root` lays the server's packages and configuration over the machine's file
//! system, for the server alone; `instance` starts it there, knows when it is ready and whether it lives, and takes it
//! down; `target` is one run against it. An instance serves one run at a time; `factory` keeps those that can
//! serve another.
//!
//! All its processes are in one process namespace, whose first process ends with the run or with rfcheck, however that
//! happens: the kernel then ends the others, also those that left their process group or made a session of their own.
//! What they wrote goes with their mounts.

mod connections;
mod definition;
mod factory;
mod instance;
mod items;
mod listening;
mod process;
mod root;
mod shell;
mod target;

pub use definition::{Absent, ServerDefinition, Start, servers_folder};
pub use factory::ServerFactory;
pub(super) use instance::Ground;
