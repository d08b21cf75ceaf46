//! A folder with scripts, and the command run in it.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// An echo request, and the reply that every stack must send.
pub(crate) const PASSES: &str = "\
//@ requirement: 792-14
//@ title: An echo request is answered
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 7 seq 1 (8)
";

/// A reply that no stack sends.
pub(crate) const FAILS: &str = "\
//@ requirement: 792-14
//@ title: An echo request is answered with another identifier
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 8 seq 1 (8)
";

/// Fails, but breaks no MUST.
pub(crate) const FAILS_SHOULD: &str = "\
//@ level: SHOULD
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 8 seq 1 (8)
";

/// A folder that goes away, with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a name below the folder")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable folder");
    }
    folder
}

/// The command, in a folder, without what the surroundings may set.
pub(crate) fn rfcheck(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rfcheck"));
    command.current_dir(folder).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("COLUMNS");
    command
}

/// Runs it: exit status, standard output, standard error.
pub(crate) fn outcome(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = rfcheck(folder).args(arguments).output().expect("the command starts");
    let text = |octets| String::from_utf8(octets).expect("the command writes UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Makes what differs from run to run the same.
pub(crate) fn settled<T>(test: impl FnOnce() -> T) -> T {
    insta::with_settings!({filters => vec![
        (r"in \d+\.\d+ s", "in [time]"),
        (r"rfcheck \d+\.\d+\.\d+", "rfcheck [version]"),
        (r#""version":"[^"]*""#, r#""version":"[version]""#),
        (r#""elapsed_us":\d+"#, r#""elapsed_us":[time]"#),
        (r#"time="[^"]*""#, r#"time="[time]""#),
    ]}, { test() })
}
