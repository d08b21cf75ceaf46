//! Makes a target for each run.

use std::path::PathBuf;
use std::sync::Arc;

use super::capabilities;
use super::namespace::Home;
use super::system::Tried;
use super::target::LinuxTarget;
use crate::target::{Capabilities, Link, Target, TargetError, TargetFactory};

/// Makes targets of the running kernel, each in a network namespace of its own.
#[derive(Debug)]
pub struct LinuxFactory {
    home: Arc<Home>,
    capabilities: Arc<Capabilities>,
    working_directory: Option<PathBuf>,
}

impl LinuxFactory {
    /// Finds out what is possible here.
    pub fn new() -> Result<LinuxFactory, TargetError> {
        let home = Home::find().tried("cannot make a network namespace")?;
        Ok(LinuxFactory { home, capabilities: Arc::new(capabilities::all()), working_directory: None })
    }

    /// The same, with another working directory for commands and relative paths.
    pub fn in_directory(&self, working_directory: impl Into<PathBuf>) -> LinuxFactory {
        LinuxFactory {
            home: Arc::clone(&self.home),
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
