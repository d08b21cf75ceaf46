//! Ways to deliver a stream, by name.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;

/// A way to deliver a stream to a peer, for which all of them are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Schedule {
    /// Segments as large as the peer takes them.
    Whole,
    /// One octet a segment; of a long write so its first and last ones.
    Octet,
    /// Cut at the places that the writer names: inside every token.
    Cut,
    /// Cut at random.
    Random,
    /// Cut at random, and up to four segments in an order at random.
    Reordered,
    /// Every segment twice.
    Duplicated,
    /// Every segment repeats some of the octets before it.
    Overlapping,
    /// The tester's receive window is tiny.
    TinyWindow,
    /// A second between segments.
    Slow,
    /// Some segments are lost on first sending, in both directions.
    Loss,
    /// FIN in the middle of the first write, and nothing after it.
    FinMiddle,
    /// RST in the middle of the first write.
    RstMiddle,
    /// FIN after the first write; the tester reads on.
    HalfClose,
    /// In the middle of the first write the tester is gone without a word.
    Vanish,
}

/// A schedule and the seed of what is random in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How.
    pub schedule: Schedule,
    /// The same seed gives the same segments.
    pub seed: u64,
}

/// A name that no schedule has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no schedule `{0}`: there are whole, octet, cut, random, reordered, duplicated, overlapping, \
         tiny-window, slow, loss, fin-middle, rst-middle, half-close and vanish"
)]
pub struct UnknownSchedule(String);

/// What is sent in one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    /// Octets of the stream, counted from its beginning.
    pub(super) octets: Range<u64>,
    /// How long after the parcel before it.
    pub(super) pause: Duration,
    /// It is lost on its way.
    pub(super) is_lost: bool,
}

/// How the stream ends before its writer ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Fin,
    Reset,
    Silence,
}

/// Octets of a tiny window: Linux cuts its segments down to the largest window that it was offered, but not below 48
/// octets, and sends into a smaller window by its persist timer alone.
pub(super) const TINY: u32 = 64;
/// At most so many octets are in a segment that is cut at random.
const RANDOM_CUT: u64 = 64;
/// So many octets at the beginning of a write go one by one at least, and so many at its end.
const FIRST_OCTETS: u64 = 8_192;
const LAST_OCTETS: u64 = 64;
/// So many segments change their order with each other.
const REORDERED: usize = 4;
/// One segment of so many is lost.
const LOST: u32 = 4;
/// A slow write has so many parts: a test is to end.
const SLOW: u64 = 3;
const SECOND: Duration = Duration::from_secs(1);

impl Schedule {
    /// All of them, in the order of the documentation.
    pub const ALL: [Schedule; 14] = [
        Schedule::Whole,
        Schedule::Octet,
        Schedule::Cut,
        Schedule::Random,
        Schedule::Reordered,
        Schedule::Duplicated,
        Schedule::Overlapping,
        Schedule::TinyWindow,
        Schedule::Slow,
        Schedule::Loss,
        Schedule::FinMiddle,
        Schedule::RstMiddle,
        Schedule::HalfClose,
        Schedule::Vanish,
    ];

    /// As flags and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Schedule::Whole => "whole",
            Schedule::Octet => "octet",
            Schedule::Cut => "cut",
            Schedule::Random => "random",
            Schedule::Reordered => "reordered",
            Schedule::Duplicated => "duplicated",
            Schedule::Overlapping => "overlapping",
            Schedule::TinyWindow => "tiny-window",
            Schedule::Slow => "slow",
            Schedule::Loss => "loss",
            Schedule::FinMiddle => "fin-middle",
            Schedule::RstMiddle => "rst-middle",
            Schedule::HalfClose => "half-close",
            Schedule::Vanish => "vanish",
        }
    }

    /// Whether the stream ends before its writer wants it to; the peer cannot answer as if it were whole.
    pub const fn is_abortive(self) -> bool {
        matches!(self, Schedule::FinMiddle | Schedule::RstMiddle | Schedule::HalfClose | Schedule::Vanish)
    }

    pub(super) fn ending(self) -> Option<Ending> {
        match self {
            Schedule::FinMiddle | Schedule::HalfClose => Some(Ending::Fin),
            Schedule::RstMiddle => Some(Ending::Reset),
            Schedule::Vanish => Some(Ending::Silence),
            _ => None,
        }
    }

    /// How many octets of a first write of `length` go out before the ending.
    pub(super) fn kept(self, length: u64) -> u64 {
        match self {
            Schedule::FinMiddle | Schedule::RstMiddle | Schedule::Vanish => length / 2,
            _ => length,
        }
    }

    /// Cuts a write into parcels that carry no more than `most` octets. `cuts` are offsets into the write.
    pub(super) fn parcels(self, write: Range<u64>, cuts: &[u64], most: u64, rng: &mut Rng) -> Vec<Parcel> {
        let length = write.end - write.start;
        let pieces = match self {
            Schedule::Octet => octets(&write, most),
            Schedule::Cut => at(&write, cuts, most),
            // A short write is cut too.
            Schedule::Random | Schedule::Reordered | Schedule::Loss => {
                at_random(&write, most.min(RANDOM_CUT).min(length.div_ceil(2)).max(1), rng)
            }
            // Half of a segment is left for what is repeated.
            Schedule::Overlapping => {
                at_random(&write, (most / 2).clamp(1, RANDOM_CUT).min(length.div_ceil(2)).max(1), rng)
            }
            Schedule::Slow => slow(&write, most).concat(),
            _ => even(&write, most),
        };
        let mut parcels: Vec<Parcel> =
            pieces.into_iter().map(|octets| Parcel { octets, pause: Duration::ZERO, is_lost: false }).collect();
        match self {
            Schedule::Reordered => parcels.chunks_mut(REORDERED).for_each(|chunk| rng.shuffle(chunk)),
            Schedule::Duplicated => parcels = parcels.into_iter().flat_map(|parcel| [parcel.clone(), parcel]).collect(),
            Schedule::Overlapping => {
                for parcel in &mut parcels {
                    let room =
                        (parcel.octets.start - write.start).min(most - (parcel.octets.end - parcel.octets.start));
                    parcel.octets.start -= rng.u64(0..=room.min(RANDOM_CUT / 2));
                }
            }
            Schedule::Slow => {
                let begins: Vec<u64> = slow(&write, most).iter().skip(1).map(|part| part[0].start).collect();
                let first = parcels.iter_mut().filter(|parcel| begins.contains(&parcel.octets.start));
                first.for_each(|parcel| parcel.pause = SECOND);
            }
            Schedule::Loss => parcels.iter_mut().for_each(|parcel| parcel.is_lost = rng.u32(0..LOST) == 0),
            _ => {}
        }
        parcels
    }

    /// Whether a segment of the peer's that carries data is lost, when it comes for the first time.
    pub(super) fn loses(self, rng: &mut Rng) -> bool {
        self == Schedule::Loss && rng.u32(0..LOST) == 0
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Schedule {
    type Err = UnknownSchedule;

    fn from_str(name: &str) -> Result<Self, UnknownSchedule> {
        let found = Schedule::ALL.into_iter().find(|schedule| schedule.name() == name);
        found.ok_or_else(|| UnknownSchedule(name.to_owned()))
    }
}

fn even(write: &Range<u64>, length: u64) -> Vec<Range<u64>> {
    let starts = (write.start..write.end).step_by(usize::try_from(length).unwrap_or(usize::MAX));
    starts.map(|start| start..write.end.min(start.saturating_add(length))).collect()
}

/// Its parts, each in segments of at most `most`.
fn slow(write: &Range<u64>, most: u64) -> Vec<Vec<Range<u64>>> {
    let length = write.end - write.start;
    even(write, length.div_ceil(SLOW).max(1)).iter().map(|part| even(part, most)).collect()
}

fn at(write: &Range<u64>, cuts: &[u64], most: u64) -> Vec<Range<u64>> {
    let mut edges: Vec<u64> = cuts.iter().map(|cut| write.start.saturating_add(*cut)).collect();
    edges.retain(|edge| write.contains(edge));
    edges.extend([write.start, write.end]);
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).flat_map(|edge| even(&(edge[0]..edge[1]), most)).collect()
}

/// One by one; of a long write the middle is not, which is as many segments as no test has time for.
fn octets(write: &Range<u64>, most: u64) -> Vec<Range<u64>> {
    let first = write.end.min(write.start + FIRST_OCTETS);
    let last = first.max(write.end.saturating_sub(LAST_OCTETS));
    [even(&(write.start..first), 1), even(&(first..last), most), even(&(last..write.end), 1)].concat()
}

fn at_random(write: &Range<u64>, most: u64, rng: &mut Rng) -> Vec<Range<u64>> {
    let mut pieces = Vec::new();
    let mut start = write.start;
    while start < write.end {
        let end = write.end.min(start + rng.u64(1..=most));
        pieces.push(start..end);
        start = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Range<u64> = 1_000..1_300;
    const MOST: u64 = 100;

    fn parcels(schedule: Schedule) -> Vec<Parcel> {
        schedule.parcels(WRITE, &[1, 150, 299, 300, 999], MOST, &mut Rng::with_seed(7))
    }

    fn ranges(schedule: Schedule) -> Vec<Range<u64>> {
        parcels(schedule).into_iter().map(|parcel| parcel.octets).collect()
    }

    #[test]
    fn every_schedule_covers_the_write_within_the_segment_size() {
        for schedule in Schedule::ALL {
            let mut ranges = ranges(schedule);
            assert!(ranges.iter().all(|range| !range.is_empty() && range.end - range.start <= MOST), "{schedule}");
            ranges.sort_by_key(|range| range.start);
            let covered = ranges.iter().fold(WRITE.start, |end, range| {
                assert!(range.start <= end, "{schedule}: nothing carries {end}");
                end.max(range.end)
            });
            assert_eq!(covered, WRITE.end, "{schedule}");
            assert_eq!(parcels(schedule), parcels(schedule), "{schedule} is the same for the same seed");
        }
    }

    #[test]
    fn each_does_what_its_name_says() {
        assert_eq!(ranges(Schedule::Whole), [1_000..1_100, 1_100..1_200, 1_200..1_300]);
        assert_eq!(ranges(Schedule::Octet).len(), 300);
        assert_eq!(
            ranges(Schedule::Cut),
            [1_000..1_001, 1_001..1_101, 1_101..1_150, 1_150..1_250, 1_250..1_299, 1_299..1_300]
        );
        assert!(ranges(Schedule::Random).len() > 5);
        assert!(!ranges(Schedule::Reordered).is_sorted_by_key(|range| range.start));
        let doubled = ranges(Schedule::Duplicated);
        assert!(doubled.chunks(2).all(|pair| pair[0] == pair[1]) && doubled.len() == 6);
        let overlapping = ranges(Schedule::Overlapping);
        assert!(overlapping.windows(2).any(|pair| pair[1].start < pair[0].end));
        let pauses = |write: Range<u64>| {
            let slow = Schedule::Slow.parcels(write, &[], MOST, &mut Rng::with_seed(7));
            slow.iter().map(|parcel| parcel.pause.as_secs()).collect::<Vec<u64>>()
        };
        assert_eq!(pauses(0..1), [0]);
        assert_eq!(pauses(WRITE), [0, 1, 1]);
        // What is long has more segments, but no more pauses: 100,000 octets took more than a minute.
        assert_eq!(pauses(0..900), [0, 0, 0, 1, 0, 0, 1, 0, 0]);
        let lost = parcels(Schedule::Loss).iter().filter(|parcel| parcel.is_lost).count();
        assert!(lost > 0 && lost < parcels(Schedule::Loss).len());
        assert_eq!((Schedule::Vanish.kept(9), Schedule::HalfClose.kept(9)), (4, 9));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for schedule in Schedule::ALL {
            assert_eq!(schedule.name().parse(), Ok(schedule));
        }
        assert!("bytewise".parse::<Schedule>().unwrap_err().to_string().contains("octet"));
    }
}
