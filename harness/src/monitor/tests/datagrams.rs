//! Headers of IP and UDP, and fragments.

use super::Case;
use super::scene::{Scene, TARGET, TESTER, ipv4, seg, udp};
use crate::monitor::{Invariant, Sender};
use crate::wire::{Field, Header, Ipv6Extension, Ipv6Fragment, TcpOption, Udp, fragment};

/// A UDP datagram of the target, of 40 octets of IP payload.
fn datagram() -> Vec<u8> {
    ipv4(TARGET, TESTER, |ip| ip.identification = 7, &[udp()], &[1; 32])
}

fn damaged(damage: fn(&mut Vec<u8>)) -> Scene {
    let mut octets = datagram();
    damage(&mut octets);
    Scene::new().raw(Sender::Target, &octets)
}

/// From the tester, who may do as it likes.
fn of_tester(damage: fn(&mut Vec<u8>)) -> Scene {
    let mut octets = ipv4(TESTER, TARGET, |_| {}, &[udp()], &[1; 32]);
    damage(&mut octets);
    Scene::new().raw(Sender::Tester, &octets)
}

fn fragments(ranges: &[std::ops::Range<usize>]) -> Scene {
    ranges
        .iter()
        .fold(Scene::new(), |scene, range| scene.raw(Sender::Target, &fragment(&datagram(), range.clone(), 7).unwrap()))
}

fn fragment6(offset: u16, more: bool, payload: &[u8]) -> Scene {
    piece6(Scene::new(), offset, more, payload)
}

fn piece6(scene: Scene, offset: u16, more: bool, payload: &[u8]) -> Scene {
    let mut header = Ipv6Fragment::new(7, offset, more);
    header.next_header = Field::Forced(17);
    scene.target_ip6(|_| {}, &[header.into()], payload)
}

fn datagram6(edit: impl FnOnce(&mut Udp)) -> Scene {
    let mut udp = Udp::new(9, 7);
    edit(&mut udp);
    Scene::new().target_ip6(|_| {}, &[udp.into()], b"abc")
}

fn options6(body: &[u8]) -> Scene {
    let options: Header = Ipv6Extension::new(60, body.to_vec()).into();
    Scene::new().target_ip6(|_| {}, &[options, udp()], b"abc")
}

pub(super) const CASES: &[Case] = &[
    Case {
        invariant: Invariant::Version,
        breaks: || damaged(|octets| octets[0] = 0x55),
        near_miss: || of_tester(|octets| octets[0] = 0x55),
    },
    Case {
        invariant: Invariant::Ipv4HeaderLength,
        breaks: || Scene::new().target_ip(|ip| ip.header_length = Field::Forced(4), &[udp()], b"abc"),
        near_miss: || Scene::new().tester_ip(|ip| ip.header_length = Field::Forced(4), &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::Ipv4TotalLength,
        breaks: || Scene::new().target_ip(|ip| ip.total_length = Field::Forced(32), &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip(|_| {}, &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::Ipv4Checksum,
        breaks: || damaged(|octets| octets[10] ^= 1),
        near_miss: || of_tester(|octets| octets[10] ^= 1),
    },
    Case {
        invariant: Invariant::Ipv4ReservedFlag,
        breaks: || Scene::new().target_ip(|ip| ip.reserved_flag = true, &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip(|ip| ip.dont_fragment = true, &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::Ipv4Options,
        breaks: || Scene::new().target_ip(|ip| _ = ip.options.push_raw(&[7, 40, 4, 0]), &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip(|ip| _ = ip.options.push_raw(&[7, 3, 4, 0]), &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::TimeToLive,
        breaks: || Scene::new().target_ip(|ip| ip.ttl = 0, &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip(|ip| ip.ttl = 1, &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::TimeToLive,
        breaks: || Scene::new().target_ip6(|ip| ip.hop_limit = 0, &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip6(|ip| ip.hop_limit = 1, &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::SourceAddress,
        breaks: || Scene::new().target_ip(|ip| ip.source = [224, 0, 0, 1].into(), &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip(|ip| ip.destination = [224, 0, 0, 1].into(), &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::Ipv6PayloadLength,
        breaks: || Scene::new().target_ip6(|ip| ip.payload_length = Field::Forced(99), &[udp()], b"abc"),
        near_miss: || Scene::new().target_ip6(|_| {}, &[udp()], b"abc"),
    },
    Case {
        invariant: Invariant::Ipv6Options,
        breaks: || options6(&[1, 9, 0, 0, 0, 0]),
        near_miss: || options6(&[1, 4, 0, 0, 0, 0]),
    },
    Case {
        invariant: Invariant::DontFragment,
        breaks: || {
            let octets = ipv4(TARGET, TESTER, |ip| ip.dont_fragment = true, &[udp()], &[1; 32]);
            Scene::new().raw(Sender::Target, &fragment(&octets, 0..16, 7).unwrap())
        },
        near_miss: || fragments(std::slice::from_ref(&(0..16))),
    },
    Case {
        invariant: Invariant::FragmentLength,
        breaks: || fragments(&[0..12, 16..40]),
        near_miss: || fragments(&[0..16, 16..40]),
    },
    Case {
        invariant: Invariant::FragmentEnd,
        breaks: || Scene::new().target_ip(|ip| ip.fragment_offset = 8191, &[], &[0; 8]),
        near_miss: || Scene::new().target_ip(|ip| ip.fragment_offset = 8187, &[], &[0; 8]),
    },
    Case {
        invariant: Invariant::FragmentOverlap,
        breaks: || {
            let other = ipv4(TARGET, TESTER, |ip| ip.identification = 7, &[udp()], &[2; 32]);
            let octets = fragment(&other, 8..24, 7).unwrap();
            fragments(std::slice::from_ref(&(0..16))).raw(Sender::Target, &octets)
        },
        near_miss: || fragments(&[0..16, 8..40]),
    },
    Case {
        invariant: Invariant::Ipv6FragmentLength,
        breaks: || fragment6(0, true, &[0; 12]),
        near_miss: || fragment6(2, false, &[0; 12]),
    },
    Case {
        invariant: Invariant::Ipv6FragmentEnd,
        breaks: || fragment6(8191, false, &[0; 8]),
        near_miss: || fragment6(8190, false, &[0; 8]),
    },
    Case {
        invariant: Invariant::Ipv6FragmentOverlap,
        breaks: || piece6(fragment6(0, true, &[0; 16]), 1, true, &[0; 16]),
        // The network makes duplicates.
        near_miss: || piece6(fragment6(0, true, &[0; 16]), 0, true, &[0; 16]),
    },
    Case {
        invariant: Invariant::UdpLength,
        breaks: || {
            let udp = Udp { length: Field::Forced(20), ..Udp::new(9, 7) };
            Scene::new().target_ip(|_| {}, &[udp.into()], b"abc")
        },
        near_miss: || Scene::new().target_ip(|_| {}, &[udp()], b""),
    },
    Case {
        invariant: Invariant::UdpChecksum,
        breaks: || damaged(|octets| octets[47] ^= 1),
        near_miss: || {
            let udp = Udp { checksum: Field::Forced(0), ..Udp::new(9, 7) };
            Scene::new().target_ip(|_| {}, &[udp.into()], b"abc")
        },
    },
    Case {
        invariant: Invariant::UdpChecksum,
        breaks: || {
            // The checksum of a datagram in fragments is seen once it is whole.
            let mut octets = datagram();
            octets[47] ^= 1;
            let piece = |range: std::ops::Range<usize>| fragment(&octets, range, 7).unwrap();
            Scene::new().raw(Sender::Target, &piece(16..40)).raw(Sender::Target, &piece(0..16))
        },
        near_miss: || fragments(&[16..40, 0..16]),
    },
    Case {
        invariant: Invariant::UdpChecksumZero,
        breaks: || datagram6(|udp| udp.checksum = Field::Forced(0)),
        near_miss: || datagram6(|_| {}),
    },
    Case {
        invariant: Invariant::UdpChecksumZero,
        breaks: || datagram6(|udp| udp.checksum = Field::Forced(0)),
        // VXLAN may (RFC 6935).
        near_miss: || datagram6(|udp| (udp.checksum, udp.destination_port) = (Field::Forced(0), 4789)),
    },
    Case {
        invariant: Invariant::TcpChecksum,
        breaks: || Scene::established().target(seg(".", 1, 1).zeros(5).damage(|octets| octets[44] ^= 1)),
        near_miss: || Scene::established().tester(seg(".", 1, 1).zeros(5).damage(|octets| octets[44] ^= 1)),
    },
    Case {
        invariant: Invariant::TcpChecksum,
        // In a capture a network interface may be about to finish it, but then it is the sum of the pseudo-header.
        breaks: || Scene::capture().handshake(|s| s).target(seg(".", 1, 1).tcp(|t| t.checksum = Field::Forced(7))),
        near_miss: || {
            Scene::capture().handshake(|s| s).target(seg(".", 1, 1).damage(|octets| {
                let addresses: u32 = octets[12..20].chunks(2).map(|c| u32::from(c[0]) << 8 | u32::from(c[1])).sum();
                let sum = addresses + 6 + 20;
                let sum = (sum & 0xffff) + (sum >> 16);
                octets[36..38].copy_from_slice(&(sum as u16).to_be_bytes());
            }))
        },
    },
    Case {
        invariant: Invariant::DataOffset,
        breaks: || Scene::established().target(seg(".", 1, 1).tcp(|tcp| tcp.data_offset = Field::Forced(4))),
        near_miss: || Scene::established().tester(seg(".", 1, 1).tcp(|tcp| tcp.data_offset = Field::Forced(4))),
    },
    Case {
        invariant: Invariant::TcpOptionLength,
        breaks: || Scene::established().target(seg(".", 1, 1).tcp(|tcp| _ = tcp.options.push_raw(&[1, 1, 254, 9]))),
        near_miss: || Scene::established().target(seg(".", 1, 1).tcp(|tcp| _ = tcp.options.push_raw(&[1, 1, 254, 2]))),
    },
    Case {
        invariant: Invariant::TcpPadding,
        breaks: || Scene::established().target(seg(".", 1, 1).tcp(|tcp| _ = tcp.options.push_raw(&[1, 0, 1, 1]))),
        near_miss: || Scene::established().target(seg(".", 1, 1).tcp(|tcp| _ = tcp.options.push_raw(&[1, 0, 0, 0]))),
    },
    Case {
        invariant: Invariant::TcpReserved,
        breaks: || Scene::established().target(seg(".", 1, 1).tcp(|tcp| tcp.reserved = 2)),
        near_miss: || Scene::established().target(seg(".", 1, 1).option(TcpOption::NoOperation)),
    },
];
