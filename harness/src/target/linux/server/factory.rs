//! Makes a target for each run, from a server that is started or from one that runs already.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::connections::Connections;
use super::definition::{ServerDefinition, Start};
use super::instance::{Ground, Instance};
use super::target::ServerTarget;
use crate::target::linux::access::Access;
use crate::target::linux::command::Spawner;
use crate::target::linux::factory::LinuxFactory;
use crate::target::linux::system::Tried;
use crate::target::{Capabilities, Link, Target, TargetError, TargetFactory};

/// Makes targets of one server. Each run has an instance to itself; one that has served a run serves the next, if the
/// definition allows it. When this is dropped the last of them end.
#[derive(Debug)]
pub struct ServerFactory {
    shared: Arc<Shared>,
}

/// What a factory and its targets have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) definition: ServerDefinition,
    pub(super) capabilities: Arc<Capabilities>,
    ground: Ground,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle(Vec<Instance>);

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} idle", self.0.len())
    }
}

impl ServerFactory {
    /// Targets of this server on the kernel that `linux` reaches.
    ///
    /// # Errors
    /// Processes for it cannot be made here.
    pub fn new(linux: &LinuxFactory, definition: ServerDefinition) -> Result<ServerFactory, TargetError> {
        let spawner = Spawner::get().tried("cannot start the process that starts servers")?;
        let capabilities = Capabilities {
            services: definition.services.clone(),
            // Its sockets are those of a program that does with them what it likes.
            calls: Default::default(),
            sockets: Default::default(),
            blocking_calls: false,
            ..linux.capabilities().clone()
        };
        let ground = linux.ground(spawner);
        let shared =
            Shared { definition, capabilities: Arc::new(capabilities), ground, idle: Mutex::new(Idle::default()) };
        Ok(ServerFactory { shared: Arc::new(shared) })
    }

    /// What makes its runs possible here.
    pub fn access(&self) -> &Access {
        &self.shared.ground.access
    }

    /// As [`TargetFactory::create`], with a working directory for the commands of dialogues.
    ///
    /// # Errors
    /// As [`TargetFactory::create`].
    pub fn create_in(&self, link: &Link, working_directory: Option<&Path>) -> Result<Box<dyn Target>, TargetError> {
        let instance = match self.shared.take(link) {
            Some(instance) => instance,
            None => Instance::start(&self.shared.definition, &self.shared.ground, link)?,
        };
        let directory = working_directory.map(PathBuf::from);
        Ok(Box::new(ServerTarget::new(Arc::clone(&self.shared), instance, directory)?))
    }
}

impl TargetFactory for ServerFactory {
    fn name(&self) -> &str {
        &self.shared.definition.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    // Threads keep the table of descriptors of the whole process: an instance goes from one of them to another.

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        self.create_in(link, None)
    }
}

impl Shared {
    /// An instance on such a link that waits for a run.
    fn take(&self, link: &Link) -> Option<Instance> {
        loop {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let known = idle.0.iter().rposition(|instance| instance.link == *link)?;
            let mut instance = idle.0.swap_remove(known);
            drop(idle);
            if instance.is_reusable(&self.definition) {
                return Some(instance);
            }
        }
    }

    /// Keeps an instance for another run, if it may serve one.
    pub(super) fn give_back(&self, mut instance: Instance, connections: &mut Connections) {
        if self.definition.start == Start::Each || instance.parts.commands.is_none() {
            return;
        }
        match instance.settle(connections) {
            Ok(()) => self.idle.lock().unwrap_or_else(PoisonError::into_inner).0.push(instance),
            Err(error) => tracing::debug!("a server's link broke after its run: {error}"),
        }
    }
}
