//! smoltcp behind a real TUN device, held against smoltcp on its virtual clock: the same stack, so the same octets.

use std::net::IpAddr;

use etherparse::{PacketBuilder, PacketBuilderStep};
use rfcheck::target::smoltcp::{SmoltcpFactory, SmoltcpTunFactory};
use rfcheck::target::{CallMode, Event, IpVersion, Link, SocketCall, Target, TargetFactory};
use rfcheck::time::Instant;

const SERVER: u16 = 8080;

/// The factory, or nothing where namespaces and TUN devices are not possible.
fn factory() -> Option<SmoltcpTunFactory> {
    let factory = SmoltcpTunFactory::new();
    let made = factory.and_then(|factory| factory.create(&Link::default_for(IpVersion::Ipv4)).map(|_| factory));
    made.inspect_err(|error| eprintln!("not possible here: {error}")).ok()
}

/// One thing a run consists of.
enum Step {
    /// `(flags, sequence number, acknowledgment relative to the target's ISN, payload)`.
    Segment(&'static str, u32, u32, &'static [u8]),
    Ping,
    Call(SocketCall),
    /// A call that returns later.
    Blocking(SocketCall),
    /// So many events are expected, however long they take.
    Events(usize),
    /// Nothing happens for so many microseconds.
    Silence(u64),
}

/// Runs the steps; the datagrams and results, with times rounded to tenths of a second.
fn run(target: &mut dyn Target, link: &Link, steps: Vec<Step>) -> Vec<(u64, Result<Vec<u8>, i64>)> {
    let mut trace = Vec::new();
    let mut isn = 0;
    let mut packet = Vec::new();
    for step in steps {
        match step {
            Step::Segment(flags, sequence, acknowledgment, payload) => {
                let mut builder = ip(link).tcp(40_000, SERVER, sequence, 65_535);
                for flag in flags.chars() {
                    builder = match flag {
                        'S' => builder.syn(),
                        'F' => builder.fin(),
                        _ => builder.ack(acknowledgment.wrapping_add(isn)),
                    };
                }
                let mut octets = Vec::new();
                builder.write(&mut octets, payload).expect("a vector takes all");
                target.inject(&octets).expect("the target lives");
            }
            Step::Ping => {
                let mut octets = Vec::new();
                let builder = ip(link);
                let written = match link.local {
                    IpAddr::V4(_) => builder.icmpv4_echo_request(1, 2).write(&mut octets, b"ping"),
                    IpAddr::V6(_) => builder.icmpv6_echo_request(1, 2).write(&mut octets, b"ping"),
                };
                written.expect("a vector takes all");
                target.inject(&octets).expect("the target lives");
            }
            Step::Call(call) => {
                target.call(call, CallMode::Immediate).expect("the target lives");
                let event = target.wait(target.now(), &mut packet).expect("the target lives");
                let Event::Returned(returned) = event else { panic!("the call should return, not {event:?}") };
                trace.push((0, Err(returned.result.unwrap_or_else(|error| -i64::from(error.0)))));
            }
            Step::Blocking(call) => {
                target.call(call, CallMode::Blocking).expect("the target lives");
            }
            Step::Events(count) => {
                for _ in 0..count {
                    let deadline = Instant::from_micros(target.now().micros() + 5_000_000);
                    match target.wait(deadline, &mut packet).expect("the target lives") {
                        Event::Packet(at) => {
                            if isn == 0 && link.local.is_ipv4() {
                                isn = u32::from_be_bytes(packet[24..28].try_into().expect("a TCP header"));
                            } else if isn == 0 {
                                isn = u32::from_be_bytes(packet[44..48].try_into().expect("a TCP header"));
                            }
                            trace.push((tenths(at), Ok(packet.clone())));
                        }
                        Event::Returned(returned) => {
                            let result = returned.result.unwrap_or_else(|error| -i64::from(error.0));
                            trace.push((tenths(returned.at), Err(result)));
                        }
                        Event::Deadline => panic!("{} events came, {count} should", trace.len()),
                    }
                }
            }
            Step::Silence(micros) => {
                let deadline = Instant::from_micros(target.now().micros() + micros);
                let event = target.wait(deadline, &mut packet).expect("the target lives");
                assert!(matches!(event, Event::Deadline), "{event:?}");
                assert!(target.now() >= deadline);
            }
        }
    }
    trace
}

fn tenths(at: Instant) -> u64 {
    (at.micros() + 50_000) / 100_000
}

fn ip(link: &Link) -> PacketBuilderStep<etherparse::IpHeaders> {
    match (link.remote, link.local) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
        (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 64),
        _ => panic!("a link has one address family"),
    }
}

/// Handshake, a ping, an echo, a retransmission, a blocking read, close by both sides.
fn conversation(link: &Link) -> Vec<Step> {
    use Step::*;
    let domain = if link.local.is_ipv6() { 10 } else { 2 };
    vec![
        Call(SocketCall::Socket { domain, kind: 1, protocol: 0 }),
        Call(SocketCall::Bind { fd: 3, address: (link.local, SERVER).into() }),
        Call(SocketCall::Listen { fd: 3, backlog: 1 }),
        Blocking(SocketCall::Accept { fd: 3 }),
        Segment("S", 0, 0, &[]),
        Events(1),
        Segment(".", 1, 1, &[]),
        Events(1),
        Ping,
        Events(1),
        Segment(".", 1, 1, b"hello"),
        // The acknowledgment, delayed by 10 ms.
        Events(1),
        Call(SocketCall::Read { fd: 4, length: 10, null: false }),
        Call(SocketCall::Write { fd: 4, data: b"HELLO".to_vec(), null: false }),
        // The data, and again after a second.
        Events(2),
        Segment(".", 6, 6, &[]),
        Blocking(SocketCall::Read { fd: 4, length: 10, null: false }),
        Silence(20_000),
        Segment("F.", 6, 6, &[]),
        // The acknowledgment, and read's 0.
        Events(2),
        Call(SocketCall::Close { fd: 4 }),
        Events(1),
        Segment(".", 7, 7, &[]),
        Silence(20_000),
    ]
}

#[test]
fn the_tun_path_and_the_virtual_path_give_the_same_octets() {
    let Some(factory) = factory() else { return };
    for ip_version in [IpVersion::Ipv4, IpVersion::Ipv6] {
        let link = Link::default_for(ip_version);
        let mut behind_tun = factory.create(&link).expect("it was possible before");
        let mut embedded = SmoltcpFactory::new().create(&link).expect("smoltcp runs on this link");
        let real = run(&mut *behind_tun, &link, conversation(&link));
        let virtual_ = run(&mut *embedded, &link, conversation(&link));
        assert_eq!(real, virtual_);
        assert_eq!(real.len(), 15);
    }
}

#[test]
fn many_runs_leave_nothing_behind() {
    let Some(factory) = factory() else { return };
    let link = Link::default_for(IpVersion::Ipv4);
    let descriptors = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = descriptors();
    for _ in 0..50 {
        let mut target = factory.create(&link).expect("it was possible before");
        let trace = run(&mut *target, &link, vec![Step::Ping, Step::Events(1)]);
        assert_eq!(trace.len(), 1);
    }
    // Other tests of this process open descriptors too, but not fifty.
    assert!(descriptors() < before + 25);
}
