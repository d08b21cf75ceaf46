//! Every call lowered and judged; here the calls and settings that the tests share.

mod check;
mod lower;
mod messages;
mod needs;
mod robust;
mod scripts;

use std::net::SocketAddr;

use super::{CallContext, CallEffect, CallMismatch, CallProblem, DescriptorKind, Descriptors};
use crate::engine::Settings;
use crate::script::tree::{Call, Expression, ExpressionKind};
use crate::script::{Span, Spanned};
use crate::target::{CallId, CallOutput, Errno, IpVersion, Returned, SocketCall};
use crate::time::Instant;

fn expression(kind: ExpressionKind) -> Expression {
    Expression { span: Span::default(), kind }
}

fn dots() -> Expression {
    expression(ExpressionKind::Ellipsis)
}

fn num(value: i64) -> Expression {
    expression(ExpressionKind::Integer { value, hexadecimal: false })
}

fn word(name: &str) -> Expression {
    expression(ExpressionKind::Word(name.to_owned()))
}

fn text(octets: &[u8]) -> Expression {
    expression(ExpressionKind::String { octets: octets.to_vec(), truncated: false })
}

fn list(elements: Vec<Expression>) -> Expression {
    expression(ExpressionKind::List(elements))
}

fn boxed(expression: Expression) -> Box<Expression> {
    Box::new(expression)
}

fn address(text: &str) -> Expression {
    let address: SocketAddr = text.parse().expect("the test writes an address");
    expression(ExpressionKind::SocketAddress(address))
}

fn spanned(text: &str) -> Spanned<String> {
    Spanned { node: text.to_owned(), span: Span::default() }
}

/// `name(arguments) = result`.
fn call(name: &str, arguments: Vec<Expression>, result: i64) -> Call {
    Call { end: None, name: spanned(name), arguments, result: num(result), error: None, note: None }
}

/// `name(arguments) = -1 error`.
fn failing(name: &str, arguments: Vec<Expression>, error: &str) -> Call {
    Call { error: Some(spanned(error)), ..call(name, arguments, -1) }
}

fn returned(result: Result<i64, i32>, output: CallOutput) -> Returned {
    Returned { id: CallId(0), at: Instant::ZERO, result: result.map_err(Errno), output }
}

/// Settings, and descriptors: 3 is a TCP socket (30 on the target), 4 another (40), 5 an epoll (50), 6 a ping socket
/// (60).
struct Bench {
    settings: Settings,
    descriptors: Descriptors,
}

impl Bench {
    fn new() -> Self {
        let mut descriptors = Descriptors::default();
        let tcp = DescriptorKind::Socket { domain: 2, kind: 1, protocol: 6 };
        descriptors.insert(3, 30, tcp);
        descriptors.insert(4, 40, tcp);
        descriptors.insert(5, 50, DescriptorKind::Epoll);
        descriptors.insert(6, 60, DescriptorKind::Socket { domain: 2, kind: 2, protocol: 1 });
        Bench { settings: Settings::new(IpVersion::Ipv4), descriptors }
    }

    fn context(&mut self) -> CallContext<'_> {
        CallContext {
            settings: &self.settings,
            descriptors: &mut self.descriptors,
            script_epoch: Instant::from_micros(1_000_000),
        }
    }

    fn lower(&mut self, call: &Call) -> Result<SocketCall, CallProblem> {
        super::lower(call, &self.context())
    }

    fn lowered(&mut self, call: &Call) -> SocketCall {
        self.lower(call).expect("the test writes a call that can be lowered")
    }

    fn problem(&mut self, call: &Call) -> String {
        self.lower(call).expect_err("the test writes a call that cannot be lowered").message
    }

    /// Lowers the call and judges what came back.
    fn check(
        &mut self,
        call: &Call,
        result: Result<i64, i32>,
        output: CallOutput,
    ) -> Result<CallEffect, Box<CallMismatch>> {
        let issued = self.lowered(call);
        super::check(call, &issued, &returned(result, output), &mut self.context())
    }

    /// The message of a mismatch.
    fn complaint(&mut self, call: &Call, result: Result<i64, i32>, output: CallOutput) -> String {
        self.check(call, result, output).expect_err("the test lets the call return something else").message
    }
}
