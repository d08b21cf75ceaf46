//! What is said of scripts that are wrong: the place, what was found, what was expected, and what to do.

use rfcheck::script::{Definition, Definitions, parse, parse_with_warnings, render};

/// All that is said of a script.
fn said(text: &str) -> String {
    let mut definitions = Definitions::default();
    definitions.insert("COOKIE", Definition::Word("3021b9d889017eeb".to_owned()));
    match parse(text, &definitions) {
        Ok(_) => panic!("this is well-formed:\n{text}"),
        Err(diagnostics) => diagnostics.iter().map(|diagnostic| render(diagnostic, "a.pkt", text)).collect(),
    }
}

/// What is said of each script, one after the other.
fn said_of_all(scripts: &[&str]) -> String {
    scripts.iter().map(|text| said(text)).collect::<Vec<_>>().join("\n")
}

#[test]
fn events() {
    insta::assert_snapshot!(said_of_all(&[
        "",
        "close(3) = 0\n",
        "-1 close(3) = 0\n",
        "99999999999999999999 close(3) = 0\n",
        "+0~0.5 > . 1:1(0)\n",
        "+0.5~+0.1 > . 1:1(0)\n",
        "* < . 1:1(0) win 1\n",
        "+0~+1 close(3) = 0\n",
        "+0 silence\n",
        "+1...0.5 silence\n",
        "+0\n",
        "+0 > . 1:1(0) akc 1\n",
        "+0 close(3) = 0\n--mtu=1500\n",
        "+0 close(3) = 0\n`first`\n`second`\n",
        "+0 close(3) = 0\n`clean up`\n+0 close(4) = 0\n",
        "+0 %{ assert True\n",
        "+0 `echo\n",
        "+0 write(3, \"abc, 3) = 3\n",
        "/* never\n+0 close(3) = 0\n",
    ]));
}

#[test]
fn packets() {
    insta::assert_snapshot!(said_of_all(&[
        "0 > S. 0;0(0)\n",
        "0 > SX 0:0(0)\n",
        "0 > SE.5 0:0(0)\n",
        "0 > 0:0(0)\n",
        "0 > . 1:2(3)\n",
        "0 > . 1:70000(69999)\n",
        "0 > . 4294967296:4294967296(0)\n",
        "0 < . 1:1(0) ack 1\n",
        "0 < . 1:1(0) ack 1 win 65536\n",
        "0 < . 1:1(0) win 1 <...>\n",
        "0 < . ...(0) win 1\n",
        "0 < [ect01] . 1:1(0) win 1\n",
        "0 > (ect0, ce) . 1:1(0)\n",
        "0 > (etc0) . 1:1(0)\n",
        "0 > (tos 256) . 1:1(0)\n",
        "0 > (dscp af14) . 1:1(0)\n",
        "0 <? . 1:1(0) win 1\n",
        "0 < . 1:1(0) win 1 or > . 1:1(0)\n",
        "0 > . 1:1(0) or silense\n",
        "0 > . 1:1(0) or silence or silence\n",
        "0 < stream 1:2(1)\n",
        "0 >? stream 1:2(1)\n",
        "0 > . 1:1(0) or > stream 1:2(1)\n",
        "0 > udp\n",
        "0 > udp (65535)\n",
        "0 > sctp: INIT\n",
        "0 > udplite(1, 2)\n",
        "0 < encap psp spi 7 . 1:1(0) win 1\n",
        "0 > ipv4 1.2.3.4 > 1.2.3.400: . 1:1(0)\n",
        "0 > gre gre: . 1:1(0)\n",
        "0 > mpls (label 1048576, tc 0, ttl 1): . 1:1(0)\n",
        "0 > gre:gre:gre:gre:gre: . 1:1(0)\n",
        "0 < icmp unreachible [1:1(0)]\n",
        "0 < icmp unreachable host_unreachble [1:1(0)]\n",
        "0 < icmp echo_request mtu 5\n",
        "0 < icmp echo_reply [raw (7)]\n",
        "0 < icmp unreachable [upd (7)]\n",
    ]));
}

#[test]
fn tcp_options() {
    insta::assert_snapshot!(said_of_all(&[
        "0 > S 0:0(0) <mss 1460,sackok,nop,nop>\n",
        "0 > S 0:0(0) <mss 1460,nop>\n",
        "0 > S 0:0(0) <mss 65536>\n",
        "0 > S 0:0(0) <mss 1460\n",
        "0 > S 0:0(0) <..., mss 1460>\n",
        "0 > S 0:0(0) <TS val 1>\n",
        "0 > S 0:0(0) <FO 123>\n",
        "0 > S 0:0(0) <FO COOKY>\n",
        "0 > S 0:0(0) <FO 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef>\n",
        "0 > S 0:0(0) <sack 1:2 2:3 3:4 4:5 5:6>\n",
        "0 > S 0:0(0) <gen-256 00>\n",
        "0 > S 0:0(0) <exp-xyz 00>\n",
        "0 > S 0:0(0) <ECN e1c 1>\n",
        "0 < S 0:0(0) win 1 <mss ...>\n",
        "0 < S 0:0(0) win 1 <mss 1460,...>\n",
        "0 > S 0:0(0) <>\n",
    ]));
}

#[test]
fn extensions() {
    insta::assert_snapshot!(said_of_all(&[
        "0 > P. 1:11(10) data \"hello\"\n",
        "0 > P. 1:6(5) data hello\n",
        "0 > P. 1:2(1) data 0x123\n",
        "0 > P. 1:2(1) data \"\\q\"\n",
        "0 < . 1:1(0) win 1 with tcp.chekcsum=0\n",
        "0 < . 1:1(0) win 1 with tcp.nothing_like_it=0\n",
        "0 < . 1:1(0) win 1 with tcp.data_offset=16\n",
        "0 < . 1:1(0) win 1 with tcp.data_offset=1, tcp.data_offset=2\n",
        "0 < . 1:1(0) win 1 with udp.length=1\n",
        "0 < . 1:1(0) win 1 with ip.source=::1\n",
        "0 < . 1:1(0) win 1 with ip.options=12\n",
        "0 < . 1:1(0) win 1 fragment 8:8\n",
        "0 < . 1:1(0) win 1 fragment 4:8\n",
    ]));
}

#[test]
fn calls() {
    insta::assert_snapshot!(said_of_all(&[
        "0 close(3)\n",
        "0 close 3 = 0\n",
        "0 close(3 = 0\n",
        "0 close(3,) = 0\n",
        "0 close(3) =\n",
        "0 close(3) = -1 EBADF (Bad file\n",
        "0 write(3, \"\\xg0\", 1) = 1\n",
        "0 poll([{fd=3, evnts=POLLIN}], 1, 0) = 0\n",
        "0 poll([{fd=3, events=POLLIN}, 1, 0) = 0\n",
        "0 bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"::1\")}, ...) = 0\n",
        "0 bind(3, {sa_family=AF_UNIX, sin_port=htons(80), sin_addr=inet_addr(\"1.2.3.4\")}, ...) = 0\n",
        "0 bind(3, {sa_family=AF_INET, sin_port=80, sin_addr=inet_addr(\"1.2.3.4\")}, ...) = 0\n",
        "0 setsockopt(3, a, b, 99999999999999999999, 4) = 0\n",
        "0 readv(3, [{..., N}], 1) = 0\n",
        "0 close(3) = -1 EBADF (Bad file\n+0 close(4) = 0 (x)\n",
        &format!("0 f({}1{}) = 0\n", "[".repeat(200), "]".repeat(200)),
    ]));
}

#[test]
fn options_directives_and_conditions() {
    insta::assert_snapshot!(said_of_all(&[
        "--mtu=\n0 close(3) = 0\n",
        "--define=X\n0 close(3) = 0\n",
        "--define=A-B=1\n0 close(3) = 0\n",
        "--remote_ip=\"1.2.3.4\n0 close(3) = 0\n",
        "--wire_server\n0 close(3) = 0\n",
        "--psp_udp_port=1000\n0 close(3) = 0\n",
        "//@ requirment: A-1\n0 close(3) = 0\n",
        "//@requirement A-1\n0 close(3) = 0\n",
        "//@\n0 close(3) = 0\n",
        "//@ needs:\n0 close(3) = 0\n",
        "//@ ip-version: ipv5\n0 close(3) = 0\n",
        "//@ timeout: soon\n0 close(3) = 0\n",
        "//@ title: a\n//@ title: b\n0 close(3) = 0\n",
        "0 close(3) = 0 //@ title: a\n",
        "#ifdef\n0 close(3) = 0\n",
        "#ifdef COOKIE\n0 close(3) = 0\n",
        "0 close(3) = 0\n#endif\n",
        "#ifdef COOKIE\n#ifdef X\n#endif\n0 close(3) = 0\n",
        "#if X\n0 close(3) = 0\n",
    ]));
}

#[test]
fn one_run_shows_more_than_one_error() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 connect(3, ..., ... = 0
+0 > S 0:0(1) <mss 1460>
+0 < S. 0:0(0) ack 1 win 5792 <mss 1460>
+0 > . 1:1(0) ack
+0 recvmsg(3, {msg_name(...)=...,
               msg_iov(1)=[{..., 0}],
               msg_flag=MSG_ERRQUEUE}, 0) = 0
+0 close(3) = 0
";
    insta::assert_snapshot!(said(text));
}

#[test]
fn a_definition_is_named_where_it_stands() {
    insta::assert_snapshot!(said_of_all(&["0 > S 0:0(0) <mss COOKIE>\n", "0 > COOKIE 0:0(0)\n"]));
}

#[test]
fn a_code_that_other_runs_define_is_a_warning() {
    let text = "0 < icmp unreachable CODE [1:1(0)]\n";
    let parsed = parse_with_warnings(text, &Definitions::default()).expect("the packet is only built when it is sent");
    let said: String = parsed.warnings.iter().map(|diagnostic| render(diagnostic, "a.pkt", text)).collect();
    insta::assert_snapshot!(said);
    assert!(parse("0 > icmp unreachable CODE [1:1(0)]\n", &Definitions::default()).is_err());
}

#[test]
fn captures_and_arithmetic() {
    const CAPTURED: &str = "0 < udp (0) with time as t\n";
    let with = |rest: &str| format!("{CAPTURED}{rest}");
    let all = [
        "0 > . 1:1(0) with tcp.sequence as\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence as 1a\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence as before\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence as or\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequenc as isn\n".to_owned(),
        "0 > . 1:1(0) with icmp.code as isn\n".to_owned(),
        "0 > . 1:1(0) with tcp.mss=3\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence as a, tcp.window as a\n".to_owned(),
        "0 > stream 1:2(1) with tcp.sequence as a\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence=isn+1\n".to_owned(),
        "0 assert isn > 0\n+0 > . 1:1(0) with tcp.sequence as isn\n".to_owned(),
        "0 >? . 1:1(0) with tcp.sequence as isn\n+0 assert isn > 0\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence as a or > R 1:1(0)\n+0 assert a > 0\n".to_owned(),
        "0 > . 1:1(0) with tcp.sequence as isn\n+0 assert ins > 0\n".to_owned(),
        with("+0 assert\n"),
        with("+0 assert t\n"),
        with("+0 assert t >\n+0 assert t > 0\n"),
        with("+0 assert t < 1 < 2\n"),
        with("+0 assert t <> 1\n"),
        with("+0 assert (t < 1\n"),
        with("+0 assert t + > 1\n"),
        with("+0 assert 5sec > t\n"),
        with("+0 assert befor(t, 1)\n"),
        with("+0 assert before(t)\n"),
        with("+0 assert before(t, 1) > 0\n"),
        with("+0 assert 1 > before(t, 1)\n"),
        with("+0 assert sum(t) > 0\n"),
        with("+0 assert count(1) > 0\n"),
        with("+0 assert unpredictable(t)\n"),
        with("+0 assert unpredictable(t) > 1\n"),
        with("+0 > . 1:1(0) with tcp.window=70000\n"),
        with("+0 > . 1:1(0) with tcp.window=-1\n"),
        with("+0 > . 1:1(0) with ip.source=t+1\n"),
        with("+0~+1 assert t > 1\n"),
        with(&format!("+0 assert {}t > 1\n", "(".repeat(100))),
    ];
    let all: Vec<_> = all.iter().map(|text| said(text)).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_capture_that_nothing_uses_is_dubious() {
    let text = "0 < udp (0) with time as t, length as n\n+0 > . 1:1(0) with tcp.window=n\n";
    let parsed = parse_with_warnings(text, &Definitions::default()).expect("it is well-formed");
    let said: String = parsed.warnings.iter().map(|diagnostic| render(diagnostic, "a.pkt", text)).collect();
    insta::assert_snapshot!(said);
}
