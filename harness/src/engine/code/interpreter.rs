//! The interpreter as a child process: limited in time and output, and gone when we are.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest time that all blocks of a run may take together.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Longest pause between two looks at the child.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// Largest file that the child may write, its output included, in octets.
const OUTPUT_LIMIT: u64 = 16 << 20;
/// How the report of an interpreter that started begins.
const UP: &[u8] = b"up\n";
/// Characters that make a command one for a shell.
const SHELL_CHARACTERS: &[char] =
    &['|', '&', ';', '<', '>', '(', ')', '$', '`', '\\', '"', '\'', '*', '?', '[', '#', '~', '=', '%'];

/// Why the blocks did not run to their end.
pub(super) enum Fault {
    /// The interpreter could not be run.
    Missing(io::Error),
    /// It ran for too long.
    Timeout(Duration),
    /// It told what failed.
    Reported(Vec<u8>),
    /// A signal ended it.
    Killed(ExitStatus),
    /// It exited badly without telling why; the last line that it wrote.
    Ended(ExitStatus, String),
}

/// Runs the program with `command`, to whose words the program's path is appended.
pub(super) fn run(command: &str, program: &str) -> Result<(), Fault> {
    let direct = if is_plain_python(command) { without_launcher(command) } else { None };
    let ended = execute(direct.as_deref().unwrap_or(command), program)?;
    if !ended.output.is_empty() {
        tracing::debug!(output = %String::from_utf8_lossy(&ended.output), "code blocks wrote");
    }
    let status = ended.status;
    if status.success() {
        return Ok(());
    }
    let last = last_line(&ended.output);
    match ended.report.strip_prefix(UP) {
        None => Err(Fault::Missing(io::Error::other(format!("it {}: {last}", describe_end(status))))),
        Some([]) if status.signal().is_some() => Err(Fault::Killed(status)),
        Some([]) => Err(Fault::Ended(status, last)),
        Some(report) => Err(Fault::Reported(report.to_vec())),
    }
}

/// The interpreter itself, if `command` is one that can tell: what stands in the path may be a launcher, such as
/// pyenv's, that takes ten times as long as the interpreter that it chooses. It is asked once.
fn without_launcher(command: &str) -> Option<String> {
    static KNOWN: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    // Who comes while somebody asks waits for the answer.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(command.to_owned()).or_insert_with(|| ask_for_executable(command)).clone()
}

fn ask_for_executable(command: &str) -> Option<String> {
    let ended = execute(command, "import os, sys; os.write(int(sys.argv[1]), os.fsencode(sys.executable))").ok()?;
    let path = String::from_utf8(ended.report).ok().filter(|_| ended.status.success())?;
    // Only such a path means the same as a command.
    (Path::new(&path).is_absolute() && is_plain_python(&path) && path.split_whitespace().eq([path.as_str()]))
        .then_some(path)
}

/// What is left of a child.
struct Ended {
    status: ExitStatus,
    report: Vec<u8>,
    output: Vec<u8>,
}

/// Runs the program to its end, whatever that is.
fn execute(command: &str, program: &str) -> Result<Ended, Fault> {
    let mut files = Files::new(program).map_err(Fault::Missing)?;
    let mut child = spawn(command, &files).map_err(Fault::Missing)?;
    match wait(&mut child) {
        Ok(Some(status)) => {
            Ok(Ended { status, report: contents(&mut files.report), output: contents(&mut files.output) })
        }
        Ok(None) => Err(Fault::Timeout(TIME_LIMIT)),
        Err(error) => Err(Fault::Missing(error)),
    }
}

/// What passes between us and the child. Files in memory need no folder and never outlive us.
struct Files {
    program: File,
    report: File,
    output: File,
}

impl Files {
    fn new(program: &str) -> io::Result<Files> {
        let mut files = Files {
            program: memory_file(c"rfcheck-code")?,
            report: memory_file(c"rfcheck-report")?,
            output: memory_file(c"rfcheck-output")?,
        };
        files.program.write_all(program.as_bytes())?;
        files.program.rewind()?;
        Ok(files)
    }
}

fn memory_file(name: &CStr) -> io::Result<File> {
    // SAFETY: the name is a C string; the descriptor that comes back is new and nobody else's.
    unsafe {
        let fd = libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(File::from_raw_fd(fd)) }
    }
}

fn spawn(command: &str, files: &Files) -> io::Result<Child> {
    let (program, report) = (files.program.as_raw_fd(), files.report.as_raw_fd());
    let arguments = [format!("/proc/self/fd/{program}"), report.to_string()];
    let mut words = command.split_whitespace();
    let mut child = match words.next() {
        Some(first) if !command.contains(SHELL_CHARACTERS) => {
            let mut child = Command::new(first);
            child.args(words);
            if is_plain_python(command) {
                // The driver makes up for it where a block may need what this leaves out.
                child.arg("-S");
            }
            child
        }
        _ => {
            let mut child = Command::new("/bin/sh");
            child.args(["-c", &format!("{command} \"$@\""), "sh"]);
            child
        }
    };
    child.args(arguments).stdin(Stdio::null()).stdout(files.output.try_clone()?).stderr(files.output.try_clone()?);
    let parent = std::process::id();
    // SAFETY: between fork and exec only calls that are safe in a signal handler.
    unsafe {
        child.pre_exec(move || {
            keep_open(program)?;
            keep_open(report)?;
            let limit = libc::rlimit { rlim_cur: OUTPUT_LIMIT, rlim_max: OUTPUT_LIMIT };
            check(libc::setrlimit(libc::RLIMIT_FSIZE, &limit))?;
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
            // We may have died before the child asked to be told.
            if libc::getppid() as u32 != parent {
                libc::_exit(1);
            }
            Ok(())
        });
    }
    child.spawn()
}

/// Whether the command is Python 3 without options of its own.
fn is_plain_python(command: &str) -> bool {
    Path::new(command.trim()).file_name().and_then(OsStr::to_str).is_some_and(|name| {
        let version = name.strip_prefix("python3");
        version.is_some_and(|version| version.chars().all(|c| c == '.' || c.is_ascii_digit()))
    })
}

/// Lets a descriptor live through exec.
///
/// # Safety
/// `fd` is open.
unsafe fn keep_open(fd: RawFd) -> io::Result<()> {
    // SAFETY: the caller's promise.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits for the child; None if it had to be killed for taking too long.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + TIME_LIMIT;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            // It may have ended by itself just now; either way it is reaped.
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// All octets of a file; what cannot be read is left out.
fn contents(file: &mut File) -> Vec<u8> {
    let mut octets = Vec::new();
    if file.rewind().is_ok() {
        let _ = file.read_to_end(&mut octets);
    }
    octets
}

fn last_line(output: &[u8]) -> String {
    let output = String::from_utf8_lossy(output);
    output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

/// How a process ended, in words.
pub(super) fn describe_end(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_python_itself_gets_an_option() {
        for command in ["python3", "/usr/bin/python3.11", " python3 "] {
            assert!(is_plain_python(command), "{command}");
        }
        for command in ["python3 -B", "python", "pypy3", "python3-dbg", "/opt/python3/bin/run", ""] {
            assert!(!is_plain_python(command), "{command}");
        }
    }

    /// Where pyenv's launcher was the first in the path, packetdrill's scripts took a second core for it.
    #[test]
    fn a_launcher_is_used_once() {
        if ask_for_executable("python3").is_none() {
            eprintln!("a_launcher_is_used_once: not run, there is no python3");
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (launcher, log) = (folder.path().join("python3"), folder.path().join("log"));
        let text = format!("#!/bin/sh\necho started >> {}\nexec python3 \"$@\"\n", log.display());
        std::fs::write(&launcher, text).expect("a file");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&launcher, executable).expect("its owner may");
        for _ in 0..3 {
            assert!(run(&launcher.display().to_string(), "pass").is_ok());
        }
        assert_eq!(std::fs::read_to_string(&log).expect("the launcher was used"), "started\n");
    }
}
