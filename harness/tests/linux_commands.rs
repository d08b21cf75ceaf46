//! Shell commands of a run: where they run, what they see, and that they end with it.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod linux_support;

use std::time::{Duration, Instant};

use linux_support::*;
use rfcheck::target::{CallMode, IpVersion, Link, SocketCall, Target, TargetFactory};

fn target(test: &str) -> Option<Box<dyn Target>> {
    factory(test).map(|factory| factory.create(&Link::default_for(IpVersion::Ipv4)).unwrap())
}

/// Output of a command that must succeed.
fn output(target: &mut dyn Target, command: &str) -> String {
    let output = target.command(command, &[], &|| true).unwrap();
    assert_eq!(output.status, 0, "`{command}` wrote {:?}", output.output);
    output.output
}

#[test]
fn a_command_sees_the_runs_device_and_nothing_of_the_host() {
    let Some(mut target) = target("commands and devices") else { return };
    let devices = output(&mut *target, "cat /proc/net/dev");
    let names: Vec<&str> = devices.lines().skip(2).filter_map(|line| line.trim().split(':').next()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"lo") && names.contains(&"tun0"), "{names:?}");
    assert_eq!(output(&mut *target, "ls /sys/class/net").split_whitespace().collect::<Vec<_>>(), ["lo", "tun0"]);
}

#[test]
fn a_command_changes_the_runs_kernel_settings_alone() {
    let Some(mut one) = target("commands and sysctl") else { return };
    let file = "/proc/sys/net/ipv4/tcp_timestamps";
    let host = std::fs::read_to_string(file).unwrap();
    let before = output(&mut *one, &format!("cat {file}"));
    let other = if before.trim() == "0" { "1" } else { "0" };
    output(&mut *one, &format!("echo {other} > {file}"));
    assert_eq!(output(&mut *one, &format!("cat {file}")).trim(), other);
    // This thread is in the run's namespace until the run ends.
    drop(one);
    assert_eq!(std::fs::read_to_string(file).unwrap(), host);
}

/// Set-up commands went before what other runs were timing, and 24 of them each made packetdrill's scripts late.
#[test]
fn only_what_is_timed_goes_before_other_load() {
    let Some(mut target) = target("commands and their priority") else { return };
    let nice = |target: &mut dyn Target| output(target, "nice").trim().parse::<i32>().unwrap();
    // SAFETY: no pointers are passed.
    let own = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    assert_eq!(nice(&mut *target), own);
    target.epoch(0).unwrap();
    assert!([own, -15].contains(&nice(&mut *target)), "-15 where that is allowed");
}

#[test]
fn environment_directory_status_and_output_are_as_asked() {
    let Some(factory) = factory("commands and their surroundings") else { return };
    let directory = tempfile::tempdir().unwrap();
    let factory = factory.in_directory(directory.path());
    let mut target = factory.create(&Link::default_for(IpVersion::Ipv6)).unwrap();
    let set = [("GREETING".to_owned(), "hello there".to_owned())];
    let done = target.command("echo $GREETING; echo to stderr >&2; pwd; exit 3", &set, &|| true).unwrap();
    let place = directory.path().canonicalize().unwrap();
    assert_eq!(done.output, format!("hello there\nto stderr\n{}\n", place.display()));
    assert_eq!(done.status, 3);
    assert_eq!(target.command("kill -TERM $$", &[], &|| true).unwrap().status, 128 + 15);
    // Signals that Rust programs ignore are not ignored in commands.
    assert_eq!(target.command("sh -c 'kill -PIPE $$'; echo $?", &[], &|| true).unwrap().output, "141\n");
    assert!(target.command("a\0b", &[], &|| true).is_err());
    std::fs::remove_dir(directory.path()).unwrap();
    assert_eq!(target.command("true", &[], &|| true).unwrap().status, 127);
}

#[test]
fn a_command_that_is_not_to_go_on_is_killed_and_the_next_one_runs() {
    let Some(mut target) = target("interrupted commands") else { return };
    let mark = format!("3{}.5", std::process::id());
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let go_on = || !begun.exists();
    let done = target.command(&format!("echo begun; touch {}; sleep {mark}", begun.display()), &[], &go_on).unwrap();
    assert_eq!((done.status, done.output.as_str()), (128 + 9, "begun\n\ninterrupted\n"));
    await_sleeping(&mark, 0);
    assert_eq!(output(&mut *target, "echo again"), "again\n");
}

#[test]
fn runs_do_not_share_what_nstat_remembers() {
    let Some(mut one) = target("nstat's history") else { return };
    assert_eq!(output(&mut *one, "echo one > $NSTAT_HISTORY; ls /dev/shm"), "nstat.history\n");
    let Some(mut other) = target("nstat's history") else { return };
    assert_eq!(output(&mut *other, "ls /dev/shm"), "");
}

#[test]
fn the_parents_number_is_one_per_run_and_unlike_any_others() {
    let Some(mut one) = target("commands and their parent") else { return };
    let text = output(&mut *one, "echo $PPID $PACKETDRILL_PID");
    assert_eq!(output(&mut *one, "echo $PPID $PACKETDRILL_PID"), text);
    let numbers: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(numbers[0], numbers[1]);
    let other = std::thread::spawn(|| {
        let mut other = target("commands and their parent")?;
        Some(output(&mut *other, "echo $PPID $PACKETDRILL_PID"))
    });
    assert_ne!(other.join().unwrap().unwrap(), text);
}

#[test]
fn what_a_command_leaves_running_ends_with_the_run() {
    let Some(mut target) = target("commands in the background") else { return };
    let before = Instant::now();
    let mark = format!("3{}.{}", std::process::id(), 77);
    output(&mut *target, &format!("sleep {mark} & (setsid sleep {mark} &) ; echo started"));
    assert!(before.elapsed() < Duration::from_secs(5), "a background process held the command up");
    await_sleeping(&mark, 2);
    drop(target);
    await_sleeping(&mark, 0);
}

#[test]
fn a_command_holds_no_socket_of_the_script() {
    let Some(mut target) = target("commands and sockets") else { return };
    let link = Link::default_for(IpVersion::Ipv4);
    let (family, local, _) = ends(&link);
    let fd = value(&mut *target, SocketCall::Socket { domain: family, kind: 1, protocol: 0 }) as i32;
    value(&mut *target, SocketCall::Bind { fd, address: local });
    value(&mut *target, SocketCall::Listen { fd, backlog: 1 });
    output(&mut *target, "sleep 100 &");
    assert_eq!(output(&mut *target, "ls -l /proc/self/fd /proc/$$/fd /proc/$PPID/fd | grep -c 'socket:'").trim(), "1");
    value(&mut *target, SocketCall::Close { fd });
    // Nobody listens any more: a SYN is answered with a reset.
    let syn = Segment {
        from: (link.remote, 40_000).into(),
        to: (link.local, 8080).into(),
        sequence: 1,
        acknowledgment: 0,
        flags: SYN,
        payload: b"",
    };
    target.inject(&syn.octets()).unwrap();
    assert_eq!(Segment::parse(&packet(&mut *target)).flags, RST | ACK);
}

#[test]
fn a_large_output_is_cut_and_a_large_environment_passed() {
    let Some(mut target) = target("large commands") else { return };
    assert_eq!(output(&mut *target, "head -c 3000000 /dev/zero | tr '\\0' x").len(), 1 << 20);
    let set = [("LARGE".to_owned(), "y".repeat(100_000))];
    let done = target.command("printf %s \"$LARGE\" | wc -c", &set, &|| true).unwrap();
    assert_eq!(done.output.trim(), "100000");
}

#[test]
fn blocking_calls_go_on_beside_a_command() {
    let Some(mut target) = target("commands beside calls") else { return };
    let link = Link::default_for(IpVersion::Ipv4);
    let (family, local, _) = ends(&link);
    let fd = value(&mut *target, SocketCall::Socket { domain: family, kind: 2, protocol: 0 }) as i32;
    value(&mut *target, SocketCall::Bind { fd, address: local });
    let id = target.call(SocketCall::Read { fd, length: 9, null: false }, CallMode::Blocking).unwrap();
    output(&mut *target, "true");
    target.inject(&udp((link.remote, 9).into(), (link.local, 8080).into(), b"now")).unwrap();
    let returned = returned(&mut *target);
    assert_eq!((returned.id, returned.result), (id, Ok(3)));
}

fn await_sleeping(mark: &str, count: usize) {
    let patience = Instant::now() + Duration::from_secs(5);
    while sleeping(mark) != count {
        assert!(Instant::now() < patience, "{} processes in the background, not {count}", sleeping(mark));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// How many processes of this machine sleep for this long.
fn sleeping(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| *line == format!("sleep\0{mark}\0").into_bytes()).count()
}

#[test]
fn the_device_reports_the_speed_and_mtu_of_the_link() {
    let Some(factory) = factory("link speed") else { return };
    let link = Link { speed: Some(100_000), mtu: 1_400, ..Link::default_for(IpVersion::Ipv6) };
    let mut target = match factory.create(&link) {
        Ok(target) => target,
        Err(error) => return eprintln!("NOT TESTED: link speed: {error}"),
    };
    let class = "/sys/class/net/tun0";
    assert_eq!(output(&mut *target, &format!("cat {class}/speed {class}/mtu")), "100000\n1400\n");
}
