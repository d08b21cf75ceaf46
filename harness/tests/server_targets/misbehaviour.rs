//! Servers that crash, hang, never answer, answer without end or restart in the middle: the whole command on a real
//! process. Each gets a verdict with evidence in every report, and the next dialogue finds a server that works.

use std::process::Command;

use crate::linux_support;

/// A server of SMTP that does as it is told. It serves one connection after the other.
const SERVER: &str = r#"
import os, signal, socket, sys, time

def say(text):
    print(text, file=sys.stderr, flush=True)

def serve(connection, lines):
    connection.sendall(b"220 server.example ready\r\n")
    for line in lines:
        command = line.strip().decode()
        if command == "CRASH":
            say("table of users is damaged")
            os.kill(os.getpid(), signal.SIGSEGV)
        elif command == "LEAVE":
            connection.sendall(b"421 server.example leaves\r\n")
            say("no memory left")
            os._exit(3)
        elif command == "HANG":
            say("waits for a lock")
            time.sleep(1000)
        elif command == "MUTE":
            say("nothing to say")
        elif command == "ENDLESS":
            say("counts its users")
            while True:
                connection.sendall(b"250-another user\r\n" * 1000)
        elif command == "RESTART":
            say("begins anew")
            os.execv(sys.executable, [sys.executable, *sys.argv])
        elif command == "QUIT":
            connection.sendall(b"221 bye\r\n")
            return
        else:
            connection.sendall(b"250 ok\r\n")

listener = socket.create_server(("0.0.0.0", 25))
say("listens")
if "deaf" in sys.argv:
    time.sleep(1000)
while True:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as lines:
        try:
            serve(connection, lines)
        except OSError as error:
            say(f"lost a connection: {error}")
"#;

const PLAIN: &str =
    "//@ protocol: smtp\n//@ level: MUST\nS: 220\nC: EHLO client.example\nS: 250\nC: QUIT\nS: 221\nS closes\n";

/// What a run of the command gave.
struct Reports {
    status: Option<i32>,
    human: String,
    json: Vec<serde_json::Value>,
    html: String,
    junit: String,
}

/// Runs dialogues one after the other on one server, over IPv4; none where there are no such targets.
fn run(arguments: &[&str], dialogues: &[(&str, &str)], flags: &[&str]) -> Option<Reports> {
    linux_support::factory("servers that misbehave")?;
    if !std::path::Path::new("/usr/bin/python3").exists() {
        eprintln!("NOT TESTED: servers that misbehave: there is no /usr/bin/python3");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let arguments: String = arguments.iter().map(|argument| format!(", \"{argument}\"")).collect();
    let target = format!(
        "[target.odd]\nstack = \"linux\"\nserves = {{ smtp = 25 }}\nfiles = [\"root\"]\n\
         command = [\"/usr/bin/python3\", \"/usr/lib/odd.py\"{arguments}]\n"
    );
    write("rfcheck.toml", &target);
    write("root/usr/lib/odd.py", SERVER);
    dialogues.iter().for_each(|(name, text)| write(&format!("dialogues/{name}.dlg"), text));
    let fixed = ["run", "--target", "odd", "--ip-version", "ipv4", "--jobs", "1", "--out", "out", "dialogues"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_rfcheck"));
    command.current_dir(folder.path()).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
    let output = command.args(fixed).args(flags).output().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap_or_default();
    let events = read("events.jsonl");
    let json = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let human = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let reports =
        Reports { status: output.status.code(), human, json, html: read("report.html"), junit: read("junit.xml") };
    eprintln!("{}", reports.human);
    Some(reports)
}

impl Reports {
    /// The run of a dialogue, as the JSON report has it.
    fn run(&self, dialogue: &str) -> &serde_json::Value {
        let script = format!("{dialogue}.dlg");
        let is_its = |event: &&serde_json::Value| {
            event["script"].as_str().is_some_and(|name| name.ends_with(&script)) && event["verdict"].is_string()
        };
        self.json.iter().find(is_its).unwrap_or_else(|| panic!("{dialogue}: {:?}", self.json))
    }

    /// The dialogue failed so, and every report tells what became of the server and what it wrote.
    fn failed(&self, dialogue: &str, kind: &str, message: &str, state: &str, wrote: &str) {
        let run = self.run(dialogue);
        let failure = &run["failure"];
        assert_eq!((run["verdict"].as_str(), failure["blame"].as_str()), (Some("fail"), Some("target")), "{run}");
        assert_eq!(failure["kind"].as_str(), Some(kind), "{run}");
        let said = failure["message"].as_str().unwrap();
        assert!(said.contains(message), "{said}");
        let evidence: Vec<&str> = failure["evidence"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect();
        assert!(evidence[0].contains(state), "{evidence:?}");
        assert!(evidence[1..].contains(&wrote), "{evidence:?}");
        for (name, report) in [("human", &self.human), ("HTML", &self.html), ("JUnit", &self.junit)] {
            for text in [said, evidence[0], wrote] {
                let quoted = [text.replace('`', "&#96;"), text.replace('\'', "&apos;")];
                assert!(report.contains(text) || quoted.iter().any(|text| report.contains(text)), "{name}: {text}");
            }
        }
    }

    /// The dialogue passed, at its first try.
    fn passed(&self, dialogue: &str) {
        let run = self.run(dialogue);
        assert_eq!((run["verdict"].as_str(), run["attempts"].as_u64()), (Some("pass"), Some(1)), "{run}");
    }
}

/// A dialogue in which the server is told something, and must answer it.
fn told(command: &str, answer: &str) -> String {
    format!("//@ protocol: smtp\n//@ level: MUST\nS: 220\nC: {command}\n{answer}\n")
}

#[test]
fn each_gets_a_verdict_with_evidence_and_the_next_dialogue_passes() {
    let crash = told("CRASH", "S: 250 within 5");
    let leave = told("LEAVE", "S: 421\nS closes");
    let hang = told("HANG", "S: 250 within 1");
    let mute = told("MUTE", "S: 250 within 1");
    let endless = told("ENDLESS", "S: 250 within 2");
    let restart = told("RESTART", "S: 250 within 5");
    let misbehaviours = [
        ("1-crash", &crash[..]),
        ("2-leave", &leave),
        ("3-hang", &hang),
        ("4-mute", &mute),
        ("5-endless", &endless),
        ("6-restart", &restart),
    ];
    let plain: Vec<String> = misbehaviours.iter().map(|(name, _)| format!("{name}-next")).collect();
    let mut dialogues = misbehaviours.to_vec();
    dialogues.extend(plain.iter().map(|name| (name.as_str(), PLAIN)));
    let Some(reports) = run(&[], &dialogues, &[]) else { return };
    assert_eq!(reports.status, Some(100));
    let crashed = "the server `odd` was ended by SIGSEGV";
    reports.failed("1-crash", "gone", crashed, crashed, "table of users is damaged");
    let left = "the server `odd` ended with status 3";
    reports.failed("2-leave", "gone", left, left, "no memory left");
    let runs = "the server `odd` runs";
    reports.failed("3-hang", "missing", "no reply comes within 1", runs, "waits for a lock");
    reports.failed("4-mute", "missing", "no reply comes within 1", runs, "nothing to say");
    let endless = reports.run("5-endless")["failure"]["kind"].as_str().unwrap_or_default().to_owned();
    let (kind, message) = match endless.as_str() {
        "flood" => ("flood", "the target sends without end"),
        _ => ("missing", "the reply has no end"),
    };
    reports.failed("5-endless", kind, message, runs, "counts its users");
    reports.failed("6-restart", "connection", "the target", runs, "begins anew");
    plain.iter().for_each(|name| reports.passed(name));
}

#[test]
fn a_server_that_takes_connections_and_nothing_else_is_told() {
    let greeting = "//@ protocol: smtp\n//@ level: MUST\nS: 220 within 1\n";
    let Some(reports) = run(&["deaf"], &[("1-deaf", greeting), ("2-deaf", greeting)], &[]) else { return };
    assert_eq!(reports.status, Some(100));
    for dialogue in ["1-deaf", "2-deaf"] {
        reports.failed(dialogue, "missing", "no reply comes within 1", "the server `odd` runs", "listens");
    }
}

/// The tester's stream ends in its middle, and the server with it: what follows is not that a connection is refused.
#[test]
fn a_crash_is_told_however_a_dialogue_is_delivered() {
    let crash = told("CRASH", "S: 250 within 5");
    let Some(reports) = run(&[], &[("1-crash", &crash)], &["--transport", "octet,cut,half-close,tiny-window"]) else {
        return;
    };
    let runs = reports.json.iter().filter(|event| event["verdict"].is_string());
    let told: Vec<&str> = runs.filter_map(|run| run["failure"]["message"].as_str()).collect();
    assert_eq!(told.len(), 4, "{:?}", reports.json);
    assert!(told.iter().all(|told| told.contains("the server `odd` was ended by SIGSEGV")), "{told:?}");
    // The page had the last of them alone: its runs were told apart by their IP versions.
    for delivery in ["octet", "cut", "half-close", "tiny-window"] {
        assert!(reports.html.contains(&format!("over ipv4, delivered {delivery}</")), "{delivery}: {}", reports.html);
    }
}
