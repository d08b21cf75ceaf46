//! poll(2): entries of a script and what came back.

use super::arguments::{descriptor, elements, number, what};
use super::findings::Findings;
use super::{CallContext, CallProblem};
use crate::script::symbols::poll_flags;
use crate::script::tree::{Expression, ExpressionKind};
use crate::target::PollEntry;

/// The entries of `[{fd=F, events=E, revents=R}, ...]`, their returned events empty.
pub(super) fn entries(list: &Expression, context: &CallContext) -> Result<Vec<PollEntry>, CallProblem> {
    elements(list)?.iter().map(|element| entry(element, context)).collect()
}

fn entry(element: &Expression, context: &CallContext) -> Result<PollEntry, CallProblem> {
    let (fd, events, revents) = fields(element)?;
    if let Some(revents) = revents {
        mask(revents)?;
    }
    // poll(2) skips entries with a negative descriptor.
    let live = if number(fd)? < 0 { -1 } else { descriptor(fd, context)?.live };
    Ok(PollEntry { fd: live, events: mask(events)?.unwrap_or_default() as i16, revents: 0 })
}

/// Compares the returned events; those that the script leaves out are none.
pub(super) fn check_entries(
    list: &Expression,
    actual: &[PollEntry],
    findings: &mut Findings,
) -> Result<(), CallProblem> {
    for (element, entry) in elements(list)?.iter().zip(actual) {
        let (fd, _, revents) = fields(element)?;
        let Some(expected) = revents.map_or(Ok(Some(0)), mask)? else { continue };
        let came = entry.revents as u16;
        if expected != came {
            findings.add(
                format!("revents of fd {}", number(fd)?),
                poll_flags(expected as i16),
                poll_flags(entry.revents),
            );
        }
    }
    Ok(())
}

type Fields<'a> = (&'a Expression, &'a Expression, Option<&'a Expression>);

fn fields(element: &Expression) -> Result<Fields<'_>, CallProblem> {
    match &element.kind {
        ExpressionKind::PollFd { fd, events, revents } => Ok((fd, events, revents.as_deref())),
        _ => Err(CallProblem::new(
            element.span,
            format!("expected an entry such as `{{fd=3, events=POLLIN}}`, found {}", what(element)),
        )),
    }
}

/// A mask of events; None for `...`.
fn mask(expression: &Expression) -> Result<Option<u16>, CallProblem> {
    if matches!(expression.kind, ExpressionKind::Ellipsis) {
        return Ok(None);
    }
    Ok(Some(number(expression)? as u16))
}
