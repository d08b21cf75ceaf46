//! Values of socket options.

use super::arguments::{elements, length, number, single, what};
use super::data::quote;
use super::errno::errno_name;
use super::findings::Findings;
use super::{CallProblem, SO_ERROR, SOL_SOCKET};
use crate::script::tree::{Expression, ExpressionKind, GreSpec, MplsSpec};

/// Length of an option's value without being told: that of an int.
const INT: usize = 4;
/// Length of a GRE header with all its optional fields (RFC 2890 section 2).
const GRE: usize = 16;

/// What setsockopt gets: the octets of `value`, cut or filled with zeros to the length the script names.
pub(super) fn to_set(value: &Expression, octets: &Expression) -> Result<Vec<u8>, CallProblem> {
    let wanted = length(octets)?;
    let mut octets = encode(value, wanted)?;
    octets.resize(wanted, 0);
    Ok(octets)
}

/// Length of the buffer for getsockopt, `[n]`; checks that the script can be judged.
pub(super) fn to_get(value: &Expression, octets: &Expression) -> Result<usize, CallProblem> {
    let wanted = length(single(octets)?)?;
    if matches!(value.kind, ExpressionKind::Ellipsis) {
        return Ok(wanted);
    }
    let expected = encode(value, wanted)?;
    let open_end = matches!(value.kind, ExpressionKind::String { truncated: true, .. });
    if expected.len() == wanted || open_end && expected.len() < wanted {
        Ok(wanted)
    } else {
        let message = format!("the value has {} octets, but the length says {wanted}", expected.len());
        Err(CallProblem::new(value.span, message))
    }
}

/// Compares what getsockopt gave with the script.
pub(super) fn check_value(
    option: (i32, i32),
    value: &Expression,
    octets: &Expression,
    actual: &[u8],
    findings: &mut Findings,
) -> Result<(), CallProblem> {
    let wanted = length(single(octets)?)?;
    if actual.len() != wanted {
        findings.add("option length", wanted, actual.len());
        return Ok(());
    }
    let same = match &value.kind {
        ExpressionKind::Ellipsis => true,
        ExpressionKind::String { octets, truncated: true } => actual.starts_with(octets),
        ExpressionKind::Gre(gre) => without_protocol(actual) == without_protocol(&encode_gre(gre)),
        _ => encode(value, wanted)? == actual,
    };
    if !same {
        let shape = Shape::of(option, value);
        let expected = match &value.kind {
            ExpressionKind::String { octets, .. } => quote(octets),
            _ => shape.show(&encode(value, wanted)?),
        };
        findings.add("option value", expected, shape.show(actual));
    }
    Ok(())
}

/// The octets of a value, given the length that the script names for it.
fn encode(value: &Expression, wanted: usize) -> Result<Vec<u8>, CallProblem> {
    match &value.kind {
        ExpressionKind::String { octets, .. } => Ok(octets.clone()),
        ExpressionKind::Linger { on, seconds } => {
            Ok([(*on as i32).to_ne_bytes(), (*seconds as i32).to_ne_bytes()].concat())
        }
        ExpressionKind::Address(std::net::IpAddr::V6(address)) => Ok(address.octets().to_vec()),
        ExpressionKind::Address(std::net::IpAddr::V4(address)) => Ok(address.octets().to_vec()),
        ExpressionKind::Gre(gre) => Ok(encode_gre(gre).to_vec()),
        ExpressionKind::Mpls(stack) => Ok(stack.iter().flat_map(|entry| encode_mpls(entry).to_be_bytes()).collect()),
        ExpressionKind::List(_) | ExpressionKind::Braces(_) => encode_numbers(value, wanted),
        ExpressionKind::Integer { value: 0, .. } if wanted == 0 => Ok(Vec::new()),
        _ => Err(CallProblem::new(
            value.span,
            format!("an option's value is a list of numbers, a string or a structure, not {}", what(value)),
        )),
    }
}

/// `[a]` is an int; `[a, b]` are as wide as the length divided by their count allows.
fn encode_numbers(value: &Expression, wanted: usize) -> Result<Vec<u8>, CallProblem> {
    let elements = elements(value)?;
    let width = match (elements.len(), wanted.checked_div(elements.len())) {
        (1, Some(width @ (1 | 2 | 8))) => width,
        (1, _) => INT,
        (several, Some(width @ (1 | 2 | 4 | 8))) if several * width == wanted => width,
        _ => {
            let message = format!("{} numbers cannot fill {wanted} octets", elements.len());
            return Err(CallProblem::new(value.span, message));
        }
    };
    let mut octets = Vec::with_capacity(elements.len() * width);
    for element in elements {
        let number = number(element)?;
        let bits = 8 * width as u32;
        let fits = bits >= 64 || (-(1_i64 << (bits - 1))..1_i64 << bits).contains(&number);
        if !fits {
            return Err(CallProblem::new(element.span, format!("{number} does not fit in {bits} bits")));
        }
        match width {
            1 => octets.push(number as u8),
            2 => octets.extend((number as u16).to_ne_bytes()),
            4 => octets.extend((number as u32).to_ne_bytes()),
            _ => octets.extend(number.to_ne_bytes()),
        }
    }
    Ok(octets)
}

/// A GRE header with room for all its fields, its protocol type zero.
fn encode_gre(gre: &GreSpec) -> [u8; GRE] {
    let mut octets = [0; GRE];
    octets[0..2].copy_from_slice(&gre.flags.to_be_bytes());
    octets[4..6].copy_from_slice(&gre.checksum.to_be_bytes());
    octets[6..8].copy_from_slice(&gre.offset.to_be_bytes());
    octets[8..12].copy_from_slice(&gre.key.to_be_bytes());
    octets[12..16].copy_from_slice(&gre.sequence.to_be_bytes());
    octets
}

/// A GRE header as scripts describe it: they do not name the protocol type.
fn without_protocol(header: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    if let Some(protocol) = header.get_mut(2..4) {
        protocol.fill(0);
    }
    header
}

/// A label stack entry (RFC 3032 section 2.1).
fn encode_mpls(entry: &MplsSpec) -> u32 {
    (entry.label & 0xf_ffff) << 12
        | u32::from(entry.traffic_class & 7) << 9
        | u32::from(entry.bottom_of_stack) << 8
        | u32::from(entry.ttl)
}

/// How a value is shown.
enum Shape {
    Errno,
    Numbers(usize),
    Linger,
    Octets,
}

impl Shape {
    fn of(option: (i32, i32), value: &Expression) -> Shape {
        match &value.kind {
            ExpressionKind::List(_) | ExpressionKind::Braces(_) if option == (SOL_SOCKET, SO_ERROR) => Shape::Errno,
            ExpressionKind::List(list) | ExpressionKind::Braces(list) => Shape::Numbers(list.len().max(1)),
            ExpressionKind::Linger { .. } => Shape::Linger,
            _ => Shape::Octets,
        }
    }

    fn show(&self, octets: &[u8]) -> String {
        let int = |at: usize| octets.get(at..at + INT).and_then(|o| o.try_into().ok()).map(i32::from_ne_bytes);
        match (self, int(0), int(INT)) {
            (Shape::Errno, Some(0), _) => "[0]".to_owned(),
            (Shape::Errno, Some(errno), _) => format!("[{}]", errno_name(errno)),
            (Shape::Linger, Some(on), Some(seconds)) => format!("{{onoff={on}, linger={seconds}}}"),
            (Shape::Numbers(count), ..) if !octets.is_empty() && octets.len().is_multiple_of(*count) => {
                let numbers: Vec<String> = octets.chunks(octets.len() / count).map(show_number).collect();
                format!("[{}]", numbers.join(", "))
            }
            _ => quote(octets),
        }
    }
}

fn show_number(octets: &[u8]) -> String {
    match octets {
        [a] => a.to_string(),
        [a, b] => u16::from_ne_bytes([*a, *b]).to_string(),
        [a, b, c, d] => i32::from_ne_bytes([*a, *b, *c, *d]).to_string(),
        _ => <[u8; 8]>::try_from(octets).map_or_else(|_| quote(octets), |o| i64::from_ne_bytes(o).to_string()),
    }
}
