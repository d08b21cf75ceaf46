//! sendmsg(2) and recvmsg(2): message headers of a script and what came back.

use super::address::default_destination;
use super::arguments::{Arguments, int, what};
use super::control::{check_control, described, is_unjudged, room};
use super::data::{check_vector, vector_data, vector_lengths};
use super::findings::Findings;
use super::{CallContext, CallProblem};
use crate::script::symbols::message_flags;
use crate::script::tree::{Expression, ExpressionKind};
use crate::target::{Control, SocketCall};

/// Room for control messages that the script leaves unjudged, in octets.
const UNJUDGED_ROOM: usize = 1024;
/// Largest room for control messages that a script may name, in octets.
const LARGEST_ROOM: i64 = 65_536;

/// A message header's parts.
struct Header<'a> {
    iov: &'a Expression,
    iov_length: i64,
    flags: &'a Expression,
    control: Option<&'a Expression>,
    /// Room for control messages, if the script gives it.
    control_length: Option<i64>,
}

fn header(expression: &Expression) -> Result<Header<'_>, CallProblem> {
    match &expression.kind {
        ExpressionKind::MessageHeader { iov, iov_length, flags, control, control_length } => Ok(Header {
            iov,
            iov_length: *iov_length,
            flags,
            control: control.as_deref(),
            control_length: *control_length,
        }),
        _ => Err(CallProblem::new(
            expression.span,
            format!("expected a message header such as `{{msg_name(...)=..., ...}}`, found {}", what(expression)),
        )),
    }
}

/// `sendmsg(fd, {...}, flags)`. Every header of a script has a name: where connect would go.
pub(super) fn lower_sendmsg(arguments: Arguments, context: &CallContext) -> Result<SocketCall, CallProblem> {
    let socket = arguments.descriptor(0, context)?;
    let header = header(arguments.get(1)?)?;
    if int(header.flags)? != 0 {
        return Err(CallProblem::new(
            header.flags.span,
            "sendmsg takes its flags from its last argument: write 0 here",
        ));
    }
    Ok(SocketCall::SendMsg {
        fd: socket.live,
        address: Some(default_destination(context.settings, &socket)),
        data: vector_data(header.iov, header.iov_length)?,
        control: described(header.control)?.iter().map(|message| message.encode()).collect(),
        message_flags: 0,
        flags: arguments.int(2)?,
    })
}

/// `recvmsg(fd, {...}, flags)`, with room for just the control messages that the script describes, if it names none.
pub(super) fn lower_recvmsg(arguments: Arguments, context: &CallContext) -> Result<SocketCall, CallProblem> {
    let header = header(arguments.get(1)?)?;
    flags_of(&header)?;
    let control_length = match header.control_length {
        Some(written) if (0..=LARGEST_ROOM).contains(&written) => written as usize,
        Some(written) => {
            let message = format!("room for control messages lies between 0 and {LARGEST_ROOM} octets, not {written}");
            return Err(CallProblem::new(arguments.get(1)?.span, message));
        }
        None if is_unjudged(header.control) => UNJUDGED_ROOM,
        None => room(&described(header.control)?),
    };
    Ok(SocketCall::RecvMsg {
        fd: arguments.fd(0, context)?,
        lengths: vector_lengths(header.iov, header.iov_length)?,
        control_length,
        flags: arguments.int(2)?,
    })
}

/// Compares what recvmsg gave.
pub(super) fn check_recvmsg(
    expression: &Expression,
    (data, control, came): (&[u8], &[Control], i32),
    context: &CallContext,
    findings: &mut Findings,
) -> Result<(), CallProblem> {
    let header = header(expression)?;
    if let Some(expected) = flags_of(&header)?
        && expected != came
    {
        findings.add("msg_flags", message_flags(expected), message_flags(came));
    }
    check_vector(header.iov, data, findings)?;
    if !is_unjudged(header.control) {
        check_control(&described(header.control)?, control, context, findings);
    }
    Ok(())
}

/// `msg_flags`; None for `...`.
fn flags_of(header: &Header) -> Result<Option<i32>, CallProblem> {
    if matches!(header.flags.kind, ExpressionKind::Ellipsis) { Ok(None) } else { int(header.flags).map(Some) }
}
