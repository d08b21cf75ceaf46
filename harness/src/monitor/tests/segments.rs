//! Options, handshakes, resets.

use super::Case;
use super::scene::{Scene, Segment, seg};
use crate::monitor::Invariant;
use crate::wire::TcpOption;

fn with_scale(segment: Segment) -> Segment {
    segment.option(TcpOption::WindowScale(7))
}

fn with_timestamps(segment: Segment) -> Segment {
    let is_syn_ack = segment.is_syn_ack();
    segment.timestamps(100, if is_syn_ack { 100 } else { 0 })
}

fn with_sack(segment: Segment) -> Segment {
    segment.option(TcpOption::SackPermitted)
}

/// A SYN of the tester.
fn opened(options: fn(Segment) -> Segment) -> Scene {
    Scene::new().tester(options(seg("S", 0, 0)))
}

/// A reset, and then a connection without timestamps.
fn reset_first() -> Scene {
    Scene::new().tester(seg("R", 0, 0)).tester(seg("S", 0, 0)).target(seg("S.", 0, 1)).tester(seg(".", 1, 1))
}

/// Makes a datagram ECN-capable, and its checksum right again.
#[expect(clippy::ptr_arg, reason = "a scene's damage may change the length too")]
fn ecn_capable(octets: &mut Vec<u8>) {
    octets[1] = 2;
    let sum = u16::from_be_bytes([octets[10], octets[11]]);
    let sum = sum.checked_sub(2).unwrap_or_else(|| sum.wrapping_sub(3));
    octets[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// In SYN-RECEIVED a wrong acknowledgment is answered by a reset; then comes the same SYN without timestamps, and the target
/// answers with this number.
fn refused(isn: u32) -> Scene {
    let scene = Scene::new().tester(seg("S", 0, 0).timestamps(100, 0)).target(seg("S.", 0, 1).timestamps(100, 100));
    let scene = scene.tester(seg(".", 1, 7)).target(seg("R", 7, 0)).tester(seg("S", 0, 0));
    scene.target(seg("S.", isn, 1)).tester(seg(".", 1, isn + 1))
}

/// A connection is reset, and the same sockets open another one.
fn opened_again() -> Scene {
    let scene = Scene::with(with_timestamps).tester(seg("R", 1, 0)).tester(seg("S", 5_000, 0).timestamps(7_000, 0));
    scene.target(seg("S.", 9_000, 5_001).timestamps(200, 7_000)).tester(seg(".", 5_001, 9_001))
}

/// As [`opened_again`], with a SYN that came twice.
fn opened_again_late() -> Scene {
    let scene = Scene::with(with_timestamps).tester(seg("R", 1, 0)).tester(seg("S", 5_000, 0).timestamps(7_000, 0));
    let scene = scene.after(1_000).tester(seg("S", 5_000, 0).timestamps(8_000, 0));
    scene.target(seg("S.", 9_000, 5_001).timestamps(200, 7_000)).tester(seg(".", 5_001, 9_001))
}

pub(super) const CASES: &[Case] = &[
    Case {
        invariant: Invariant::MssOnSyn,
        breaks: || Scene::established().target(seg(".", 1, 1).option(TcpOption::MaximumSegmentSize(1460))),
        near_miss: || Scene::established().tester(seg(".", 1, 1).option(TcpOption::MaximumSegmentSize(1460))),
    },
    Case {
        invariant: Invariant::WindowScaleOnSyn,
        breaks: || Scene::with(with_scale).target(with_scale(seg(".", 1, 1))),
        near_miss: || Scene::with(with_scale).target(seg(".", 1, 1)),
    },
    Case {
        invariant: Invariant::WindowScaleOnSyn,
        breaks: || opened(|segment| segment).target(with_scale(seg("S.", 0, 1))),
        near_miss: || opened(with_scale).target(with_scale(seg("S.", 0, 1))),
    },
    Case {
        invariant: Invariant::WindowScaleUsed,
        breaks: || {
            let syn = with_scale(seg("S", 0, 0)).window(64_000);
            let scene =
                Scene::new().target(syn).tester(seg("S", 0, 0)).target(with_scale(seg("S.", 0, 1)).window(64_000));
            scene.tester(seg(".", 1, 1)).target(seg(".", 1, 1).window(500))
        },
        near_miss: || {
            let syn = with_scale(seg("S", 0, 0)).window(64_000);
            let scene = Scene::new().target(syn).tester(with_scale(seg("S.", 0, 1)));
            scene.target(seg(".", 1, 1).window(500))
        },
    },
    Case {
        invariant: Invariant::WindowScaleShift,
        breaks: || Scene::new().target(seg("S", 0, 0).option(TcpOption::WindowScale(15))),
        near_miss: || Scene::new().target(seg("S", 0, 0).option(TcpOption::WindowScale(14))),
    },
    Case {
        invariant: Invariant::SackPermittedOnSyn,
        breaks: || Scene::with(with_sack).target(with_sack(seg(".", 1, 1))),
        near_miss: || Scene::with(with_sack).target(seg(".", 1, 1)),
    },
    Case {
        invariant: Invariant::SackNegotiated,
        breaks: || Scene::established().tester(seg(".", 11, 1).zeros(10)).target(seg(".", 1, 1).sack(&[(11, 21)])),
        near_miss: || Scene::with(with_sack).tester(seg(".", 11, 1).zeros(10)).target(seg(".", 1, 1).sack(&[(11, 21)])),
    },
    Case {
        invariant: Invariant::TimestampsNegotiated,
        breaks: || Scene::established().target(seg(".", 1, 1).timestamps(1, 0)),
        near_miss: || Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(101, 100)),
    },
    Case {
        invariant: Invariant::TimestampsNegotiated,
        breaks: || opened(|segment| segment).target(seg("S.", 0, 1).timestamps(1, 0)),
        near_miss: || opened(with_timestamps).target(seg("S.", 0, 1).timestamps(1, 100)),
    },
    Case {
        invariant: Invariant::EcnOnSyn,
        breaks: || opened(|segment| segment).target(seg("S.", 0, 1).damage(ecn_capable)),
        near_miss: || opened(|segment| segment.damage(ecn_capable)).target(seg("S.", 0, 1)),
    },
    Case {
        invariant: Invariant::EcnOnAcknowledgment,
        breaks: || Scene::established().target(seg(".", 1, 1).damage(ecn_capable)),
        near_miss: || Scene::established().target(seg(".", 1, 1).data(b"abc").damage(ecn_capable)),
    },
    Case {
        invariant: Invariant::TimestampsNegotiated,
        breaks: || refused(70).target(seg(".", 71, 1).timestamps(102, 100)),
        // A reset in SYN-RECEIVED ends nothing: by its number, the first SYN is answered once more, and it had the option.
        near_miss: || refused(0).target(seg(".", 1, 1).timestamps(102, 100)),
    },
    Case {
        invariant: Invariant::TimestampsMissing,
        breaks: || Scene::with(with_timestamps).target(seg(".", 1, 1)),
        near_miss: || Scene::with(with_timestamps).target(seg("R", 1, 0)),
    },
    Case {
        invariant: Invariant::TimestampEchoZero,
        breaks: || Scene::new().target(seg("S", 0, 0).timestamps(1, 9)),
        near_miss: || Scene::new().target(seg("S", 0, 0).timestamps(1, 0)),
    },
    Case {
        invariant: Invariant::TimestampEcho,
        breaks: || Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(101, 99)),
        near_miss: || {
            Scene::with(with_timestamps)
                .tester(seg(".", 1, 1).timestamps(101, 100))
                .target(seg(".", 1, 1).timestamps(101, 101))
        },
    },
    Case {
        invariant: Invariant::TimestampsNegotiated,
        breaks: || reset_first().target(seg(".", 1, 1).timestamps(101, 100)),
        // A reset came before the first SYN, and the second SYN is the first one once more, without its option.
        near_miss: || {
            let scene = Scene::new().tester(seg("R", 0, 0)).tester(seg("S", 0, 0).timestamps(100, 0));
            let scene = scene.target(seg("S.", 0, 1).timestamps(100, 100)).tester(seg("S", 0, 0));
            scene.target(seg("S.", 0, 1).timestamps(101, 100)).target(seg(".", 1, 1).timestamps(102, 100))
        },
    },
    Case {
        invariant: Invariant::TimestampEcho,
        breaks: || opened_again().target(seg(".", 9_001, 5_001).timestamps(201, 7_001)),
        // The TSval of the SYN that opened the connection was forgotten with the connection before it.
        near_miss: || opened_again().target(seg(".", 9_001, 5_001).timestamps(201, 7_000)),
    },
    Case {
        invariant: Invariant::TimestampEcho,
        breaks: || opened_again_late().target(seg(".", 9_001, 5_001).timestamps(201, 7_501)),
        // The SYN came twice before it was answered: either TSval may be echoed.
        near_miss: || opened_again_late().target(seg(".", 9_001, 5_001).timestamps(201, 8_000)),
    },
    Case {
        invariant: Invariant::TimestampEcho,
        // It never goes back.
        breaks: || {
            Scene::with(with_timestamps)
                .tester(seg(".", 1, 1).timestamps(101, 100))
                .target(seg(".", 1, 1).timestamps(101, 101))
                .target(seg(".", 1, 1).timestamps(101, 100))
        },
        near_miss: || {
            Scene::with(with_timestamps)
                .tester(seg(".", 1, 1).timestamps(101, 100))
                .target(seg(".", 1, 1).timestamps(101, 100))
                .target(seg(".", 1, 1).timestamps(101, 101))
        },
    },
    Case {
        invariant: Invariant::TimestampClock,
        breaks: || Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(99, 100)),
        near_miss: || Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(100, 100)),
    },
    Case {
        invariant: Invariant::TimestampClock,
        // A tick is not shorter than a millisecond.
        breaks: || {
            let scene = Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(100, 100));
            scene.after(20_000).target(seg(".", 1, 1).timestamps(100 + 40_000, 100))
        },
        near_miss: || {
            let scene = Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(100, 100));
            scene.after(20_000).target(seg(".", 1, 1).timestamps(100 + 20_000, 100))
        },
    },
    Case {
        invariant: Invariant::SynInSynchronized,
        breaks: || {
            Scene::new().target(seg("S", 0, 0)).tester(seg("S.", 0, 1)).target(seg(".", 1, 1)).target(seg("S", 0, 0))
        },
        near_miss: || Scene::new().target(seg("S", 0, 0)).after(1000).target(seg("S", 0, 0)).tester(seg("S.", 0, 1)),
    },
    Case {
        invariant: Invariant::SynAckNumber,
        breaks: || opened(|segment| segment).target(seg("S.", 0, 2)),
        near_miss: || opened(|segment| segment).target(seg("S.", 0, 1)),
    },
    Case {
        invariant: Invariant::SynAckNumber,
        breaks: || Scene::new().tester(seg(".", 1, 1)).target(seg("S.", 0, 2)),
        // The data of a SYN may be acknowledged with it (RFC 7413).
        near_miss: || Scene::new().tester(seg("S", 0, 0).zeros(10)).target(seg("S.", 0, 11)),
    },
    Case {
        invariant: Invariant::ResetForm,
        breaks: || Scene::new().tester(seg(".", 5, 77).absolute()).target(seg("R", 78, 0).absolute()),
        near_miss: || Scene::new().tester(seg(".", 5, 77).absolute()).target(seg("R", 77, 0).absolute()),
    },
    Case {
        invariant: Invariant::ResetForm,
        breaks: || Scene::new().tester(seg("S", 5, 0).absolute()).target(seg("R.", 0, 5).absolute()),
        near_miss: || Scene::new().tester(seg("S", 5, 0).absolute()).target(seg("R.", 0, 6).absolute()),
    },
    Case {
        invariant: Invariant::ResetForm,
        breaks: || Scene::established().target(seg("R.", 100, 1)),
        // An abort has the next number.
        near_miss: || Scene::established().target(seg(".", 1, 1).zeros(10)).target(seg("R.", 11, 1)),
    },
    Case {
        invariant: Invariant::ResetForReset,
        breaks: || Scene::new().tester(seg("R.", 5, 77).absolute()).target(seg("R", 77, 0).absolute()),
        near_miss: || {
            let scene = Scene::new().tester(seg("R.", 5, 77).absolute()).tester(seg(".", 5, 77).absolute());
            scene.target(seg("R", 77, 0).absolute())
        },
    },
    Case {
        invariant: Invariant::AfterReset,
        breaks: || {
            Scene::established()
                .target(seg(".", 1, 1).zeros(10))
                .tester(seg("R", 1, 0))
                .after(1_000)
                .target(seg(".", 1, 1).zeros(10))
        },
        // A reset that is not at RCV.NXT is challenged (RFC 5961 section 3.2).
        near_miss: || {
            Scene::established()
                .target(seg(".", 1, 1).zeros(10))
                .tester(seg("R", 2, 0))
                .after(1_000)
                .target(seg(".", 1, 1).zeros(10))
        },
    },
    Case {
        invariant: Invariant::AfterReset,
        breaks: || {
            Scene::established()
                .target(seg(".", 1, 1).zeros(10))
                .tester(seg("R", 1, 0))
                .after(1_000)
                .tester(seg(".", 1, 1))
                .target(seg(".", 11, 1))
        },
        // A new connection of the same sockets.
        near_miss: || {
            Scene::established()
                .target(seg(".", 1, 1).zeros(10))
                .tester(seg("R", 1, 0))
                .after(1_000)
                .handshake(|segment| segment)
                .target(seg(".", 1, 1).data(b"others"))
        },
    },
];
