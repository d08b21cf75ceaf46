//! Help and usage errors.

use super::support::{folder, outcome};

fn help(arguments: &[&str]) -> String {
    let (status, out, err) = outcome(folder(&[]).path(), arguments);
    assert_eq!((status, err.as_str()), (0, ""));
    out
}

fn refused(arguments: &[&str]) -> String {
    let (status, out, err) = outcome(folder(&[]).path(), arguments);
    assert_eq!((status, out.as_str()), (2, ""), "{err}");
    err
}

#[test]
fn the_command_explains_itself() {
    insta::assert_snapshot!(help(&["--help"]));
}

#[test]
fn every_subcommand_explains_itself() {
    for command in ["run", "list", "check", "coverage", "baseline", "fmt", "inspect", "targets"] {
        insta::assert_snapshot!(format!("help of {command}"), help(&[command, "--help"]));
    }
}

#[test]
fn the_commands_for_baselines_explain_themselves() {
    for command in ["show", "update"] {
        insta::assert_snapshot!(format!("help of baseline {command}"), help(&["baseline", command, "--help"]));
    }
}

#[test]
fn the_exit_status_is_documented() {
    let text = help(&["run", "--help"]);
    for status in ["0  all as expected", "2  ", "4  nothing ran", "96  ", "100  ", "130  interrupted"] {
        assert!(text.contains(status), "{status:?} is not in\n{text}");
    }
}

#[test]
fn no_command_is_a_usage_error() {
    assert!(refused(&[]).contains("Usage: rfcheck"));
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "--tarket", "linux"]));
}

#[test]
fn zero_jobs_are_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "--jobs", "0"]));
}

#[test]
fn an_unknown_ip_version_is_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "--ip-version", "ipv5"]));
}

#[test]
fn an_unknown_target_is_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "--target", "smolltcp"]), @"error: there is no target `smolltcp`; did you mean `smoltcp`?
");
}

#[test]
fn an_unknown_profile_is_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "--profile", "packetdril"]), @"error: there is no profile `packetdril`; did you mean `packetdrill`?
");
}

#[test]
fn an_option_that_does_not_fit_is_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "-o", "mtu=1"]), @"error: `1` is not a value of `mtu`: it lies between 68 and 65535
");
    insta::assert_snapshot!(refused(&["run", "-D", "NAME"]), @"error: `NAME` defines nothing; write NAME=VALUE
");
}

#[test]
fn a_path_that_is_not_there_is_a_usage_error() {
    insta::assert_snapshot!(refused(&["run", "no/such/folder"]), @"error: cannot read `no/such/folder`: No such file or directory (os error 2)
");
}
