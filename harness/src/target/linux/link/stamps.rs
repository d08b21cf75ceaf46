//! When the target really sent what the tester reads late.
//!
//! A TUN device does not stamp its packets. A packet socket beside it does, at the price of another system call for
//! each. A thread with real-time priority does without: it reads packets as they come.

use std::collections::VecDeque;
use std::io;

use super::packet_socket::PacketSocket;

/// How much of each packet is kept to tell it from the others: both IP headers with TCP's, but for the checksum that may
/// still be incomplete, and whatever comes after it.
const KEPT: usize = 56;
/// Where the checksum begins in a TCP header.
const TCP_CHECKSUM: usize = 16;

/// Time stamps of the packets that the target sends on one device.
#[derive(Debug)]
pub(in crate::target::linux) struct Stamps {
    socket: PacketSocket,
    /// Packets that have been stamped and not been read, oldest first.
    waiting: VecDeque<(Vec<u8>, u64)>,
    buffer: Vec<u8>,
}

impl Stamps {
    /// Stamps what goes out of a device in the calling thread's namespace from now on.
    pub(in crate::target::linux) fn open(index: u32) -> io::Result<Stamps> {
        let socket = PacketSocket::open(libc::SOCK_DGRAM)?;
        let outgoing = outgoing_filter();
        let program = libc::sock_fprog { len: outgoing.len() as u16, filter: outgoing.as_ptr().cast_mut() };
        socket.set_to(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)?;
        socket.set(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        socket.bind(index)?;
        Ok(Stamps { socket, waiting: VecDeque::new(), buffer: Vec::new() })
    }

    /// When this packet, taken from the device just now, was sent, in nanoseconds of CLOCK_MONOTONIC; `None` if it was
    /// not seen.
    pub(in crate::target::linux) fn of(&mut self, packet: &[u8]) -> io::Result<Option<u64>> {
        if let Some(known) = self.waiting.iter().position(|(start, _)| same_start(start, packet)) {
            // What was sent before it and has not been read was dropped on the way.
            return Ok(self.waiting.drain(..=known).next_back().map(|(_, stamp)| stamp));
        }
        while let Some(stamp) = self.socket.receive(&mut self.buffer, KEPT)? {
            if same_start(&self.buffer, packet) {
                self.waiting.clear();
                return Ok(Some(stamp));
            }
            self.waiting.push_back((self.buffer.clone(), stamp));
        }
        Ok(None)
    }
}

/// Whether a packet begins as the one that was kept, its checksum aside.
fn same_start(kept: &[u8], packet: &[u8]) -> bool {
    let header = if packet.first().is_some_and(|octet| octet >> 4 == 6) { 40 } else { 20 };
    let compared = kept.len().min(header + TCP_CHECKSUM);
    packet.get(..compared) == kept.get(..compared)
}

/// A filter (bpf(4)) that passes the first octets of what goes out, and nothing of what comes in.
fn outgoing_filter() -> [libc::sock_filter; 4] {
    const PACKET_OUTGOING: u32 = 4;
    const SKF_AD_OFF: u32 = -0x1000_i32 as u32;
    const SKF_AD_PKTTYPE: u32 = 4;
    let instruction = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    [
        instruction(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, SKF_AD_OFF.wrapping_add(SKF_AD_PKTTYPE)),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, PACKET_OUTGOING),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, KEPT as u32),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use etherparse::PacketBuilder;

    use super::super::device::{Device, DeviceKind};
    use super::*;
    use crate::target::linux::namespace::Home;
    use crate::target::linux::timing::clock::monotonic;
    use crate::target::{IpVersion, Link};

    #[test]
    fn packets_are_told_apart_by_their_headers_but_for_the_checksum() {
        let mut packet = vec![0x45; 60];
        let kept = packet[..KEPT].to_vec();
        packet[36] = 0xff;
        assert!(same_start(&kept, &packet), "the checksum is at 36");
        packet[24] = 0xff;
        assert!(!same_start(&kept, &packet), "the sequence number is at 24");
        assert!(same_start(&[0x45; 28], &[0x45; 28]));
        assert!(!same_start(&[0x45; 28], &[0x45; 27]));
    }

    #[test]
    fn packets_read_late_have_the_time_they_were_sent() {
        let link = Link::default_for(IpVersion::Ipv4);
        let made = Home::find().map_err(|error| error.to_string());
        let made = made.and_then(|home| Device::make(&DeviceKind::Tun, &home, &link, false).map_err(|e| e.to_string()));
        let (mut device, _namespace) = match made {
            Ok(made) => made,
            Err(error) => return eprintln!("NOT TESTED: stamps: {error}"),
        };
        // Echo requests that differ in their sequence numbers, the last two not even in that.
        let requests = [1, 2, 3, 4, 5, 6, 6].map(|number| {
            let mut request = Vec::new();
            let (from, to) = ([192, 0, 2, 1], [192, 168, 0, 1]);
            let echo = PacketBuilder::ipv4(from, to, 64).icmpv4_echo_request(1, number);
            echo.write(&mut request, &[number as u8; 32]).unwrap();
            request
        });
        let sent = requests.map(|request| {
            std::thread::sleep(Duration::from_millis(3));
            device.send(&request).unwrap();
            monotonic()
        });
        std::thread::sleep(Duration::from_millis(3));
        let mut packet = Vec::new();
        for sent in sent {
            assert!(device.receive(&mut packet).unwrap());
            let stamp = device.stamp(&packet).unwrap().unwrap();
            assert!(stamp.abs_diff(sent) < 2_000_000, "stamped {stamp}, sent before {sent}");
        }
        assert!(!device.receive(&mut packet).unwrap());
    }
}
