//! Whatever comes, the monitor does not panic, and its memory is bounded.

use proptest::prelude::*;

use super::scene::{TARGET, TARGET6, TESTER, TESTER6, ipv4, ipv6};
use crate::monitor::{Monitor, Sender, Vantage};
use crate::time::Instant;
use crate::wire::{Field, Header, Packet, Tcp, TcpFlags};

#[derive(Clone, Debug)]
struct Sent {
    from_target: bool,
    is_ipv6: bool,
    port: u16,
    flags: u16,
    sequence: u32,
    acknowledgment: u32,
    window: u16,
    options: Vec<u8>,
    payload: Vec<u8>,
    after: u64,
    cut: usize,
    checksum: Option<u16>,
}

fn sent() -> impl Strategy<Value = Sent> {
    // Numbers close to each other, so that they mean something, and close to where they wrap.
    let number = || prop_oneof![0u32..40, (u32::MAX - 20)..=u32::MAX, any::<u32>()];
    let ends = (any::<bool>(), any::<bool>(), 1u16..3);
    let header = (0u16..0x200, number(), number(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..40));
    let rest = (
        prop::collection::vec(any::<u8>(), 0..60),
        prop_oneof![0u64..2_000, 0u64..200_000_000],
        prop_oneof![8 => Just(usize::MAX), 1 => 0usize..100],
        prop_oneof![8 => Just(None), 1 => any::<u16>().prop_map(Some)],
    );
    (ends, header, rest).prop_map(
        |((from_target, is_ipv6, port), (flags, sequence, acknowledgment, window, options), rest)| {
            let (payload, after, cut, checksum) = rest;
            let sent = Sent {
                from_target,
                is_ipv6,
                port,
                flags,
                sequence,
                acknowledgment,
                window,
                options,
                payload,
                after,
                cut,
                checksum,
            };
            // Most segments are of the kind that connections consist of.
            Sent { flags: if flags & 0x180 == 0 { 0x10 | flags & 0x03 } else { flags }, ..sent }
        },
    )
}

impl Sent {
    fn octets(&self) -> Vec<u8> {
        let mut tcp = Tcp::new(8080, self.port);
        if !self.from_target {
            (tcp.source_port, tcp.destination_port) = (self.port, 8080);
        }
        tcp.flags = TcpFlags(self.flags);
        (tcp.sequence, tcp.acknowledgment, tcp.window) = (self.sequence, self.acknowledgment, self.window);
        tcp.options.push_raw(&self.options);
        tcp.checksum = self.checksum.map_or(Field::Computed, Field::Forced);
        let tcp = [Header::from(tcp)];
        let mut octets = match (self.is_ipv6, self.from_target) {
            (false, false) => ipv4(TESTER, TARGET, |_| {}, &tcp, &self.payload),
            (false, true) => ipv4(TARGET, TESTER, |_| {}, &tcp, &self.payload),
            (true, false) => ipv6(TESTER6, TARGET6, |_| {}, &tcp, &self.payload),
            (true, true) => ipv6(TARGET6, TESTER6, |_| {}, &tcp, &self.payload),
        };
        octets.truncate(self.cut);
        octets
    }
}

proptest! {
    #[test]
    fn no_trace_makes_it_panic(trace in prop::collection::vec(sent(), 0..60)) {
        for vantage in [Vantage::link(), Vantage::host(), Vantage::capture()] {
            let is_capture = !vantage.complete;
            let mut monitor = Monitor::new(vantage);
            let mut now = 0;
            for sent in &trace {
                now += sent.after;
                let sender = match (is_capture, sent.from_target) {
                    (true, _) => Sender::Unknown,
                    (false, true) => Sender::Target,
                    (false, false) => Sender::Tester,
                };
                let octets = sent.octets();
                let length = if is_capture { octets.len() + sent.cut % 100 } else { octets.len() };
                monitor.packet(Instant::from_micros(now), sender, &octets, length);
            }
            monitor.finish(Instant::from_micros(now));
        }
    }

    #[test]
    fn no_octets_make_it_panic(trace in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..40)) {
        for vantage in [Vantage::link(), Vantage::capture()] {
            let mut monitor = Monitor::new(vantage);
            for (at, mut octets) in trace.clone().into_iter().enumerate() {
                // Most begin as IP datagrams do.
                if let Some(first) = octets.first_mut().filter(|_| at % 4 != 0) {
                    *first = if at % 2 == 0 { 0x45 } else { 0x60 };
                }
                let sender = if at % 3 == 0 { Sender::Tester } else { Sender::Target };
                monitor.packet(Instant::from_micros(at as u64), sender, &octets, octets.len() + at % 5);
            }
            monitor.finish(Instant::FAR_FUTURE);
        }
    }
}

#[test]
fn memory_does_not_grow_with_connections_and_fragments() {
    let mut monitor = Monitor::new(Vantage::capture());
    let at = Instant::from_micros(1);
    for number in 0..20_000u32 {
        let mut tcp = Tcp::new((number % 60_000) as u16, (number / 60_000) as u16 + 1);
        (tcp.flags, tcp.sequence) = (TcpFlags::ACK, number.wrapping_mul(77_777));
        let segment = Packet::new([crate::wire::Ipv4::new(TESTER, TARGET).into(), tcp.into()], &[0; 100]).to_octets();
        monitor.packet(at, Sender::Unknown, &segment, segment.len());
        let piece =
            ipv4(TESTER, TARGET, |ip| (ip.identification, ip.more_fragments) = (number as u16, true), &[], &[0; 8]);
        monitor.packet(at, Sender::Unknown, &piece, piece.len());
    }
    let (connections, fragments) = monitor.size();
    assert!(connections <= 1024 && fragments <= 16, "{connections} connections, {fragments} datagrams in fragments");
}
