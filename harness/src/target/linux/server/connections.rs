//! What a run leaves open at the target, so that the next one finds nothing of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::wire::{Header, Ipv4, Ipv6, Packet, Tcp, TcpFlags};

/// The target's end of a connection, and the tester's.
type Ends = (SocketAddr, SocketAddr);

/// Connections of which the target sent something in this run.
#[derive(Debug, Default)]
pub(super) struct Connections(BTreeMap<Ends, Answer>);

/// What a RST must carry for the target to take it (RFC 9293 section 3.10.7): the sequence number that it expects next,
/// or, while it has sent a SYN alone, an acknowledgment of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Sequence(u32),
    Acknowledgment(u32),
}

impl Connections {
    /// Notes a packet that the target sent.
    pub(super) fn note(&mut self, packet: &[u8]) {
        let parsed = Packet::parse(packet, None);
        let packet = &parsed.packet;
        if packet.is_fragment() {
            return;
        }
        let (Some(tcp), Some(from), Some(to)) = (packet.tcp(), packet.source(), packet.destination()) else { return };
        let ends = (SocketAddr::new(from, tcp.source_port), SocketAddr::new(to, tcp.destination_port));
        if tcp.flags.contains(TcpFlags::RST) {
            self.0.remove(&ends);
        } else if tcp.flags.contains(TcpFlags::ACK) {
            self.0.insert(ends, Answer::Sequence(tcp.acknowledgment));
        } else if tcp.flags.contains(TcpFlags::SYN) {
            self.0.insert(ends, Answer::Acknowledgment(tcp.sequence.wrapping_add(1)));
        }
    }

    /// A RST for each of them, and none of them is known any longer.
    pub(super) fn resets(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0).into_iter().filter_map(|(ends, answer)| reset(ends, answer)).collect()
    }
}

fn reset((target, tester): Ends, answer: Answer) -> Option<Vec<u8>> {
    let ip: Header = match (tester.ip(), target.ip()) {
        (IpAddr::V4(tester), IpAddr::V4(target)) => Ipv4::new(tester, target).into(),
        (IpAddr::V6(tester), IpAddr::V6(target)) => Ipv6::new(tester, target).into(),
        _ => return None,
    };
    let mut tcp = Tcp::new(tester.port(), target.port());
    tcp.flags = TcpFlags::RST;
    match answer {
        Answer::Sequence(sequence) => tcp.sequence = sequence,
        Answer::Acknowledgment(acknowledgment) => {
            tcp.acknowledgment = acknowledgment;
            tcp.flags = TcpFlags::RST.with(TcpFlags::ACK);
        }
    }
    let mut packet = Vec::new();
    Packet::new([ip, tcp.into()], &[]).emit(&mut packet);
    Some(packet)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn segment(flags: TcpFlags, sequence: u32, acknowledgment: u32) -> Vec<u8> {
        let mut tcp = Tcp::new(80, 4000);
        (tcp.flags, tcp.sequence, tcp.acknowledgment) = (flags, sequence, acknowledgment);
        let ip = Ipv4::new(Ipv4Addr::new(192, 168, 0, 1), Ipv4Addr::new(192, 0, 2, 1));
        let mut packet = Vec::new();
        Packet::new([ip.into(), tcp.into()], &[]).emit(&mut packet);
        packet
    }

    fn resets(noted: &[Vec<u8>]) -> Vec<Tcp> {
        let mut connections = Connections::default();
        noted.iter().for_each(|packet| connections.note(packet));
        let resets = connections.resets();
        assert!(connections.resets().is_empty());
        resets.iter().filter_map(|packet| Packet::parse(packet, None).packet.tcp().cloned()).collect()
    }

    #[test]
    fn a_connection_is_reset_at_the_number_that_its_end_expects() {
        let sent = [segment(TcpFlags::ACK, 5, 100), segment(TcpFlags::ACK.with(TcpFlags::FIN), 5, 170)];
        let reset = &resets(&sent)[..];
        assert_eq!(reset.len(), 1);
        assert_eq!((reset[0].source_port, reset[0].destination_port), (4000, 80));
        assert_eq!((reset[0].flags, reset[0].sequence), (TcpFlags::RST, 170));
    }

    #[test]
    fn a_connection_that_the_target_opens_is_refused() {
        let reset = &resets(&[segment(TcpFlags::SYN, u32::MAX, 0)])[..];
        assert_eq!((reset[0].flags, reset[0].acknowledgment), (TcpFlags::RST.with(TcpFlags::ACK), 0));
    }

    #[test]
    fn what_the_target_has_reset_needs_nothing() {
        assert_eq!(resets(&[segment(TcpFlags::ACK, 5, 100), segment(TcpFlags::RST, 5, 0)]), []);
    }
}
