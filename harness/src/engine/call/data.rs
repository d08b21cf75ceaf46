//! Buffers: the octets a script sends, the room it gives, and what was read.

use super::arguments::{elements, int, is_null, length, what};
use super::{CallProblem, findings::Findings};
use crate::script::tree::{Expression, ExpressionKind};

/// Octets shown of a buffer in a message.
const SHOWN: usize = 48;

/// Octets to send.
pub(super) struct Outgoing {
    pub(super) data: Vec<u8>,
    /// The buffer is a null pointer; `data` tells only the length.
    pub(super) null: bool,
}

/// What `buffer` and `count` give to send: zeros for `...`, the octets of a string, or a null pointer.
pub(super) fn outgoing(buffer: &Expression, count: &Expression) -> Result<Outgoing, CallProblem> {
    let count = length(count)?;
    let mut data = vec![0; count];
    match &buffer.kind {
        ExpressionKind::Ellipsis => Ok(Outgoing { data, null: false }),
        ExpressionKind::String { octets, truncated } => {
            if octets.len() < count && !truncated {
                return Err(CallProblem::new(
                    buffer.span,
                    format!("the string has {} octets, but {count} are to be sent", octets.len()),
                ));
            }
            let shared = octets.len().min(count);
            data[..shared].copy_from_slice(&octets[..shared]);
            Ok(Outgoing { data, null: false })
        }
        _ if is_null(buffer) => Ok(Outgoing { data, null: true }),
        _ => Err(not_a_buffer(buffer)),
    }
}

/// Whether the room to read into is a null pointer.
pub(super) fn incoming(buffer: &Expression) -> Result<bool, CallProblem> {
    match &buffer.kind {
        ExpressionKind::Ellipsis | ExpressionKind::String { .. } => Ok(false),
        _ if is_null(buffer) => Ok(true),
        _ => Err(not_a_buffer(buffer)),
    }
}

/// Lengths of the buffers of a vector of `count` elements.
pub(super) fn vector_lengths(vector: &Expression, count: i64) -> Result<Vec<usize>, CallProblem> {
    vector_elements(vector, count)?.iter().map(element_length).collect()
}

/// Octets to send from the buffers of a vector of `count` elements.
pub(super) fn vector_data(vector: &Expression, count: i64) -> Result<Vec<Vec<u8>>, CallProblem> {
    let element_data = |element: &Expression| match &element.kind {
        ExpressionKind::String { octets, .. } => Ok(octets.clone()),
        _ => element_length(element).map(|length| vec![0; length]),
    };
    vector_elements(vector, count)?.iter().map(element_data).collect()
}

/// The count of a vector that is an argument of its own.
pub(super) fn vector_count(count: &Expression) -> Result<i64, CallProblem> {
    int(count).map(i64::from)
}

/// Compares what was read with a string in the place of the buffer.
pub(super) fn check_octets(buffer: &Expression, actual: &[u8], field: &str, findings: &mut Findings) {
    let ExpressionKind::String { octets, truncated } = &buffer.kind else { return };
    let matches = if *truncated { actual.starts_with(octets) } else { actual == octets };
    if !matches {
        let open_end = if *truncated { "..." } else { "" };
        findings.add(field, format!("{}{open_end}", quote(octets)), quote(actual));
    }
}

/// Compares what was read into a vector with the strings in it.
pub(super) fn check_vector(vector: &Expression, actual: &[u8], findings: &mut Findings) -> Result<(), CallProblem> {
    let mut rest = actual;
    for (index, element) in elements(vector)?.iter().enumerate() {
        let (here, after) = rest.split_at(element_length(element)?.min(rest.len()));
        check_octets(element, here, &format!("content of buffer {index}"), findings);
        rest = after;
    }
    Ok(())
}

/// Octets as a string of the script, shortened to what a person reads.
pub(super) fn quote(octets: &[u8]) -> String {
    let mut text = String::from('"');
    for octet in octets.iter().take(SHOWN) {
        match octet {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(*octet)),
            _ => text.push_str(&format!("\\x{octet:02x}")),
        }
    }
    text.push('"');
    if octets.len() > SHOWN {
        text.push_str(&format!("... ({} octets)", octets.len()));
    }
    text
}

fn vector_elements(vector: &Expression, count: i64) -> Result<&[Expression], CallProblem> {
    let elements = elements(vector)?;
    if i64::try_from(elements.len()) == Ok(count) {
        Ok(elements)
    } else {
        let message = format!("the vector has {} elements, but its count says {count}", elements.len());
        Err(CallProblem::new(vector.span, message))
    }
}

fn element_length(element: &Expression) -> Result<usize, CallProblem> {
    match &element.kind {
        ExpressionKind::String { octets, .. } => Ok(octets.len()),
        ExpressionKind::IoVector { length: octets } => length(&Expression {
            span: element.span,
            kind: ExpressionKind::Integer { value: *octets, hexadecimal: false },
        }),
        _ => Err(CallProblem::new(
            element.span,
            format!("expected a buffer such as `{{..., 1000}}`, found {}", what(element)),
        )),
    }
}

fn not_a_buffer(buffer: &Expression) -> CallProblem {
    CallProblem::new(buffer.span, format!("a buffer is `...`, a string or NULL, not {}", what(buffer)))
}
