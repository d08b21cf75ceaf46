//! Makes a target for each run.

use std::path::PathBuf;
use std::sync::Arc;

use super::access::{self, Access, AccessDevice};
use super::capabilities;
use super::command::Spawner;
use super::link::closer;
use super::link::device::DeviceKind;
use super::link::veth::Peers;
use super::namespace::Home;
use super::server::Ground;
use super::system::{Tried, check};
use super::target::LinuxTarget;
use super::timing::watchdog;
use crate::target::{Capabilities, Link, Target, TargetError, TargetFactory};

/// Makes targets of the running kernel, each in a network namespace of its own.
#[derive(Clone, Debug)]
pub struct LinuxFactory {
    access: Access,
    kind: DeviceKind,
    home: Arc<Home>,
    /// Kept for the runs that have commands.
    _spawner: Option<Arc<Spawner>>,
    capabilities: Arc<Capabilities>,
    working_directory: Option<PathBuf>,
    is_punctual: bool,
}

impl LinuxFactory {
    /// Finds out what is possible here.
    pub fn new() -> Result<LinuxFactory, TargetError> {
        // Early, while there is little to copy into another process. If it cannot be had, commands will say why.
        let spawner = Spawner::get().inspect_err(|error| tracing::warn!("there are no shell commands: {error}")).ok();
        watchdog::start().and_then(|()| closer::start()).tried("cannot start a thread")?;
        // After that, so that commands keep the limit of their caller.
        raise_descriptor_limit();
        let home = Home::find().map_err(access::no_namespace)?;
        let (access, kind) = access::find(&home)?;
        Ok(LinuxFactory {
            access,
            kind,
            home,
            _spawner: spawner,
            capabilities: Arc::new(capabilities::all()),
            working_directory: None,
            is_punctual: true,
        })
    }

    /// The same over veth pairs, also where TUN devices can be had.
    pub fn over_veth_pairs(&self) -> Result<LinuxFactory, TargetError> {
        let kind = DeviceKind::Veth(Arc::new(Peers::make().map_err(access::no_namespace)?));
        let device = AccessDevice::Veth("as asked".into());
        Ok(LinuxFactory { access: Access { device, ..self.access.clone() }, kind, ..self.clone() })
    }

    /// What servers are started with.
    pub(super) fn ground(&self, spawner: Arc<Spawner>) -> Ground {
        Ground { access: self.access.clone(), kind: self.kind.clone(), home: Arc::clone(&self.home), spawner }
    }

    /// The same for runs that never sleep for long and do not judge time: their threads leave the rest of the machine
    /// its turn, and nothing is spent on knowing when a packet was sent that is read late.
    pub fn unpunctual(&self) -> LinuxFactory {
        LinuxFactory { is_punctual: false, ..self.clone() }
    }

    /// What makes its runs possible here.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The same, with another working directory for commands and relative paths.
    pub fn in_directory(&self, working_directory: impl Into<PathBuf>) -> LinuxFactory {
        LinuxFactory { working_directory: Some(working_directory.into()), ..self.clone() }
    }
}

impl TargetFactory for LinuxFactory {
    fn name(&self) -> &str {
        "linux"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Gives the thread a table of descriptors of its own. In a shared one, a process that some other run forks keeps
    /// this run's sockets open until it gets to exec, and the last close, with the FIN or RST that it sends, comes late.
    fn prepare_thread(&self) -> Result<(), TargetError> {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_FILES).map_err(|errno| TargetError::Environment {
            what: "cannot give a run's thread descriptors of its own".into(),
            source: errno.into(),
        })
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let directory = self.working_directory.clone();
        let target = LinuxTarget::make(link, &self.kind, &self.home, &self.capabilities, directory, self.is_punctual)?;
        Ok(Box::new(target))
    }
}

/// Lets the process open as many descriptors as its user may. A run has about half a dozen, and a thousand runs can go on
/// at once.
fn raise_descriptor_limit() {
    // SAFETY: all-zero octets are a valid `struct rlimit`, which is valid for writing and reading.
    let raised = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        check(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit)).and_then(|_| {
            limit.rlim_cur = limit.rlim_max;
            check(libc::setrlimit(libc::RLIMIT_NOFILE, &limit))
        })
    };
    if let Err(error) = raised {
        tracing::debug!("the number of descriptors stays limited: {error}");
    }
}
