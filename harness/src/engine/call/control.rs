//! Control messages (cmsg(3)): the octets a script describes, and what recvmsg gave.

use super::arguments::{elements, int, number, octet, what};
use super::data::quote;
use super::errno::errno_name;
use super::findings::Findings;
use super::{CallContext, CallProblem, SOL_SOCKET};
use crate::script::Span;
use crate::script::tree::{Expression, ExpressionKind};
use crate::target::Control;

const SOL_IP: i32 = 0;
/// SO_TIMESTAMPING, which is also the type of the control message.
const SCM_TIMESTAMPING: i32 = 37;
/// Octets of a control message before its data: length, level, type.
const HEADER: usize = 16;
/// Alignment of control messages.
const ALIGNMENT: usize = 8;
/// struct sock_extended_err.
const EXTENDED_ERROR: usize = 16;
/// struct sockaddr_in and struct sockaddr_in6.
const SOCKADDR: (usize, usize) = (16, 28);
/// struct scm_timestamping: three of seconds and nanoseconds, 8 octets each.
const TIMESTAMPING: usize = 48;
/// Length and type of a netlink attribute.
const ATTRIBUTE_HEADER: usize = 4;

/// Names of the attributes of SCM_TIMESTAMPING_OPT_STATS (linux/tcp.h), and octets of their values, by number.
const STATISTICS: [(&str, usize); 23] = [
    ("TCP_NLA_PAD", 4),
    ("TCP_NLA_BUSY", 8),
    ("TCP_NLA_RWND_LIMITED", 8),
    ("TCP_NLA_SNDBUF_LIMITED", 8),
    ("TCP_NLA_DATA_SEGS_OUT", 8),
    ("TCP_NLA_TOTAL_RETRANS", 8),
    ("TCP_NLA_PACING_RATE", 8),
    ("TCP_NLA_DELIVERY_RATE", 8),
    ("TCP_NLA_SND_CWND", 4),
    ("TCP_NLA_REORDERING", 4),
    ("TCP_NLA_MIN_RTT", 4),
    ("TCP_NLA_RECUR_RETRANS", 1),
    ("TCP_NLA_DELIVERY_RATE_APP_LMT", 1),
    ("TCP_NLA_SNDQ_SIZE", 4),
    ("TCP_NLA_CA_STATE", 1),
    ("TCP_NLA_SND_SSTHRESH", 4),
    ("TCP_NLA_DELIVERED", 4),
    ("TCP_NLA_DELIVERED_CE", 4),
    ("TCP_NLA_BYTES_SENT", 8),
    ("TCP_NLA_BYTES_RETRANS", 8),
    ("TCP_NLA_DSACK_DUPS", 4),
    ("TCP_NLA_REORD_SEEN", 4),
    ("TCP_NLA_SRTT", 4),
];
/// Attributes that hold a duration in microseconds, judged with the tolerance of time.
const DURATIONS: std::ops::RangeInclusive<usize> = 1..=3;

/// One control message as the script describes it.
pub(super) struct Described {
    level: i32,
    kind: i32,
    data: Data,
}

/// What a script says of a control message's data.
enum Data {
    Any,
    Number(i32),
    Octets(Vec<u8>),
    /// Seconds and nanoseconds of the script's clock.
    Timestamping {
        seconds: i64,
        nanoseconds: i64,
    },
    ExtendedError(ExtendedError),
    /// Number and value; None is not compared.
    Statistics(Vec<(usize, Option<u64>)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ExtendedError {
    errno: u32,
    origin: u8,
    kind: u8,
    code: u8,
    info: u32,
    data: u32,
}

/// What `msg_control=[...]` describes; nothing if it is not written.
pub(super) fn described(control: Option<&Expression>) -> Result<Vec<Described>, CallProblem> {
    control.map_or(Ok(Vec::new()), |list| elements(list)?.iter().map(describe).collect())
}

/// Whether `msg_control=...` leaves control messages unjudged.
pub(super) fn is_unjudged(control: Option<&Expression>) -> bool {
    control.is_some_and(|control| matches!(control.kind, ExpressionKind::Ellipsis))
}

/// Room that these messages take.
pub(super) fn room(described: &[Described]) -> usize {
    described.iter().map(|message| HEADER + message.encode().data.len().next_multiple_of(ALIGNMENT)).sum()
}

/// Compares the control messages that came with those described, in order.
pub(super) fn check_control(
    described: &[Described],
    actual: &[Control],
    context: &CallContext,
    findings: &mut Findings,
) {
    for (index, (expected, actual)) in described.iter().zip(actual).enumerate() {
        expected.check(index + 1, actual, context, findings);
    }
    if described.len() != actual.len() {
        findings.add("count of control messages", described.len(), actual.len());
    }
}

fn describe(message: &Expression) -> Result<Described, CallProblem> {
    // `cmsg_len` follows from the data, and its header differs between systems.
    let ExpressionKind::ControlMessage { level, kind, data, length: _ } = &message.kind else {
        let found = what(message);
        return Err(CallProblem::new(message.span, format!("expected a control message, found {found}")));
    };
    let data = match &data.kind {
        ExpressionKind::Ellipsis => Data::Any,
        ExpressionKind::String { octets, .. } => Data::Octets(octets.clone()),
        ExpressionKind::Timestamping { seconds, nanoseconds } => {
            Data::Timestamping { seconds: *seconds, nanoseconds: *nanoseconds }
        }
        ExpressionKind::ExtendedError(fields) => {
            let [errno, origin, kind, code, info, data] = &**fields;
            Data::ExtendedError(ExtendedError {
                errno: int(errno)? as u32,
                origin: octet(origin)?,
                kind: octet(kind)?,
                code: octet(code)?,
                info: int(info)? as u32,
                data: int(data)? as u32,
            })
        }
        ExpressionKind::List(list) | ExpressionKind::Braces(list) => {
            Data::Statistics(list.iter().map(attribute).collect::<Result<_, _>>()?)
        }
        _ => Data::Number(int(data)?),
    };
    Ok(Described { level: int(level)?, kind: int(kind)?, data })
}

/// `TCP_NLA_X=value` or `TCP_NLA_X=...`.
fn attribute(expression: &Expression) -> Result<(usize, Option<u64>), CallProblem> {
    let ExpressionKind::Assign(name, value) = &expression.kind else {
        let found = what(expression);
        return Err(CallProblem::new(expression.span, format!("expected `TCP_NLA_... = value`, found {found}")));
    };
    let key = number(&Expression { span: name.span, kind: ExpressionKind::Word(name.node.clone()) })?;
    let (index, width) = usize::try_from(key)
        .ok()
        .and_then(|index| Some((index, STATISTICS.get(index)?.1)))
        .ok_or_else(|| CallProblem::new(name.span, format!("`{}` is not a statistic of TCP", name.node)))?;
    if matches!(value.kind, ExpressionKind::Ellipsis) {
        return Ok((index, None));
    }
    let written = number(value)?;
    match u64::try_from(written) {
        Ok(unsigned) if width == 8 || unsigned < 1 << (8 * width) => Ok((index, Some(unsigned))),
        _ => Err(out_of_range(value.span, written, width)),
    }
}

fn out_of_range(span: Span, value: i64, width: usize) -> CallProblem {
    CallProblem::new(span, format!("{value} does not fit in {width} octets without sign"))
}

impl Described {
    /// The message in the ABI's layout, for sendmsg and for its length.
    pub(super) fn encode(&self) -> Control {
        let data = match &self.data {
            Data::Any => vec![0; EXTENDED_ERROR + SOCKADDR.1],
            Data::Number(number) => number.to_ne_bytes().to_vec(),
            Data::Octets(octets) => octets.clone(),
            Data::Timestamping { seconds, nanoseconds } => {
                let mut octets = [seconds.to_ne_bytes(), nanoseconds.to_ne_bytes()].concat();
                octets.resize(TIMESTAMPING, 0);
                octets
            }
            Data::ExtendedError(error) => {
                let mut octets = error.errno.to_ne_bytes().to_vec();
                octets.extend([error.origin, error.kind, error.code, 0]);
                octets.extend(error.info.to_ne_bytes());
                octets.extend(error.data.to_ne_bytes());
                // The kernel appends the address of the node that caused the error.
                let address = if self.level == SOL_IP { SOCKADDR.0 } else { SOCKADDR.1 };
                octets.resize(EXTENDED_ERROR + address, 0);
                octets
            }
            Data::Statistics(list) => list.iter().flat_map(|(index, value)| encode_attribute(*index, *value)).collect(),
        };
        Control { level: self.level, kind: self.kind, data }
    }

    fn check(&self, ordinal: usize, actual: &Control, context: &CallContext, findings: &mut Findings) {
        let field = |name: &str| format!("{name} of control message {ordinal}");
        if (self.level, self.kind) != (actual.level, actual.kind) {
            if self.level != actual.level {
                findings.add(field("cmsg_level"), self.level, actual.level);
            }
            if self.kind != actual.kind {
                findings.add(field("cmsg_type"), self.kind, actual.kind);
            }
            return;
        }
        let wanted = match self.data {
            Data::Any => return,
            // Some messages, such as IP_TOS, have one octet where others have an int.
            Data::Number(_) if actual.data.len() == 1 => 1,
            _ => self.encode().data.len(),
        };
        if actual.data.len() != wanted {
            findings.add(field("cmsg_len"), HEADER + wanted, HEADER + actual.data.len());
            return;
        }
        match &self.data {
            Data::Any => {}
            Data::Number(number) => {
                let came = match actual.data[..] {
                    [octet] => i32::from(octet),
                    _ => u32_at(&actual.data, 0) as i32,
                };
                findings.compare(field("cmsg_data"), *number, came);
            }
            Data::Octets(octets) => {
                if *octets != actual.data {
                    findings.add(field("cmsg_data"), quote(octets), quote(&actual.data));
                }
            }
            Data::Timestamping { seconds, nanoseconds } => {
                debug_assert!(wanted == TIMESTAMPING);
                if (self.level, self.kind) == (SOL_SOCKET, SCM_TIMESTAMPING) && (*seconds, *nanoseconds) != (0, 0) {
                    let expected = seconds.saturating_mul(1_000_000).saturating_add(nanoseconds / 1_000);
                    check_time(expected, &actual.data, context, field("time stamp"), findings);
                }
            }
            Data::ExtendedError(expected) => expected.check(&actual.data, field, findings),
            Data::Statistics(list) => check_statistics(list, &actual.data, context, field, findings),
        }
    }
}

impl ExtendedError {
    fn check(&self, actual: &[u8], field: impl Fn(&str) -> String, findings: &mut Findings) {
        let octet = |at: usize| actual.get(at).copied().unwrap_or_default();
        let errno = u32_at(actual, 0);
        if self.errno != errno {
            findings.add(field("ee_errno"), errno_name(self.errno as i32), errno_name(errno as i32));
        }
        findings.compare(field("ee_origin"), self.origin, octet(4));
        findings.compare(field("ee_type"), self.kind, octet(5));
        findings.compare(field("ee_code"), self.code, octet(6));
        findings.compare(field("ee_info"), self.info, u32_at(actual, 8));
        findings.compare(field("ee_data"), self.data, u32_at(actual, 12));
    }
}

/// Compares the first time stamp, on the target's clock, with `expected` microseconds of the script's clock.
fn check_time(expected: i64, actual: &[u8], context: &CallContext, field: String, findings: &mut Findings) {
    let micros = (u64_at(actual, 0) as i64).saturating_mul(1_000_000).saturating_add(u64_at(actual, 8) as i64 / 1_000);
    let came = micros.saturating_sub(i64::try_from(context.script_epoch.micros()).unwrap_or(i64::MAX));
    if let Some(miss) = miss(expected, came, context.settings.tolerance_usecs) {
        findings.add_time(field, seconds(expected), seconds(came), miss);
    }
}

/// By how much a time in microseconds misses the expected one beyond the tolerance: negative if it is too small.
fn miss(expected: i64, came: i64, tolerance: u64) -> Option<i64> {
    let tolerance = i64::try_from(tolerance).unwrap_or(i64::MAX);
    match came.saturating_sub(expected) {
        over if over > tolerance => Some(over - tolerance),
        under if under < -tolerance => Some(under + tolerance),
        _ => None,
    }
}

fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

/// Compares statistics, in order. Times that are not zero have the tolerance of time.
fn check_statistics(
    expected: &[(usize, Option<u64>)],
    actual: &[u8],
    context: &CallContext,
    field: impl Fn(&str) -> String,
    findings: &mut Findings,
) {
    let mut rest = actual;
    for (index, value) in expected {
        let (name, width) = STATISTICS[*index];
        let length = usize::from(u16_at(rest, 0));
        let kind = usize::from(u16_at(rest, 2));
        if kind != *index {
            let came = STATISTICS.get(kind).map_or_else(|| kind.to_string(), |(name, _)| (*name).to_owned());
            findings.add(field("attribute"), name, came);
            return;
        }
        if length != ATTRIBUTE_HEADER + width {
            findings.add(field(&format!("length of {name}")), ATTRIBUTE_HEADER + width, length);
            return;
        }
        let came = match width {
            1 => rest.get(ATTRIBUTE_HEADER).copied().unwrap_or_default().into(),
            4 => u32_at(rest, ATTRIBUTE_HEADER).into(),
            _ => u64_at(rest, ATTRIBUTE_HEADER),
        };
        if let Some(value) = *value {
            let micros = |value| i64::try_from(value).unwrap_or(i64::MAX);
            let tolerance = if value == 0 { 0 } else { context.settings.tolerance_usecs };
            if !DURATIONS.contains(index) {
                findings.compare(field(name), value, came);
            } else if let Some(miss) = miss(micros(value), micros(came), tolerance) {
                findings.add_time(field(name), value, came, miss);
            }
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn encode_attribute(index: usize, value: Option<u64>) -> Vec<u8> {
    let width = STATISTICS[index].1;
    let value = value.unwrap_or_default();
    let mut octets = ((ATTRIBUTE_HEADER + width) as u16).to_ne_bytes().to_vec();
    octets.extend((index as u16).to_ne_bytes());
    match width {
        1 => octets.push(value as u8),
        4 => octets.extend((value as u32).to_ne_bytes()),
        _ => octets.extend(value.to_ne_bytes()),
    }
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// The number at an offset; zero beyond the end.
fn at<const N: usize>(octets: &[u8], offset: usize) -> [u8; N] {
    octets.get(offset..offset + N).and_then(|o| o.try_into().ok()).unwrap_or([0; N])
}

fn u16_at(octets: &[u8], offset: usize) -> u16 {
    u16::from_ne_bytes(at(octets, offset))
}

fn u32_at(octets: &[u8], offset: usize) -> u32 {
    u32::from_ne_bytes(at(octets, offset))
}

fn u64_at(octets: &[u8], offset: usize) -> u64 {
    u64::from_ne_bytes(at(octets, offset))
}
