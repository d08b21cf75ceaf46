//! A server that runs: its link, its namespaces and its process.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use super::connections::Connections;
use super::definition::ServerDefinition;
use super::listening::Listening;
use super::process::{self, Process, ending};
use super::{items, root, shell};
use crate::target::linux::access::{Access, Rights};
use crate::target::linux::command::{Commands, Ended, Spawner};
use crate::target::linux::link::device::{Device, DeviceKind};
use crate::target::linux::namespace::Home;
use crate::target::linux::system::Tried;
use crate::target::linux::target::Parts;
use crate::target::linux::timing::clock::monotonic;
use crate::target::linux::timing::scheduling::RealTime;
use crate::target::{Link, TargetError};

/// How long a server may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the pauses are between two looks whether it is, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(10));
/// How much an action may write, in octets.
const ACTION_OUTPUT: usize = 64 << 20;
/// How often what is left of a run is reset: a RST at an old number is answered with the right one (RFC 9293 section
/// 3.10.7.4).
const ROUNDS: usize = 3;

/// A server that runs. When it is dropped its processes are killed, and all that it wrote is gone.
pub(super) struct Instance {
    /// Its link, and the processes of its namespaces.
    pub(super) parts: Parts,
    /// Its main process, if there is one.
    pub(super) process: Option<Process>,
    /// The link that it was started on.
    pub(super) link: Link,
}

/// What instances are started with.
#[derive(Clone, Debug)]
pub(in crate::target::linux) struct Ground {
    pub(in crate::target::linux) access: Access,
    pub(in crate::target::linux) kind: DeviceKind,
    pub(in crate::target::linux) home: Arc<Home>,
    pub(in crate::target::linux) spawner: Arc<Spawner>,
}

impl Instance {
    /// Starts a server on a fresh link and waits until it is ready.
    ///
    /// # Errors
    /// [`TargetError::Gone`] with its last lines if it ends before or does not become ready; otherwise what the
    /// environment lacks.
    pub(super) fn start(definition: &ServerDefinition, ground: &Ground, link: &Link) -> Result<Instance, TargetError> {
        let in_user_namespace = ground.access.rights == Rights::UserNamespace;
        let mounts = root::make(&definition.layers(), in_user_namespace)?;
        // As the threads of runs are, which read what comes.
        let prompt = RealTime::try_enter().is_active();
        let (device, _namespace) = Device::make(&ground.kind, &ground.home, link, prompt)?;
        let commands = Commands::start_with_mounts(Arc::clone(&ground.spawner), mounts.as_fd());
        let mut commands = commands.tried("cannot make the server's process namespace")?;
        let started = process::launch(definition.prepare.as_deref(), &definition.command);
        let process = match definition.command.is_empty() {
            true => None,
            false => {
                let pipe = commands.launch(&started, &[], &|| true).map_err(|error| {
                    TargetError::Gone(format!("the server `{}` cannot be started: {error}", definition.name))
                })?;
                let ports = definition.services.ports.iter().map(|(protocol, port)| (*port, protocol == "dns"));
                let listening = Listening::new(ports.collect(), link.ip_version).tried("cannot read /proc/net")?;
                Some(Process::new(pipe, definition.ready.as_deref(), listening))
            }
        };
        let parts = Parts { device, commands: Some(commands) };
        let mut instance = Instance { parts, process, link: link.clone() };
        instance.await_ready(definition)?;
        Ok(instance)
    }

    fn await_ready(&mut self, definition: &ServerDefinition) -> Result<(), TargetError> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let name = &definition.name;
        let patience = monotonic() + PATIENCE.as_nanos() as u64;
        let mut pause = PAUSES.0;
        loop {
            if let Some(status) = process.look() {
                let (how, words) = (ending(status), process.last_words());
                return Err(TargetError::Gone(format!("the server `{name}` {how} before it was ready; {words}")));
            }
            let closed = process.closed_port().tried("cannot read /proc/net")?;
            if closed.is_none() && process.said_ready() {
                return Ok(());
            }
            if monotonic() >= patience {
                let missing = match (closed, process.awaited()) {
                    (Some(port), _) => format!("{port} is not open"),
                    (None, Some(text)) => format!("it has not said `{text}`"),
                    (None, None) => String::new(),
                };
                let (seconds, words) = (PATIENCE.as_secs(), process.last_words());
                return Err(TargetError::Gone(format!(
                    "the server `{name}` is not ready after {seconds} s: {missing}; {words}"
                )));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Whether it can serve another run: it lives, nothing of the last run is left, and its reset has succeeded.
    pub(super) fn is_reusable(&mut self, definition: &ServerDefinition) -> bool {
        if self.process.as_mut().is_some_and(|process| process.look().is_some()) {
            return false;
        }
        let Some(commands) = &mut self.parts.commands else { return false };
        if let Some(reset) = &definition.reset {
            match act(commands, "reset", reset, &[], &|| true) {
                Acted::Done(_) => {}
                Acted::Failed(reason) | Acted::Killed(reason) => {
                    tracing::warn!("a server of `{}` is not used again, its reset failed: {reason}", definition.name);
                    return false;
                }
            }
        }
        if let Some(process) = &mut self.process {
            process.forget();
        }
        true
    }

    /// Resets what the run left open, and throws away what the target sends about it.
    pub(super) fn settle(&mut self, connections: &mut Connections) -> std::io::Result<()> {
        let mut packet = Vec::new();
        for _ in 0..ROUNDS {
            while self.parts.device.receive(&mut packet)? {
                connections.note(&packet);
            }
            let resets = connections.resets();
            if resets.is_empty() {
                break;
            }
            for reset in resets {
                self.parts.device.send(&reset)?;
            }
        }
        Ok(())
    }
}

/// How an action went.
pub(super) enum Acted {
    /// It gave these items.
    Done(Vec<Vec<u8>>),
    /// It failed: here is why.
    Failed(String),
    /// It had to be killed, and the server with it: here is why.
    Killed(String),
}

/// Runs an action where the server's files are.
pub(super) fn act(
    commands: &mut Commands,
    name: &str,
    text: &str,
    arguments: &[String],
    go_on: &dyn Fn() -> bool,
) -> Acted {
    // What it says is told if it fails, and is none of the items.
    const SAID: &str = "/dev/shm/rfcheck/said";
    let script = shell::script(text, name, arguments.iter().map(String::as_str));
    let command = format!("{script} 2>{SAID} || {{ status=$?; cat {SAID}; exit $status; }}");
    match commands.run_octets(&command, &[], None, ACTION_OUTPUT, go_on) {
        Ok((Ended::WithStatus(0), output)) => match items::read(&output) {
            Ok(items) => Acted::Done(items),
            Err(what) => Acted::Failed(what),
        },
        Ok((Ended::WithStatus(status), output)) => {
            let said = String::from_utf8_lossy(&output).trim().replace('\n', " | ");
            let said = if said.is_empty() { "it said nothing".to_owned() } else { said };
            Acted::Failed(format!("its shell commands {}: {said}", ending(status)))
        }
        Ok((Ended::Killed(why), _)) => Acted::Killed(why),
        Err(error) => Acted::Killed(error.to_string()),
    }
}
