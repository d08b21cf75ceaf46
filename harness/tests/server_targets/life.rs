//! How a server starts, serves several runs and ends, and what is told where it does not.

use std::time::Duration;

use rfcheck::target::linux::server::{ServerDefinition, Start};
use rfcheck::target::{Event, IpVersion, Link, Services, Target, TargetError, TargetFactory};

use crate::support::{Client, definition, eventually, factory, factory_of, processes};

/// A server of the shell: no port, only what these commands do.
fn shell(name: &str, text: &str) -> ServerDefinition {
    let command = ["/bin/sh", "-c", text].map(str::to_owned).to_vec();
    ServerDefinition { name: name.to_owned(), command, ..ServerDefinition::default() }
}

fn link() -> Link {
    Link::default_for(IpVersion::Ipv4)
}

/// What it says if it does not start.
fn refused(definition: ServerDefinition) -> Option<String> {
    match factory_of(definition)?.create(&link()) {
        Err(error @ TargetError::Gone(_)) => Some(error.to_string()),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it started"),
    }
}

#[test]
fn nothing_of_a_server_is_left() {
    // Its name stands in the command line of a process that leaves its group and session, and in a file.
    let mark = format!("rfcheck-life-{}", std::process::id());
    let text = format!("echo x >/tmp/{mark}; echo x >/etc/{mark}; setsid sh -c 'sleep 1000; : {mark}' & echo up; wait");
    let definition = ServerDefinition { ready: Some("up".into()), ..shell("daemon", &text) };
    let Some(factory) = factory_of(definition) else { return };
    let target = factory.create(&link()).unwrap();
    eventually("it runs", || !processes(&format!(": {mark}")).is_empty());
    drop(target);
    assert!(!processes(&format!(": {mark}")).is_empty(), "it is kept for another run");
    drop(factory);
    eventually("it is gone", || processes(&mark).is_empty());
    for folder in ["/tmp", "/etc", "/dev/shm"] {
        assert!(!std::path::Path::new(folder).join(&mark).exists(), "{folder}");
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains("/dev/shm/rfcheck"), "{mounts}");
}

#[test]
fn a_server_serves_many_runs_or_one() {
    let Some(once) = definition("nginx") else { return };
    for (start, kept) in [(Start::Once, true), (Start::Each, false)] {
        let Some(factory) = factory_of(ServerDefinition { start, ..once.clone() }) else { return };
        let number = || {
            let mut target = factory.create(&link()).unwrap();
            let run = target.command("cat /dev/shm/rfcheck/root/run/nginx.pid; readlink /proc/1/ns/pid", &[], &|| true);
            // A connection that is left open, and one that is half open, are nothing to the next run.
            let mut client = Client::new(&mut *target, &link(), 80);
            let root = client
                .connect()
                .ask(b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n", |came| came.ends_with(b"rfcheck\n"));
            assert!(root.starts_with(b"HTTP/1.1 200"));
            client.connect().tester.step(rfcheck::time::Instant::default()).unwrap();
            run.unwrap().output
        };
        assert_eq!(number() == number(), kept);
        let mut target = factory.create(&link()).unwrap();
        let left = target.command("cat /proc/net/tcp | grep -c 010000C0 || true", &[], &|| true).unwrap();
        assert!(left.output.trim() == "0" || !kept, "connections are left: {}", left.output);
    }
}

#[test]
fn a_run_has_a_server_to_itself() {
    let Some(factory) = factory("nginx") else { return };
    let mut first = factory.create(&link()).unwrap();
    let mut second = factory.create(&link()).unwrap();
    let namespace =
        |target: &mut dyn Target| target.command("readlink /proc/self/ns/net", &[], &|| true).unwrap().output;
    assert_ne!(namespace(&mut *first), namespace(&mut *second));
}

#[test]
fn a_server_goes_from_thread_to_thread() {
    let Some(factory) = factory("nginx") else { return };
    let get = || {
        let mut target = factory.create(&link()).unwrap();
        let mut client = Client::new(&mut *target, &link(), 80);
        client.connect().ask(b"HEAD / HTTP/1.0\r\n\r\n", |_| false).starts_with(b"HTTP/1.1 200")
    };
    for _ in 0..3 {
        assert!(std::thread::scope(|scope| scope.spawn(get).join().unwrap()));
    }
    assert!(get());
}

#[test]
fn a_server_that_does_not_start_is_told_with_its_last_lines() {
    let broken = shell("broken", "echo one; echo 'no such option' >&2; exit 3");
    let Some(said) = refused(ServerDefinition { ready: Some("up".into()), ..broken }) else { return };
    assert_eq!(
        said,
        "the target is gone: the server `broken` ended with status 3 before it was ready; its last lines: one | no such option"
    );
    let prepared = ServerDefinition { prepare: Some("echo wrong >&2; false".into()), ..shell("unprepared", "true") };
    assert_eq!(
        refused(prepared).unwrap(),
        "the target is gone: the server `unprepared` cannot be started: exit status 1: wrong"
    );
}

#[test]
fn a_server_that_dies_in_a_run_is_told_and_the_next_run_has_another() {
    let definition = ServerDefinition {
        ready: Some("up".into()),
        ..shell("mortal", "echo up; read x <>/tmp/x; sleep 0.2; kill -SEGV $$")
    };
    let definition =
        ServerDefinition { command: definition.command.clone(), prepare: Some("mkfifo /tmp/x".into()), ..definition };
    let Some(factory) = factory_of(definition) else { return };
    let mut target = factory.create(&link()).unwrap();
    let wait = |target: &mut dyn Target, time| target.wait(target.now() + time, &mut Vec::new());
    assert!(matches!(wait(&mut *target, Duration::from_millis(300)), Ok(Event::Deadline)));
    target.command("echo x >/dev/shm/rfcheck/root/tmp/x", &[], &|| true).unwrap();
    let begun = std::time::Instant::now();
    let said = wait(&mut *target, Duration::from_secs(60)).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "it is told when it happens");
    let said = said.to_string();
    assert!(said.ends_with("the server `mortal` was ended by SIGSEGV"), "{said}");
    let condition = target.condition(Duration::ZERO);
    // The shell above it may have the time to say so too.
    let told: Vec<&str> =
        condition.told.iter().map(String::as_str).filter(|line| *line != "Segmentation fault").collect();
    assert_eq!(told, ["the server `mortal` was ended by SIGSEGV; it wrote last", "up"]);
    assert!(condition.has_failed && condition.ended.is_some());
    drop(target);
    let mut next = factory.create(&link()).unwrap();
    assert!(matches!(wait(&mut *next, Duration::from_millis(300)), Ok(Event::Deadline)));
}

#[test]
fn actions_have_words_and_items() {
    let actions =
        [("say", r#"printf '%s\n' "${#1}"; printf %s "$1""#), ("fail", "echo no >&2; exit 4"), ("talk", "echo hello")];
    let actions = actions.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let services = Services { actions: actions.iter().map(|(name, _)| name.clone()).collect(), ..Services::default() };
    let definition = ServerDefinition { services, actions: actions.into(), command: Vec::new(), ..shell("client", "") };
    let Some(factory) = factory_of(definition) else { return };
    assert!(factory.capabilities().services.actions.contains("say"));
    let mut target = factory.create(&link()).unwrap();
    let mut perform =
        |name: &str| target.perform(name, &["it's $HOME".into()], &|| true).map_err(|error| error.to_string());
    assert_eq!(perform("say"), Ok(vec![b"it's $HOME".to_vec()]));
    assert_eq!(perform("fail"), Err("`fail` failed: its shell commands ended with status 4: no".into()));
    assert_eq!(
        perform("talk"),
        Err("`talk` failed: it writes `hello` where the size of item 1 in octets must stand".into())
    );
    assert_eq!(perform("sing"), Err("the target does not support the action `sing`".into()));
}

#[test]
fn an_action_ends_with_its_run() {
    let actions = [("sleep".to_owned(), "sleep 1000".to_owned())];
    let definition = ServerDefinition { actions: actions.into(), command: Vec::new(), ..shell("slow", "") };
    let Some(factory) = factory_of(definition) else { return };
    let mut target = factory.create(&link()).unwrap();
    assert_eq!(target.perform("sleep", &[], &|| false).unwrap_err().to_string(), "`sleep` failed: interrupted");
    assert!(matches!(target.perform("sleep", &[], &|| false), Err(TargetError::Gone(_))));
}
