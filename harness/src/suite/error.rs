//! Why a suite cannot start.

use super::config::ConfigError;
use super::discovery::DiscoveryError;
use crate::target::TargetError;
use crate::target::linux::server::Absent;

/// Why a suite cannot start. Never a verdict on a target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// What was asked for does not exist or does not fit.
    #[error("{0}")]
    Usage(String),
    /// `rfcheck.toml` is wrong.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// A path cannot be read.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A catalogue or baseline is wrong.
    #[error("{name}{}: {message}", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Data {
        /// The file.
        name: String,
        /// Line, from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// The target is not possible here.
    #[error("the target `{target}` is not possible here: {source}")]
    Unavailable {
        /// Its name.
        target: String,
        /// What its adapter says.
        source: TargetError,
    },
    /// The target's server is not on this machine.
    #[error("the target `{target}` is not possible here: {absent}")]
    Absent {
        /// Its name.
        target: String,
        /// What is absent, and what to do.
        absent: Absent,
    },
    /// A report or capture cannot be written.
    #[error("cannot write {what}: {source}")]
    Output {
        /// What.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}
