//! Targets: implementations under test, each behind the [`Target`] trait.
//!
//! Time, packets and calls are the whole surface. A target has never heard of scripts. One adapter a
//! file or folder; a [`TargetFactory`] makes a fresh target for each run.

mod call;
mod capabilities;
pub mod fault;
mod link;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod reference;
mod service;
pub mod smoltcp;

use std::time::Duration;

pub use call::{CallId, CallMode, CallOutput, Control, Errno, PollEntry, Returned, SocketCall};
pub use capabilities::{Capabilities, Clock};
pub use link::{IpVersion, Link};
pub use service::Services;

use crate::time::Instant;

/// An implementation under test, for the length of one run.
pub trait Target {
    /// What it declares to support. Never changes during a run.
    fn capabilities(&self) -> &Capabilities;

    /// The target's clock.
    fn now(&self) -> Instant;

    /// A good moment for a script's time 0, waiting for it if need be: on a kernel whose timers tick, a little after
    /// a tick, so that events at round times do not race with it. A run that is tried again asks for a moment that is
    /// `ninths` ninths of a tick later: what the target does at one of them is what it does.
    fn epoch(&mut self, ninths: u32) -> Result<Instant, TargetError> {
        let _ = ninths;
        Ok(self.now())
    }

    /// Hands one IP datagram to the target's link, as if it came from the tester.
    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError>;

    /// Issues a socket call. Its return arrives as [`Event::Returned`]: for [`CallMode::Immediate`]
    /// with the next [`Target::wait`], before any packet.
    fn call(&mut self, call: SocketCall, mode: CallMode) -> Result<CallId, TargetError>;

    /// Waits for the next thing that happens, at the latest until `deadline`.
    ///
    /// For [`Event::Packet`] the datagram is in `packet`, which is cleared first. A deadline in the past
    /// asks only for what is there already. On a virtual clock this moves [`Target::now`] to the event or
    /// the deadline.
    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError>;

    /// Runs a shell command with the caller's rights inside the run's namespaces, to its end or until `go_on`, which is
    /// asked several times a second, says no: then the command is killed.
    fn command(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        go_on: &dyn Fn() -> bool,
    ) -> Result<CommandOutput, TargetError> {
        let _ = (command, environment, go_on);
        Err(TargetError::Unsupported("shell commands".into()))
    }

    /// Does what a dialogue demands outside its conversation: one of the actions of [`Services`], by name. A check gives
    /// the items that it is about, in octets, such as the messages of a mailbox, oldest first; a set-up step gives
    /// none. An action that starts a client under test returns as soon as the client runs. `go_on` is asked several
    /// times a second, as for [`Target::command`].
    ///
    /// # Errors
    /// [`TargetError::Action`] if it was tried and failed; the arguments may be the cause.
    fn perform(
        &mut self,
        action: &str,
        arguments: &[String],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<u8>>, TargetError> {
        let _ = (arguments, go_on);
        Err(TargetError::Unsupported(format!("the action `{action}`")))
    }

    /// Breaks its application protocol in this way from now on; asked before anything else happens.
    ///
    /// # Errors
    /// [`TargetError::Unsupported`] but of targets with the feature [`reference::DEVIATES`].
    fn deviate(&mut self, deviation: reference::Deviation) -> Result<(), TargetError> {
        Err(TargetError::Unsupported(format!("breaking its protocol on purpose ({deviation:?})")))
    }

    /// What is known of the implementation itself, beside its packets; asked at the end of a run. One that ends is known to
    /// have ended a little later than its connections do: `patience` is how long that is waited for.
    fn condition(&mut self, patience: Duration) -> Condition {
        let _ = patience;
        Condition::default()
    }

    /// It may hang: it serves no other run.
    fn retire(&mut self) {}

    /// How long the tester was ready to run but did not, so far: its own lateness. Zero on a virtual clock.
    fn scheduling_delay(&self) -> Duration {
        Duration::ZERO
    }

    /// How long a host kept this machine's processors from their work, so far: a target that it kept waiting is not late
    /// by its own fault. Zero on a virtual clock, and where nothing tells it.
    fn steal_time(&self) -> Duration {
        Duration::ZERO
    }
}

/// The next thing that happened on a target.
#[derive(Debug)]
pub enum Event {
    /// The target sent a datagram, now in the caller's buffer; seen at this time.
    Packet(Instant),
    /// A call returned.
    Returned(Returned),
    /// Nothing happened until the deadline.
    Deadline,
}

/// What is known of an implementation beside its packets: of a process, whether it runs and what it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// How it ended, such as "the server `mine` was ended by SIGSEGV"; `None` if it runs, or if nothing is known.
    pub ended: Option<String>,
    /// Whether that is how one ends that has failed: with a signal, or a status other than 0.
    pub has_failed: bool,
    /// All that is known, a line each: whether it runs or how it ended, and the last lines that it wrote in this run.
    pub told: Vec<String>,
}

/// What a shell command did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandOutput {
    /// Exit status, or 128 plus the signal that ended it.
    pub status: i32,
    /// Standard output and standard error, in the order they came.
    pub output: String,
}

/// Makes a fresh target for each run. Shared by all threads; a target stays on the thread that made it.
pub trait TargetFactory: Send + Sync {
    /// The name under which reports list it, such as `smoltcp` or `linux`.
    fn name(&self) -> &str;

    /// What its targets declare to support; decides, before a script runs, whether it applies.
    fn capabilities(&self) -> &Capabilities;

    /// Makes ready a thread that was made for runs, before its first [`TargetFactory::create`]. The thread is not to
    /// share files that it opens from then on with threads that it did not start itself.
    ///
    /// # Errors
    /// The environment lacks something that the adapter needs.
    fn prepare_thread(&self) -> Result<(), TargetError> {
        Ok(())
    }

    /// A fresh target on a fresh link.
    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError>;
}

/// Why a target could not do what the tester asked. Never the verdict on a requirement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The environment lacks something that the adapter needs.
    #[error("{what}: {source}")]
    Environment {
        /// What the adapter tried, and what would make it possible.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The adapter cannot do this; its capabilities say so.
    #[error("the target does not support {0}")]
    Unsupported(String),
    /// An action of [`Target::perform`] was tried and failed.
    #[error("`{action}` failed: {reason}")]
    Action {
        /// Its name.
        action: String,
        /// What went wrong, with what the action said.
        reason: String,
    },
    /// The target died, or its link broke.
    #[error("the target is gone: {0}")]
    Gone(String),
}
