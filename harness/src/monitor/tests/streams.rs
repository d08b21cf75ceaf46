//! Sequence and acknowledgment numbers, windows, sizes, SACK.

use super::Case;
use super::scene::{Scene, Segment, seg};
use crate::monitor::Invariant;
use crate::wire::TcpOption;

fn with_sack(segment: Segment) -> Segment {
    segment.option(TcpOption::SackPermitted)
}

fn with_scale(segment: Segment) -> Segment {
    segment.option(TcpOption::WindowScale(7))
}

fn with_timestamps(segment: Segment) -> Segment {
    let is_syn_ack = segment.is_syn_ack();
    segment.timestamps(100, if is_syn_ack { 100 } else { 0 })
}

/// A connection that was opened with MSS 1,000, and whose SYN came again with this one.
fn twice(again: u16) -> Scene {
    let syn = |mss| seg("S", 0, 0).option(TcpOption::MaximumSegmentSize(mss));
    let scene = Scene::new().tester(syn(1000)).target(seg("S.", 0, 1)).tester(syn(again));
    scene.tester(seg(".", 1, 1).window(5000))
}

/// The tester's octets 11 to 20 and 31 to 40 came, those below and between did not.
fn gaps() -> Scene {
    let scene = Scene::with(with_sack).tester(seg(".", 11, 1).zeros(10)).target(seg(".", 1, 1).sack(&[(11, 21)]));
    scene.tester(seg(".", 31, 1).zeros(10))
}

/// Windows of the tester are scaled by 7 bits, and the one it offers ends at 1281.
fn scaled() -> Scene {
    let scene = Scene::new().tester(with_scale(seg("S", 0, 0).option(TcpOption::MaximumSegmentSize(1000))));
    scene.target(with_scale(seg("S.", 0, 1))).tester(seg(".", 1, 1).window(10))
}

/// The tester has sent ten octets, which are acknowledged.
fn received_ten() -> Scene {
    Scene::established().tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 11))
}

/// The tester's FIN is acknowledged.
fn tester_closes() -> Scene {
    Scene::established().tester(seg("F.", 1, 1)).target(seg(".", 1, 2))
}

/// Half of the number space after the target's first octet.
const FAR_AWAY: u32 = 0x8000_0001;

/// Before the target's first acknowledgment number, in a number space that is a circle, and after the octets behind it.
const OLD: u32 = 0x8000_0101;

pub(super) const CASES: &[Case] = &[
    Case {
        invariant: Invariant::SequenceGap,
        breaks: || Scene::established().target(seg(".", 2, 1).zeros(10)),
        near_miss: || Scene::established().target(seg(".", 1, 1).zeros(10)).target(seg(".", 11, 1)),
    },
    Case {
        invariant: Invariant::SequenceGap,
        breaks: || Scene::established().target(seg(".", u32::MAX, 1)),
        // A keep-alive has the number before.
        near_miss: || Scene::established().target(seg(".", 0, 1)),
    },
    Case {
        invariant: Invariant::Retransmission,
        breaks: || Scene::established().target(seg(".", 1, 1).data(b"abcdef")).target(seg(".", 3, 1).data(b"cXef")),
        near_miss: || {
            Scene::established().target(seg(".", 1, 1).data(b"abcdef")).target(seg(".", 3, 1).data(b"cdefgh"))
        },
    },
    Case {
        invariant: Invariant::Retransmission,
        breaks: || {
            Scene::capture().handshake(|s| s).target(seg(".", 1, 1).data(b"ab")).target(seg(".", 1, 1).data(b"aX"))
        },
        // The octet of a keep-alive is garbage (RFC 9293 section 3.8.4).
        near_miss: || {
            Scene::established()
                .target(seg(".", 1, 1).data(b"ab"))
                .tester(seg(".", 1, 3))
                .target(seg(".", 2, 1).data(b"X"))
        },
    },
    Case {
        invariant: Invariant::Retransmission,
        breaks: || {
            Scene::established()
                .tester(seg("F.", 1, 1))
                .target(seg(".", 1, 2).data(b"a"))
                .tester(seg(".", 2, 1).data(b"y"))
                .target(seg(".", 1, 2).data(b"X"))
        },
        // What comes behind a FIN acknowledges, though its text is ignored: then it is a keep-alive.
        near_miss: || {
            Scene::established()
                .tester(seg("F.", 1, 1))
                .target(seg(".", 1, 2).data(b"a"))
                .tester(seg(".", 2, 2).data(b"y"))
                .target(seg(".", 1, 2).data(b"X"))
        },
    },
    Case {
        invariant: Invariant::BeyondFin,
        breaks: || {
            Scene::established().target(seg("F.", 1, 1)).tester(seg(".", 1, 1)).target(seg(".", 1, 1).data(b"X"))
        },
        // A keep-alive in the place of a FIN that was acknowledged.
        near_miss: || {
            Scene::established().target(seg("F.", 1, 1)).tester(seg(".", 1, 2)).target(seg(".", 1, 1).data(b"X"))
        },
    },
    Case {
        invariant: Invariant::BeyondFin,
        breaks: || Scene::established().target(seg("F.", 1, 1).zeros(5)).target(seg(".", 7, 1).zeros(1)),
        near_miss: || Scene::established().target(seg("F.", 1, 1).zeros(5)).target(seg(".", 7, 1)),
    },
    Case {
        invariant: Invariant::BeyondFin,
        breaks: || Scene::established().target(seg("F.", 1, 1).zeros(5)).target(seg("F.", 1, 1).zeros(4)),
        near_miss: || Scene::established().target(seg("F.", 1, 1).zeros(5)).target(seg("F.", 3, 1).zeros(3)),
    },
    Case {
        invariant: Invariant::AcknowledgmentUnsent,
        breaks: || Scene::established().tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 12)),
        near_miss: || Scene::established().tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 11)),
    },
    Case {
        invariant: Invariant::AcknowledgmentUnsent,
        // Over a gap.
        breaks: || {
            Scene::established()
                .tester(seg(".", 1, 1).zeros(10))
                .tester(seg(".", 12, 1).zeros(10))
                .target(seg(".", 1, 22))
        },
        near_miss: || {
            Scene::established()
                .tester(seg(".", 12, 1).zeros(10))
                .tester(seg(".", 1, 1).zeros(11))
                .target(seg(".", 1, 22))
        },
    },
    Case {
        invariant: Invariant::AcknowledgmentUnsent,
        // In a capture the peer shows that it had not sent it.
        breaks: || {
            let scene = Scene::capture().handshake(|s| s).tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 21));
            scene.after(100).tester(seg(".", 11, 1).zeros(10))
        },
        // Or that it had, and the capture lacks it.
        near_miss: || {
            let scene = Scene::capture().handshake(|s| s).tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 21));
            scene.after(100).tester(seg(".", 21, 1).zeros(10))
        },
    },
    Case {
        invariant: Invariant::TcpChecksumProcessed,
        breaks: || {
            let scene = Scene::established().tester(seg(".", 1, 1).zeros(10).damage(|octets| octets[45] ^= 1));
            scene.target(seg(".", 1, 11))
        },
        near_miss: || {
            let scene = Scene::established().tester(seg(".", 1, 1).zeros(10).damage(|octets| octets[45] ^= 1));
            scene.tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 11))
        },
    },
    Case {
        invariant: Invariant::TcpChecksumProcessed,
        breaks: || {
            let wrong = seg(".", 5, 77).absolute().damage(|octets| octets[36] ^= 1);
            Scene::new().tester(wrong).target(seg("R", 77, 0).absolute())
        },
        near_miss: || Scene::new().tester(seg(".", 5, 77).absolute()).target(seg("R", 77, 0).absolute()),
    },
    Case {
        invariant: Invariant::WithoutAck,
        breaks: || Scene::established().tester(seg("P", 1, 0).zeros(10)).target(seg(".", 1, 11)),
        near_miss: || Scene::established().tester(seg("P", 1, 0).zeros(10)).target(seg(".", 1, 1)),
    },
    Case {
        invariant: Invariant::UnacceptableAck,
        breaks: || Scene::established().tester(seg("P.", 1, 9).zeros(10)).target(seg(".", 1, 11)),
        near_miss: || Scene::established().tester(seg("P.", 1, 9).zeros(10)).target(seg(".", 1, 1)),
    },
    Case {
        invariant: Invariant::Paws,
        breaks: || {
            Scene::with(with_timestamps)
                .target(seg(".", 1, 1).timestamps(101, 100))
                .tester(seg(".", 1, 1).timestamps(50, 101).zeros(10))
                .target(seg(".", 1, 11).timestamps(101, 100))
        },
        near_miss: || {
            Scene::with(with_timestamps)
                .target(seg(".", 1, 1).timestamps(101, 100))
                .tester(seg(".", 1, 1).timestamps(100, 101).zeros(10))
                .target(seg(".", 1, 11).timestamps(101, 100))
        },
    },
    Case {
        invariant: Invariant::DataAfterFin,
        breaks: || tester_closes().tester(seg(".", 2, 1).zeros(10)).target(seg(".", 1, 12)),
        near_miss: || tester_closes().tester(seg(".", 2, 1).zeros(10)).target(seg(".", 1, 2)),
    },
    Case {
        invariant: Invariant::DataAfterFin,
        breaks: || {
            let closed = received_ten().tester(seg("F.", 11, 1)).target(seg(".", 1, 12));
            closed.tester(seg(".", 12, 1).zeros(10)).target(seg(".", 1, 22))
        },
        // The FIN is from before the window: it is not taken, and ends nothing.
        near_miss: || received_ten().tester(seg("F.", 1, 1)).tester(seg(".", 11, 1).zeros(10)).target(seg(".", 1, 21)),
    },
    Case {
        invariant: Invariant::DataAfterFin,
        breaks: || {
            let closed = Scene::established().tester(seg("F.", 2, 1)).tester(seg(".", 1, 1).zeros(1));
            let closed = closed.target(seg(".", 1, 3));
            closed.tester(seg(".", 3, 1).zeros(10)).target(seg(".", 1, 13))
        },
        // A FIN beyond a hole need not be kept: here the octets that came in its place were taken instead.
        near_miss: || {
            let scene = Scene::established().tester(seg("F.", 2, 1)).tester(seg(".", 1, 1).zeros(31));
            scene.target(seg(".", 1, 32)).tester(seg(".", 32, 1).zeros(1)).target(seg(".", 1, 33))
        },
    },
    Case {
        invariant: Invariant::AcknowledgmentBack,
        breaks: || {
            Scene::established()
                .tester(seg(".", 1, 1).zeros(10))
                .target(seg(".", 1, 11))
                .target(seg(".", 1, 5).window(1006))
        },
        near_miss: || {
            Scene::established().tester(seg(".", 1, 1).zeros(10)).target(seg(".", 1, 5)).target(seg(".", 1, 11))
        },
    },
    Case {
        invariant: Invariant::BeyondWindow,
        breaks: || {
            Scene::established()
                .tester(seg(".", 1, FAR_AWAY))
                .target(seg(".", 1, 1).zeros(1000))
                .target(seg(".", 1001, 1).zeros(2))
        },
        // An acknowledgment half of the number space away takes no window with it.
        near_miss: || Scene::established().tester(seg(".", 1, FAR_AWAY)).target(seg(".", 1, 1).zeros(1000)),
    },
    Case {
        invariant: Invariant::BeyondWindow,
        breaks: || Scene::established().target(seg(".", 1, 1).zeros(980)).target(seg(".", 981, 1).zeros(21)),
        near_miss: || Scene::established().target(seg(".", 1, 1).zeros(980)).target(seg(".", 981, 1).zeros(20)),
    },
    Case {
        invariant: Invariant::BeyondWindow,
        breaks: || Scene::established().target(seg(".", 1, 1).zeros(1000)).target(seg(".", 1001, 1).zeros(2)),
        // A probe.
        near_miss: || Scene::established().target(seg(".", 1, 1).zeros(1000)).target(seg(".", 1001, 1).zeros(1)),
    },
    Case {
        invariant: Invariant::BeyondWindow,
        breaks: || {
            let scene = scaled();
            scene.target(seg(".", 1, 1).zeros(1000)).target(seg(".", 1001, 1).zeros(281))
        },
        near_miss: || {
            let scene = scaled();
            scene.target(seg(".", 1, 1).zeros(1000)).target(seg(".", 1001, 1).zeros(280))
        },
    },
    Case {
        invariant: Invariant::BeyondWindow,
        breaks: || {
            let scene = Scene::established().target(seg(".", 1, 1).zeros(1_000));
            scene.target(seg(".", 1_001, 1).zeros(10))
        },
        // A window beside an acknowledgment of nothing may be taken.
        near_miss: || {
            let scene = Scene::established().tester(seg(".", 1, 0).window(1_101));
            scene.target(seg(".", 1, 1).zeros(1_000)).target(seg(".", 1_001, 1).zeros(10))
        },
    },
    Case {
        invariant: Invariant::WindowShrunk,
        breaks: || Scene::established().target(seg(".", 1, 1)).target(seg(".", 1, 1).window(999)),
        near_miss: || {
            let scene = Scene::established().target(seg(".", 1, 1)).tester(seg(".", 1, 1).zeros(10));
            scene.target(seg(".", 1, 11).window(990))
        },
    },
    Case {
        invariant: Invariant::WindowShrunk,
        breaks: || Scene::with(with_scale).target(seg(".", 1, 1).window(10)).target(seg(".", 1, 1).window(9)),
        // The window scale cannot say each edge (RFC 7323 section 2.4).
        near_miss: || {
            let scene = Scene::with(with_scale).target(seg(".", 1, 1).window(10));
            scene.tester(seg(".", 1, 1).zeros(1)).target(seg(".", 1, 2).window(9))
        },
    },
    Case {
        invariant: Invariant::SegmentSize,
        breaks: || Scene::established().tester(seg(".", 1, 1).window(5000)).target(seg(".", 1, 1).zeros(1001)),
        near_miss: || Scene::established().tester(seg(".", 1, 1).window(5000)).target(seg(".", 1, 1).zeros(1000)),
    },
    Case {
        invariant: Invariant::SegmentSize,
        breaks: || twice(1000).target(seg(".", 1, 1).zeros(1001)),
        // The same SYN with another MSS: which one the target has taken, nobody can tell.
        near_miss: || twice(64).target(seg(".", 1, 1).zeros(1001)),
    },
    Case {
        invariant: Invariant::SegmentSize,
        // Options count (RFC 6691 section 2).
        breaks: || Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(101, 100).zeros(989)),
        near_miss: || Scene::with(with_timestamps).target(seg(".", 1, 1).timestamps(101, 100).zeros(988)),
    },
    Case {
        invariant: Invariant::SegmentSize,
        breaks: || {
            let scene = Scene::new().tester(seg("S", 0, 0)).target(seg("S.", 0, 1)).tester(seg(".", 1, 1));
            scene.target(seg(".", 1, 1).zeros(537))
        },
        near_miss: || {
            let scene = Scene::new().tester(seg("S", 0, 0)).target(seg("S.", 0, 1)).tester(seg(".", 1, 1));
            scene.target(seg(".", 1, 1).zeros(536))
        },
    },
    Case {
        invariant: Invariant::SackBlock,
        breaks: || gaps().target(seg(".", 1, 1).sack(&[(31, 42), (11, 21)])),
        near_miss: || gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)])),
    },
    Case {
        invariant: Invariant::SackBlock,
        breaks: || gaps().target(seg(".", 1, 1).sack(&[(41, 31)])),
        near_miss: || gaps().target(seg(".", 1, 1).sack(&[(31, 41)])),
    },
    Case {
        invariant: Invariant::SackOrder,
        breaks: || gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21), (31, 41)])),
        // A D-SACK within the second block (RFC 2883 section 4.1).
        near_miss: || {
            gaps().tester(seg(".", 31, 1).zeros(5)).target(seg(".", 1, 1).sack(&[(31, 36), (31, 41), (11, 21)]))
        },
    },
    Case {
        invariant: Invariant::SackOrder,
        breaks: || {
            let scene = gaps().tester(seg(".", 1, 1).zeros(10));
            scene.target(seg(".", 1, 21).sack(&[(31, 41), (15, 21)]))
        },
        // A D-SACK below the acknowledgment number.
        near_miss: || {
            let scene = gaps().tester(seg(".", 1, 1).zeros(10)).tester(seg(".", 11, 1).zeros(10));
            scene.target(seg(".", 1, 21).sack(&[(11, 21), (31, 41)]))
        },
    },
    Case {
        invariant: Invariant::SackOrder,
        breaks: || {
            let scene = gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)]));
            scene.target(seg(".", 1, 1).sack(&[(11, 21), (31, 41), (11, 21)]))
        },
        // The block that holds a D-SACK comes third: it was not the one that changed last.
        near_miss: || {
            let scene = gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)])).tester(seg(".", 11, 1).zeros(10));
            scene.target(seg(".", 1, 1).sack(&[(11, 21), (31, 41), (11, 21)]))
        },
    },
    Case {
        invariant: Invariant::SackFirst,
        breaks: || {
            let scene = gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)]));
            scene.tester(seg(".", 51, 1).zeros(5)).target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)]))
        },
        // It acknowledges nothing but the target's SYN, and not even that: it may be discarded.
        near_miss: || {
            let scene = gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)]));
            scene.tester(seg(".", 51, 0).zeros(5)).target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)]))
        },
    },
    Case {
        invariant: Invariant::SackBlock,
        breaks: || {
            let scene = gaps().tester(seg(".", 1, 1).zeros(400));
            scene.target(seg(".", 1, 1).sack(&[(OLD, OLD + 1), (31, 41), (11, 21)]))
        },
        // A D-SACK of a segment that was dropped for its acknowledgment number.
        near_miss: || {
            let scene = gaps().tester(seg(".", 1, 1).zeros(400)).tester(seg(".", OLD, 4_000).zeros(1));
            scene.target(seg(".", 1, 1).sack(&[(OLD, OLD + 1), (31, 41), (11, 21)]))
        },
    },
    Case {
        invariant: Invariant::SackFirst,
        breaks: || gaps().target(seg(".", 1, 1).sack(&[(11, 21), (31, 41)])),
        near_miss: || gaps().target(seg(".", 1, 1).sack(&[(31, 41), (11, 21)])),
    },
];
