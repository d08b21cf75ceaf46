//! One run against a server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::connections::Connections;
use super::factory::Shared;
use super::instance::{Acted, Instance, act};
use super::process::{Process, ending};
use crate::target::linux::target::LinuxTarget;
use crate::target::{
    CallId, CallMode, Capabilities, CommandOutput, Condition, Event, Link, SocketCall, Target, TargetError,
};
use crate::time::Instant;

/// How often it is looked whether the server lives.
const ROUND: Duration = Duration::from_millis(100);

/// One run against a server.
pub(super) struct ServerTarget {
    shared: Arc<Shared>,
    /// The kernel that it runs on; `None` only while this is dropped.
    linux: Option<LinuxTarget>,
    process: Option<Process>,
    /// It serves no other run.
    is_retired: bool,
    link: Link,
    connections: Connections,
}

impl ServerTarget {
    pub(super) fn new(
        shared: Arc<Shared>,
        instance: Instance,
        working_directory: Option<PathBuf>,
    ) -> Result<ServerTarget, TargetError> {
        let Instance { parts, process, link } = instance;
        let linux = LinuxTarget::on(parts, &shared.capabilities, working_directory)?;
        let connections = Connections::default();
        Ok(ServerTarget { shared, linux: Some(linux), process, is_retired: false, link, connections })
    }

    fn linux(&mut self) -> &mut LinuxTarget {
        self.linux.as_mut().expect("the kernel is taken away by the drop alone")
    }

    /// An error if the server has ended.
    fn look(&mut self) -> Result<(), TargetError> {
        match self.process.as_mut().and_then(Process::look) {
            None => Ok(()),
            Some(status) => Err(TargetError::Gone(self.ended(status))),
        }
    }

    fn ended(&self, status: i32) -> String {
        format!("the server `{}` {}", self.shared.definition.name, ending(status))
    }
}

/// What is told once the run's processes had to be killed.
fn killed() -> TargetError {
    TargetError::Gone("a command had to be killed, and the server with it".into())
}

impl Target for ServerTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    fn now(&self) -> Instant {
        self.linux.as_ref().expect("the kernel is taken away by the drop alone").now()
    }

    fn epoch(&mut self, ninths: u32) -> Result<Instant, TargetError> {
        self.linux().epoch(ninths)
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.linux().inject(packet)
    }

    fn call(&mut self, _: SocketCall, _: CallMode) -> Result<CallId, TargetError> {
        Err(TargetError::Unsupported("socket calls: its sockets are the server's".into()))
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        loop {
            self.look()?;
            let until = deadline.min(self.now() + ROUND);
            match self.linux().wait(until, packet)? {
                Event::Deadline if until < deadline => {}
                Event::Packet(at) => {
                    self.connections.note(packet);
                    return Ok(Event::Packet(at));
                }
                event => return Ok(event),
            }
        }
    }

    fn command(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        go_on: &dyn Fn() -> bool,
    ) -> Result<CommandOutput, TargetError> {
        // Without the processes of the server's namespaces it would run in others.
        self.linux().commands().ok_or_else(killed)?;
        self.linux().command(command, environment, go_on)
    }

    fn perform(
        &mut self,
        action: &str,
        arguments: &[String],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<u8>>, TargetError> {
        let shared = Arc::clone(&self.shared);
        let Some(text) = shared.definition.actions.get(action) else {
            return Err(TargetError::Unsupported(format!("the action `{action}`")));
        };
        let commands = self.linux().commands().ok_or_else(killed)?;
        let failed = |reason| TargetError::Action { action: action.to_owned(), reason };
        match act(commands, action, text, arguments, go_on) {
            Acted::Done(items) => Ok(items),
            Acted::Failed(reason) => Err(failed(reason)),
            Acted::Killed(reason) => {
                self.linux().kill_commands();
                Err(failed(reason))
            }
        }
    }

    fn condition(&mut self, patience: Duration) -> Condition {
        let Some(process) = &mut self.process else { return Condition::default() };
        let status = process.await_end(patience);
        let lines = process.last_lines();
        let ended = status.map(|status| self.ended(status));
        let runs = || format!("the server `{}` runs", self.shared.definition.name);
        let wrote = if lines.is_empty() { "it wrote nothing" } else { "it wrote last" };
        let mut told = vec![format!("{}; {wrote}", ended.clone().unwrap_or_else(runs))];
        told.extend(lines);
        Condition { ended, has_failed: status.is_some_and(|status| status != 0), told }
    }

    fn retire(&mut self) {
        self.is_retired = true;
    }

    fn scheduling_delay(&self) -> Duration {
        self.linux.as_ref().map(LinuxTarget::scheduling_delay).unwrap_or_default()
    }
}

impl Drop for ServerTarget {
    fn drop(&mut self) {
        if let Some(linux) = self.linux.take() {
            let instance =
                Instance { parts: linux.into_parts(), process: self.process.take(), link: self.link.clone() };
            if !self.is_retired {
                self.shared.give_back(instance, &mut self.connections);
            }
        }
    }
}
