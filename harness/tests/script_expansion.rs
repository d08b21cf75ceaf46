//! Includes, cases and loops: what a script with them stands for, and what is said where they are wrong.

#![allow(clippy::unwrap_used)] // a test that unwraps fails where it should

use std::collections::BTreeMap;

use rfcheck::script::{Case, Definitions, Includes, Input, Script, SourceFile, Span, cases, parse, render};

/// Files in one folder.
struct Files(BTreeMap<&'static str, &'static str>);

impl Includes for Files {
    fn read(&self, _from: &str, path: &str) -> Result<SourceFile, String> {
        let text = self.0.get(path).ok_or("there is no such file")?;
        Ok(SourceFile { name: path.into(), text: (*text).into() })
    }
}

fn read(text: &str, case: Option<&Case>, files: &[(&'static str, &'static str)]) -> Result<Script, String> {
    let includes = Files(files.iter().copied().collect());
    let definitions = Definitions::default();
    let input = Input { name: "a.pkt", text, definitions: &definitions, case, includes: &includes };
    match input.parse() {
        Ok(parsed) => Ok(parsed.script),
        Err(said) => Err(said.iter().map(|diagnostic| render(diagnostic, "a.pkt", text)).collect()),
    }
}

/// What a text with includes, cases or loops stands for, written out.
fn same(text: &str, case: Option<&Case>, files: &[(&'static str, &'static str)], written_out: &str) {
    let read = read(text, case, files).unwrap_or_else(|said| panic!("{said}"));
    let mut expected = parse(written_out, &Definitions::default()).unwrap();
    expected.directives.clone_from(&read.directives);
    assert_eq!(read.events, expected.events, "{text}");
}

fn said(text: &str, files: &[(&'static str, &'static str)]) -> String {
    let all = cases(text);
    match read(text, all.first(), files) {
        Ok(_) => panic!("this is well-formed:\n{text}"),
        Err(said) => said,
    }
}

#[test]
fn an_included_text_stands_where_it_is_included() {
    let files = [
        ("listen.inc", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = FD\n+0 listen(FD, 1) = 0"),
        ("open.inc", "#include \"listen.inc\" FD=FD // the listener\n   +0 < S 0:0(0) win WINDOW\n"),
    ];
    same(
        "#include \"open.inc\" FD=3 WINDOW=1000\n+0 close(3) = 0\n",
        None,
        &files,
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1) = 0\n+0 < S 0:0(0) win 1000\n+0 close(3) = 0\n",
    );
}

#[test]
fn a_parameter_holds_inside_alone_and_the_innermost_wins() {
    let files = [("x.inc", "+0 < . N:N(0) win 1\n#include \"y.inc\" N=3\n"), ("y.inc", "+0 < . N:N(0) win 1\n")];
    same(
        "--define=N=7\n#include \"x.inc\" N=2\n+0 < . N:N(0) win 1\n",
        None,
        &files,
        "+0 < . 2:2(0) win 1\n+0 < . 3:3(0) win 1\n+0 < . 7:7(0) win 1\n",
    );
}

#[test]
fn a_path_may_depend_on_definitions_of_any_kind() {
    let files = [("states/listen.inc", "0 close(3) = 0\n"), ("states/closed.inc", "0 close(4) = 0\n")];
    let text = "//@ case: STATE={listen,closed}\n#include \"states/{STATE}.inc\"\n";
    let all = cases(text);
    same(text, Some(&all[0]), &files, "0 close(3) = 0\n");
    same(text, Some(&all[1]), &files, "0 close(4) = 0\n");
    same("--define=S=\"listen\"\n#include \"states/{S}.inc\"\n", None, &files, "0 close(3) = 0\n");
}

#[test]
fn a_value_may_be_several_words() {
    let text = "//@ case: EVENT='R. 1:1(0) ack 1' PATH=\"/\"\n0 < EVENT win 0\n+0 open(PATH, O_RDWR) = 3\n";
    same(text, cases(text).first(), &[], "0 < R. 1:1(0) ack 1 win 0\n+0 open(\"/\", O_RDWR) = 3\n");
    let text = "//@ case: FLAGS={F.,S,-}\n0 < FLAGS 0:0(0) win 0\n";
    for (case, flags) in cases(text).iter().zip(["F.", "S", "-"]) {
        same(text, Some(case), &[], &format!("0 < {flags} 0:0(0) win 0\n"));
    }
}

#[test]
fn a_loop_is_written_out() {
    same(
        "#for I in 1..2\n#for TTL in {1,I}\n// I and TTL\n+0 < [ttl TTL] . I:I(0) win 1\n#end\n#end\n+0 close(3) = 0\n"
            .replace("{1,I}", "{8,9}")
            .as_str(),
        None,
        &[],
        "+0 < [ttl 8] . 1:1(0) win 1\n+0 < [ttl 9] . 1:1(0) win 1\n+0 < [ttl 8] . 2:2(0) win 1\n\
         +0 < [ttl 9] . 2:2(0) win 1\n+0 close(3) = 0\n",
    );
    same(
        "--define=N=3\n#for I in 1..N\n+0 close(I) = 0\n#end\n",
        None,
        &[],
        "+0 close(1) = 0\n+0 close(2) = 0\n+0 close(3) = 0\n",
    );
}

#[test]
fn conditions_know_cases_and_parameters() {
    let files = [("x.inc", "#ifdef PORT\n0 close(PORT) = 0\n#endif\n+0 close(9) = 0\n")];
    same("#include \"x.inc\" PORT=8\n", None, &files, "0 close(8) = 0\n+0 close(9) = 0\n");
    same("#include \"x.inc\"\n", None, &files, "+0 close(9) = 0\n");
    same(
        "#ifdef PORT\n#include \"none.inc\"\n#endif\n#for I in 1..1\n0 close(I) = 0\n#end\n",
        None,
        &[],
        "0 close(1) = 0\n",
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_text() {
    let files = [("x.inc", "\u{feff}0 close(3) = 0\r\n")];
    same("\u{feff}#include \"x.inc\"\r\n+0 close(4) = 0\r\n", None, &files, "0 close(3) = 0\n+0 close(4) = 0\n");
}

#[test]
fn every_line_leads_back_to_its_file() {
    let files = [("x.inc", "// one\n+0 close(FD) = 0\n\n+0 close(8) = 0\n")];
    let text = "0 close(1) = 0\n#include \"x.inc\" FD=7\n#for I in 1..2\n   +0 close(I) = 0\n#end\n+0 close(2) = 0\n";
    let script = read(text, None, &files).unwrap();
    let sources = script.sources.as_ref().unwrap();
    let places: Vec<_> = script
        .events
        .iter()
        .map(|event| {
            let (line, place) = (sources.line(event.line), sources.place(event.span));
            assert_eq!((line.line, &line.trail), (place.line, &place.trail));
            let Span { start, end } = place.span;
            let text = &place.file.text[start as usize..end as usize];
            format!("{}:{} {text} {}", place.file.name, place.line, place.trail.join(", "))
        })
        .collect();
    insta::assert_snapshot!(places.join("\n"), @r"
    a.pkt:1 0 close(1) = 0 
    x.inc:2 +0 close(FD) = 0 included from a.pkt:2
    x.inc:4 +0 close(8) = 0 included from a.pkt:2
    a.pkt:4 +0 close(I) = 0 where I is 1, in the loop at a.pkt:3
    a.pkt:4 +0 close(I) = 0 where I is 2, in the loop at a.pkt:3
    a.pkt:6 +0 close(2) = 0 
    ");
}

#[test]
fn what_is_wrong_with_an_include_is_told() {
    let files = [
        ("self.inc", "#include \"self.inc\"\n"),
        ("a.inc", "#include \"b.inc\"\n"),
        ("b.inc", "+0 close(3) = 0\n#include \"a.inc\"\n"),
        ("wrong.inc", "// fine\n+0 > S. 0;0(0)\n"),
        ("outer.inc", "\n#include \"wrong.inc\"\n"),
        ("plain.inc", "+0 close(3) = 0\n"),
        ("directive.inc", "//@ title: x\n+0 close(3) = 0\n"),
        ("open.inc", "+0 write(3, \"abc, 3) = 3\n"),
        ("half.inc", "#ifdef X\n+0 close(3) = 0\n"),
    ];
    let all = [
        "#include\n",
        "#include x.inc\n",
        "#include \"none.inc\"\n",
        "0 close(3) = 0 #include \"plain.inc\"\n",
        "#include \"self.inc\"\n",
        "#include \"a.inc\"\n",
        "\n#include \"outer.inc\"\n",
        "#include \"plain.inc\" PORT=8080\n",
        "#include \"plain.inc\" PORT\n",
        "#include \"plain.inc\" win=1\n",
        "#include \"plain.inc\" PORT=1 PORT=2\n",
        "#include \"{STATE}.inc\"\n",
        "//@ case: STATE=plain\n#include \"{STATES}.inc\"\n",
        "#include \"directive.inc\"\n",
        "#include \"open.inc\"\n+0 write(3, \"a\", 1) = 1\n",
        "#include \"half.inc\"\n",
        "#includes \"plain.inc\"\n#for I in 1..1\n#end\n",
    ];
    insta::assert_snapshot!(all.map(|text| said(text, &files)).join("\n"));
}

#[test]
fn what_is_wrong_with_a_loop_is_told() {
    let all = [
        "#for\n#end\n",
        "#for I\n#end\n",
        "#for I of 1..2\n#end\n",
        "#for I in\n#end\n",
        "#for I in x\n#end\n",
        "#for I in 3..1\n#end\n",
        "#for S in 1..2\n#end\n",
        "#for I in 1..2\n+0 close(I) = 0\n",
        "#for I in 1..2\n#ifdef X\n#end\n#endif\n",
        "#for I in 1..3\n+0 close(I) = 0\n+0 > S. 0;0(0)\n#end\n",
        "#for I in 1..3\n#for J in 1..3\n+0 > S. I;J(0)\n#end\n#end\n",
        "#for I in 1..100\n#for J in 1..10000\n+0 close(3) = 0 // a line that is long enough to fill it early\n#end\n#end\n",
        "#for I in 1..10000\n#for J in 1..10000\n#end\n#end\n",
        "0 close(3) = 0\n#end\n",
    ];
    insta::assert_snapshot!(all.map(|text| said(text, &[])).join("\n"));
}

#[test]
fn what_is_wrong_with_a_case_is_told() {
    let all = [
        "//@ case: TTL=64\n0 close(3) = 0\n",
        "//@ case: TTL\n//@ case: TTL\n0 close(3) = 0\n",
        "//@ case: TTL=1 TTL=2\n0 close(3) = 0\n",
        "//@ case: TTL={1,\n0 close(3) = 0\n",
        "//@ case: A-1 A-2\n0 close(3) = 0\n",
        "//@ case: TTL={1,2} // both\n//@ case: TTL=2\n0 < [ttl TTL] . 1:1(0) win 1\n",
        "//@ case: ttl=1\n0 close(3) = 0\n",
    ];
    insta::assert_snapshot!(all.map(|text| said(text, &[])).join("\n"));
}
