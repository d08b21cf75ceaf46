//! The corpora of the fuzz targets, replayed on stable Rust: what was found once cannot come back unnoticed.

use std::fs;
use std::path::{Path, PathBuf};

use rfcheck::fuzzing::session::{Random, Subject};
use rfcheck::fuzzing::{KNOWN_OF_SMOLTCP, Runner, Session};
use rfcheck::target::smoltcp::SmoltcpFactory;

/// Every file below a folder, in order of path; there must be some.
fn files(folder: &str) -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder of the checkout can be read").path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder} holds seeds");
    found
}

#[test]
fn wire_parse() {
    for path in files("corpus/wire_parse") {
        rfcheck::fuzzing::wire_round_trip(&fs::read(&path).unwrap());
    }
}

#[test]
fn script_parse() {
    let scripts = files("specs").into_iter().filter(|path| path.extension().is_some_and(|e| e == "pkt"));
    for path in files("corpus/script_parse").into_iter().chain(scripts) {
        rfcheck::fuzzing::script_round_trip(&fs::read_to_string(&path).unwrap());
    }
}

#[test]
fn dialogue_parse() {
    for path in files("corpus/dialogue_parse") {
        let text = fs::read_to_string(&path).unwrap();
        let parsed = rfcheck::dialogue::Input::new(&text).parse();
        assert!(parsed.is_ok(), "{}: {parsed:?}", path.display());
        rfcheck::fuzzing::dialogue_round_trip(&text);
    }
}

#[test]
fn dialogue_framing() {
    for path in files("corpus/dialogue_framing") {
        let mut input = fs::read(&path).unwrap();
        let reader = input[0] % 11;
        // Pieces of 1, 2, 7 and 23 octets.
        for size in [0, 1, 6, 22] {
            input[0] = reader + 11 * size;
            rfcheck::fuzzing::dialogue_framing(&input);
        }
    }
}

#[test]
fn dns_message() {
    for path in files("corpus/dns_message") {
        rfcheck::fuzzing::dns_message(&fs::read(&path).unwrap());
    }
}

#[test]
fn config_parse() {
    for path in files("corpus/config_parse") {
        rfcheck::fuzzing::config_parse(&fs::read_to_string(&path).unwrap());
    }
}

/// What cargo-fuzz builds is what is replayed: each target has seeds, a bound on the length of its inputs (a long one is
/// a slow one) and, if it reads text or octets of a format, the words of that format.
#[test]
fn each_fuzz_target_has_a_corpus_options_and_a_dictionary() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest: toml::Table = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap().parse().unwrap();
    let targets = manifest["bin"].as_array().unwrap();
    assert!(targets.len() > 10);
    for target in targets {
        let name = target["name"].as_str().unwrap();
        assert!(!files(&format!("corpus/{name}")).is_empty());
        let options = fuzz.join(format!("options/{name}"));
        let has_bound = fs::read_to_string(&options).is_ok_and(|options| options.contains("-max_len="));
        assert!(has_bound, "{} bounds the length of inputs", options.display());
        // Sessions have a mutator of their own instead.
        let source = fs::read_to_string(fuzz.join(target["path"].as_str().unwrap())).unwrap();
        let has_mutator = source.contains("rfcheck::fuzz_target!");
        let dictionary = fuzz.join(format!("dictionaries/{name}.dict"));
        assert!(has_mutator || dictionary.is_file(), "{} is missing", dictionary.display());
    }
}

/// A seed that does not parse seeds nothing.
#[test]
fn seeds_of_scripts_are_scripts() {
    for path in files("corpus/script_parse") {
        let text = fs::read_to_string(&path).unwrap();
        let parsed = rfcheck::script::parse(&text, &rfcheck::script::Definitions::default());
        assert!(parsed.is_ok(), "{}: {parsed:?}", path.display());
    }
}

/// The fuzz targets whose inputs are sessions on smoltcp.
const SESSIONS: [(&str, Subject); 2] = [("tcp_smoltcp", Subject::Connections), ("udp_ip_smoltcp", Subject::Datagrams)];

/// Sessions that a fuzzer begins with, and those that found something once: nothing is found but what is known.
#[test]
fn sessions_of_smoltcp() {
    let factory = SmoltcpFactory::new();
    let mut runner = Runner::new(&factory).knowing(KNOWN_OF_SMOLTCP);
    for (name, subject) in SESSIONS {
        for path in files(&format!("corpus/{name}")) {
            let mut session = Session::from_octets(&fs::read(&path).unwrap());
            session.keep_to(subject);
            assert_eq!(runner.run(&session).unwrap().finding, None, "{}", path.display());
        }
    }
}

/// What was found once: a file is called after its cause, which shows where nothing is passed over.
#[test]
fn regressions_of_smoltcp() {
    let factory = SmoltcpFactory::new();
    let mut count = 0;
    for (name, subject) in SESSIONS {
        for path in files(&format!("corpus/{name}")) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let Some(cause) = name.strip_prefix("regression-") else { continue };
            let mut session = Session::from_octets(&fs::read(&path).unwrap());
            session.keep_to(subject);
            let finding = Runner::new(&factory).run(&session).unwrap().finding;
            assert_eq!(finding.map(|finding| finding.cause.id()).as_deref(), Some(cause), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 3, "{count} regressions");
}

/// Writes the seeds of sessions: `cargo test --test corpus -- --ignored`, where the encoding of sessions has changed.
#[test]
#[ignore = "writes into the checkout"]
fn write_seeds_of_sessions() {
    for (name, subject) in SESSIONS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
        fs::create_dir_all(&folder).unwrap();
        for seed in 0..24 {
            let mut session = Session::random(&mut Random::new(seed), 12);
            session.keep_to(subject);
            fs::write(folder.join(format!("seed-{seed:02}")), session.to_octets()).unwrap();
        }
    }
}
