//! What the command's exit status means.

use std::process::ExitCode;

/// The exit status. The numbers are those of cargo-nextest, where it has the same case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is as expected.
    AsExpected = 0,
    /// The command line or `rfcheck.toml` is wrong.
    Usage = 2,
    /// Nothing ran: no script was found, none was selected, or none applies to the target.
    NothingRan = 4,
    /// Something needed to judge failed: a target that is not possible here, a script or baseline that is wrong or
    /// stale, a run without a judgement, a report that cannot be written.
    SetUp = 96,
    /// A target failed a script, or passed one that it is known to fail.
    Failed = 100,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
}

/// As `--help` tells it.
pub(super) const HELP: &str = "\
Exit status:
    0  all as expected
    2  the command line or rfcheck.toml is wrong
    4  nothing ran: no script found, selected or applicable
   96  set-up failed: a target is not possible here, a script or baseline is wrong, a run could not be judged
  100  a target failed a script, or passed one that its baseline says it fails
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
