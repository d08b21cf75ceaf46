//! Code blocks run by a real interpreter, where there is one.

use super::*;
use crate::engine::{Blame, FailureKind};
use crate::target::IpVersion;

/// Offset of `tcpi_snd_cwnd` in TCP_INFO.
const CWND: usize = 80;

fn collector() -> CodeCollector {
    CodeCollector::new(&Settings::new(IpVersion::Ipv4))
}

fn tcp_info(ca_state: u8, cwnd: u32) -> Vec<Result<Vec<u8>, Errno>> {
    let mut info = vec![0; 280];
    info[0] = 1;
    info[1] = ca_state;
    info[CWND..CWND + 4].copy_from_slice(&cwnd.to_ne_bytes());
    vec![Ok(info), Ok(Vec::new()), Err(Errno(92))]
}

fn python_is_here(test: &str) -> bool {
    let here = std::process::Command::new("python3").arg("-V").output().is_ok_and(|output| output.status.success());
    if !here {
        eprintln!("{test}: not run, there is no python3");
    }
    here
}

/// Runs blocks that all see a window of 10 in state Open, the first on line 20, each ten lines below the one before.
fn run(blocks: &[&str]) -> Result<(), CodeFailure> {
    let mut collector = collector();
    for (block, line) in blocks.iter().zip((20..).step_by(10)) {
        collector.add(Span { start: line, end: line + 1 }, line, block, &tcp_info(0, 10))?;
    }
    collector.finish()
}

/// Line, blame and message of a failure.
fn shown(failure: &CodeFailure) -> String {
    format!("{}: {:?}: {}", failure.line, failure.blame, failure.message)
}

#[test]
fn nothing_is_run_for_no_code() {
    let mut settings = Settings::new(IpVersion::Ipv4);
    settings.code_command = "/nonexistent/python".into();
    assert_eq!(CodeCollector::new(&settings).finish(), Ok(()));
}

#[test]
fn a_missing_interpreter_is_the_environments_fault() {
    for command in ["/nonexistent/python", "/nonexistent/python -x \"$PATH\""] {
        let mut settings = Settings::new(IpVersion::Ipv4);
        settings.code_command = command.into();
        let mut collector = CodeCollector::new(&settings);
        collector.add(Span::default(), 1, "assert True", &tcp_info(0, 10)).expect("TCP_INFO is reported");
        let failure = collector.finish().expect_err("there is no such interpreter");
        assert_eq!((failure.blame, failure.kind), (Blame::Environment, FailureKind::Environment), "{failure:?}");
    }
}

#[test]
fn what_the_socket_must_report() {
    let missing = [Err(Errno(95)), Ok(vec![]), Ok(vec![0; 36])];
    let failure = collector().add(Span::default(), 7, "", &missing).expect_err("TCP_INFO is not reported");
    insta::assert_snapshot!(shown(&failure), @"7: Script: the socket does not report TCP_INFO to code blocks: EOPNOTSUPP (Operation not supported on transport endpoint)");
    let mut settings = Settings::new(IpVersion::Ipv4);
    settings.code_sockopt = "SO_MEMINFO".into();
    assert_eq!(CodeCollector::new(&settings).add(Span::default(), 7, "", &missing), Ok(()));
    settings.code_sockopt = "TCP_MAGIC".into();
    let failure = CodeCollector::new(&settings).add(Span::default(), 7, "", &missing).expect_err("no such option");
    insta::assert_snapshot!(shown(&failure), @"7: Script: code blocks cannot see `TCP_MAGIC`; code_sockopt is TCP_INFO, TCP_CC_INFO or SO_MEMINFO");
}

#[test]
fn code_that_holds() {
    if !python_is_here("code_that_holds") {
        return;
    }
    let blocks = [
        " assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd ",
        "\nassert tcpi_ca_state == TCP_CA_Open, tcpi_ca_state\nseen = tcpi_snd_cwnd  # kept for later\n",
        "\n\tdef twice(x):\n\t\treturn 2 * x\n\tassert twice(seen) == 20\n",
        "assert 'é\\n\"' != \"\\x00\"\n    assert tcpi_state == TCP_ESTABLISHED",
        "assert tcpi_snd_cwnd == 10;\\\n  assert tcpi_state == 1;\\\n",
        "assert True;\\",
        "import json, site; assert json.loads('[1]') == [1]; assert quit",
        "print(tcpi_snd_cwnd); sys.exit(0)",
        "assert False, 'never reached'",
    ];
    assert_eq!(run(&blocks), Ok(()));
}

#[test]
fn values_are_those_of_the_blocks_own_time() {
    if !python_is_here("values_are_those_of_the_blocks_own_time") {
        return;
    }
    let mut collector = collector();
    for (cwnd, text) in [(10, "assert tcpi_snd_cwnd == 10"), (20, "assert tcpi_snd_cwnd == 20")] {
        collector.add(Span::default(), 1, text, &tcp_info(0, cwnd)).expect("TCP_INFO is reported");
    }
    assert_eq!(collector.finish(), Ok(()));
}

#[test]
fn a_failed_assertion_tells_its_line_and_values() {
    if !python_is_here("a_failed_assertion_tells_its_line_and_values") {
        return;
    }
    let failures: Vec<String> = [
        &["assert tcpi_snd_cwnd == 20, tcpi_snd_cwnd"][..],
        &[
            "assert True",
            "\n# of two\nassert tcpi_snd_cwnd > 5\nassert tcpi_snd_cwnd == 20, 'cwnd=%d' % tcpi_snd_cwnd\n",
        ],
        &["assert tcpi_ca_state == TCP_CA_Recovery, tcpi_ca_state"],
        &["assert (tcpi_snd_cwnd == 10 and\n  tcpi_ca_state == TCP_CA_Loss)"],
        &["least = 11", "assert least <= tcpi_snd_cwnd <= 2 * least"],
        &["def check(want):\n  assert tcpi_snd_cwnd == want", "check(10)", "check(12)"],
        &["assert not tcpi_snd_cwnd"],
        &["raise AssertionError('by hand')"],
        &["sys.exit(3)"],
        &["\n\n  assert tcpi_snd_cwnd == 1\n"],
    ]
    .iter()
    .map(|blocks| shown(&run(blocks).expect_err("the assertion does not hold")))
    .collect();
    insta::assert_snapshot!(failures.join("\n"), @r"
    20: Target: assertion `tcpi_snd_cwnd == 20` failed: tcpi_snd_cwnd is 10
    33: Target: assertion `tcpi_snd_cwnd == 20` failed: tcpi_snd_cwnd is 10 (cwnd=10)
    20: Target: assertion `tcpi_ca_state == TCP_CA_Recovery` failed: tcpi_ca_state is 0 (TCP_CA_Open)
    21: Target: assertion `tcpi_snd_cwnd == 10 and tcpi_ca_state == TCP_CA_Loss` failed: tcpi_ca_state is 0 (TCP_CA_Open)
    30: Target: assertion `least <= tcpi_snd_cwnd <= 2 * least` failed: least is 11, tcpi_snd_cwnd is 10
    21: Target: assertion `tcpi_snd_cwnd == want` failed: tcpi_snd_cwnd is 10, want is 12
    20: Target: assertion `not tcpi_snd_cwnd` failed: tcpi_snd_cwnd is 10
    20: Target: an assertion failed: by hand
    20: Target: the code ended with status 3
    22: Target: assertion `tcpi_snd_cwnd == 1` failed: tcpi_snd_cwnd is 10
    ");
    let failure = run(&["assert tcpi_ca_state == TCP_CA_Loss"]).expect_err("the assertion does not hold");
    insta::assert_debug_snapshot!(failure, @r#"
    CodeFailure {
        blame: Target,
        kind: Assertion,
        span: Some(
            Span {
                start: 20,
                end: 21,
            },
        ),
        line: 20,
        message: "assertion `tcpi_ca_state == TCP_CA_Loss` failed: tcpi_ca_state is 0 (TCP_CA_Open)",
        expected: Some(
            "tcpi_ca_state == TCP_CA_Loss",
        ),
        actual: Some(
            "tcpi_ca_state = 0 (TCP_CA_Open)",
        ),
        differences: [
            Difference {
                field: "tcpi_ca_state",
                expected: "TCP_CA_Loss (4)",
                actual: "0 (TCP_CA_Open)",
            },
        ],
    }
    "#);
}

#[test]
fn wrong_code_is_the_scripts_fault() {
    if !python_is_here("wrong_code_is_the_scripts_fault") {
        return;
    }
    let failures: Vec<String> = [
        &["assert True", "\nassert tcpi_snd_cwnd ==\n"][..],
        &["if True:\n  pass\n x = 1"],
        &["\nassert tcpi_no_such == 1"],
        &["x = 1\ny = x / 0"],
        &["assert input()"],
    ]
    .iter()
    .map(|blocks| shown(&run(blocks).expect_err("the code is wrong")))
    .collect();
    insta::assert_snapshot!(failures.join("\n"), @r"
    31: Script: the code is not Python: invalid syntax
    22: Script: the code is not Python: unindent does not match any outer indentation level
    21: Script: the code raised NameError: name 'tcpi_no_such' is not defined
    21: Script: the code raised ZeroDivisionError: division by zero
    20: Script: the code raised EOFError: EOF when reading a line
    ");
}

#[test]
fn a_field_that_the_kernel_lacks_is_the_environments_fault() {
    if !python_is_here("a_field_that_the_kernel_lacks_is_the_environments_fault") {
        return;
    }
    let mut collector = collector();
    let short = [Ok(vec![0; 104]), Ok(vec![]), Ok(vec![0; 36])];
    collector.add(Span::default(), 3, "assert tcpi_bytes_acked == 1", &short).expect("TCP_INFO is reported");
    insta::assert_snapshot!(shown(&collector.finish().expect_err("the name is unknown")), @"3: Environment: the socket does not report `tcpi_bytes_acked`, which this code needs");
}

#[test]
fn an_interpreter_that_dies_or_floods_still_gives_a_failure() {
    if !python_is_here("an_interpreter_that_dies_or_floods_still_gives_a_failure") {
        return;
    }
    let died = run(&["import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]).expect_err("it is killed");
    insta::assert_snapshot!(shown(&died), @"0: Environment: `python3` was killed by signal 11 while running code blocks");
    let left = run(&["import os; os.write(2, b'some words\\n'); os._exit(4)"]).expect_err("it exits");
    insta::assert_snapshot!(shown(&left), @"0: Target: `python3` exited with status 4 while running code blocks: some words");
    let flood = run(&["while True: sys.stdout.write('x' * 1000000); sys.stdout.flush()"]).expect_err("it is stopped");
    assert!(flood.message.contains("File too large"), "{}", flood.message);
}

#[test]
fn a_command_for_a_shell() {
    if !python_is_here("a_command_for_a_shell") {
        return;
    }
    let mut settings = Settings::new(IpVersion::Ipv4);
    settings.code_command = "FLAVOUR=sour python3 -B".into();
    let mut collector = CodeCollector::new(&settings);
    let text = "import os\nassert os.environ['FLAVOUR'] == 'sweet'";
    collector.add(Span::default(), 3, text, &tcp_info(0, 1)).expect("TCP_INFO is reported");
    insta::assert_snapshot!(shown(&collector.finish().expect_err("the flavour is another")), @"4: Target: assertion `os.environ['FLAVOUR'] == 'sweet'` failed: os.environ['FLAVOUR'] is 'sour'");
}
