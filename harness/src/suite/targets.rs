//! The targets of a suite by name, each with its settings and baseline.

use std::path::Path;
use std::sync::Arc;

use super::config::{Config, Overlay};
use super::{Baseline, ScriptFile, SuiteError};
use crate::target::fault::Fault;
use crate::target::linux::server::ServerFactory;
use crate::target::linux::{LinuxFactory, enter_user_namespace};
use crate::target::reference::{DEVIATES, ReferenceFactory};
use crate::target::smoltcp::{SmoltcpFactory, SmoltcpTunFactory};
use crate::target::{Capabilities, Clock, Link, Target, TargetError, TargetFactory};

/// One target of a suite.
pub struct TargetEntry {
    /// The name it goes by in reports.
    pub name: String,
    /// What it is known to fail.
    pub baseline: Baseline,
    /// Settings of every run on it.
    pub overlay: Overlay,
    maker: Maker,
    takes: Takes,
    /// How its targets misbehave on purpose, the innermost first.
    faults: Vec<&'static Fault>,
}

/// What runs on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    All,
    Scripts,
    Dialogues,
}

/// Makes the target of one run.
#[derive(Clone)]
enum Maker {
    /// The kernel's commands run in the script's folder.
    Linux(Arc<LinuxFactory>),
    /// And so do those of a dialogue on a server.
    Server(Arc<ServerFactory>),
    Other(Arc<dyn TargetFactory>),
}

impl TargetEntry {
    /// A target of one's own.
    pub fn new(factory: Arc<dyn TargetFactory>) -> Self {
        let name = factory.name().to_owned();
        let (baseline, overlay) = (Baseline::default(), Overlay::default());
        TargetEntry { name, baseline, overlay, maker: Maker::Other(factory), takes: Takes::All, faults: Vec::new() }
    }

    /// The target of this name: one of `own`, one of the configuration, or a built-in stack.
    ///
    /// A stack that needs namespaces gives an ordinary user's process a user namespace first, which is possible only
    /// while the process has one thread.
    ///
    /// # Errors
    /// An unknown name, a stack that is not possible here, or a server that is absent.
    pub fn find(name: &str, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Self, SuiteError> {
        if let Some(factory) = own.iter().find(|factory| factory.name() == name) {
            return Ok(TargetEntry::new(Arc::clone(factory)));
        }
        let configured = config.targets.get(name);
        let stack = configured.map_or(name, |target| target.stack.as_str());
        let unavailable = |source| SuiteError::Unavailable { target: name.to_owned(), source };
        let server = configured.and_then(|target| target.server.as_ref());
        if let Some(server) = server {
            server.find().map_err(|absent| SuiteError::Absent { target: name.to_owned(), absent })?;
        }
        let maker = match stack {
            "smoltcp" => Maker::Other(Arc::new(SmoltcpFactory::new())),
            "reference" => Maker::Other(Arc::new(ReferenceFactory::new())),
            "smoltcp-tun" | "linux" => {
                enter_user_namespace().map_err(unavailable)?;
                match (stack, server) {
                    ("linux", Some(server)) => {
                        let linux = LinuxFactory::new().map_err(unavailable)?;
                        let factory = ServerFactory::new(&linux, server.clone()).map_err(unavailable)?;
                        Maker::Server(Arc::new(factory))
                    }
                    ("linux", None) => Maker::Linux(Arc::new(LinuxFactory::new().map_err(unavailable)?)),
                    _ => Maker::Other(Arc::new(SmoltcpTunFactory::new().map_err(unavailable)?)),
                }
            }
            _ => return Err(SuiteError::Usage(config.no_target(name))),
        };
        let overlay = configured.map(|target| target.overlay.clone()).unwrap_or_default();
        Ok(TargetEntry {
            name: name.to_owned(),
            baseline: Baseline::default(),
            overlay,
            maker,
            takes: Takes::All,
            faults: Vec::new(),
        })
    }

    /// The targets that are run if nobody names any: for scripts a stack, for dialogues servers.
    pub fn defaults() -> Vec<Self> {
        let of = |factory: Arc<dyn TargetFactory>, takes| TargetEntry { takes, ..TargetEntry::new(factory) };
        vec![
            of(Arc::new(SmoltcpFactory::new()), Takes::Scripts),
            of(Arc::new(ReferenceFactory::new()), Takes::Dialogues),
        ]
    }

    /// Whether a script or dialogue runs on it.
    pub(super) fn takes(&self, script: &ScriptFile) -> bool {
        match self.takes {
            Takes::All => true,
            Takes::Scripts => !script.is_dialogue(),
            Takes::Dialogues => script.is_dialogue(),
        }
    }

    /// Whether it can have a fault: those of an application protocol need servers that deviate when they are told to.
    pub fn can_have(&self, fault: &Fault) -> bool {
        !fault.is_of_application() || self.capabilities().features.contains(DEVIATES)
    }

    /// Whether it can have a fault, and the fault could show in a script or dialogue.
    pub(super) fn shows(&self, fault: &Fault, script: &ScriptFile) -> bool {
        match script.protocol() {
            Some(protocol) => fault.concerns(&protocol) && self.can_have(fault),
            None => !fault.is_of_application(),
        }
    }

    /// The same target with a fault, under a name that says so. Nothing is known of what it fails.
    pub fn with_fault(&self, fault: &'static Fault) -> Self {
        TargetEntry {
            name: format!("{} with {}", self.name, fault.name),
            baseline: Baseline::default(),
            overlay: self.overlay.clone(),
            maker: self.maker.clone(),
            takes: self.takes,
            faults: self.faults.iter().copied().chain([fault]).collect(),
        }
    }

    /// What makes its targets.
    pub fn factory(&self) -> Arc<dyn TargetFactory> {
        let factory: Arc<dyn TargetFactory> = match &self.maker {
            Maker::Linux(factory) => Arc::clone(factory) as Arc<dyn TargetFactory>,
            Maker::Server(factory) => Arc::clone(factory) as Arc<dyn TargetFactory>,
            Maker::Other(factory) => Arc::clone(factory),
        };
        self.with_faults(factory)
    }

    /// What makes targets on which many sessions follow each other as fast as they can.
    pub fn session_factory(&self) -> Arc<dyn TargetFactory> {
        match &self.maker {
            Maker::Linux(factory) => {
                let factory: Arc<dyn TargetFactory> = Arc::new(factory.unpunctual());
                self.with_faults(factory)
            }
            Maker::Other(_) | Maker::Server(_) => self.factory(),
        }
    }

    fn with_faults(&self, factory: Arc<dyn TargetFactory>) -> Arc<dyn TargetFactory> {
        if self.faults.is_empty() { factory } else { Arc::new(Faulty { factory, faults: self.faults.clone() }) }
    }

    /// By what right and device its runs reach the kernel, if they do.
    pub fn access(&self) -> Option<String> {
        match &self.maker {
            Maker::Linux(factory) => Some(factory.access().to_string()),
            Maker::Server(factory) => Some(factory.access().to_string()),
            Maker::Other(_) => None,
        }
    }

    /// What its runs' targets declare to support.
    pub fn capabilities(&self) -> &Capabilities {
        match &self.maker {
            Maker::Linux(factory) => factory.capabilities(),
            Maker::Server(factory) => factory.capabilities(),
            Maker::Other(factory) => factory.capabilities(),
        }
    }

    /// Whose clock it runs on.
    pub fn clock(&self) -> Clock {
        self.capabilities().clock
    }

    /// As [`TargetFactory::prepare_thread`].
    pub(super) fn prepare_thread(&self) -> Result<(), TargetError> {
        match &self.maker {
            Maker::Linux(factory) => factory.prepare_thread(),
            Maker::Server(factory) => factory.prepare_thread(),
            Maker::Other(factory) => factory.prepare_thread(),
        }
    }

    /// A fresh target whose commands run in `folder`.
    pub(super) fn create(&self, link: &Link, folder: Option<&Path>) -> Result<Box<dyn Target>, TargetError> {
        let target = match (&self.maker, folder) {
            (Maker::Linux(factory), Some(folder)) => factory.in_directory(folder).create(link),
            (Maker::Linux(factory), None) => factory.create(link),
            (Maker::Server(factory), folder) => factory.create_in(link, folder),
            (Maker::Other(factory), _) => factory.create(link),
        }?;
        self.faults.iter().try_fold(target, |target, fault| fault.wrap(target, link))
    }
}

/// Makes targets that misbehave on purpose.
struct Faulty {
    factory: Arc<dyn TargetFactory>,
    /// The innermost first.
    faults: Vec<&'static Fault>,
}

impl TargetFactory for Faulty {
    fn name(&self) -> &str {
        self.factory.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.factory.capabilities()
    }

    fn prepare_thread(&self) -> Result<(), TargetError> {
        self.factory.prepare_thread()
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let target = self.factory.create(link)?;
        self.faults.iter().try_fold(target, |target, fault| fault.wrap(target, link))
    }
}

impl std::fmt::Debug for TargetEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TargetEntry").field("name", &self.name).finish_non_exhaustive()
    }
}
