//! The suite: finds scripts, plans their runs, runs them side by side, and tells reporters what happens.
//!
//! [`Source`] finds scripts, catalogues and baselines; [`Suite::plan`] makes the runs of them; [`Suite::run`] runs
//! them and tells every [`Reporter`] the same [`Event`]s. Virtual-clock targets are spread over the cores;
//! real-clock targets run many at once, as many as the machine can serve in time.

mod baseline;
mod capture;
mod catalogue;
mod check;
pub mod config;
mod coverage;
mod delivery;
mod directives;
mod discovery;
mod error;
mod estimate;
mod event;
mod header;
mod included;
mod natural;
mod nearest;
mod oracle;
mod plan;
mod prepared;
mod scheduler;
mod script_file;
mod self_test;
mod targets;
mod work;

pub use baseline::{
    Baseline, BaselineError, BaselineProblem, KnownFailure, KnownViolation, StaleEntry, Staleness, check_baselines,
};
#[cfg(feature = "cli")]
pub use baseline::{Change, ChangeKind, Observed, Observer, Update, UpdateInput};
pub(crate) use capture::verdict_name;
pub use catalogue::{Basis, CatalogueError, Catalogues, Level, Observable, Requirement};
pub use check::{Checked, check};
pub use coverage::{Collector, Coverage, Covered, RfcCoverage, RunVerdict, State, Sums};
pub use discovery::{DiscoveryError, Source};
pub use error::SuiteError;
pub use event::{Details, Event, LinePlace, Reporter, RunFinished, RunId, Standing, SuiteStarted, Totals};
#[cfg(feature = "cli")]
pub(crate) use natural::{NaturalKey, natural};
pub use plan::{Captures, Known, Request, Suite};
pub use script_file::ScriptFile;
pub use self_test::{
    FaultRow, Kill, KillMatrix, KilledBy, Pairs, Reason, RequirementRow, ScriptRow, SelfTest, SelfTested, Survivors,
    find_fault,
};
pub use targets::TargetEntry;
