//! Arguments of a script's call as values.

use super::{CallContext, CallProblem, Descriptor};
use crate::script::symbols;
use crate::script::tree::{Call, Expression, ExpressionKind};

/// Largest buffer that a script may ask for, in octets.
const LARGEST_BUFFER: i64 = 1 << 30;

/// The arguments of one call.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    call: &'a Call,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(call: &'a Call) -> Self {
        Arguments { call }
    }

    /// Demands so many arguments; `usage` shows them.
    pub(super) fn count(self, least: usize, most: usize, usage: &str) -> Result<(), CallProblem> {
        let count = self.call.arguments.len();
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let wanted = if least == most { least.to_string() } else { format!("{least} or {most}") };
        let noun = if wanted == "1" { "argument" } else { "arguments" };
        let name = &self.call.name.node;
        Err(CallProblem::new(self.call.name.span, format!("`{name}` takes {wanted} {noun}, not {count}: `{usage}`")))
    }

    pub(super) fn len(self) -> usize {
        self.call.arguments.len()
    }

    /// The argument at `index`, from 0.
    pub(super) fn get(self, index: usize) -> Result<&'a Expression, CallProblem> {
        self.call.arguments.get(index).ok_or_else(|| {
            CallProblem::new(self.call.name.span, format!("`{}` lacks argument {}", self.call.name.node, index + 1))
        })
    }

    pub(super) fn int(self, index: usize) -> Result<i32, CallProblem> {
        int(self.get(index)?)
    }

    /// A count of octets.
    pub(super) fn length(self, index: usize) -> Result<usize, CallProblem> {
        length(self.get(index)?)
    }

    /// An open file descriptor.
    pub(super) fn descriptor(self, index: usize, context: &CallContext) -> Result<Descriptor, CallProblem> {
        descriptor(self.get(index)?, context)
    }

    /// An open file descriptor's number on the target.
    pub(super) fn fd(self, index: usize, context: &CallContext) -> Result<i32, CallProblem> {
        Ok(self.descriptor(index, context)?.live)
    }

    /// `...`, or a number: what stands for the length of an address and is not used.
    pub(super) fn address_length(self, index: usize) -> Result<(), CallProblem> {
        let argument = self.get(index)?;
        match &argument.kind {
            ExpressionKind::Ellipsis => Ok(()),
            ExpressionKind::List(elements) if elements.len() == 1 => number(&elements[0]).map(drop),
            _ => number(argument).map(drop),
        }
    }

    /// `...`, NULL, or the address that the call must fill in (ours).
    pub(super) fn address_output(self, index: usize) -> Result<(), CallProblem> {
        let argument = self.get(index)?;
        match &argument.kind {
            ExpressionKind::Ellipsis | ExpressionKind::SocketAddress(_) => Ok(()),
            _ if is_null(argument) => Ok(()),
            _ => Err(CallProblem::new(
                argument.span,
                format!("an address that the call fills in is `...` or a socket address, not {}", what(argument)),
            )),
        }
    }
}

/// The value of a number, a symbol, or either joined by `|`.
pub(super) fn number(expression: &Expression) -> Result<i64, CallProblem> {
    match &expression.kind {
        ExpressionKind::Integer { value, .. } => Ok(*value),
        ExpressionKind::Word(name) => symbols::value(name)
            .ok_or_else(|| CallProblem::new(expression.span, unknown("symbol", name, symbols::nearest(name)))),
        ExpressionKind::Or(left, right) => Ok(number(left)? | number(right)?),
        // An IPv4 address as C has it in a number: its octets in network order.
        ExpressionKind::Address(std::net::IpAddr::V4(address)) => Ok(i64::from(u32::from_ne_bytes(address.octets()))),
        _ => Err(CallProblem::new(expression.span, format!("expected a number, found {}", what(expression)))),
    }
}

/// A number that fits 32 bits, signed or unsigned.
pub(super) fn int(expression: &Expression) -> Result<i32, CallProblem> {
    let value = number(expression)?;
    if (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&value) {
        Ok(value as i32)
    } else {
        Err(CallProblem::new(expression.span, format!("{value} does not fit in 32 bits")))
    }
}

/// A number that fits 8 bits, signed or unsigned.
pub(super) fn octet(expression: &Expression) -> Result<u8, CallProblem> {
    let value = number(expression)?;
    if (i64::from(i8::MIN)..=i64::from(u8::MAX)).contains(&value) {
        Ok(value as u8)
    } else {
        Err(CallProblem::new(expression.span, format!("{value} does not fit in 8 bits")))
    }
}

/// A count of octets.
pub(super) fn length(expression: &Expression) -> Result<usize, CallProblem> {
    let value = number(expression)?;
    if (0..=LARGEST_BUFFER).contains(&value) {
        Ok(value as usize)
    } else {
        Err(CallProblem::new(expression.span, format!("a length lies between 0 and {LARGEST_BUFFER}, not {value}")))
    }
}

/// An open file descriptor of the script.
pub(super) fn descriptor(expression: &Expression, context: &CallContext) -> Result<Descriptor, CallProblem> {
    let script = int(expression)?;
    context
        .descriptors
        .get(script)
        .copied()
        .ok_or_else(|| CallProblem::new(expression.span, format!("file descriptor {script} is not open here")))
}

/// The elements of `[...]` or `{...}`.
pub(super) fn elements(expression: &Expression) -> Result<&[Expression], CallProblem> {
    match &expression.kind {
        ExpressionKind::List(elements) | ExpressionKind::Braces(elements) => Ok(elements),
        _ => Err(CallProblem::new(expression.span, format!("expected a list, found {}", what(expression)))),
    }
}

/// The one element of `[x]`.
pub(super) fn single(expression: &Expression) -> Result<&Expression, CallProblem> {
    match elements(expression)? {
        [element] => Ok(element),
        several => Err(CallProblem::new(
            expression.span,
            format!("expected a list of one element, found {} elements", several.len()),
        )),
    }
}

/// Whether it is NULL or 0.
pub(super) fn is_null(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Integer { .. } | ExpressionKind::Word(_)) && number(expression) == Ok(0)
}

/// That a name is not known, and which one may be meant.
pub(super) fn unknown(what: &str, name: &str, nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("there is no {what} `{name}`; `{nearest}` is near"),
        None => format!("there is no {what} `{name}`"),
    }
}

/// What an expression is, for messages.
pub(super) fn what(expression: &Expression) -> &'static str {
    match &expression.kind {
        ExpressionKind::Ellipsis => "`...`",
        ExpressionKind::Integer { .. } => "a number",
        ExpressionKind::Word(_) => "a symbol",
        ExpressionKind::String { .. } => "a string",
        ExpressionKind::Or(..) => "an expression with `|`",
        ExpressionKind::Assign(..) => "an assignment",
        ExpressionKind::List(_) => "a list",
        ExpressionKind::Braces(_) => "a list in braces",
        ExpressionKind::Address(_) => "an address",
        ExpressionKind::SocketAddress(_) => "a socket address",
        ExpressionKind::MessageHeader { .. } => "a message header",
        ExpressionKind::IoVector { .. } => "a buffer of a vector",
        ExpressionKind::ControlMessage { .. } => "a control message",
        ExpressionKind::PollFd { .. } => "an entry of poll",
        ExpressionKind::Linger { .. } => "a linger structure",
        ExpressionKind::Timestamping { .. } => "time stamps",
        ExpressionKind::ExtendedError(_) => "an extended error",
        ExpressionKind::EpollEvent { .. } => "an epoll event",
        ExpressionKind::Gre(_) => "a GRE header",
        ExpressionKind::Mpls(_) => "an MPLS label stack",
    }
}
