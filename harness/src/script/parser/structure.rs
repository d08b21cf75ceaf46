//! Structures in braces, told apart by their first field.

use std::net::SocketAddr;

use super::{Fallible, Parser};
use crate::script::lexer::TokenKind;
use crate::script::tree::{EpollMember, Expression, ExpressionKind};

impl Parser<'_> {
    /// `{...}`.
    pub(super) fn structure(&mut self) -> Fallible<ExpressionKind> {
        self.bump();
        let first = match self.token.kind {
            TokenKind::Word => self.token.text,
            TokenKind::Punct(b'(' | b'}') => "(",
            _ => "",
        };
        let structure = match first {
            "sa_family" => self.socket_address()?,
            "msg_name" => self.message_header()?,
            "cmsg_level" | "cmsg_len" => self.control_message()?,
            "scm_sec" => self.timestamping()?,
            "ee_errno" => self.extended_error()?,
            "fd" => self.poll_entry()?,
            "events" => self.epoll_event()?,
            "onoff" => self.linger()?,
            "iov_base" => self.io_vector()?,
            "flags" | "Flags" => ExpressionKind::Gre(self.gre_header()?),
            "(" => ExpressionKind::Mpls(self.mpls_stack()?),
            _ => self.braces()?,
        };
        if !self.at_punct(b'}') {
            return self.unexpected("expected `}` after the structure");
        }
        self.bump();
        Ok(structure)
    }

    /// `a, b}`; `..., N}` is an iovec.
    fn braces(&mut self) -> Fallible<ExpressionKind> {
        let list = self.expressions()?;
        Ok(match list.as_slice() {
            [
                Expression { kind: ExpressionKind::Ellipsis, .. },
                Expression { kind: ExpressionKind::Integer { value, .. }, .. },
            ] => ExpressionKind::IoVector { length: *value },
            [Expression { kind: ExpressionKind::Ellipsis, .. }, rest @ ..] => {
                let span = rest.first().map_or(self.last, |expression| expression.span);
                return self.fail("call::field", span, "this is no buffer", "expected the buffer's length after `...`");
            }
            _ => ExpressionKind::Braces(list),
        })
    }

    /// `name =`.
    fn field_name(&mut self, name: &'static str) -> Fallible<()> {
        if !self.eat_word(name) {
            return self.wrong_field(name);
        }
        self.expect_punct(b'=', &format!("after `{name}`")).map(|_| ())
    }

    /// `, name =`.
    fn next_field(&mut self, name: &'static str) -> Fallible<()> {
        self.expect_punct(b',', &format!("and `{name}`"))?;
        self.field_name(name)
    }

    fn boxed(&mut self) -> Fallible<Box<Expression>> {
        self.expression().map(Box::new)
    }

    fn socket_address(&mut self) -> Fallible<ExpressionKind> {
        self.field_name("sa_family")?;
        let family = self.word("`AF_INET` or `AF_INET6`")?;
        self.next_field("sin_port")?;
        self.expect_word("htons")?;
        let port = self.parenthesised(|p| p.u16("port"))?;
        self.next_field("sin_addr")?;
        if !self.eat_word("inet_addr") && !self.eat_word("inet6_addr") {
            return self.wrong_field("inet_addr");
        }
        let address = self.inet_addr()?;
        let wants = match family.node {
            "AF_INET" => "IPv4",
            "AF_INET6" => "IPv6",
            _ => {
                let message = format!("`{}` is no family of socket addresses", family.node);
                return self.fail("call::address", family.span, message, "expected `AF_INET` or `AF_INET6`");
            }
        };
        if address.node.is_ipv4() != (wants == "IPv4") {
            let message = format!("the address is not of family `{}`", family.node);
            return self.fail("call::address", address.span, message, format!("expected an {wants} address"));
        }
        Ok(ExpressionKind::SocketAddress(SocketAddr::new(address.node, port)))
    }

    /// `msg_name(...)=..., msg_iov(N)=[...], msg_flags=F, msg_control=[...]`; in the FreeBSD dialect
    /// `msg_control(N)=[...]` stands before `msg_flags`.
    fn message_header(&mut self) -> Fallible<ExpressionKind> {
        self.bump();
        self.expect_punct(b'(', "after `msg_name`")?;
        self.ellipsis()?;
        self.expect_punct(b')', "after the length of `msg_name`")?;
        self.expect_punct(b'=', "after `msg_name(...)`")?;
        self.ellipsis()?;
        self.expect_punct(b',', "and `msg_iov`")?;
        if !self.eat_word("msg_iov") {
            return self.wrong_field("msg_iov");
        }
        let iov_length = self.parenthesised(|p| p.integer("number of buffers"))?;
        self.expect_punct(b'=', "after `msg_iov(N)`")?;
        let iov = self.list()?;
        self.expect_punct(b',', "and `msg_flags`")?;
        let mut control = None;
        let mut control_length = None;
        if self.at_word("msg_control") {
            self.bump();
            control_length = Some(self.parenthesised(|p| p.integer("length of the control messages"))?);
            self.expect_punct(b'=', "after `msg_control(N)`")?;
            control = Some(self.list()?);
            self.expect_punct(b',', "and `msg_flags`")?;
        }
        self.field_name("msg_flags")?;
        let flags = self.boxed()?;
        if control.is_none() && self.at_punct(b',') {
            self.next_field("msg_control")?;
            control = Some(self.list()?);
        }
        Ok(ExpressionKind::MessageHeader { iov, iov_length, flags, control, control_length })
    }

    fn ellipsis(&mut self) -> Fallible<()> {
        if self.eat(TokenKind::Ellipsis) { Ok(()) } else { self.unexpected("expected `...`") }
    }

    fn list(&mut self) -> Fallible<Box<Expression>> {
        if !self.at_punct(b'[') {
            return self.unexpected("expected a list in brackets");
        }
        self.boxed()
    }

    fn control_message(&mut self) -> Fallible<ExpressionKind> {
        let mut length = None;
        if self.at_word("cmsg_len") {
            self.field_name("cmsg_len")?;
            length = Some(self.plain_integer("the control message's length")?);
            self.expect_punct(b',', "and `cmsg_level`")?;
        }
        self.field_name("cmsg_level")?;
        let level = self.boxed()?;
        self.next_field("cmsg_type")?;
        let kind = self.boxed()?;
        self.next_field("cmsg_data")?;
        let data = self.boxed()?;
        Ok(ExpressionKind::ControlMessage { length, level, kind, data })
    }

    fn timestamping(&mut self) -> Fallible<ExpressionKind> {
        self.field_name("scm_sec")?;
        let seconds = self.plain_integer("seconds")?;
        self.next_field("scm_nsec")?;
        let nanoseconds = self.plain_integer("nanoseconds")?;
        Ok(ExpressionKind::Timestamping { seconds, nanoseconds })
    }

    fn extended_error(&mut self) -> Fallible<ExpressionKind> {
        self.field_name("ee_errno")?;
        let errno = self.expression()?;
        self.next_field("ee_origin")?;
        let origin = self.expression()?;
        self.next_field("ee_type")?;
        let kind = self.expression()?;
        self.next_field("ee_code")?;
        let code = self.expression()?;
        self.next_field("ee_info")?;
        let info = self.expression()?;
        self.next_field("ee_data")?;
        let data = self.expression()?;
        Ok(ExpressionKind::ExtendedError(Box::new([errno, origin, kind, code, info, data])))
    }

    fn poll_entry(&mut self) -> Fallible<ExpressionKind> {
        self.field_name("fd")?;
        let fd = self.boxed()?;
        self.next_field("events")?;
        let events = self.boxed()?;
        let mut revents = None;
        if self.at_punct(b',') {
            self.next_field("revents")?;
            revents = Some(self.boxed()?);
        }
        Ok(ExpressionKind::PollFd { fd, events, revents })
    }

    fn epoll_event(&mut self) -> Fallible<ExpressionKind> {
        self.field_name("events")?;
        let events = self.boxed()?;
        self.expect_punct(b',', "and `fd`, `ptr`, `u32` or `u64`")?;
        let (member, name) = match self.token.text {
            "ptr" => (EpollMember::Ptr, "ptr"),
            "u32" => (EpollMember::U32, "u32"),
            "u64" => (EpollMember::U64, "u64"),
            _ => (EpollMember::Fd, "fd"),
        };
        self.field_name(name)?;
        let data = self.boxed()?;
        Ok(ExpressionKind::EpollEvent { events, member, data })
    }

    /// `onoff=A, linger=B`; where either is `...` (FreeBSD dialect) the fields stay what they are.
    fn linger(&mut self) -> Fallible<ExpressionKind> {
        let list = self.expressions()?;
        let number = |expression: &Expression, field: &str| match &expression.kind {
            ExpressionKind::Assign(name, value) if name.node == field => match value.kind {
                ExpressionKind::Integer { value, .. } => Some(value),
                _ => None,
            },
            _ => None,
        };
        Ok(match list.as_slice() {
            [on, linger] => match (number(on, "onoff"), number(linger, "linger")) {
                (Some(on), Some(seconds)) => ExpressionKind::Linger { on, seconds },
                _ => ExpressionKind::Braces(list),
            },
            _ => ExpressionKind::Braces(list),
        })
    }

    fn io_vector(&mut self) -> Fallible<ExpressionKind> {
        self.field_name("iov_base")?;
        self.ellipsis()?;
        self.next_field("iov_len")?;
        Ok(ExpressionKind::IoVector { length: self.plain_integer("the buffer's length")? })
    }
}
