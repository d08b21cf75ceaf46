//! What needs a process of its own: an ordinary user's rights, and a harness that is killed.
//!
//! This test has no test framework around it, because a process can enter a user namespace only while it has one
//! thread. It starts itself again in the roles below.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod linux_support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use linux_support::*;
use rfcheck::target::linux::{self, AccessDevice, LinuxFactory, Rights};
use rfcheck::target::smoltcp::SmoltcpTunFactory;
use rfcheck::target::{CallMode, IpVersion, Link, SocketCall, TargetFactory};

const ROLE: &str = "RFCHECK_TEST_ROLE";
const MARK: &str = "RFCHECK_TEST_MARK";
const VERSIONS: [IpVersion; 3] = [IpVersion::Ipv4, IpVersion::Ipv4MappedIpv6, IpVersion::Ipv6];
/// The user and group `nobody`.
const NOBODY: u32 = 65_534;

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("user") => check_an_ordinary_user(),
        Ok("held") => hold_runs(),
        Ok("threads") => check_that_threads_forbid_it(),
        _ => {
            for as_nobody in [false, true] {
                an_ordinary_user_can_run(as_nobody);
                killing_leaves_nothing_behind(as_nobody);
            }
            assert!(start("threads", true, "").wait().unwrap().success());
            println!("linux_processes: ok");
        }
    }
}

fn an_ordinary_user_can_run(as_nobody: bool) {
    let status = start("user", as_nobody, "").wait().unwrap();
    assert!(status.success(), "as nobody: {as_nobody}: {status}");
}

/// The whole way, in each IP version: echo, a TCP handshake, a command.
fn check_an_ordinary_user() {
    let access = match linux::enter_user_namespace() {
        Ok(access) => access,
        Err(error) => return eprintln!("NOT TESTED: an ordinary user: {error}"),
    };
    // SAFETY: no preconditions.
    let inside = unsafe { libc::geteuid() };
    assert_eq!(inside, 0, "{access}");
    let own_file = tempfile::NamedTempFile::new().unwrap();
    let factory = LinuxFactory::new().unwrap();
    assert_eq!(factory.access(), &access);
    // A stack on a TUN device cannot do with a veth pair, and says so before any run.
    match SmoltcpTunFactory::new() {
        Ok(_) => assert_eq!(access.device, AccessDevice::Tun),
        Err(error) => {
            assert!(access.device != AccessDevice::Tun && error.to_string().contains("/dev/net/tun"), "{error}")
        }
    }
    for version in VERSIONS {
        let link = Link::default_for(version);
        let mut target = factory.create(&link).unwrap();
        target.inject(&ping(link.remote, link.local)).unwrap();
        assert_eq!(split(&packet(&mut *target)).1, link.remote);
        open(&mut *target, &link);
        // Commands have the caller's rights on files, and an administrator's on the run's network.
        let file = own_file.path().display();
        let command =
            format!("echo 0 > /proc/sys/net/ipv4/tcp_timestamps && cat /proc/net/dev && echo written > {file}");
        let done = target.command(&command, &[], &|| true).unwrap();
        assert!(done.status == 0 && done.output.contains("tun0:"), "{}", done.output);
        assert_eq!(std::fs::read_to_string(own_file.path()).unwrap(), "written\n");
        if access.rights == Rights::UserNamespace {
            let done = target.command("echo x > /proc/sys/kernel/hostname || cat /etc/shadow", &[], &|| true).unwrap();
            assert_ne!(done.status, 0, "an ordinary user's command read what is not the user's");
        }
    }
    println!("an ordinary user: {access}");
}

/// With a second thread the process cannot enter a user namespace, and says so.
fn check_that_threads_forbid_it() {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let second = std::thread::spawn(move || stopped.recv());
    let error = linux::enter_user_namespace().unwrap_err().to_string();
    assert!(error.contains("2 threads"), "{error}");
    drop(stop);
    second.join().unwrap().unwrap_err();
}

fn killing_leaves_nothing_behind(as_nobody: bool) {
    let mark = format!("4{}.{}", std::process::id(), u8::from(as_nobody));
    let mut held = start("held", as_nobody, &mark);
    let mut line = String::new();
    BufReader::new(held.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let Some(namespaces) = line.strip_prefix("ready ") else {
        held.wait().unwrap();
        return eprintln!("NOT TESTED: killing, as nobody: {as_nobody}");
    };
    let namespaces: BTreeSet<String> = namespaces.split_whitespace().map(str::to_owned).collect();
    assert_eq!(namespaces.len(), 3);
    await_that("three background processes run", || sleeping(&mark) == 3);
    assert!(namespaces.is_subset(&inhabited()), "the namespaces are not seen");
    held.kill().unwrap();
    held.wait().unwrap();
    await_that("no background process is left", || sleeping(&mark) == 0);
    await_that("no namespace is left", || namespaces.is_disjoint(&inhabited()));
    await_that("no process is left", || descendants_of_killed() == 0);
}

/// Three runs, each with a connection, a blocked call and a command in the background; then waits to be killed.
fn hold_runs() {
    if linux::enter_user_namespace().is_err() {
        return println!("impossible");
    }
    let factory = LinuxFactory::new().unwrap();
    let mark = std::env::var(MARK).unwrap();
    let (ready, runs) = std::sync::mpsc::channel();
    for version in VERSIONS {
        let (factory, ready, mark) = (factory.clone(), ready.clone(), mark.clone());
        std::thread::spawn(move || {
            let link = Link::default_for(version);
            let mut target = factory.create(&link).unwrap();
            let (family, local, remote) = ends(&link);
            let fd = value(&mut *target, SocketCall::Socket { domain: family, kind: 1, protocol: 0 }) as i32;
            value(&mut *target, SocketCall::Bind { fd, address: local });
            target.call(SocketCall::Connect { fd, address: remote }, CallMode::Blocking).unwrap();
            target.command(&format!("sleep {mark} &"), &[], &|| true).unwrap();
            let namespace = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
            ready.send(namespace.display().to_string()).unwrap();
            std::thread::sleep(Duration::from_secs(60));
        });
    }
    let namespaces: Vec<String> = runs.iter().take(3).collect();
    println!("ready {}", namespaces.join(" "));
    std::thread::sleep(Duration::from_secs(60));
}

/// Starts this program in a role, as the user `nobody` if that is asked and possible.
fn start(role: &str, as_nobody: bool, mark: &str) -> Child {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for path in [place.path(), &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(&program);
    command.env(ROLE, role).env(MARK, mark).current_dir("/");
    if role == "held" {
        command.stdout(Stdio::piped());
    }
    // SAFETY: no preconditions.
    if as_nobody && unsafe { libc::geteuid() } == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let child = command.spawn().unwrap();
    // The program's file is open while it runs; its name may go.
    await_that("the program has started", || started(&child, &program));
    child
}

fn started(child: &Child, program: &Path) -> bool {
    let link = std::fs::read_link(format!("/proc/{}/exe", child.id()));
    link.map_or(true, |exe| exe == program)
}

fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The network namespaces that threads of this machine are in.
fn inhabited() -> BTreeSet<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let threads = processes.filter_map(|process| std::fs::read_dir(process.path().join("task")).ok());
    let links = threads.flatten().flatten().filter_map(|thread| std::fs::read_link(thread.path().join("ns/net")).ok());
    links.map(|link| link.display().to_string()).collect()
}

/// How many processes sleep for this long.
fn sleeping(mark: &str) -> usize {
    let wanted = format!("sleep\0{mark}\0").into_bytes();
    command_lines().filter(|line| *line == wanted).count()
}

/// How many processes run this test from a place that is gone, other than those that are started here and waited for.
fn descendants_of_killed() -> usize {
    let role = b"RFCHECK_TEST_ROLE=held";
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
    environments.filter(|environment| environment.split(|&octet| octet == 0).any(|entry| entry == role)).count()
}

fn command_lines() -> impl Iterator<Item = Vec<u8>> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
}
