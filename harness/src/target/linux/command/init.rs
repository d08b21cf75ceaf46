//! What runs in the processes behind commands: the spawner, a run's init, and the parent of its commands.
//!
//! All of it runs after a fork of a process with several threads, so it calls nothing but the kernel: it allocates
//! nothing, takes no lock, and cannot panic.

use std::ffi::CStr;
use std::mem;
use std::ptr;

use super::super::descriptor_passing::receive_raw;
use super::Answer;

/// The environment variable that holds the number of the commands' parent, as packetdrill sets it.
pub(super) const PARENT_VARIABLE: &str = "PACKETDRILL_PID";

/// What may fail before a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Clone = 1,
    Enter = 2,
    Parent = 3,
    Memory = 4,
    Fork = 5,
}

impl Step {
    pub(super) fn from_number(number: i32) -> Option<Step> {
        [Step::Clone, Step::Enter, Step::Parent, Step::Memory, Step::Fork]
            .into_iter()
            .find(|step| *step as i32 == number)
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Step::Clone => "cannot make a process namespace for the run's commands",
            Step::Enter => "a process for commands cannot enter the run's namespaces",
            Step::Parent => "cannot make the process whose children the commands are",
            Step::Memory => "no memory for a command",
            Step::Fork => "cannot make a process for a command",
        }
    }
}

/// The spawner: makes an init process for each request until the requests end.
pub(super) fn serve(channel: libc::c_int) -> ! {
    // SAFETY (here and below): plain system calls on values and buffers of this function.
    unsafe {
        let channel = keep_only(channel);
        // Interrupting the command from the keyboard interrupts the process this one serves, which then ends this one.
        libc::setsid();
        // The ends of init processes are nobody's business.
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        libc::prctl(libc::PR_SET_NAME, c"rfcheck-spawner".as_ptr());
        loop {
            let Some((number, [network, mounts, to_run])) = receive_raw(channel) else { leave() };
            match clone_process(libc::CLONE_NEWPID as u64, None) {
                0 => run_init(i32::from_ne_bytes(number), network, mounts, to_run),
                -1 => answer(to_run, Answer { failed: Step::Clone as i32, value: errno() }),
                _ => {}
            }
            libc::close(network);
            libc::close(mounts);
            libc::close(to_run);
        }
    }
}

/// Ends the spawner after the init processes, which end because the channels to their runs are closed now; those that do
/// not end soon are killed by its own end.
unsafe fn leave() -> ! {
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::alarm(2);
        // With SIGCHLD ignored this returns when there is no process to wait for.
        while libc::waitpid(-1, ptr::null_mut(), 0) != -1 || errno() == libc::EINTR {}
        libc::_exit(0)
    }
}

/// A run's init process, number 1 in its namespace: all processes below it end with it, and it ends with the spawner
/// or with the parent of the commands.
unsafe fn run_init(number: i32, network: libc::c_int, mounts: libc::c_int, to_run: libc::c_int) -> ! {
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"rfcheck-init".as_ptr());
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        // A copy of the mounts, so that what is mounted here is seen by nobody else.
        if libc::setns(network, libc::CLONE_NEWNET) != 0
            || !enter_mounts(mounts)
            || libc::unshare(libc::CLONE_NEWNS) != 0
        {
            answer(to_run, Answer { failed: Step::Enter as i32, value: errno() });
            libc::_exit(1);
        }
        mount_views();
        let to_run = keep_only(to_run);
        // A parent with the wanted number needs Linux 5.5; without it `$PPID` is the same in all runs.
        let parent = match clone_process(0, Some(number)) {
            -1 => clone_process(0, None),
            process => process,
        };
        match parent {
            0 => run_parent(to_run),
            -1 => answer(to_run, Answer { failed: Step::Parent as i32, value: errno() }),
            _ => {
                libc::close(to_run);
                // Takes in what the commands leave behind.
                loop {
                    let ended = libc::waitpid(-1, ptr::null_mut(), 0);
                    if ended == parent || (ended == -1 && errno() == libc::ECHILD) {
                        break;
                    }
                }
            }
        }
        libc::_exit(0)
    }
}

/// Enters a mount namespace, if it is not that of the process already: inside a user namespace that of the whole
/// machine cannot be entered, not even by who is in it.
unsafe fn enter_mounts(mounts: libc::c_int) -> bool {
    unsafe {
        let (mut wanted, mut own): (libc::stat, libc::stat) = (mem::zeroed(), mem::zeroed());
        if libc::fstat(mounts, &mut wanted) != 0 || libc::stat(c"/proc/self/ns/mnt".as_ptr(), &mut own) != 0 {
            return false;
        }
        (wanted.st_ino, wanted.st_dev) == (own.st_ino, own.st_dev) || libc::setns(mounts, libc::CLONE_NEWNS) == 0
    }
}

/// What comes before a request: its length in octets, of the machine's order, and 1 if the command is timed.
pub(super) const HEADER: usize = 5;

/// Where `nstat` keeps what it printed last. All runs of a user share its usual place: each would print how far its
/// counters are from another run's.
pub(super) const HISTORY_VARIABLE: (&str, &str) = ("NSTAT_HISTORY", "/dev/shm/nstat.history");

/// Where the root of a run's server is, if it has one.
pub(in crate::target::linux) const SERVER_ROOT: &CStr = c"/dev/shm/rfcheck/root";

/// Gives the processes a view of the run's devices under /sys and of themselves under /proc, as `ip netns exec` and
/// `unshare` do, and shared memory of their own. Not every environment allows it, and few scripts look. A server's root
/// lies where shared memory is otherwise.
unsafe fn mount_views() {
    unsafe {
        libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), libc::MS_REC | libc::MS_SLAVE, ptr::null());
        let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        libc::mount(c"sysfs".as_ptr(), c"/sys".as_ptr(), c"sysfs".as_ptr(), flags, ptr::null());
        libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), flags, ptr::null());
        if libc::access(SERVER_ROOT.as_ptr(), libc::F_OK) != 0 {
            libc::mount(c"tmpfs".as_ptr(), c"/dev/shm".as_ptr(), c"tmpfs".as_ptr(), flags, ptr::null());
            return;
        }
        libc::chdir(SERVER_ROOT.as_ptr());
        libc::mount(c"sysfs".as_ptr(), c"sys".as_ptr(), c"sysfs".as_ptr(), flags, ptr::null());
        libc::mount(c"proc".as_ptr(), c"proc".as_ptr(), c"proc".as_ptr(), flags, ptr::null());
        libc::chdir(c"/".as_ptr());
    }
}

/// The parent of a run's commands: runs one after the other, until the run ends.
unsafe fn run_parent(to_run: libc::c_int) -> ! {
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"rfcheck-run".as_ptr());
        // Scripts time what follows a command, so commands go before other load where that is allowed. Real-time
        // priority would be too much: it keeps the kernel's own threads from the work that commands wait for.
        let usual = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, -15);
        loop {
            let Some((header, [output])) = receive_raw::<HEADER, 1>(to_run) else { libc::_exit(0) };
            let [a, b, c, d, is_timed] = header;
            let length = u32::from_ne_bytes([a, b, c, d]) as usize;
            // The request, and behind it room for a pointer to each of its strings: there are no more than octets.
            let room = length.next_multiple_of(8) + (length + 4) * 8;
            let request = map(room);
            if request.is_null() {
                answer(to_run, Answer { failed: Step::Memory as i32, value: errno() });
                libc::_exit(1);
            }
            if !read_all(to_run, request, length) {
                libc::_exit(0);
            }
            match clone_process(0, None) {
                0 => {
                    if is_timed == 0 {
                        // What nobody times must not be in the way of what other runs time.
                        libc::setpriority(libc::PRIO_PROCESS, 0, usual);
                    }
                    run_command(request, length, output)
                }
                -1 => answer(to_run, Answer { failed: Step::Fork as i32, value: errno() }),
                command => {
                    libc::close(output);
                    answer(to_run, Answer { failed: 0, value: wait_for(command, to_run) });
                }
            }
            libc::munmap(request.cast(), room);
        }
    }
}

/// Waits for a command; ends everything if the run ends before it.
unsafe fn wait_for(command: libc::pid_t, to_run: libc::c_int) -> i32 {
    unsafe {
        let ended = libc::syscall(libc::SYS_pidfd_open, command, 0) as libc::c_int;
        let mut entries = [
            libc::pollfd { fd: ended, events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: to_run, events: 0, revents: 0 },
        ];
        // Without pidfd_open (Linux 5.3) only the command's end is waited for.
        while ended >= 0 && entries[0].revents == 0 {
            libc::poll(entries.as_mut_ptr(), 2, -1);
            if entries[1].revents & libc::POLLHUP != 0 {
                libc::_exit(0);
            }
        }
        libc::close(ended);
        let mut status = 0;
        while libc::waitpid(command, &mut status, 0) == -1 && errno() == libc::EINTR {}
        status
    }
}

/// A command: becomes a shell.
unsafe fn run_command(request: *mut u8, length: usize, output: libc::c_int) -> ! {
    unsafe {
        // A group of its own, so that a script that kills its group kills no more than its command.
        libc::setpgid(0, 0);
        let pointers = request.add(length.next_multiple_of(8)).cast::<*const libc::c_char>();
        let mut count = 0;
        let mut start = 0;
        for at in 0..length {
            if *request.add(at) == 0 {
                *pointers.add(count) = request.add(start).cast();
                count += 1;
                start = at + 1;
            }
        }
        // Two strings and then the environment, to which the parent's number is added.
        if count < 2 {
            libc::_exit(127);
        }
        let mut parent = [0u8; 40];
        write_parent(&mut parent, libc::getppid());
        *pointers.add(count) = parent.as_ptr().cast();
        *pointers.add(count + 1) = ptr::null();
        let environment = pointers.add(2);
        let (directory, command) = (*pointers, *pointers.add(1));
        let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY);
        libc::dup2(nothing, 0);
        libc::dup2(output, 1);
        libc::dup2(output, 2);
        close_from(3);
        if *directory != 0 && libc::chdir(directory) != 0 {
            let text = b"cannot enter the script's directory\n";
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::_exit(127);
        }
        let mut nobody_blocked: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&mut nobody_blocked);
        libc::sigprocmask(libc::SIG_SETMASK, &nobody_blocked, ptr::null_mut());
        let arguments = [c"sh".as_ptr(), c"-c".as_ptr(), command, ptr::null()];
        libc::execve(c"/bin/sh".as_ptr(), arguments.as_ptr(), environment);
        let text = b"cannot run /bin/sh\n";
        libc::write(2, text.as_ptr().cast(), text.len());
        libc::_exit(127)
    }
}

/// Writes `PACKETDRILL_PID=number` and a NUL.
fn write_parent(text: &mut [u8; 40], number: libc::pid_t) {
    let mut digits = [0u8; 12];
    let mut rest = number.unsigned_abs();
    let mut count = 0;
    for digit in &mut digits {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    let name = PARENT_VARIABLE.bytes().chain(*b"=");
    let number = digits.into_iter().take(count).rev();
    for (to, from) in text.iter_mut().zip(name.chain(number).chain([0])) {
        *to = from;
    }
}

/// fork(2) with namespaces and a wanted process number; -1 with errno set if it fails.
unsafe fn clone_process(flags: u64, number: Option<libc::pid_t>) -> libc::pid_t {
    /// `struct clone_args` up to the field `set_tid_size` (Linux 5.5).
    #[repr(C)]
    #[derive(Default)]
    struct Arguments {
        flags: u64,
        pidfd: u64,
        child_tid: u64,
        parent_tid: u64,
        exit_signal: u64,
        stack: u64,
        stack_size: u64,
        tls: u64,
        set_tid: u64,
        set_tid_size: u64,
    }
    let wanted = number.unwrap_or(0);
    let arguments = Arguments {
        flags,
        exit_signal: libc::SIGCHLD as u64,
        set_tid: if number.is_some() { &raw const wanted as u64 } else { 0 },
        set_tid_size: u64::from(number.is_some()),
        ..Arguments::default()
    };
    unsafe {
        let process = libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<Arguments>());
        if process == -1 && errno() == libc::ENOSYS && number.is_none() {
            // Without a stack or pointers the arguments mean the same on every architecture but s390, where the first
            // two change places.
            return libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD as u64, 0, 0, 0, 0) as libc::pid_t;
        }
        process as libc::pid_t
    }
}

/// Reads exactly `length` octets; false if the channel ends before.
unsafe fn read_all(channel: libc::c_int, to: *mut u8, length: usize) -> bool {
    let mut have = 0;
    while have < length {
        match unsafe { libc::read(channel, to.add(have).cast(), length - have) } {
            -1 if errno() == libc::EINTR => {}
            -1 | 0 => return false,
            more => have += more as usize,
        }
    }
    true
}

unsafe fn answer(to_run: libc::c_int, answer: Answer) {
    unsafe { libc::send(to_run, (&raw const answer).cast(), size_of::<Answer>(), libc::MSG_NOSIGNAL) };
}

unsafe fn map(length: usize) -> *mut u8 {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let start = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED { ptr::null_mut() } else { start.cast() }
}

/// Closes all descriptors but the standard ones and this, and returns its new number.
unsafe fn keep_only(descriptor: libc::c_int) -> libc::c_int {
    unsafe {
        if descriptor != 3 {
            libc::dup3(descriptor, 3, libc::O_CLOEXEC);
        }
        close_from(4);
    }
    3
}

/// Closes all descriptors from `first` on.
unsafe fn close_from(first: libc::c_uint) {
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) != 0 {
            // Linux before 5.9.
            let mut limit: libc::rlimit = mem::zeroed();
            libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
            for descriptor in first..limit.rlim_cur.min(65_536) as libc::c_uint {
                libc::close(descriptor as libc::c_int);
            }
        }
    }
}

fn errno() -> i32 {
    // SAFETY: the location is valid for the calling thread.
    unsafe { *libc::__errno_location() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parents_number_is_written_in_decimal() {
        let mut text = [0xff; 40];
        write_parent(&mut text, 4_194_304);
        assert!(text.starts_with(b"PACKETDRILL_PID=4194304\0"));
        write_parent(&mut text, 7);
        assert!(text.starts_with(b"PACKETDRILL_PID=7\0"));
    }
}
