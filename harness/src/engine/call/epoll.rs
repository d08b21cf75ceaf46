//! epoll(7): events of a script and what came back.

use super::arguments::{descriptor, elements, int, number, what};
use super::findings::Findings;
use super::{CallContext, CallProblem};
use crate::script::symbols::epoll_flags;
use crate::script::tree::{EpollMember, Expression, ExpressionKind};

/// One event: its mask and what the member of the union holds, as far as that member reaches.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) events: u32,
    pub(super) data: u64,
    member: EpollMember,
}

/// The event that epoll_ctl registers for the descriptor of the script `fd`.
pub(super) fn registered(expression: &Expression, fd: i32, context: &CallContext) -> Result<Event, CallProblem> {
    let event = event(expression, context)?;
    if let ExpressionKind::EpollEvent { member: EpollMember::Fd, data, .. } = &expression.kind
        && int(data)? != fd
    {
        return Err(CallProblem::new(data.span, format!("the event names fd {}, but the call fd {fd}", int(data)?)));
    }
    Ok(event)
}

/// The events that epoll_wait must give: one, or a list (ours).
pub(super) fn awaited(expression: &Expression, context: &CallContext) -> Result<Vec<Event>, CallProblem> {
    match &expression.kind {
        ExpressionKind::List(_) => elements(expression)?.iter().map(|e| event(e, context)).collect(),
        _ => Ok(vec![event(expression, context)?]),
    }
}

/// Compares the events that came. Where none came, the script's event must be empty.
pub(super) fn check_events(
    expected: &[Event],
    listed: bool,
    actual: &[(u32, u64)],
    context: &CallContext,
    findings: &mut Findings,
) {
    for (index, expected) in expected.iter().enumerate() {
        let of = if listed { format!(" of event {}", index + 1) } else { String::new() };
        let (events, data) = actual.get(index).copied().unwrap_or_default();
        if expected.events != events {
            findings.add(format!("mask{of}"), epoll_flags(expected.events), epoll_flags(events));
        }
        if index < actual.len() && expected.data != expected.reach(data) {
            findings.add(format!("data{of}"), expected.show(expected.data, context), expected.show(data, context));
        }
    }
    if listed && expected.len() != actual.len() {
        findings.add("count of events", expected.len(), actual.len());
    }
}

fn event(expression: &Expression, context: &CallContext) -> Result<Event, CallProblem> {
    let ExpressionKind::EpollEvent { events, member, data } = &expression.kind else {
        let found = what(expression);
        return Err(CallProblem::new(expression.span, format!("expected an epoll event, found {found}")));
    };
    let value = match member {
        EpollMember::Fd => u64::from(descriptor(data, context)?.live as u32),
        EpollMember::U32 => u64::from(int(data)? as u32),
        EpollMember::Ptr | EpollMember::U64 => number(data)? as u64,
    };
    Ok(Event { events: int(events)? as u32, data: value, member: *member })
}

impl Event {
    /// What the member of the union sees of its octets.
    fn reach(&self, data: u64) -> u64 {
        match self.member {
            // The union starts with its narrow members on little-endian machines, where its low octets are.
            EpollMember::Fd | EpollMember::U32 => data & u64::from(u32::MAX),
            EpollMember::Ptr | EpollMember::U64 => data,
        }
    }

    fn show(&self, data: u64, context: &CallContext) -> String {
        match self.member {
            EpollMember::Fd => match context.descriptors.by_live(data as u32 as i32) {
                Some(descriptor) => format!("fd {}", descriptor.script),
                None => format!("an unknown fd ({})", data as u32 as i32),
            },
            EpollMember::Ptr => format!("{data:#x}"),
            EpollMember::U32 | EpollMember::U64 => self.reach(data).to_string(),
        }
    }
}
