//! `assert unpredictable(series)`: whether somebody who has seen values can tell others (RFC 6528, RFC 9293 section 3.4.1).
//!
//! RFC 6528's ISN = M + F(addresses, ports, secret) grows with time for one pair of ends, but F makes the values of
//! different pairs independent and evenly distributed. That is the hypothesis. From the series come several others that are
//! then independent and evenly distributed as well: the values themselves, what each adds to the one `lag` places before it
//! (a counter, a clock, several counters in turn), and the differences of these (a counter that speeds up). Of each of
//! them three things are measured, each with an upper bound of its probability under the hypothesis that holds exactly, by
//! counting and not by approximation:
//!
//! - the shortest arc (modulo 2^bits) that holds half, three quarters or all of the `n` values. That `h` of them lie
//!   within a fraction `c` of the numbers has at most the probability n * C(n-1, h-1) * c^(h-1).
//! - how many values stood there before: `r` of them have at most C(n, r) * (n / 2^bits)^r.
//! - how many bits never change: `b` of them have at most C(bits, b) * 2^(-b * (n-1)).
//!
//! A series is predictable if such a bound, multiplied by the number of all that is measured, is at most
//! [`FALSE_ALARM`], and if it also helps an attacker: the arc or the bits that change leave no more than one in 256 of all
//! numbers, or values repeat twice.

use std::fmt;

/// The probability that a generator whose values are independent and evenly distributed is called predictable: 10^-9 at
/// most, for each series.
const FALSE_ALARM: f64 = 1e-9;

/// An attacker is helped by what leaves one in so many numbers, as a power of 2.
const HELPFUL: u32 = 8;

/// How far apart values are whose differences are looked at.
const LAGS: [usize; 4] = [1, 2, 3, 4];

/// Arcs that hold half, three quarters and all.
const QUARTERS: [usize; 3] = [2, 3, 4];

/// What makes a series predictable.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    what: String,
    /// Base-10 logarithm of the probability that an unpredictable series looks so.
    log10: f64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { what, log10 } = self;
        write!(f, "{what}; the chance that an unpredictable generator gives this is below 1e{:.0}", log10.ceil())
    }
}

/// What makes a series of numbers of `bits` bits predictable, if something does.
pub(super) fn judge(values: &[u64], bits: u32) -> Option<Finding> {
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    let families = families(values, mask);
    let measures = families.len() * (QUARTERS.len() + 2);
    let limit = (FALSE_ALARM / measures as f64).log2();
    let findings = families.iter().flat_map(|(name, family)| findings(name, family, bits));
    // The least likely is told, the values before their differences.
    let least = findings.filter(|(_, log2)| *log2 <= limit).reduce(|a, b| if b.1 < a.1 { b } else { a });
    least.map(|(what, log2)| Finding { what, log10: (log2 + (measures as f64).log2()) * std::f64::consts::LOG10_2 })
}

/// Series that are independent and evenly distributed if this one is, with what they are.
fn families(values: &[u64], mask: u64) -> Vec<(String, Vec<u64>)> {
    let lagged = |values: &[u64], lag: usize| -> Vec<u64> {
        values.iter().zip(values.iter().skip(lag)).map(|(a, b)| b.wrapping_sub(*a) & mask).collect()
    };
    let mut families = vec![("values".to_owned(), values.iter().map(|value| value & mask).collect())];
    for lag in LAGS {
        let what = match lag {
            1 => "steps from one value to the next".to_owned(),
            lag => format!("steps from one value to that {lag} places later"),
        };
        families.push((what, lagged(values, lag)));
    }
    let steps = lagged(values, 1);
    families.push(("changes of the step from one value to the next".to_owned(), lagged(&steps, 1)));
    families
}

/// All that helps an attacker, with the base-2 logarithm of an upper bound of its probability.
fn findings(name: &str, values: &[u64], bits: u32) -> Vec<(String, f64)> {
    let n = values.len();
    let mut found = Vec::new();
    if n < 2 {
        return found;
    }
    let all = f64::from(bits).exp2();
    for quarters in QUARTERS {
        let held = (n * quarters).div_ceil(4).max(2);
        let arc = shortest_arc(values, held, bits);
        if arc <= 1 << (bits.saturating_sub(HELPFUL)) {
            // The first of them may stand anywhere, the others within the arc behind it.
            let fraction = ((arc as f64) + 1.0) / all;
            let log2 = (n as f64).log2() + log2_choose(n - 1, held - 1) + (held as f64 - 1.0) * fraction.log2();
            let arc = arc.saturating_add(1);
            let what = match arc {
                1 => format!("{held} of {n} {name} are the same"),
                arc => format!("{held} of {n} {name} lie within {arc} of 2^{bits} numbers"),
            };
            found.push((what, log2));
        }
    }
    let repeated = n - distinct(values);
    if repeated >= 2 {
        let log2 = log2_choose(n, repeated) + repeated as f64 * (n as f64 / all).log2();
        found.push((format!("{repeated} of {n} {name} stood there before"), log2));
    }
    let changing = values.iter().fold(0, |changing, value| changing | (value ^ values[0]));
    let fixed = bits - changing.count_ones();
    if fixed >= HELPFUL {
        let log2 = log2_choose(bits as usize, fixed as usize) - f64::from(fixed) * (n as f64 - 1.0);
        found.push((format!("{fixed} of {bits} bits are the same in all {n} {name}"), log2));
    }
    found
}

/// The least `last - first` of a run of `held` values on the circle of 2^bits numbers.
fn shortest_arc(values: &[u64], held: usize, bits: u32) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    let n = sorted.len();
    let arc = |at: usize| match at + held - 1 {
        last if last < n => sorted[last] - sorted[at],
        // Behind the greatest number comes the least; an arc from a number to its like is the whole circle.
        last => mask - (sorted[at] - sorted[last - n]),
    };
    (0..n).map(arc).min().unwrap_or(mask)
}

fn distinct(values: &[u64]) -> usize {
    values.iter().collect::<std::collections::BTreeSet<_>>().len()
}

/// Base-2 logarithm of the number of ways to choose `k` of `n`.
fn log2_choose(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).map(|i| ((n - i) as f64 / (i + 1) as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, Hasher};

    use super::*;

    /// A good generator: SplitMix64, the upper half.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) >> 32
        }

        fn below(&mut self, limit: u64) -> u64 {
            self.next() % limit
        }
    }

    /// RFC 6528: M + F(ends, secret), with a keyed hash of the ends and a clock.
    fn rfc6528(random: &mut Random, count: usize, rate: u64, gap: u64) -> Vec<u64> {
        let state = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
        let secret = random.next() << 32 | random.next();
        let first_port = 1024 + random.below(30_000);
        (0..count as u64)
            .map(|i| {
                let mut hasher = state.build_hasher();
                hasher.write_u64(secret);
                hasher.write_u64(first_port + i);
                let jitter = random.below(gap / 4 + 1);
                (hasher.finish() & 0xffff_ffff).wrapping_add(rate.wrapping_mul(i * gap + jitter)) & 0xffff_ffff
            })
            .collect()
    }

    #[test]
    fn no_good_generator_is_called_predictable() {
        for seed in 0..800 {
            let mut random = Random(seed);
            let count = 16 + random.below(100) as usize;
            let values: Vec<u64> = (0..count).map(|_| random.next()).collect();
            assert_eq!(judge(&values, 32), None, "seed {seed}");
            let (rate, gap) = ([1, 4, 250, 1000][seed as usize % 4], 1 + random.below(100_000));
            assert_eq!(judge(&rfc6528(&mut random, count, rate, gap), 32), None, "seed {seed}");
        }
    }

    /// The bounds are bounds: under the hypothesis each is at most p with a probability of at most p.
    #[test]
    fn a_bound_is_no_smaller_than_the_probability() {
        const SERIES: u32 = 3_000;
        for bits in [10, 16] {
            let mut below = [0_u32; 10];
            for seed in 0..SERIES {
                let mut random = Random(u64::from(seed) << 20);
                let values: Vec<u64> = (0..16).map(|_| random.next() & ((1 << bits) - 1)).collect();
                let least = findings("values", &values, bits).into_iter().map(|(_, log2)| log2).fold(0.0, f64::min);
                for (power, count) in below.iter_mut().enumerate() {
                    *count += u32::from(least <= -(power as f64));
                }
            }
            for (power, count) in below.iter().enumerate().skip(1) {
                // Five measures of one series, and four standard deviations of chance.
                let most = 5.0 * f64::from(SERIES) / f64::from(power as u32).exp2();
                assert!(f64::from(*count) <= most + 4.0 * most.sqrt(), "2^-{power} over {bits} bits: {count}");
            }
        }
    }

    /// Generators that stacks have had, as sixteen connections and as sixty-four show them.
    fn bad(name: &str, random: &mut Random, count: usize) -> Vec<u64> {
        let start = random.next();
        let base = random.next();
        let mut value = start;
        let mut values = Vec::new();
        for i in 0..count as u64 {
            value = match name {
                "constant" => start,
                "one more for each connection" => value + 1,
                "64000 for each connection" => value + 64_000,
                "64000 for each connection and 128000 for each second" => value + 64_000 + 128_000 * random.below(2),
                "a clock of 250 kHz" => start + 250 * 10_000 * i + random.below(250 * 200),
                "a clock of 16 MHz, read when the host gets to it" => start + 16 * 1_000 * i + random.below(16 * 2_000),
                "a random step of 20 bits" => value + random.below(1 << 20),
                "steps that grow" => start + 977 * i * i,
                "16 bits from a generator, the rest constant" => base & 0xffff | random.below(1 << 16) << 16,
                "one of 100 values" => Random(random.below(100)).next(),
                "two counters in turn" => (if i % 2 == 0 { start } else { base }) + 64_000 * (i / 2),
                "one of two counters" => (if random.below(2) == 0 { start } else { base }) + 64_000 * i,
                other => panic!("there is no generator `{other}`"),
            };
            values.push(value & 0xffff_ffff);
        }
        values
    }

    const BAD: [&str; 12] = [
        "constant",
        "one more for each connection",
        "64000 for each connection",
        "64000 for each connection and 128000 for each second",
        "a clock of 250 kHz",
        "a clock of 16 MHz, read when the host gets to it",
        "a random step of 20 bits",
        "steps that grow",
        "16 bits from a generator, the rest constant",
        "one of 100 values",
        "two counters in turn",
        "one of two counters",
    ];

    #[test]
    fn every_bad_generator_is_called_predictable() {
        for name in BAD {
            for seed in 0..30 {
                let mut random = Random(seed);
                // What repeats by chance alone needs more values to do so.
                let least = if name == "one of 100 values" { 96 } else { 16 };
                for count in [least, 100, 256] {
                    let values = bad(name, &mut random, count);
                    assert!(judge(&values, 32).is_some(), "{name}, {count} values, seed {seed}: {values:?}");
                }
            }
        }
    }

    #[test]
    fn the_finding_says_what_was_seen() {
        let said: Vec<_> = BAD
            .iter()
            .map(|name| {
                let found = judge(&bad(name, &mut Random(1), 64), 32);
                format!("{name}: {}", found.map(|found| found.to_string()).unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_random_step_that_leaves_no_attack_is_no_finding() {
        let mut random = Random(7);
        let mut value = 0;
        let values: Vec<u64> = (0..64)
            .map(|_| {
                value = (value + random.below(1 << 30)) & 0xffff_ffff;
                value
            })
            .collect();
        assert_eq!(judge(&values, 32), None);
    }
}
