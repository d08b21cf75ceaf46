//! Shell commands inside a run's namespaces.
//!
//! Three kinds of process, each gone when the one before it is:
//!
//! - the spawner, one for the whole process, forked while it is small ([`spawner`]);
//! - per run that has commands, an init process in namespaces of its own (processes, mounts) and in the run's network
//!   namespace, with a parent process for the commands below it ([`init`]);
//! - the commands, whatever they start and leave in the background.
//!
//! All commands of a run have the same parent, and its number is unique on the machine, because packetdrill's scripts
//! name files in /tmp after `$PPID` and run side by side here.

mod init;
mod spawner;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(super) use init::SERVER_ROOT;
pub(super) use spawner::Spawner;

use super::descriptor_passing::{pair, send_with};
use super::system::check_size;
use crate::target::CommandOutput;
use crate::target::linux::link::tun::set_non_blocking;
use crate::target::linux::timing::clock::monotonic;

/// How long a command may run.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked whether to go on.
const ROUND: Duration = Duration::from_millis(100);
/// How much of a command's output is kept, in octets.
const OUTPUT: usize = 1 << 20;

/// The processes in which one run's commands run. When this is dropped they are killed, and whatever they started.
#[derive(Debug)]
pub(super) struct Commands {
    /// To the parent of the commands.
    channel: OwnedFd,
    /// Whether what a command does is timed, so that it goes before other load.
    is_timed: bool,
    _spawner: Arc<Spawner>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, or by a signal: the status as a shell gives it.
    WithStatus(i32),
    /// With all of the run's processes, because it took too long or the run was over: here is why.
    Killed(String),
}

/// What a parent of commands answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Answer {
    /// 0, or the number of the step that failed before the command could run.
    failed: i32,
    /// Status as wait(2) gives it, or the errno of the failure.
    value: i32,
}

impl Commands {
    /// Starts the processes for the calling thread's run, with a copy of the mounts of the whole process.
    pub(super) fn start(spawner: Arc<Spawner>) -> io::Result<Commands> {
        let mounts = File::open("/proc/self/ns/mnt")?;
        Commands::start_with_mounts(spawner, mounts.as_fd())
    }

    /// Starts the processes in the calling thread's network namespace, with a copy of the mounts of this namespace.
    pub(super) fn start_with_mounts(spawner: Arc<Spawner>, mounts: BorrowedFd<'_>) -> io::Result<Commands> {
        let (ours, theirs) = pair(libc::SOCK_STREAM)?;
        let network = super::namespace::current()?;
        spawner.request(super::system::thread_id(), [network.as_fd(), mounts, theirs.as_fd()])?;
        Ok(Commands { channel: ours, is_timed: true, _spawner: spawner })
    }

    /// From now on nothing is timed that commands do, or something is, as it is at first.
    pub(super) fn set_timed(&mut self, is_timed: bool) {
        self.is_timed = is_timed;
    }

    /// Runs a command to its end. The second value is false if the processes had to be killed or are gone: then the
    /// next command needs new ones.
    pub(super) fn run(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        working_directory: Option<&Path>,
        go_on: &dyn Fn() -> bool,
    ) -> io::Result<(CommandOutput, bool)> {
        let (ended, from_command) = self.run_octets(command, environment, working_directory, OUTPUT, go_on)?;
        let mut output = text(from_command);
        let status = match ended {
            Ended::WithStatus(status) => status,
            Ended::Killed(ref why) => {
                output.push_str(&format!("\n{why}\n"));
                128 + libc::SIGKILL
            }
        };
        Ok((CommandOutput { status, output }, matches!(ended, Ended::WithStatus(_))))
    }

    /// As [`Commands::run`]: how the command ended, and the first `most` octets of what it wrote.
    pub(super) fn run_octets(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        working_directory: Option<&Path>,
        most: usize,
        go_on: &dyn Fn() -> bool,
    ) -> io::Result<(Ended, Vec<u8>)> {
        let from_command = self.send(command, environment, working_directory)?;
        let mut output = Vec::new();
        let mut has_ended = false;
        let patience = monotonic() + PATIENCE.as_nanos() as u64;
        loop {
            // Once the command has closed its output and runs on, only its end is of interest.
            let answered = await_either(&self.channel, Some(&from_command).filter(|_| !has_ended))?;
            has_ended = drain(&from_command, &mut output, most)?;
            if answered {
                let answer = self.read_answer()?;
                // What the command wrote before it ended is in the pipe by now; what it left running may write on.
                drain(&from_command, &mut output, most)?;
                return Ok((Ended::WithStatus(exit_status(answer)?), output));
            }
            if !go_on() {
                return Ok((Ended::Killed("interrupted".to_owned()), output));
            }
            if monotonic() >= patience {
                return Ok((Ended::Killed(format!("killed after {} s", PATIENCE.as_secs())), output));
            }
        }
    }

    /// Runs a command that leaves something running in the background and ends at once; the pipe that all of it
    /// writes to. Reads from it return at once.
    pub(super) fn launch(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        go_on: &dyn Fn() -> bool,
    ) -> io::Result<OwnedFd> {
        let from_command = self.send(command, environment, None)?;
        let patience = monotonic() + PATIENCE.as_nanos() as u64;
        while !await_either(&self.channel, None)? {
            if monotonic() >= patience || !go_on() {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
        }
        match exit_status(self.read_answer()?)? {
            0 => Ok(from_command),
            status => {
                let mut output = Vec::new();
                drain(&from_command, &mut output, OUTPUT)?;
                Err(io::Error::other(format!("exit status {status}: {}", text(output).trim_end())))
            }
        }
    }

    /// Sends a request; the pipe that what it starts writes to.
    fn send(
        &self,
        command: &str,
        environment: &[(String, String)],
        working_directory: Option<&Path>,
    ) -> io::Result<OwnedFd> {
        let (from_command, to_command) = pipe()?;
        self.send_request(&request(command, environment, working_directory)?, to_command.as_fd())?;
        set_non_blocking(from_command.as_raw_fd())?;
        Ok(from_command)
    }

    /// Sends a request and the pipe for the command's output.
    fn send_request(&self, request: &[u8], output: BorrowedFd<'_>) -> io::Result<()> {
        let mut header = [0; init::HEADER];
        header[..4].copy_from_slice(&(request.len() as u32).to_ne_bytes());
        header[4] = self.is_timed.into();
        let sent = send_with(&self.channel, &header, &[output]).and_then(|()| self.send_all(request));
        match sent {
            // Whoever should have read it has failed and says why in its answer.
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(()),
            other => other,
        }
    }

    fn send_all(&self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            let flags = libc::MSG_NOSIGNAL;
            // SAFETY: the buffer is valid for its length.
            let sent = unsafe { libc::send(self.channel.as_raw_fd(), rest.as_ptr().cast(), rest.len(), flags) };
            match check_size(sent) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_answer(&self) -> io::Result<Answer> {
        let mut octets = [0u8; 8];
        // SAFETY: the buffer is valid for its length.
        let length = unsafe {
            libc::recv(self.channel.as_raw_fd(), octets.as_mut_ptr().cast(), octets.len(), libc::MSG_WAITALL)
        };
        if check_size(length)? != octets.len() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the process that runs commands is gone"));
        }
        let word = |at: usize| i32::from_ne_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
        Ok(Answer { failed: word(0), value: word(4) })
    }
}

impl Drop for Commands {
    /// Whoever has a copy of the descriptor, for the parent of the commands the run ends here.
    fn drop(&mut self) {
        // SAFETY: no pointers are passed.
        unsafe { libc::shutdown(self.channel.as_raw_fd(), libc::SHUT_RDWR) };
    }
}

/// Working directory, command and environment as strings that end in NUL, the form in which the parent needs them.
fn request(command: &str, environment: &[(String, String)], working_directory: Option<&Path>) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut push = |parts: &[&[u8]]| {
        if parts.iter().any(|part| part.contains(&0)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a command cannot contain a NUL"));
        }
        parts.iter().for_each(|part| request.extend_from_slice(part));
        request.push(0);
        Ok(())
    };
    push(&[working_directory.map_or(&b""[..], |path| path.as_os_str().as_bytes())])?;
    push(&[command.as_bytes()])?;
    let inherited = std::env::vars_os().filter(|(name, _)| !is_set(environment, name));
    for (name, value) in inherited {
        push(&[name.as_bytes(), b"=", value.as_bytes()])?;
    }
    let (name, value) = init::HISTORY_VARIABLE;
    push(&[name.as_bytes(), b"=", value.as_bytes()])?;
    for (name, value) in environment {
        push(&[name.as_bytes(), b"=", value.as_bytes()])?;
    }
    Ok(request)
}

fn is_set(environment: &[(String, String)], name: &OsString) -> bool {
    name == init::PARENT_VARIABLE
        || name == init::HISTORY_VARIABLE.0
        || environment.iter().any(|(set, _)| name == set.as_str())
}

/// The status as a shell would give it, or why there was no command.
fn exit_status(answer: Answer) -> io::Result<i32> {
    if let Some(step) = init::Step::from_number(answer.failed) {
        let error = io::Error::from_raw_os_error(answer.value);
        return Err(io::Error::new(error.kind(), format!("{}: {error}", step.describe())));
    }
    Ok(if libc::WIFSIGNALED(answer.value) {
        128 + libc::WTERMSIG(answer.value)
    } else {
        libc::WEXITSTATUS(answer.value)
    })
}

/// Waits for an answer or for output, no longer than a round; true if there is an answer.
fn await_either(channel: &OwnedFd, output: Option<&OwnedFd>) -> io::Result<bool> {
    // A negative descriptor is not looked at.
    let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut entries = [entry(channel.as_raw_fd()), entry(output.map_or(-1, AsRawFd::as_raw_fd))];
    // SAFETY: the entries are valid.
    let result = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, ROUND.as_millis() as i32) };
    match super::system::check(result) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(entries[0].revents != 0),
    }
}

/// Reads what there is and keeps it up to `most` octets in all; true at the end of the pipe.
pub(super) fn drain(pipe: &OwnedFd, output: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut buffer = [0u8; 4096];
    loop {
        // SAFETY: the buffer is valid for its length.
        let length = unsafe { libc::read(pipe.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        match check_size(length) {
            Ok(0) => return Ok(true),
            Ok(length) => {
                let room = most.saturating_sub(output.len()).min(length);
                output.extend_from_slice(&buffer[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn text(output: Vec<u8>) -> String {
    String::from_utf8(output).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: two descriptors are written.
    super::system::check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((super::system::owned(ends[0])?, super::system::owned(ends[1])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_for_the_command_hides_what_is_inherited() {
        let set = [("PATH".to_owned(), "/nowhere".to_owned())];
        let request = request("true", &set, Some(Path::new("/tmp"))).unwrap();
        let strings: Vec<&[u8]> = request.split(|&octet| octet == 0).collect();
        assert_eq!(strings[..2], [&b"/tmp"[..], b"true"]);
        assert_eq!(strings.iter().filter(|string| string.starts_with(b"PATH=")).count(), 1);
        assert!(strings.contains(&&b"PATH=/nowhere"[..]));
        assert!(super::request("a\0b", &[], None).is_err());
    }
}
