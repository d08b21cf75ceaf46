//! How long parsing takes, before a script runs: at 20,000 scripts a second it may take a few microseconds.

use rfcheck::script::{Definition, Definitions, format, parse, print};

fn main() {
    divan::main();
}

/// A connection accepted, written to, read from and closed: 20 events.
const TWENTY_EVENTS: &str = "\
//@ requirement: 9293-MUST-10
--tolerance_usecs=10000

    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>
   +0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 8>
  +.1 < . 1:1(0) ack 1 win 257
   +0 accept(3, ..., ...) = 4
   +0 write(4, ..., 2000) = 2000
   +0 > . 1:1001(1000) ack 1
   +0 > P. 1001:2001(1000) ack 1
  +.1 < . 1:1(0) ack 1001 win 257 <nop,nop,sack 1501:2001>
   +0 < . 1:1(0) ack 2001 win 257
   +0 < P. 1:513(512) ack 2001 win 257 <nop,nop,TS val 100 ecr 200>
   +0 > . 2001:2001(0) ack 513
   +0 read(4, ..., 1024) = 512
   +0 close(4) = 0
   +0 > F. 2001:2001(0) ack 513
  +.1 < F. 513:513(0) ack 2002 win 257
   +0 > . 2002:2002(0) ack 514
";

#[divan::bench]
fn parse_20_events(bencher: divan::Bencher<'_, '_>) {
    let definitions = Definitions::default();
    bencher.bench(|| parse(divan::black_box(TWENTY_EVENTS), &definitions));
}

#[divan::bench]
fn parse_20_events_with_definitions(bencher: divan::Bencher<'_, '_>) {
    let mut definitions = Definitions::default();
    for name in ["TFO_COOKIE", "CODE", "CMSG_LEVEL_IP", "CMSG_TYPE_RECVERR"] {
        definitions.insert(name, Definition::Word("SOL_IP".to_owned()));
    }
    bencher.bench(|| parse(divan::black_box(TWENTY_EVENTS), &definitions));
}

#[divan::bench]
fn print_20_events(bencher: divan::Bencher<'_, '_>) {
    let script = parse(TWENTY_EVENTS, &Definitions::default()).expect("the script is well-formed");
    bencher.bench(|| print(divan::black_box(&script)));
}

#[divan::bench]
fn format_20_events(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| format(divan::black_box(TWENTY_EVENTS)));
}
