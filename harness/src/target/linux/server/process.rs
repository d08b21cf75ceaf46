//! The server's main process, seen from outside: what it writes, which ports it holds open, and whether it lives.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::listening::Listening;
use super::shell;
use crate::target::linux::command::drain;
use crate::target::linux::timing::clock::monotonic;

/// Begins the line that the shell writes when the server has ended; nothing else that is told to people begins so.
const END: &str = "\u{1e}rfcheck ended ";
/// How many octets of the output are read at a time, and how many are kept.
const KEPT: usize = 16 * 1024;
/// How many of its last lines are told.
const TOLD: usize = 8;
/// Between two looks whether it has ended.
const PAUSE: Duration = Duration::from_micros(500);
/// How long a server that has closed its ports may take to be gone: before its parent can tell, it must get a processor.
const UNTIL_GONE: Duration = Duration::from_secs(1);

/// A server that was started.
#[derive(Debug)]
pub(super) struct Process {
    /// What it and its children write to, and the shell when it ends.
    pipe: OwnedFd,
    /// The last octets that came, in whole lines and the beginning of the next one.
    output: VecDeque<u8>,
    /// Exit status, or 128 plus the signal that ended it.
    ended: Option<i32>,
    /// Text that says that it is ready, until it came.
    awaited: Option<String>,
    listening: Listening,
}

/// The shell command that starts a server in the background and tells of its end.
pub(super) fn launch(prepare: Option<&str>, command: &[String]) -> String {
    let prepared = prepare.map(|text| format!("{} && ", shell::script(text, "prepare", []))).unwrap_or_default();
    let server = shell::inside(command.iter().map(String::as_str));
    let mark = END.replace('\u{1e}', r"\036");
    format!("{prepared}{{ {{ {server}; printf '\\n{mark}%s\\n' $?; }} & }}")
}

impl Process {
    pub(super) fn new(pipe: OwnedFd, awaited: Option<&str>, listening: Listening) -> Process {
        Process { pipe, output: VecDeque::new(), ended: None, awaited: awaited.map(str::to_owned), listening }
    }

    /// Reads what it has written since; how it ended, if it has.
    pub(super) fn look(&mut self) -> Option<i32> {
        let mut read = Vec::new();
        // A pipe that cannot be read tells nothing more; its end is that of all that wrote to it.
        let is_over = drain(&self.pipe, &mut read, usize::MAX).unwrap_or(true);
        if !read.is_empty() {
            self.output.extend(read);
            self.notice();
        }
        if is_over && self.ended.is_none() {
            self.ended = Some(128 + libc::SIGKILL);
        }
        self.ended
    }

    /// Whether the text came that says that it is ready.
    pub(super) fn said_ready(&self) -> bool {
        self.awaited.is_none()
    }

    /// The text that has not come.
    pub(super) fn awaited(&self) -> Option<&str> {
        self.awaited.as_deref()
    }

    /// The first of its ports that is not open.
    pub(super) fn closed_port(&mut self) -> io::Result<Option<String>> {
        self.listening.closed_port()
    }

    /// As [`Process::look`], and waits so long for its end; longer if its ports are closed, which takes milliseconds to see
    /// and is not looked at without patience.
    pub(super) fn await_end(&mut self, patience: Duration) -> Option<i32> {
        let begun = monotonic();
        loop {
            let ended = self.look();
            let waited = Duration::from_nanos(monotonic() - begun);
            let mut lives = || patience.is_zero() || matches!(self.listening.closed_port(), Ok(None));
            if ended.is_some() || waited >= UNTIL_GONE || (waited >= patience && lives()) {
                return ended;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Its last lines, one behind the other.
    pub(super) fn last_words(&self) -> String {
        match self.last_lines().join(" | ") {
            nothing if nothing.is_empty() => "it wrote nothing".to_owned(),
            last => format!("its last lines: {last}"),
        }
    }

    /// Its last lines.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let text = self.text();
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(END)).collect();
        lines[lines.len().saturating_sub(TOLD)..].iter().map(|line| (*line).to_owned()).collect()
    }

    /// What it wrote is kept no longer.
    pub(super) fn forget(&mut self) {
        self.output.clear();
    }

    fn notice(&mut self) {
        let text = self.text();
        if self.awaited.as_ref().is_some_and(|awaited| text.contains(awaited.as_str())) {
            self.awaited = None;
        }
        let end = text.rsplit(END).next().filter(|_| text.contains(END));
        self.ended = self.ended.or_else(|| end?.lines().next()?.parse().ok());
        let surplus = self.output.len().saturating_sub(KEPT);
        self.output.drain(..surplus);
    }

    fn text(&self) -> String {
        let octets: Vec<u8> = self.output.iter().copied().collect();
        String::from_utf8_lossy(&octets).into_owned()
    }
}

/// How a process ended, in words.
pub(super) fn ending(status: i32) -> String {
    match status - 128 {
        signal @ 1..=64 => match nix::sys::signal::Signal::try_from(signal) {
            Ok(signal) => format!("was ended by {signal}"),
            Err(_) => format!("was ended by signal {signal}"),
        },
        _ => format!("ended with status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::target::linux::link::tun::set_non_blocking;

    fn process(awaited: Option<&str>) -> (Process, std::io::PipeWriter) {
        let (from, to) = std::io::pipe().unwrap();
        set_non_blocking(from.as_raw_fd()).unwrap();
        let listening = Listening::new(Vec::new(), crate::target::IpVersion::Ipv4).unwrap();
        (Process::new(from.into(), awaited, listening), to)
    }

    #[test]
    fn it_is_ready_when_it_says_so_also_in_two_parts() {
        let (mut process, mut to) = process(Some("running"));
        to.write_all(b"loading\nrun").unwrap();
        assert_eq!((process.look(), process.said_ready()), (None, false));
        to.write_all(b"ning\n").unwrap();
        assert_eq!((process.look(), process.said_ready()), (None, true));
        assert_eq!(process.last_words(), "its last lines: loading | running");
    }

    #[test]
    fn its_end_is_told_and_its_words_are_kept() {
        let (mut process, mut to) = process(None);
        assert_eq!(process.last_words(), "it wrote nothing");
        for line in 0..5_000 {
            writeln!(to, "line {line}").unwrap();
            process.look();
        }
        to.write_all("\n\u{1e}rfcheck ended 139\n".as_bytes()).unwrap();
        assert_eq!(process.look(), Some(139));
        assert!(process.last_words().ends_with("line 4998 | line 4999"), "{}", process.last_words());
        drop(to);
        assert_eq!(process.look(), Some(139));
    }

    #[test]
    fn the_end_of_a_server_whose_port_is_closed_is_waited_for() {
        let (mut process, mut to) = process(None);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let ports = vec![(listener.local_addr().unwrap().port(), false)];
        process.listening = Listening::new(ports, crate::target::IpVersion::Ipv4).unwrap();
        let short = Duration::from_millis(1);
        assert_eq!(process.await_end(short), None, "a port that is open is that of a server that lives");
        drop(listener);
        let parent = std::thread::spawn(move || {
            // Longer than a dialogue that passes waits: the parent is told late that its child has ended.
            std::thread::sleep(Duration::from_millis(50));
            to.write_all("\n\u{1e}rfcheck ended 3\n".as_bytes()).unwrap();
        });
        assert_eq!(process.await_end(Duration::ZERO), None, "nobody has ended a connection");
        assert_eq!(process.await_end(short), Some(3));
        parent.join().unwrap();
    }

    #[test]
    fn a_pipe_that_ends_is_the_end_too() {
        let (mut process, to) = process(None);
        drop(to);
        assert_eq!(process.look(), Some(137));
    }

    #[test]
    fn endings_have_words() {
        assert_eq!(ending(1), "ended with status 1");
        assert_eq!(ending(139), "was ended by SIGSEGV");
    }
}
