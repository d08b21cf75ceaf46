//! Whole scripts on smoltcp: parse, create the target, run, give the memory back. The README quotes the rate.

use divan::Bencher;
use divan::counter::ItemsCount;
use rfcheck::engine::{self, Scratch, Settings, Verdict};
use rfcheck::monitor::{self, Monitor, Vantage};
use rfcheck::script::{self, Definitions};
use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{IpVersion, TargetFactory};

/// Handshake, data both ways, orderly close: 22 events.
const SCRIPT: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1460>
+0 > S. 0:0(0) ack 1 <...>
+0 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
+0 < P. 1:1001(1000) ack 1 win 65535
+0~+.5 > . 1:1(0) ack 1001 <...>
+0 read(4, ..., 1000) = 1000
+0 write(4, ..., 1000) = 1000
+0 > stream 1:1001(1000) ack 1001
+0 < . 1001:1001(0) ack 1001 win 65535
+0 < P. 1001:1101(100) ack 1001 win 65535
+0~+.5 > . 1001:1001(0) ack 1101 <...>
+0 read(4, ..., 1000) = 100
+0 close(4) = 0
+0 > F. 1001:1001(0) ack 1101 <...>
+0 < . 1101:1101(0) ack 1002 win 65535
+0 < F. 1101:1101(0) ack 1002 win 65535
+0 > . 1002:1002(0) ack 1102 <...>
";

fn main() {
    divan::main();
}

/// Text in, verdict out, on one core.
#[divan::bench]
fn scripts_on_smoltcp(bencher: Bencher) {
    let factory = SmoltcpFactory::default();
    let settings = Settings::new(IpVersion::Ipv4);
    let mut scratch = Scratch::default();
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        let script = script::parse(SCRIPT, &Definitions::default()).expect("the benchmark's script parses");
        let settings = settings.for_script(&script, &[]).expect("its options apply");
        let mut target = factory.create(&settings.link).expect("smoltcp needs nothing of the machine");
        let outcome = engine::run(&script, &settings, target.as_mut(), &mut scratch);
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.failure);
        scratch.recycle(outcome.trace);
    });
}

/// The same with the monitor's judgement, as the suite runs it.
#[divan::bench]
fn monitored_scripts_on_smoltcp(bencher: Bencher) {
    let factory = SmoltcpFactory::default();
    let settings = Settings::new(IpVersion::Ipv4);
    let mut scratch = Scratch::default();
    let mut monitor = Monitor::new(Vantage::link());
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        let script = script::parse(SCRIPT, &Definitions::default()).expect("the benchmark's script parses");
        let settings = settings.for_script(&script, &[]).expect("its options apply");
        let mut target = factory.create(&settings.link).expect("smoltcp needs nothing of the machine");
        let outcome = engine::run(&script, &settings, target.as_mut(), &mut scratch);
        let violations = monitor::judge(&mut monitor, Vantage::link(), &outcome.trace, outcome.ended);
        assert!(violations.is_empty(), "{violations:?}");
        scratch.recycle(outcome.trace);
    });
}

/// The same without parsing.
#[divan::bench]
fn parsed_scripts_on_smoltcp(bencher: Bencher) {
    let factory = SmoltcpFactory::default();
    let settings = Settings::new(IpVersion::Ipv4);
    let script = script::parse(SCRIPT, &Definitions::default()).expect("the benchmark's script parses");
    let mut scratch = Scratch::default();
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        let mut target = factory.create(&settings.link).expect("smoltcp needs nothing of the machine");
        let outcome = engine::run(&script, &settings, target.as_mut(), &mut scratch);
        scratch.recycle(outcome.trace);
    });
}
