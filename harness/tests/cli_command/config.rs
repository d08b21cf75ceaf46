//! `rfcheck.toml`.

use super::support::{FAILS, PASSES, folder, outcome};

fn refused(text: &str) -> String {
    let folder = folder(&[("a.pkt", PASSES), ("rfcheck.toml", text)]);
    let (status, out, err) = outcome(folder.path(), &["--config", "rfcheck.toml", "run", "a.pkt"]);
    assert_eq!((status, out.as_str()), (2, ""), "{err}");
    err
}

#[test]
fn errors_point_at_the_place() {
    insta::assert_snapshot!("unknown key", refused("[target.mine]\nstack = \"linux\"\nspeed = 3\n"));
    insta::assert_snapshot!("value out of range", refused("[profiles.quick]\noptions = { mtu = 20 }\n"));
    insta::assert_snapshot!("no TOML", refused("[profiles.quick\n"));
    insta::assert_snapshot!("unknown profile", refused("profile = \"fast\"\n"));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let (status, _, err) = outcome(folder(&[]).path(), &["--config", "no.toml", "run"]);
    assert_eq!(status, 2);
    assert_eq!(err, "error: cannot read `no.toml`: No such file or directory (os error 2)\n");
}

#[test]
fn the_nearest_file_above_is_found() {
    let folder = folder(&[("rfcheck.toml", "targets = \"nowhere\"\n"), ("x/a.pkt", PASSES)]);
    let (status, _, err) = outcome(&folder.path().join("x"), &["run", "a.pkt"]);
    assert_eq!(status, 2);
    assert!(err.contains("there is no target `nowhere`"), "{err}");
}

#[test]
fn a_target_of_ones_own_has_its_name_settings_and_baseline() {
    let config = "\
targets = \"mine\"
[target.mine]
stack = \"smoltcp\"
baseline = \"known.toml\"
options = { local_ip = \"192.168.0.9\" }
";
    let known = "[[known-failure]]\nscript = \"b.pkt\"\nreason = \"r\"\nclause = \"c\"\n";
    let address =
        PASSES.replace("(8)\n", "(8) with ip.source=192.168.0.9\n").replacen(" with ip.source=192.168.0.9", "", 1);
    let folder = folder(&[("rfcheck.toml", config), ("known.toml", known), ("a.pkt", &address), ("b.pkt", FAILS)]);
    let arguments = ["run", ".", "--ip-version", "ipv4", "--format", "json"];
    let (status, out, err) = outcome(folder.path(), &arguments);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("\"target\":\"mine\"") && out.contains("\"known_failures\":1"), "{out}");
}

#[test]
fn a_profile_defines_for_each_ip_version() {
    let config = "\
[profiles.mine]
ip-versions = [\"ipv4\", \"ipv6\"]
definitions = { ID = \"7\" }
[profiles.mine.ipv6]
definitions = { ID = \"8\" }
";
    // The reply must have identifier 7, which ID is for IPv4 alone.
    let text = PASSES.replace("echo_reply id 7", "echo_reply id ID");
    let folder = folder(&[("rfcheck.toml", config), ("a.pkt", &text)]);
    let run = |version| outcome(folder.path(), &["run", "a.pkt", "--profile", "mine", "--ip-version", version]).0;
    assert_eq!((run("ipv4"), run("ipv6")), (0, 100));
    let both = outcome(folder.path(), &["run", "a.pkt", "--profile", "mine", "--format", "json"]).1;
    assert!(both.contains("\"runs\":2"), "{both}");
}

#[test]
fn the_profile_packetdrill_goes_by_the_ends_of_names() {
    let folder = folder(&[("a.pkt", PASSES), ("b-v4.pkt", PASSES), ("c-v6.pkt", PASSES)]);
    let (_, out, _) = outcome(folder.path(), &["list", ".", "--profile", "packetdrill", "--json"]);
    let versions: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["ip_versions"].clone())
        .collect();
    assert_eq!(versions[0], serde_json::json!(["ipv4", "ipv4-mapped-ipv6", "ipv6"]));
    assert_eq!(versions[1], serde_json::json!(["ipv4", "ipv4-mapped-ipv6"]));
    assert_eq!(versions[2], serde_json::json!(["ipv6"]));
}

const ABSENT: &str = "\
[target.absent]
stack = \"linux\"
serves = { http = 80 }
command = [\"/usr/sbin/no-such-server\"]
";

#[test]
fn a_target_has_a_file_of_its_own_and_is_skipped_without_its_server() {
    let files = [("ci/targets/absent/target.toml", ABSENT), ("ci/targets/install", ""), ("x/a.pkt", PASSES)];
    let folder = folder(&files);
    let below = folder.path().join("x");
    let (status, out, err) = outcome(&below, &["run", "a.pkt", "--target", "absent"]);
    assert_eq!((status, out.as_str()), (96, ""), "nothing is told as passed");
    let install = folder.path().join("ci/targets/install").display().to_string();
    insta::assert_snapshot!("absent server", err.replace(&install, "../ci/targets/install"));
    let (status, out, err) = outcome(&below, &["run", "a.pkt", "--target", "absent,smoltcp"]);
    assert_eq!(status, 96, "the others pass, but not all that was asked for has run: {out}");
    assert!(err.contains("skipped: the target `absent`") && out.contains("smoltcp"), "{out}{err}");
    assert_eq!(outcome(&below, &["run", "a.pkt", "--target", "smoltcp"]).0, 0);
}

#[test]
fn a_wrong_target_file_is_pointed_at() {
    let wrong = ABSENT.replace("http", "htpp");
    let folder = folder(&[("ci/targets/absent/target.toml", &wrong), ("a.pkt", PASSES)]);
    let (status, _, err) = outcome(folder.path(), &["run", "a.pkt"]);
    assert_eq!(status, 2);
    let file = folder.path().join("ci/targets").canonicalize().unwrap_or_default();
    insta::assert_snapshot!("wrong target file", err.replace(&file.display().to_string(), "ci/targets"));
}

#[test]
fn scripts_are_not_for_servers() {
    let server = ABSENT.replace("/usr/sbin/no-such-server", "/bin/sh");
    let folder = folder(&[("ci/targets/absent/target.toml", &server), ("a.pkt", PASSES)]);
    let (status, out, err) = outcome(folder.path(), &["run", "a.pkt", "--target", "absent", "--format", "json"]);
    if !err.contains("is not possible here") {
        assert_eq!(status, 4, "{out}{err}");
        assert!(out.contains("it is a server"), "{out}");
    }
}
