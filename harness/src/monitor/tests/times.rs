//! What has its time.

use super::Case;
use super::scene::{Scene, seg};
use crate::monitor::Invariant;

/// The target sends 10 octets and sends them again after these times, in milliseconds.
fn repeats(times: &[u64]) -> Scene {
    let data = || seg(".", 1, 1).zeros(10);
    times.iter().fold(Scene::established().target(data()), |scene, time| scene.after(*time).target(data()))
}

/// The target has closed first, and both FINs are acknowledged.
fn time_wait() -> Scene {
    Scene::established().target(seg("F.", 1, 1)).tester(seg(".", 1, 2)).tester(seg("F.", 1, 2)).target(seg(".", 2, 2))
}

/// The target has closed, and three octets came since.
fn closed() -> Scene {
    let scene = Scene::established().target(seg("F.", 1, 1));
    scene.tester(seg(".", 1, 2).zeros(3))
}

/// Both have closed at the same time, and the target's FIN is not acknowledged.
fn closing() -> Scene {
    let scene = Scene::established().target(seg("F.", 1, 1)).tester(seg("F.", 1, 1).zeros(10));
    scene.target(seg(".", 2, 12))
}

/// The target has said something, so that it is established for certain.
fn talking() -> Scene {
    Scene::established().target(seg("P.", 1, 1).zeros(1)).tester(seg(".", 1, 2))
}

pub(super) const CASES: &[Case] = &[
    Case {
        invariant: Invariant::AcknowledgmentDelay,
        breaks: || talking().tester(seg("P.", 1, 2).zeros(10)).after(700).tester(seg(".", 11, 2)),
        near_miss: || talking().tester(seg("P.", 1, 2).zeros(10)).after(400).target(seg(".", 2, 11)).after(700),
    },
    Case {
        invariant: Invariant::AcknowledgmentDelay,
        breaks: || talking().tester(seg("P.", 1, 2).zeros(10)).after(700),
        // Out of the window: the target owes nothing in time.
        near_miss: || talking().tester(seg("P.", 1, 2).zeros(1200)).after(700),
    },
    Case {
        invariant: Invariant::AcknowledgmentDelay,
        breaks: || talking().tester(seg("P.", 1, 1).zeros(10)).after(700),
        // Its acknowledgment is older than by the largest window: it may be discarded (RFC 5961 section 5.2).
        near_miss: || talking().tester(seg("P.", 1, 0u32.wrapping_sub(70_000)).zeros(10)).after(700),
    },
    Case {
        invariant: Invariant::FinAcknowledged,
        breaks: || talking().tester(seg("F.", 1, 2)).target(seg(".", 2, 1)).after(700),
        near_miss: || talking().tester(seg("F.", 1, 2)).target(seg(".", 2, 2)).after(700),
    },
    Case {
        invariant: Invariant::Backoff,
        breaks: || repeats(&[1_000, 1_000, 1_000, 1_000]),
        near_miss: || repeats(&[1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]),
    },
    Case {
        invariant: Invariant::Backoff,
        breaks: || repeats(&[200, 1_000, 1_000, 1_000]),
        // A probe for the tail comes early (RFC 8985 section 7), and what the peer says begins anew.
        near_miss: || {
            repeats(&[200, 1_000, 1_000]).tester(seg(".", 1, 1)).after(1_000).target(seg(".", 1, 1).zeros(10))
        },
    },
    Case {
        invariant: Invariant::TimeWait,
        breaks: || time_wait().after(30_000).tester(seg("F.", 1, 2)).target(seg("R", 2, 0)),
        near_miss: || time_wait().after(60_000).tester(seg("F.", 1, 2)).target(seg("R", 2, 0)),
    },
    Case {
        invariant: Invariant::TimeWait,
        breaks: || closing().tester(seg(".", 12, 2)).target(seg(".", 2, 12)).target(seg("R.", 2, 12)),
        // The acknowledgment of the FIN stands in an old segment, which is dropped: the state is CLOSING still.
        near_miss: || closing().tester(seg(".", 2, 2)).target(seg(".", 2, 12)).target(seg("R.", 2, 12)),
    },
    Case {
        invariant: Invariant::TimeWait,
        breaks: || closed().tester(seg("F.", 4, 2)).target(seg(".", 2, 5)).target(seg("R.", 2, 5)),
        // Octets came in the place of the FIN, so that it is old and ends nothing.
        near_miss: || closed().tester(seg("F.", 3, 2)).target(seg(".", 2, 4)).target(seg("R.", 2, 4)),
    },
    Case {
        invariant: Invariant::TimeWait,
        breaks: || time_wait().after(10).tester(seg(".", 2, 2)).target(seg("R", 2, 0)),
        // The passive closer has no TIME-WAIT.
        near_miss: || {
            Scene::established()
                .tester(seg("F.", 1, 1))
                .target(seg(".", 1, 2))
                .target(seg("F.", 1, 2))
                .tester(seg(".", 2, 2))
                .after(10)
                .tester(seg(".", 2, 2))
                .target(seg("R", 2, 0))
        },
    },
];
