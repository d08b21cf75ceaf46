//! What is said of dialogues that are wrong: the place, what was found, what was expected, and what to do.

use rfcheck::dialogue::lint;
use rfcheck::text::render;

use crate::support::parse;

/// All that is said of a dialogue.
fn said(text: &str) -> String {
    let mut out = String::new();
    for parsed in parse(text) {
        let found = match parsed {
            Ok(dialogue) => lint(&dialogue),
            Err(found) => found,
        };
        assert!(!found.is_empty(), "nothing is wrong with:\n{text}");
        out.extend(found.iter().map(|diagnostic| render(diagnostic, "a.dlg", text)));
    }
    out
}

/// What is said of the lines of dialogues of a protocol, one after the other.
fn said_of_all(protocol: &str, dialogues: &[&str]) -> String {
    dialogues.iter().map(|text| said(&format!("//@ protocol: {protocol}\n{text}"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn lines() {
    insta::assert_snapshot!(said_of_all(
        "smtp",
        &[
            "",
            "s: 220\n",
            "S1: 220\n",
            "server: 220\n",
            "   S: 220\n",
            "or 250\n",
            "S: 220\n   lien \"x\"\n",
            "C: a\n   line \"x\"\n",
            "C: trailing \n",
            "C: trailing \\\n",
            "C: \\q\n",
            "C: {repeat many \"A\"}\n",
            "C: {name of}\n",
            "C: {unended\n",
            "C: hello {nobody}\nS: 250\n",
            "`unended\n",
            "do\n",
            "check Mailbox\n",
            "C waits\n",
            "C waits soon\n",
            "C close\n",
            "C connects over carrier\n",
            "C connects with gopher\n",
            "C connects as client 0\n",
            "C: NOOP\n",
        ]
    ));
}

#[test]
fn answers() {
    insta::assert_snapshot!(said_of_all(
        "smtp",
        &[
            "S:\n",
            "S: ok\n",
            "S: 25\n",
            "S: x50\n",
            "S: 250 3.1.1\n",
            "S: 250 OK\n",
            "S: 250 \"OK\n",
            "S: 250 /(/\n",
            "S: 250 \"a\" \"b\"\n",
            "S: 250 within\n",
            "S: 250 for 5\n",
            "S is silent\n",
            "S: closes\n",
            "S 250\n",
            "S: 250 or\n",
            "S: 250 or 250\n",
            "S closes\n   line \"x\"\n",
            "S: 250\n   content \"x\"\n",
            "S: 250\n   count line /x/\n",
            "S: 250\n   count line /x/ = many\n",
            "S: 250\n   size 5\n",
            "S: 250\n   size = \"a b\"\n",
            "S: 250\n   no line \"x\" as y\n",
            "S: 250\n   line \"x\"\n   no line \"x\"\n",
        ]
    ));
    insta::assert_snapshot!("answers_of_pop3", said_of_all("pop3", &["S: 250\n", "S: -ERR multi-line\n"]));
    insta::assert_snapshot!(
        "answers_of_imap",
        said_of_all("imap", &["S: OK\n", "S: a1 FINE\n", "S: a1 OK\n   untaged /x/\n"])
    );
    insta::assert_snapshot!(
        "answers_of_http",
        said_of_all(
            "http",
            &[
                "S: 200\n",
                "S: status\n",
                "S: status OK\n",
                "S: status 200 OK\n",
                "S: status 200\n   header\n",
                "S: status 200\n   header A: b\n",
                "S: status 200\n   interim 100 \"x\"\n",
                "S: status 200\n   count content \"x\" = 1\n",
                "S: status 200\n   version\n",
            ]
        )
    );
}

#[test]
fn messages() {
    insta::assert_snapshot!(said_of_all(
        "dns",
        &[
            "C: example.test A\n",
            "C: query a..b A\n",
            "C: query example.test AAAAA\n",
            "C: query example.test A XX\n",
            "C: octets 00\n",
            "C: octets \"\\x00\"\n   id 5\n",
            "C: response NOERROR\n",
            "C: query . A\n   idd 5\n",
            "C: query . A\n   id 65536\n",
            "C: query . A\n   id 1\n   id 2\n",
            "C: query . A\n   flags tcp\n",
            "C: query . A\n   opcode 5\n",
            "C: query . A\n   answer . 300 A\n",
            "C: query . A\n   answer . 300 A 192.0.2.1\n",
            "S: NOERROR\n",
            "S: rcode\n",
            "S: rcode NXDOMIAN\n",
            "S: rcode NOERROR\n   flag tcp\n",
            "S: rcode NOERROR\n   answer a b c\n",
            "S: rcode NOERROR\n   size <= \"x\"\n",
        ]
    ));
}

#[test]
fn directives_and_what_is_put_in_place() {
    insta::assert_snapshot!(
        [
            "S: 220\n",
            "//@ protocol: gopher\nS: 220\n",
            "//@ protocl: smtp\nS: 220\n",
            "//@ protocol: smtp\n//@ case: A=1\nS: 220\n",
            "//@ protocol: smtp\n//@ case: A=5x0\n//@ case: A=x50\nS: {A}\n",
            "//@ protocol: smtp\n#include \"nothing.inc\"\n",
            "//@ protocol: smtp\n#include \"smtp-greeted.inc\" CLIENT=a OTHER=b\n",
            "//@ protocol: smtp\n#include \"smtp-greeted.inc\"\n",
            "//@ protocol: smtp\n#for I in 1..2\nS: {I}\n#end\n",
            "//@ protocol: smtp\n#for I in 1..2\nS: 250\n",
            "//@ protocol: smtp\n#end\n",
            "//@ protocol: smtp\n#ifdef A\n",
            "//@ protocol: smtp\n--mtu=1500\nS: 220\n",
        ]
        .map(said)
        .join("\n")
    );
}

#[test]
fn one_run_shows_more_than_one_error() {
    let text =
        "//@ protocol: smtp\nS: 22\nor 554\n   line \"x\"\nC: EHLO {\nS: 250\n   lin \"x\"\nC: QUIT\nS: 221 bye\n";
    insta::assert_snapshot!(said(text));
}
