//! One run against the running kernel.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::calls::blocking::BlockingCalls;
use super::calls::capability;
use super::calls::descriptors::OpenDescriptors;
use super::calls::{self, CallContext};
use super::command::{Commands, Spawner};
use super::link::device::{Device, DeviceKind};
use super::namespace::{Home, Namespace};
use super::system::Tried;
use super::timing::clock::{Clock, monotonic};
use super::timing::processor_times::steal_time;
use super::timing::scheduling::{Lateness, RealTime};
use super::timing::sleep::{SPIN, sleep};
use super::timing::tick;
use super::timing::watchdog::Watched;
use crate::target::{
    CallId, CallMode, Capabilities, CommandOutput, Event, Link, Returned, SocketCall, Target, TargetError,
};
use crate::time::Instant;

/// The running kernel in a network namespace of the run's own.
///
/// Belongs to the thread that made it. Fields are dropped in this order.
pub(super) struct LinuxTarget {
    capabilities: Arc<Capabilities>,
    /// Results of immediate calls, to be handed out before anything else.
    returned: VecDeque<Returned>,
    calls_made: u32,
    /// Where commands run, once there was one.
    commands: Option<Commands>,
    context: CallContext,
    /// Calls whose buffers the kernel may still read (MSG_ZEROCOPY).
    kept: Vec<SocketCall>,
    blocking: BlockingCalls,
    _capabilities: RestoreCapabilities,
    /// Descriptors that the script has opened and not closed.
    open: OpenDescriptors,
    device: Device,
    watched: Watched,
    lateness: Lateness,
    /// Whether the thread has just been woken by a packet or a call.
    woken: bool,
    /// Whether the script's time runs.
    has_begun: bool,
    _real_time: Option<RealTime>,
    _namespace: Option<Namespace>,
}

/// What a run can leave to the next one.
pub(super) struct Parts {
    /// The tester's end of the link.
    pub(super) device: Device,
    /// The processes of the run, if it has any.
    pub(super) commands: Option<Commands>,
}

/// The congestion control of the run's namespace: CUBIC (RFC 9438), the kernel's own default. A namespace takes over what
/// the machine's administrator chose, and verdicts are about the kernel. Scripts may choose another.
fn choose_congestion_control() {
    let setting = "/proc/sys/net/ipv4/tcp_congestion_control";
    if let Err(error) = std::fs::write(setting, "cubic") {
        tracing::debug!("the machine's own congestion control stays: {error}");
    }
}

impl LinuxTarget {
    pub(super) fn make(
        link: &Link,
        kind: &DeviceKind,
        home: &Arc<Home>,
        capabilities: &Arc<Capabilities>,
        working_directory: Option<PathBuf>,
        is_punctual: bool,
    ) -> Result<LinuxTarget, TargetError> {
        let restore = RestoreCapabilities::remember().tried("cannot read the thread's capabilities")?;
        let real_time = is_punctual.then(RealTime::try_enter);
        let is_prompt = real_time.as_ref().is_none_or(RealTime::is_active);
        let (device, namespace) = Device::make(kind, home, link, is_prompt)?;
        choose_congestion_control();
        LinuxTarget::assemble(
            Parts { device, commands: None },
            Some(namespace),
            capabilities,
            working_directory,
            restore,
            real_time,
        )
    }

    /// A run on a link that is there already, in another namespace than that of the thread: calls are not to be made.
    pub(super) fn on(
        parts: Parts,
        capabilities: &Arc<Capabilities>,
        working_directory: Option<PathBuf>,
    ) -> Result<LinuxTarget, TargetError> {
        let restore = RestoreCapabilities::remember().tried("cannot read the thread's capabilities")?;
        LinuxTarget::assemble(parts, None, capabilities, working_directory, restore, Some(RealTime::try_enter()))
    }

    fn assemble(
        parts: Parts,
        namespace: Option<Namespace>,
        capabilities: &Arc<Capabilities>,
        working_directory: Option<PathBuf>,
        restore: RestoreCapabilities,
        real_time: Option<RealTime>,
    ) -> Result<LinuxTarget, TargetError> {
        let watched = Watched::register().tried("cannot start the watchdog")?;
        let blocking = BlockingCalls::new().tried("cannot make an eventfd")?;
        Ok(LinuxTarget {
            capabilities: Arc::clone(capabilities),
            returned: VecDeque::new(),
            calls_made: 0,
            commands: parts.commands,
            context: CallContext { clock: Clock::start(), working_directory },
            kept: Vec::new(),
            blocking,
            open: OpenDescriptors::default(),
            device: parts.device,
            watched,
            lateness: Lateness::start(),
            woken: false,
            has_begun: false,
            _real_time: real_time,
            _capabilities: restore,
            _namespace: namespace,
        })
    }

    /// What outlives the run.
    pub(super) fn into_parts(self) -> Parts {
        Parts { device: self.device, commands: self.commands }
    }

    /// Where commands run, once there was one.
    pub(super) fn commands(&mut self) -> Option<&mut Commands> {
        self.commands.as_mut()
    }

    /// Ends the run's processes.
    pub(super) fn kill_commands(&mut self) {
        self.commands = None;
    }

    /// What is there already.
    fn ready(&mut self, packet: &mut Vec<u8>) -> Result<Option<Event>, TargetError> {
        if let Some(returned) = self.returned.pop_front() {
            return Ok(Some(Event::Returned(returned)));
        }
        if let Some((returned, call)) = self.blocking.next() {
            self.note(call, &returned);
            return Ok(Some(Event::Returned(returned)));
        }
        if !self.device.receive(packet).map_err(|error| gone("read from", &error))? {
            return Ok(None);
        }
        let stamp = self.device.stamp(packet).map_err(|error| gone("read from", &error))?;
        if let Some(stamp) = stamp.filter(|_| self.woken) {
            self.lateness.waited_since(stamp);
        }
        self.woken = false;
        let at = stamp.map_or_else(|| self.now(), |stamp| self.context.clock.at(stamp));
        Ok(Some(Event::Packet(at)))
    }

    /// Remembers what a call leaves behind.
    fn note(&mut self, call: SocketCall, returned: &Returned) {
        self.open.note(&call, returned);
        let flags = match &call {
            SocketCall::Send { flags, .. } | SocketCall::SendTo { flags, .. } | SocketCall::SendMsg { flags, .. } => {
                *flags
            }
            _ => 0,
        };
        if flags & libc::MSG_ZEROCOPY != 0 {
            self.kept.push(call);
        }
    }

    /// Runs a command below the run's init process, which is made for the first one.
    fn run_command(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        go_on: &dyn Fn() -> bool,
    ) -> io::Result<CommandOutput> {
        let mut commands = match self.commands.take() {
            Some(commands) => commands,
            None => Commands::start(Spawner::get()?)?,
        };
        commands.set_timed(self.has_begun);
        let directory = self.context.working_directory.as_deref();
        let (output, usable) = commands.run(command, environment, directory, go_on)?;
        self.commands = usable.then_some(commands);
        Ok(output)
    }
}

impl Target for LinuxTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.context.clock.now()
    }

    fn epoch(&mut self, ninths: u32) -> Result<Instant, TargetError> {
        self.has_begun = true;
        // A thread that wakes too late for one beginning takes the next; on a machine that busy any will do in the end.
        for _ in 0..5 {
            let (asked, beginning) = (monotonic(), tick::next_beginning(ninths));
            std::thread::sleep(Duration::from_nanos(beginning.saturating_sub(asked + SPIN)));
            let woke = monotonic();
            while monotonic() < beginning {
                std::hint::spin_loop();
            }
            if woke <= beginning {
                break;
            }
        }
        Ok(self.now())
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.device.send(packet).map_err(|error| gone("write to", &error))
    }

    fn call(&mut self, call: SocketCall, mode: CallMode) -> Result<CallId, TargetError> {
        let id = CallId(self.calls_made);
        self.calls_made += 1;
        match mode {
            CallMode::Immediate => {
                let done = self.watched.limited(|| calls::execute(&call, &self.context));
                let returned = Returned { id, at: self.now(), result: done.result, output: done.output };
                self.note(call, &returned);
                self.returned.push_back(returned);
            }
            CallMode::Blocking => {
                let started = self.blocking.start(id, call, &self.context);
                started.map_err(|error| TargetError::Gone(format!("cannot make a blocking call: {error}")))?;
            }
        }
        Ok(id)
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        packet.clear();
        let due = self.context.clock.monotonic_of(deadline);
        loop {
            if let Some(event) = self.ready(packet)? {
                return Ok(event);
            }
            let now = monotonic();
            if now >= due {
                return Ok(Event::Deadline);
            }
            if due - now > SPIN {
                let descriptors = [self.device.as_fd(), self.blocking.as_fd()];
                self.woken = sleep(descriptors, due, &mut self.lateness).map_err(|error| gone("wait for", &error))?;
            }
        }
    }

    fn command(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        go_on: &dyn Fn() -> bool,
    ) -> Result<CommandOutput, TargetError> {
        self.run_command(command, environment, go_on).tried(format!("cannot run the command `{command}`"))
    }

    fn scheduling_delay(&self) -> Duration {
        self.lateness.total()
    }

    fn steal_time(&self) -> Duration {
        steal_time()
    }
}

fn gone(what: &str, error: &io::Error) -> TargetError {
    TargetError::Gone(format!("cannot {what} the device: {error}"))
}

/// Gives the thread back the capabilities it had, should a script have dropped some.
struct RestoreCapabilities(capability::Capabilities);

impl RestoreCapabilities {
    fn remember() -> io::Result<RestoreCapabilities> {
        capability::Capabilities::get().map(RestoreCapabilities)
    }
}

impl Drop for RestoreCapabilities {
    fn drop(&mut self) {
        if let Err(error) = self.0.set() {
            tracing::warn!("a thread could not get its capabilities back: {error}");
        }
    }
}
