//! How long a packet takes from octets to value and back, checksums verified and computed.

use std::net::{Ipv4Addr, Ipv6Addr};

use divan::{Bencher, black_box};
use rfcheck::wire::{Header, Icmpv4, Ipv4, Ipv6, Packet, Tcp, TcpFlags, TcpOption, Udp, internet_checksum};

fn main() {
    divan::main();
}

const PAYLOAD: [u8; 1460] = [0x5a; 1460];

/// Packets by name, as octets.
fn packets() -> [(&'static str, Vec<u8>); 6] {
    let ipv4 = || Header::Ipv4(Ipv4::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 168, 0, 1)));
    let ipv6 = || Header::Ipv6(Ipv6::new(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST));
    let syn = || {
        let mut tcp = Tcp::new(40000, 8080);
        tcp.flags = TcpFlags::SYN;
        tcp.options
            .push(TcpOption::MaximumSegmentSize(1460))
            .push(TcpOption::SackPermitted)
            .push(TcpOption::Timestamps { value: 100, echo_reply: 0 })
            .push(TcpOption::NoOperation)
            .push(TcpOption::WindowScale(7));
        Header::Tcp(tcp)
    };
    let ack = || Header::Tcp(Tcp { flags: TcpFlags::ACK, ..Tcp::new(40000, 8080) });
    [
        ("tcp4_syn_60", Packet::new([ipv4(), syn()], &[]).to_octets()),
        ("tcp4_ack_40", Packet::new([ipv4(), ack()], &[]).to_octets()),
        ("tcp4_data_1500", Packet::new([ipv4(), ack()], &PAYLOAD).to_octets()),
        ("tcp6_syn_80", Packet::new([ipv6(), syn()], &[]).to_octets()),
        ("udp4_28", Packet::new([ipv4(), Header::Udp(Udp::new(1, 2))], &[]).to_octets()),
        ("ping4_84", Packet::new([ipv4(), Header::Icmpv4(Icmpv4::echo(1, 2))], &PAYLOAD[..56]).to_octets()),
    ]
}

const NAMES: [&str; 6] = ["tcp4_syn_60", "tcp4_ack_40", "tcp4_data_1500", "tcp6_syn_80", "udp4_28", "ping4_84"];

fn octets(name: &str) -> Vec<u8> {
    packets().into_iter().find(|(n, _)| *n == name).map(|(_, octets)| octets).unwrap_or_default()
}

#[divan::bench(args = NAMES)]
fn parse(bencher: Bencher<'_, '_>, name: &str) {
    let octets = octets(name);
    bencher.bench_local(|| Packet::parse(black_box(&octets), None).packet.headers.len());
}

#[divan::bench(args = NAMES)]
fn emit(bencher: Bencher<'_, '_>, name: &str) {
    let octets = octets(name);
    let packet = Packet::parse(&octets, None).packet;
    let mut out = Vec::with_capacity(2048);
    bencher.bench_local(move || {
        out.clear();
        black_box(&packet).emit(&mut out);
        black_box(out.len())
    });
}

#[divan::bench(args = [20, 60, 1500])]
fn checksum(bencher: Bencher<'_, '_>, length: usize) {
    let octets = vec![0x5a; length];
    bencher.bench_local(|| internet_checksum(black_box(&octets)));
}
