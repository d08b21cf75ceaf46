//! TCP options of a script as octets, and octets as options of a script.

use smallvec::SmallVec;

use crate::script::tree::{AccEcnOrder, TcpOptionSpec};

/// Option kinds (IANA TCP option kind numbers).
const EOL: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
pub(super) const SACK: u8 = 5;
pub(super) const TIMESTAMPS: u8 = 8;
const MD5: u8 = 19;
const FAST_OPEN: u8 = 34;
const ACCECN0: u8 = 172;
const ACCECN1: u8 = 174;
const EXPERIMENTAL: u8 = 254;
/// Experiment identifiers (RFC 6994): TCP Fast Open, AccECN orders 0 and 1.
const EXID_FAST_OPEN: u16 = 0xf989;
const EXID_ACCECN0: u16 = 0xacc0;
const EXID_ACCECN1: u16 = 0xacc1;

pub(super) type Octets = SmallVec<[u8; 40]>;

/// How numbers in options are moved between script and wire.
pub(super) struct Shift {
    /// Added to SACK edges.
    pub sack: u32,
    /// The TSecr that goes on the wire, where the script's number is not meant as it stands.
    pub echo_reply: Option<u32>,
}

/// Appends an option's octets.
pub(super) fn encode(option: &TcpOptionSpec, shift: &Shift, out: &mut Octets) {
    match option {
        TcpOptionSpec::Nop => out.push(NOP),
        TcpOptionSpec::Eol => out.push(EOL),
        TcpOptionSpec::Mss(value) => push(out, MSS, &value.unwrap_or_default().to_be_bytes()),
        TcpOptionSpec::WindowScale(value) => push(out, WINDOW_SCALE, &[value.unwrap_or_default()]),
        TcpOptionSpec::SackPermitted => push(out, SACK_PERMITTED, &[]),
        TcpOptionSpec::Sack(blocks) => {
            let mut data = Octets::new();
            for (left, right) in blocks {
                data.extend_from_slice(&left.wrapping_add(shift.sack).to_be_bytes());
                data.extend_from_slice(&right.wrapping_add(shift.sack).to_be_bytes());
            }
            push(out, SACK, &data);
        }
        TcpOptionSpec::Timestamps { value, echo_reply, echo_reply_absolute } => {
            let written = echo_reply.unwrap_or_default();
            let reply = if *echo_reply_absolute { written } else { shift.echo_reply.unwrap_or(written) };
            let mut data = [0; 8];
            data[..4].copy_from_slice(&value.unwrap_or_default().to_be_bytes());
            data[4..].copy_from_slice(&reply.to_be_bytes());
            push(out, TIMESTAMPS, &data);
        }
        // A digest to be computed (`md5 valid`) is refused before a run; an empty one has the option's form.
        TcpOptionSpec::Md5(digest) => push(out, MD5, digest.as_deref().unwrap_or_default()),
        TcpOptionSpec::FastOpen(cookie) => push(out, FAST_OPEN, cookie),
        TcpOptionSpec::FastOpenExperimental(cookie) => experimental(out, EXID_FAST_OPEN, cookie),
        TcpOptionSpec::AccEcn { order, fields, experimental: in_experiment } => {
            let order1 = *order == AccEcnOrder::One;
            let mut data = Octets::new();
            for (_, counter) in fields {
                data.extend_from_slice(&counter.to_be_bytes()[1..]);
            }
            match (in_experiment, order1) {
                (true, order1) => experimental(out, if order1 { EXID_ACCECN1 } else { EXID_ACCECN0 }, &data),
                (false, order1) => push(out, if order1 { ACCECN1 } else { ACCECN0 }, &data),
            }
        }
        TcpOptionSpec::Generic { kind, data: None } => out.push(*kind),
        TcpOptionSpec::Generic { kind, data: Some(data) } => push(out, *kind, data),
        TcpOptionSpec::Experimental { exid, data } => experimental(out, *exid, data),
    }
}

fn push(out: &mut Octets, kind: u8, data: &[u8]) {
    out.push(kind);
    out.push(u8::try_from(data.len() + 2).unwrap_or(u8::MAX));
    out.extend_from_slice(data);
}

fn experimental(out: &mut Octets, exid: u16, data: &[u8]) {
    out.push(EXPERIMENTAL);
    out.push(u8::try_from(data.len() + 4).unwrap_or(u8::MAX));
    out.extend_from_slice(&exid.to_be_bytes());
    out.extend_from_slice(data);
}

/// One option as it lies in the header: kind, length octet, data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawOption<'a>(pub &'a [u8]);

impl<'a> RawOption<'a> {
    pub(super) fn kind(self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// What follows the length octet.
    pub(super) fn data(self) -> &'a [u8] {
        self.0.get(2..).unwrap_or_default()
    }

    /// TSval and TSecr, if it is a timestamps option of the right length (RFC 7323 section 3.2).
    pub(super) fn timestamps(self) -> Option<(u32, u32)> {
        let data: [u8; 8] = self.data().try_into().ok().filter(|_| self.kind() == TIMESTAMPS)?;
        let word = |at: usize| u32::from_be_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
        Some((word(0), word(4)))
    }
}

/// The options of an option area; a malformed one is the last and takes what is left.
pub(super) fn raw_options(area: &[u8]) -> impl Iterator<Item = RawOption<'_>> {
    let mut rest = area;
    std::iter::from_fn(move || {
        let length = match *rest {
            [] => return None,
            [EOL | NOP, ..] => 1,
            [_, length, ..] if (2..=rest.len()).contains(&usize::from(length)) => usize::from(length),
            _ => rest.len(),
        };
        let (option, tail) = rest.split_at(length);
        rest = tail;
        Some(RawOption(option))
    })
}

/// An option as a script writes it. `shift` is taken off SACK edges; `value` replaces TSval.
pub(super) fn describe(option: RawOption<'_>, sack_shift: u32, value: Option<u32>, out: &mut String) {
    use std::fmt::Write;
    let data = option.data();
    let hex = |out: &mut String, data: &[u8]| data.iter().for_each(|b| _ = write!(out, "{b:02x}"));
    match (option.kind(), data) {
        (EOL, _) => out.push_str("eol"),
        (NOP, _) => out.push_str("nop"),
        (MSS, [a, b]) => _ = write!(out, "mss {}", u16::from_be_bytes([*a, *b])),
        (WINDOW_SCALE, [shift]) => _ = write!(out, "wscale {shift}"),
        (SACK_PERMITTED, []) => out.push_str("sackOK"),
        (SACK, blocks) if blocks.len() % 8 == 0 && !blocks.is_empty() => {
            out.push_str("sack");
            for block in blocks.chunks_exact(8) {
                let edge = |at: usize| {
                    u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
                        .wrapping_sub(sack_shift)
                };
                _ = write!(out, " {}:{}", edge(0), edge(4));
            }
        }
        (TIMESTAMPS, _) if option.timestamps().is_some() => {
            let (live, reply) = option.timestamps().unwrap_or_default();
            _ = write!(out, "TS val {} ecr {}", value.unwrap_or(live), reply);
        }
        (MD5, digest) => {
            out.push_str("md5 ");
            hex(out, digest);
        }
        (FAST_OPEN, []) => out.push_str("FO"),
        (FAST_OPEN, cookie) => {
            out.push_str("FO ");
            hex(out, cookie);
        }
        (kind @ (ACCECN0 | ACCECN1), counters) if counters.len() % 3 == 0 => {
            out.push_str("ECN");
            let names = if kind == ACCECN0 { ["e0b", "ceb", "e1b"] } else { ["e1b", "ceb", "e0b"] };
            for (name, counter) in names.iter().zip(counters.chunks_exact(3)) {
                _ = write!(out, " {name} {}", u32::from_be_bytes([0, counter[0], counter[1], counter[2]]));
            }
        }
        (EXPERIMENTAL, [a, b, cookie @ ..]) if u16::from_be_bytes([*a, *b]) == EXID_FAST_OPEN => {
            out.push_str("FOEXP ");
            hex(out, cookie);
        }
        (EXPERIMENTAL, [a, b, data @ ..]) => {
            _ = write!(out, "exp-{:04x} 0x", u16::from_be_bytes([*a, *b]));
            hex(out, data);
        }
        (kind, data) => {
            _ = write!(out, "gen-{kind} 0x");
            hex(out, data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::tree::AccEcnField;

    fn text(octets: &[u8]) -> String {
        let mut out = String::new();
        for option in raw_options(octets) {
            if !out.is_empty() {
                out.push(',');
            }
            describe(option, 0, None, &mut out);
        }
        out
    }

    #[test]
    fn options_read_back_as_scripts_write_them() {
        let mut octets = Octets::new();
        let shift = Shift { sack: 0, echo_reply: Some(9) };
        for option in [
            TcpOptionSpec::Mss(Some(1460)),
            TcpOptionSpec::SackPermitted,
            TcpOptionSpec::Timestamps { value: Some(1), echo_reply: Some(2), echo_reply_absolute: false },
            TcpOptionSpec::Nop,
            TcpOptionSpec::WindowScale(Some(7)),
            TcpOptionSpec::Sack(vec![(1, 2)]),
            TcpOptionSpec::AccEcn {
                order: AccEcnOrder::One,
                fields: vec![(AccEcnField::E1b, 1), (AccEcnField::Ceb, 2)],
                experimental: false,
            },
            TcpOptionSpec::FastOpenExperimental(vec![0xab]),
        ] {
            encode(&option, &shift, &mut octets);
        }
        assert_eq!(text(&octets), "mss 1460,sackOK,TS val 1 ecr 9,nop,wscale 7,sack 1:2,ECN e1b 1 ceb 2,FOEXP ab");
    }

    #[test]
    fn a_malformed_option_ends_the_list() {
        assert_eq!(text(&[NOP, MSS, 1, 5]), "nop,gen-2 0x0105".replace("0105", "05"));
        assert_eq!(raw_options(&[MSS, 40, 0]).count(), 1);
        assert_eq!(raw_options(&[MSS, 0, 0, 0]).count(), 1);
    }
}
