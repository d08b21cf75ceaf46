//! ICMP.

use super::Case;
use super::scene::{Scene, TARGET, TARGET6, TESTER, TESTER6, echo, echo6, ipv4, ipv6, udp};
use crate::monitor::{Invariant, Sender};
use crate::wire::{Field, Header, Icmpv4, Icmpv6, protocol};

fn request() -> Scene {
    Scene::new().tester_ip(|_| {}, &[echo(8, 7, 1)], b"12345678")
}

fn request6() -> Scene {
    Scene::new().tester_ip6(|_| {}, &[echo6(128, 7, 1)], b"12345678")
}

fn unreachable() -> Header {
    Icmpv4::new(3, 3).into()
}

/// A UDP datagram of the tester.
fn question() -> Vec<u8> {
    ipv4(TESTER, TARGET, |ip| ip.identification = 9, &[udp()], &[5; 32])
}

fn question6() -> Vec<u8> {
    ipv6(TESTER6, TARGET6, |_| {}, &[udp()], &[5; 32])
}

/// The error for a datagram of the tester.
fn error_for(datagram: &[u8]) -> Scene {
    Scene::new().raw(Sender::Tester, datagram).target_ip(|_| {}, &[unreachable()], datagram)
}

fn error6_for(datagram: &[u8], kind: u8) -> Scene {
    Scene::new().raw(Sender::Tester, datagram).target_ip6(|_| {}, &[Icmpv6::new(kind, 0).into()], datagram)
}

pub(super) const CASES: &[Case] = &[
    Case {
        invariant: Invariant::IcmpChecksum,
        breaks: || {
            let reply = Icmpv4 { kind: 0, checksum: Field::Forced(7), ..Icmpv4::echo(7, 1) };
            request().target_ip(|_| {}, &[reply.into()], b"12345678")
        },
        near_miss: || request().target_ip(|_| {}, &[echo(0, 7, 1)], b"12345678"),
    },
    Case {
        invariant: Invariant::Icmpv6Checksum,
        breaks: || {
            let reply = Icmpv6 { kind: 129, checksum: Field::Forced(7), ..Icmpv6::echo_request(7, 1) };
            request6().target_ip6(|_| {}, &[reply.into()], b"12345678")
        },
        near_miss: || request6().target_ip6(|_| {}, &[echo6(129, 7, 1)], b"12345678"),
    },
    Case {
        invariant: Invariant::EchoCode,
        breaks: || {
            let reply = Icmpv4 { kind: 0, code: 3, ..Icmpv4::echo(7, 1) };
            request().target_ip(|_| {}, &[reply.into()], b"12345678")
        },
        near_miss: || {
            let of_code = |kind| Header::Icmpv4(Icmpv4 { kind, code: 3, ..Icmpv4::echo(7, 1) });
            let scene = Scene::new().tester_ip(|_| {}, &[of_code(8)], b"12345678");
            scene.target_ip(|_| {}, &[of_code(0)], b"12345678")
        },
    },
    Case {
        invariant: Invariant::EchoReply,
        breaks: || request().target_ip(|_| {}, &[echo(0, 8, 1)], b"12345678"),
        near_miss: || request().target_ip(|_| {}, &[echo(0, 7, 1)], b"12345678"),
    },
    Case {
        invariant: Invariant::EchoReply,
        // A request with a wrong checksum is none.
        breaks: || {
            let request = Icmpv4 { checksum: Field::Forced(7), ..Icmpv4::echo(7, 1) };
            let scene = Scene::new().tester_ip(|_| {}, &[request.into()], b"");
            scene.target_ip(|_| {}, &[echo(0, 7, 1)], b"")
        },
        near_miss: || Scene::capture().target_ip(|_| {}, &[echo(0, 7, 1)], b""),
    },
    Case {
        invariant: Invariant::EchoData,
        breaks: || request().target_ip(|_| {}, &[echo(0, 7, 1)], b"1234567"),
        near_miss: || {
            request().tester_ip(|_| {}, &[echo(8, 7, 1)], b"12").target_ip(|_| {}, &[echo(0, 7, 1)], b"12345678")
        },
    },
    Case {
        invariant: Invariant::EchoSource,
        breaks: || request().target_ip(|ip| ip.source = [192, 168, 0, 9].into(), &[echo(0, 7, 1)], b"12345678"),
        near_miss: || {
            let to_all = |ip: &mut crate::wire::Ipv4| ip.destination = [224, 0, 0, 1].into();
            Scene::new().tester_ip(to_all, &[echo(8, 7, 1)], b"1").target_ip(|_| {}, &[echo(0, 7, 1)], b"1")
        },
    },
    Case {
        invariant: Invariant::Icmpv6EchoReply,
        breaks: || request6().target_ip6(|_| {}, &[echo6(129, 7, 1)], b"12345679"),
        near_miss: || request6().target_ip6(|_| {}, &[echo6(129, 7, 1)], b"12345678"),
    },
    Case {
        invariant: Invariant::IcmpQuotation,
        breaks: || {
            let mut changed = question();
            changed[8] -= 1;
            Scene::new().raw(Sender::Tester, &question()).target_ip(|_| {}, &[unreachable()], &changed)
        },
        near_miss: || {
            Scene::new().raw(Sender::Tester, &question()).target_ip(|_| {}, &[unreachable()], &question()[..28])
        },
    },
    Case {
        invariant: Invariant::IcmpQuotation,
        breaks: || Scene::capture().target_ip(|_| {}, &[unreachable()], &question()[..27]),
        near_miss: || Scene::capture().target_ip(|_| {}, &[unreachable()], &question()[..28]),
    },
    Case {
        invariant: Invariant::Icmpv6Quotation,
        breaks: || {
            let error = Icmpv6::new(1, 4).into();
            Scene::new().raw(Sender::Tester, &question6()).target_ip6(|_| {}, &[error], &question6()[..60])
        },
        near_miss: || error6_for(&question6(), 1),
    },
    Case {
        invariant: Invariant::ErrorForError,
        breaks: || error_for(&ipv4(TESTER, TARGET, |_| {}, &[unreachable()], &question())),
        near_miss: || error_for(&ipv4(TESTER, TARGET, |_| {}, &[echo(8, 1, 1)], b"")),
    },
    Case {
        invariant: Invariant::ErrorForBroadcast,
        breaks: || error_for(&ipv4(TESTER, [255; 4].into(), |_| {}, &[udp()], b"12345678")),
        near_miss: || error_for(&ipv4(TESTER, TARGET, |_| {}, &[udp()], b"12345678")),
    },
    Case {
        invariant: Invariant::ErrorForFragment,
        breaks: || error_for(&ipv4(TESTER, TARGET, |ip| ip.fragment_offset = 1, &[], b"12345678")),
        near_miss: || error_for(&ipv4(TESTER, TARGET, |ip| ip.more_fragments = true, &[], b"12345678")),
    },
    Case {
        invariant: Invariant::ErrorForSource,
        breaks: || error_for(&ipv4([240, 0, 0, 1].into(), TARGET, |_| {}, &[udp()], b"12345678")),
        near_miss: || error_for(&ipv4([223, 0, 0, 1].into(), TARGET, |_| {}, &[udp()], b"12345678")),
    },
    Case {
        invariant: Invariant::Icmpv6ErrorForError,
        breaks: || {
            let destination = "ff02::1".parse().unwrap();
            error6_for(&ipv6(TESTER6, destination, |_| {}, &[udp()], b"12345678"), 1)
        },
        // Packet Too Big may.
        near_miss: || {
            let destination = "ff02::1".parse().unwrap();
            error6_for(&ipv6(TESTER6, destination, |_| {}, &[udp()], b"12345678"), 2)
        },
    },
    Case {
        invariant: Invariant::Icmpv6ErrorForError,
        breaks: || {
            let error: Header = Icmpv6::new(1, 4).into();
            error6_for(&ipv6(TESTER6, TARGET6, |_| {}, &[error], &question6()), 1)
        },
        near_miss: || {
            let unknown = |ip: &mut crate::wire::Ipv6| ip.next_header = Field::Forced(protocol::EXPERIMENT);
            error6_for(&ipv6(TESTER6, TARGET6, unknown, &[], b"12345678"), 4)
        },
    },
];
