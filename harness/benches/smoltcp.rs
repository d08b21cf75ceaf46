//! What the smoltcp target costs: a run of handshake, 1 KiB echo and close through the Target trait, beside the same
//! segments on smoltcp alone.

use std::hint::black_box;

use divan::{Bencher, counter::ItemsCount};
use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};
use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{CallMode, CallOutput, Event, IpVersion, Link, SocketCall, Target, TargetFactory};
use rfcheck::time::Instant;
use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::wire::{HardwareAddress, IpCidr};

const SERVER: u16 = 8080;
const PAYLOAD: usize = 1_024;

fn main() {
    divan::main();
}

/// A target on a fresh link, and nothing more.
#[divan::bench]
fn create(bencher: Bencher) {
    let (factory, link) = (SmoltcpFactory::new(), Link::default_for(IpVersion::Ipv4));
    bencher.bench_local(|| factory.create(&link).is_ok());
}

/// A fresh target, and on it handshake, echo of 1 KiB, and close by both sides.
#[divan::bench]
fn run_through_the_trait(bencher: Bencher) {
    let (factory, link) = (SmoltcpFactory::new(), Link::default_for(IpVersion::Ipv4));
    let segments = Segments::of(target_isn(&link), &link);
    let mut packet = Vec::new();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let mut target = factory.create(&link).expect("smoltcp runs on this link");
        run(&mut *target, &segments, &link, &mut packet)
    });
}

/// The same segments on an interface and a socket of smoltcp, both fresh, with the same buffers each time.
#[divan::bench]
fn run_on_smoltcp_alone(bencher: Bencher) {
    let link = Link::default_for(IpVersion::Ipv4);
    let mut wire = Wire { arriving: None, sent: Vec::with_capacity(2_048) };
    let (mut receive, mut send) = (vec![0; 65_535], vec![0; 65_535]);
    // The initial sequence number follows from the seed alone, so one run tells it for all.
    let isn = alone(&link, &mut wire, &mut receive, &mut send, None);
    let segments = Segments::of(isn, &link);
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench_local(|| alone(&link, &mut wire, &mut receive, &mut send, Some(&segments)));
}

/// A ping on the virtual clock.
#[divan::bench]
fn ping_embedded(bencher: Bencher) {
    ping(bencher, &SmoltcpFactory::new());
}

/// A ping through a TUN device and two threads.
#[cfg(target_os = "linux")]
#[divan::bench]
fn ping_behind_tun(bencher: Bencher) {
    match rfcheck::target::smoltcp::SmoltcpTunFactory::new() {
        Ok(factory) => ping(bencher, &factory),
        Err(error) => eprintln!("not possible here: {error}"),
    }
}

fn ping(bencher: Bencher, factory: &dyn TargetFactory) {
    let link = Link::default_for(IpVersion::Ipv4);
    let (std::net::IpAddr::V4(from), std::net::IpAddr::V4(to)) = (link.remote, link.local) else {
        panic!("the benchmark's link is IPv4")
    };
    let mut target = match factory.create(&link) {
        Ok(target) => target,
        Err(error) => return eprintln!("not possible here: {error}"),
    };
    let (mut request, mut reply) = (Vec::new(), Vec::new());
    let builder = PacketBuilder::ipv4(from.octets(), to.octets(), 64).icmpv4_echo_request(1, 1);
    builder.write(&mut request, &[0; 56]).expect("a vector takes all");
    bencher.bench_local(|| {
        target.inject(&request).expect("the target lives");
        let deadline = Instant::from_micros(target.now().micros() + 1_000_000);
        assert!(matches!(target.wait(deadline, &mut reply), Ok(Event::Packet(_))));
    });
}

/// What the tester sends.
struct Segments {
    syn: Vec<u8>,
    ack: Vec<u8>,
    data: Vec<u8>,
    ack_of_echo_and_fin: Vec<u8>,
    ack_of_fin: Vec<u8>,
}

impl Segments {
    fn of(isn: u32, link: &Link) -> Segments {
        let (std::net::IpAddr::V4(from), std::net::IpAddr::V4(to)) = (link.remote, link.local) else {
            panic!("the benchmark's link is IPv4")
        };
        let segment = |seq: u32, ack: Option<u32>, fin: bool, payload: &[u8]| {
            let mut builder = PacketBuilder::ipv4(from.octets(), to.octets(), 64).tcp(40_000, SERVER, seq, 65_535);
            builder = match ack {
                Some(ack) => builder.ack(isn.wrapping_add(ack)),
                None => builder.syn(),
            };
            if fin {
                builder = builder.fin();
            }
            let mut octets = Vec::new();
            builder.write(&mut octets, payload).expect("a vector takes all");
            octets
        };
        let length = PAYLOAD as u32;
        Segments {
            syn: segment(0, None, false, &[]),
            ack: segment(1, Some(1), false, &[]),
            data: segment(1, Some(1), false, &[7; PAYLOAD]),
            ack_of_echo_and_fin: segment(1 + length, Some(1 + length), true, &[]),
            ack_of_fin: segment(2 + length, Some(2 + length), false, &[]),
        }
    }
}

fn target_isn(link: &Link) -> u32 {
    let mut target = SmoltcpFactory::new().create(link).expect("smoltcp runs on this link");
    let mut packet = Vec::new();
    listen(&mut *target, link, &mut packet);
    target.inject(&Segments::of(0, link).syn).expect("the target lives");
    expect_packet(&mut *target, &mut packet);
    isn(&packet)
}

fn isn(packet: &[u8]) -> u32 {
    match SlicedPacket::from_ip(packet).expect("well-formed").transport {
        Some(TransportSlice::Tcp(tcp)) => tcp.sequence_number(),
        _ => panic!("the answer to SYN is a segment"),
    }
}

fn run(target: &mut dyn Target, segments: &Segments, link: &Link, packet: &mut Vec<u8>) -> usize {
    let listener = listen(target, link, packet);
    target.inject(&segments.syn).expect("the target lives");
    expect_packet(target, packet);
    target.inject(&segments.ack).expect("the target lives");
    let (fd, _) = call(target, SocketCall::Accept { fd: listener }, packet);
    let fd = fd as i32;
    target.inject(&segments.data).expect("the target lives");
    let (_, output) = call(target, SocketCall::Read { fd, length: 4_096, null: false }, packet);
    let CallOutput::Data(data) = output else { panic!("read gives data") };
    assert_eq!(data.len(), PAYLOAD);
    call(target, SocketCall::Write { fd, data, null: false }, packet);
    expect_packet(target, packet);
    target.inject(&segments.ack_of_echo_and_fin).expect("the target lives");
    expect_packet(target, packet);
    call(target, SocketCall::Close { fd }, packet);
    expect_packet(target, packet);
    target.inject(&segments.ack_of_fin).expect("the target lives");
    assert!(matches!(target.wait(Instant::from_micros(1_000_000), packet), Ok(Event::Deadline)));
    packet.len()
}

fn listen(target: &mut dyn Target, link: &Link, packet: &mut Vec<u8>) -> i32 {
    let (fd, _) = call(target, SocketCall::Socket { domain: 2, kind: 1, protocol: 0 }, packet);
    let fd = fd as i32;
    call(target, SocketCall::Bind { fd, address: (link.local, SERVER).into() }, packet);
    call(target, SocketCall::Listen { fd, backlog: 1 }, packet);
    fd
}

fn call(target: &mut dyn Target, call: SocketCall, packet: &mut Vec<u8>) -> (i64, CallOutput) {
    target.call(call, CallMode::Immediate).expect("the target lives");
    match target.wait(target.now(), packet) {
        Ok(Event::Returned(returned)) => (returned.result.expect("the call succeeds"), returned.output),
        other => panic!("the call should return, not {other:?}"),
    }
}

fn expect_packet(target: &mut dyn Target, packet: &mut Vec<u8>) {
    let event = target.wait(target.now(), packet);
    assert!(matches!(event, Ok(Event::Packet(_))), "{event:?}");
}

/// One run without rfcheck; the target's ISN. Without segments it ends after the SYN.
fn alone(link: &Link, wire: &mut Wire, receive: &mut [u8], send: &mut [u8], segments: Option<&Segments>) -> u32 {
    let now = smoltcp::time::Instant::ZERO;
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = 1;
    let mut interface = Interface::new(config, wire, now);
    interface.update_ip_addrs(|addresses| {
        addresses.push(IpCidr::new(link.local.into(), link.prefix)).expect("there is room for one address");
    });
    let mut storage = [SocketStorage::EMPTY];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let handle = sockets.add(tcp::Socket::new(tcp::SocketBuffer::new(receive), tcp::SocketBuffer::new(send)));
    sockets.get_mut::<tcp::Socket<'_>>(handle).listen(SERVER).expect("a new socket can listen");
    let mut poll = |wire: &mut Wire, sockets: &mut SocketSet<'_>, segment: &[u8]| {
        wire.arriving = (!segment.is_empty()).then(|| segment.to_vec());
        interface.poll(now, wire, sockets);
    };
    let Some(segments) = segments else {
        poll(wire, &mut sockets, &Segments::of(0, link).syn);
        return isn(&wire.sent);
    };
    poll(wire, &mut sockets, &segments.syn);
    poll(wire, &mut sockets, &segments.ack);
    poll(wire, &mut sockets, &segments.data);
    let socket = sockets.get_mut::<tcp::Socket<'_>>(handle);
    let mut data = vec![0; PAYLOAD];
    let length = socket.recv_slice(&mut data).expect("data is there");
    assert_eq!(length, PAYLOAD);
    socket.send_slice(&data).expect("there is room");
    poll(wire, &mut sockets, &[]);
    poll(wire, &mut sockets, &segments.ack_of_echo_and_fin);
    sockets.get_mut::<tcp::Socket<'_>>(handle).close();
    poll(wire, &mut sockets, &[]);
    poll(wire, &mut sockets, &segments.ack_of_fin);
    assert!(!sockets.get::<tcp::Socket<'_>>(handle).is_open());
    black_box(wire.sent.len() as u32)
}

/// The smallest device there can be.
struct Wire {
    arriving: Option<Vec<u8>>,
    sent: Vec<u8>,
}

struct Arriving(Vec<u8>);
struct Sending<'a>(&'a mut Vec<u8>);

impl Device for Wire {
    type RxToken<'a> = Arriving;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Arriving, Sending<'_>)> {
        Some((Arriving(self.arriving.take()?), Sending(&mut self.sent)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Sending<'_>> {
        Some(Sending(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities
    }
}

impl RxToken for Arriving {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        self.0.clear();
        self.0.resize(length, 0);
        f(self.0)
    }
}
