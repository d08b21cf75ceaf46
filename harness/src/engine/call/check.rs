//! From what a call returned to a judgement.

use std::net::SocketAddr;

use super::address::check_peer;
use super::arguments::{Arguments, int, single, unknown};
use super::data::{check_octets, check_vector};
use super::errno::describe_errno;
use super::findings::Findings;
use super::lower::pipe_ends;
use super::message::check_recvmsg;
use super::{CallContext, CallProblem, DescriptorKind, Descriptors, SOCK_TYPE_MASK, epoll, options, poll};
use crate::engine::{Blame, Difference};
use crate::script::tree::{Call, ExpressionKind};
use crate::script::{Span, symbols};
use crate::target::{CallOutput, Returned, SocketCall};

const AF_UNSPEC: i32 = 0;

/// What the table of connections must learn from a call. Descriptors are the target's but for those named `script`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum CallEffect {
    /// Nothing.
    None,
    /// socket(2) opened a socket; `kind` is without SOCK_NONBLOCK and SOCK_CLOEXEC.
    NewSocket { fd: i32, script: i32, domain: i32, kind: i32, protocol: i32 },
    /// listen(2) succeeded.
    Listening { fd: i32 },
    /// bind(2) succeeded.
    Bound { fd: i32, address: SocketAddr },
    /// connect(2), sendto(2) or sendmsg(2) names a remote address. A socket that has one already ignores this.
    Connecting { fd: i32, address: SocketAddr },
    /// connect(2) with AF_UNSPEC: the socket is as new.
    Disconnected { fd: i32 },
    /// accept(2) gave the descriptor of an established connection.
    Accepted { listener: i32, fd: i32, script: i32, peer: Option<SocketAddr> },
    /// close(2) succeeded.
    Closed { fd: i32 },
}

/// A call that did not return what the script demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallMismatch {
    /// The target, but for a script that cannot be judged and an adapter that returned the wrong kind of output.
    pub(crate) blame: Blame,
    /// The place in the script, if it is narrower than the event.
    pub(crate) span: Option<Span>,
    /// What was expected and what came, lower-case, one line.
    pub(crate) message: String,
    /// The call with the result that the script expects.
    pub(crate) expected: Option<String>,
    /// The call with the result that came.
    pub(crate) actual: Option<String>,
    /// What differs.
    pub(crate) differences: Vec<Difference>,
    /// If nothing but times differ: by how many microseconds the worst of them misses beyond the tolerance, negative if
    /// it is too small. The tester's own lateness may be the reason.
    pub(crate) miss: Option<i64>,
}

impl From<CallProblem> for Box<CallMismatch> {
    fn from(problem: CallProblem) -> Self {
        Box::new(CallMismatch {
            blame: Blame::Script,
            span: Some(problem.span),
            message: problem.message,
            expected: None,
            actual: None,
            differences: Vec::new(),
            miss: None,
        })
    }
}

/// What the table of connections must learn as soon as the call is issued, before anything it makes the target send.
pub(crate) fn starts(issued: &SocketCall) -> CallEffect {
    match *issued {
        SocketCall::Connect { fd, address }
        | SocketCall::SendTo { fd, address: Some(address), .. }
        | SocketCall::SendMsg { fd, address: Some(address), .. } => CallEffect::Connecting { fd, address },
        SocketCall::ConnectFamily { fd, family: AF_UNSPEC } => CallEffect::Disconnected { fd },
        _ => CallEffect::None,
    }
}

/// Holds what came back against the script: the result, the errno, and what the call wrote through its pointers.
/// Records new and closed descriptors and gives what the table of connections must learn.
pub(crate) fn check(
    call: &Call,
    issued: &SocketCall,
    returned: &Returned,
    context: &mut CallContext,
) -> Result<CallEffect, Box<CallMismatch>> {
    check_result(call, issued, returned)?;
    let Ok(result) = returned.result else { return Ok(starts(issued)) };
    let mut findings = Findings::default();
    check_output(call, issued, &returned.output, context, &mut findings)?;
    if findings.differences.is_empty() {
        Ok(take_effect(call, issued, result as i32, &returned.output, context.descriptors)?)
    } else {
        Err(output_mismatch(call, findings))
    }
}

/// Holds result and errno against the script. A call that opens a descriptor may return any number.
fn check_result(call: &Call, issued: &SocketCall, returned: &Returned) -> Result<(), Box<CallMismatch>> {
    let opens = matches!(
        issued,
        SocketCall::Socket { .. }
            | SocketCall::Accept { .. }
            | SocketCall::Open { .. }
            | SocketCall::EpollCreate { .. }
            | SocketCall::CapSet { .. }
    );
    let any = matches!(call.result.kind, ExpressionKind::Ellipsis);
    let expected = if any { 0 } else { int(&call.result)? };
    let errno = expected_errno(call)?;
    let fails = errno.is_some() || expected < 0;
    let agrees = match returned.result {
        Ok(result) => !fails && (any || opens || result as i32 == expected),
        Err(came) => fails && errno.is_none_or(|errno| errno == came.0),
    };
    if agrees {
        return Ok(());
    }
    let name = &call.name.node;
    let (demand, wanted) = match errno {
        Some(errno) => (format!("fail with {}", describe_errno(errno)), format!("-1 {}", describe_errno(errno))),
        None if fails => ("fail".to_owned(), expected.to_string()),
        None if any => ("succeed".to_owned(), "...".to_owned()),
        None if opens => ("succeed".to_owned(), expected.to_string()),
        None => (format!("return {expected}"), expected.to_string()),
    };
    let (did, came) = match returned.result {
        Ok(result) => (format!("returned {result}"), result.to_string()),
        Err(came) => (format!("failed with {}", describe_errno(came.0)), format!("-1 {}", describe_errno(came.0))),
    };
    Err(Box::new(CallMismatch {
        blame: Blame::Target,
        span: None,
        message: format!("`{name}` {did}; it must {demand}"),
        expected: Some(format!("{name}(...) = {wanted}")),
        actual: Some(format!("{name}(...) = {came}")),
        differences: vec![Difference { field: "result".into(), expected: wanted, actual: came }],
        miss: None,
    }))
}

/// The number of the error that the script names.
pub(super) fn expected_errno(call: &Call) -> Result<Option<i32>, CallProblem> {
    let Some(symbol) = &call.error else { return Ok(None) };
    let name = &symbol.node;
    let errno = symbols::errno(name);
    errno.map(Some).ok_or_else(|| CallProblem::new(symbol.span, unknown("error", name, symbols::nearest(name))))
}

/// Compares what the call wrote through its pointers.
fn check_output(
    call: &Call,
    issued: &SocketCall,
    output: &CallOutput,
    context: &CallContext,
    findings: &mut Findings,
) -> Result<(), Box<CallMismatch>> {
    let a = Arguments::new(call);
    match (issued, output) {
        (SocketCall::Read { .. } | SocketCall::Recv { .. }, output) => {
            check_octets(a.get(1)?, octets(output), "content read", findings);
        }
        (SocketCall::RecvFrom { .. }, output) => {
            check_octets(a.get(1)?, octets(output), "content read", findings);
            check_peer(a.get(4)?, peer(output), context.settings, findings);
        }
        (SocketCall::Accept { .. }, output) => check_peer(a.get(1)?, peer(output), context.settings, findings),
        (SocketCall::Readv { .. }, output) => check_vector(a.get(1)?, octets(output), findings)?,
        (SocketCall::RecvMsg { .. }, CallOutput::Message { data, control, flags, .. }) => {
            check_recvmsg(a.get(1)?, (data, control, *flags), context, findings)?;
        }
        (SocketCall::GetSockOpt { level, option, .. }, CallOutput::Data(value)) => {
            options::check_value((*level, *option), a.get(3)?, a.get(4)?, value, findings)?;
        }
        (SocketCall::Poll { .. }, CallOutput::Poll(entries)) => poll::check_entries(a.get(0)?, entries, findings)?,
        (SocketCall::EpollWait { .. }, CallOutput::Epoll(events)) => {
            let listed = matches!(a.get(1)?.kind, ExpressionKind::List(_));
            epoll::check_events(&epoll::awaited(a.get(1)?, context)?, listed, events, context, findings);
        }
        (SocketCall::Ioctl { argument: Some(_), .. }, CallOutput::Integer(value)) => {
            let expected = single(a.get(2)?)?;
            if !matches!(expected.kind, ExpressionKind::Ellipsis) {
                findings.compare("value", int(expected)?, *value as i32);
            }
        }
        (
            SocketCall::RecvMsg { .. }
            | SocketCall::GetSockOpt { .. }
            | SocketCall::Poll { .. }
            | SocketCall::EpollWait { .. }
            | SocketCall::Pipe,
            CallOutput::None,
        ) => return Err(lost_output(call)),
        _ => {}
    }
    Ok(())
}

/// Records new and closed descriptors.
fn take_effect(
    call: &Call,
    issued: &SocketCall,
    result: i32,
    output: &CallOutput,
    descriptors: &mut Descriptors,
) -> Result<CallEffect, Box<CallMismatch>> {
    let script = || int(&call.result);
    Ok(match *issued {
        SocketCall::Socket { domain, kind, protocol } => {
            let (script, kind) = (script()?, kind & SOCK_TYPE_MASK);
            descriptors.insert(script, result, DescriptorKind::Socket { domain, kind, protocol });
            CallEffect::NewSocket { fd: result, script, domain, kind, protocol }
        }
        SocketCall::Accept { fd } => {
            let script = script()?;
            let listener = descriptors.by_live(fd).map_or(DescriptorKind::File, |listener| listener.kind);
            descriptors.insert(script, result, listener);
            CallEffect::Accepted { listener: fd, fd: result, script, peer: peer(output) }
        }
        SocketCall::Open { .. } => {
            descriptors.insert(script()?, result, DescriptorKind::File);
            CallEffect::None
        }
        SocketCall::EpollCreate { .. } => {
            descriptors.insert(script()?, result, DescriptorKind::Epoll);
            CallEffect::None
        }
        SocketCall::Pipe => {
            let CallOutput::Pipe(read, write) = *output else { return Err(lost_output(call)) };
            let (script_read, script_write) = pipe_ends(Arguments::new(call).get(0)?)?;
            descriptors.insert(script_read, read, DescriptorKind::Pipe);
            descriptors.insert(script_write, write, DescriptorKind::Pipe);
            CallEffect::None
        }
        SocketCall::Close { fd } => {
            if let Some(closed) = descriptors.by_live(fd).copied() {
                descriptors.remove(closed.script);
            }
            CallEffect::Closed { fd }
        }
        SocketCall::Bind { fd, address } => CallEffect::Bound { fd, address },
        SocketCall::Listen { fd, .. } => CallEffect::Listening { fd },
        _ => starts(issued),
    })
}

/// The octets that a reading call gave.
fn octets(output: &CallOutput) -> &[u8] {
    match output {
        CallOutput::Data(data) | CallOutput::Message { data, .. } => data,
        _ => &[],
    }
}

/// The address that a call filled in.
fn peer(output: &CallOutput) -> Option<SocketAddr> {
    match output {
        CallOutput::Address(address) => Some(*address),
        CallOutput::Message { address, .. } => *address,
        _ => None,
    }
}

fn output_mismatch(call: &Call, findings: Findings) -> Box<CallMismatch> {
    let name = &call.name.node;
    let complaints: Vec<String> = findings
        .differences
        .iter()
        .map(|d| format!("{} is {} and must be {}", d.field, d.actual, d.expected))
        .collect();
    let side = |pick: fn(&Difference) -> &str| {
        let fields: Vec<String> = findings.differences.iter().map(|d| format!("{} {}", d.field, pick(d))).collect();
        Some(format!("{name}(...): {}", fields.join(", ")))
    };
    Box::new(CallMismatch {
        blame: Blame::Target,
        span: None,
        message: format!("`{name}` succeeded, but {}", complaints.join("; ")),
        expected: side(|d| &d.expected),
        actual: side(|d| &d.actual),
        miss: findings.miss(),
        differences: findings.differences,
    })
}

/// The adapter did not hand over what the call wrote.
fn lost_output(call: &Call) -> Box<CallMismatch> {
    Box::new(CallMismatch {
        blame: Blame::Harness,
        span: None,
        message: format!("the target's adapter gave no output of `{}`", call.name.node),
        expected: None,
        actual: None,
        differences: Vec::new(),
        miss: None,
    })
}
