//! Makes a target for each run.

use std::path::PathBuf;
use std::sync::Arc;

use super::capabilities;
use super::command::Spawner;
use super::namespace::Home;
use super::system::Tried;
use super::target::LinuxTarget;
use crate::target::{Capabilities, Link, Target, TargetError, TargetFactory};

/// Makes targets of the running kernel, each in a network namespace of its own.
#[derive(Debug)]
pub struct LinuxFactory {
    home: Arc<Home>,
    /// Kept for the runs that have commands.
    _spawner: Option<Arc<Spawner>>,
    capabilities: Arc<Capabilities>,
    working_directory: Option<PathBuf>,
}

impl LinuxFactory {
    /// Finds out what is possible here.
    pub fn new() -> Result<LinuxFactory, TargetError> {
        // Early, while there is little to copy into another process. If it cannot be had, commands will say why.
        let spawner = Spawner::get().inspect_err(|error| tracing::warn!("there are no shell commands: {error}")).ok();
        let home = Home::find().tried("cannot make a network namespace")?;
        Ok(LinuxFactory {
            home,
            _spawner: spawner,
            capabilities: Arc::new(capabilities::all()),
            working_directory: None,
        })
    }

    /// The same, with another working directory for commands and relative paths.
    pub fn in_directory(&self, working_directory: impl Into<PathBuf>) -> LinuxFactory {
        LinuxFactory {
            home: Arc::clone(&self.home),
            _spawner: self._spawner.clone(),
            capabilities: Arc::clone(&self.capabilities),
            working_directory: Some(working_directory.into()),
        }
    }
}

impl TargetFactory for LinuxFactory {
    fn name(&self) -> &str {
        "linux"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let target = LinuxTarget::make(link, &self.home, &self.capabilities, self.working_directory.clone())?;
        Ok(Box::new(target))
    }
}
