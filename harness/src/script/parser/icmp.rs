//! ICMP and ICMPv6 messages.

use super::packet::Direction;
use super::{Diagnostic, Failed, Fallible, Parser, did_you_mean};
use crate::script::Spanned;
use crate::script::icmp;
use crate::script::lexer::TokenKind;
use crate::script::tree::{IcmpSpec, Quoted};

impl Parser<'_> {
    /// `type code mtu N id N seq N (n) [quoted]`, from after `icmp`.
    pub(super) fn icmp(&mut self, direction: Direction) -> Fallible<IcmpSpec> {
        let kind = self.icmp_word("an ICMP type, such as `unreachable` or `type_3`")?;
        self.check_kind(&kind)?;
        let code = match self.token.kind {
            TokenKind::Word if !is_continuation(self.token.text) => Some(self.icmp_word("an ICMP code")?),
            TokenKind::Integer { .. } if self.token.line == self.last_line => Some(self.icmp_word("an ICMP code")?),
            _ => None,
        };
        if let Some(code) = &code {
            self.check_code(direction, &kind, code)?;
        }
        let start = self.token.span;
        let mtu = if self.eat_word("mtu") { Some(self.u32("MTU")?.node) } else { None };
        if mtu.is_some() && icmp::kinds().any(|known| known == kind.node) {
            let fits = match kind.node.as_str() {
                "unreachable" => {
                    code.as_ref().is_some_and(|c| c.node == "frag_needed" || c.node == "code_4" || c.node == "4")
                }
                "packet_too_big" | "router_advertisement" => {
                    code.is_none() || code.as_ref().is_some_and(|c| c.node == "code_0" || c.node == "0")
                }
                _ => false,
            };
            if !fits {
                let span = start.to(self.last);
                let label = "only `unreachable frag_needed` and `packet_too_big` have one";
                return self.fail("icmp::mtu", span, "this message has no MTU", label);
            }
        }
        let id = if self.eat_word("id") { Some(self.u16("echo identifier")?.node) } else { None };
        let sequence = if self.eat_word("seq") { Some(self.u16("echo sequence number")?.node) } else { None };
        let length =
            if self.at_punct(b'(') { Some(self.parenthesised_length("length of the echo data")?.node) } else { None };
        let quoted = if self.at_punct(b'[') { Some(self.quoted(direction)?) } else { None };
        Ok(IcmpSpec { kind, code, mtu, id, sequence, length, quoted })
    }

    /// A name or a number of a type or code.
    fn icmp_word(&mut self, what: &str) -> Fallible<Spanned<String>> {
        match self.token.kind {
            TokenKind::Word => {
                let token = self.bump();
                Ok(Spanned { node: token.text.to_owned(), span: token.span })
            }
            TokenKind::Integer { .. } => {
                let Spanned { node, span } = self.u8("ICMP type or code")?;
                Ok(Spanned { node: node.to_string(), span })
            }
            _ => self.unexpected(&format!("expected {what}")),
        }
    }

    fn check_kind(&mut self, kind: &Spanned<String>) -> Fallible<()> {
        if icmp::numbers(false, &kind.node, None).is_some() || icmp::numbers(true, &kind.node, None).is_some() {
            return Ok(());
        }
        self.report(
            Diagnostic::error(
                "icmp::kind",
                kind.span,
                format!("there is no ICMP type `{}`", kind.node),
                "expected an ICMP type",
            )
            .maybe_help(
                did_you_mean(&kind.node, icmp::kinds())
                    .or_else(|| Some("write `type_N` for a type without a name".to_owned())),
            ),
        );
        Err(Failed)
    }

    fn check_code(&mut self, direction: Direction, kind: &Spanned<String>, code: &Spanned<String>) -> Fallible<()> {
        let known = |v6| icmp::numbers(v6, &kind.node, Some(&code.node)).is_some();
        if known(false) || known(true) {
            return Ok(());
        }
        // A name that other runs define, as packetdrill's own scripts do for one IP version: only a run that needs it
        // fails, when the packet cannot be built.
        if direction == Direction::Inject && code.node.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
            let message = format!("`{}` is neither an ICMP code nor defined", code.node);
            self.report(
                Diagnostic::warning("icmp::code", code.span, message, "the packet cannot be built")
                    .help(format!("define it with `-D {}=NAME`", code.node)),
            );
            return Ok(());
        }
        let message = format!("ICMP type `{}` has no code `{}`", kind.node, code.node);
        self.report(
            Diagnostic::error("icmp::code", code.span, message, "expected an ICMP code").maybe_help(
                did_you_mean(&code.node, icmp::codes(&kind.node).chain(["mtu", "id", "seq"]))
                    .or_else(|| Some("write `code_N` for a code without a name".to_owned())),
            ),
        );
        Err(Failed)
    }

    /// `[a:b(n)]`, `[udp (n)]`, `[raw (n)]`, `[...]`.
    fn quoted(&mut self, direction: Direction) -> Fallible<Quoted> {
        self.bump();
        let quoted = if self.at(TokenKind::Ellipsis) && self.octet_after() == b']' {
            let span = self.bump().span;
            if direction == Direction::Inject {
                let label = "write what the target sent, such as `udp (n)`";
                return self.fail("packet::direction", span, "`[...]` can only be expected", label);
            }
            Quoted::Sent
        } else if self.eat_word("udp") {
            Quoted::Udp { length: self.parenthesised_length("payload length of the quoted datagram")?.node }
        } else if self.eat_word("raw") {
            let length = self.parenthesised_length("length of the ICMP message")?;
            if length.node < 8 {
                let message = format!("an ICMP message has more than {} octets", length.node);
                return self.fail("icmp::raw", length.span, message, "its header alone has 8");
            }
            Quoted::Raw { length: length.node }
        } else if matches!(self.token.kind, TokenKind::Integer { .. } | TokenKind::Ellipsis | TokenKind::Huge) {
            let sequence = self.sequence()?;
            if sequence.ignored {
                let label = "expected start:end(length)";
                return self.fail("icmp::quoted", sequence.span, "a quoted segment has a sequence number", label);
            }
            Quoted::Tcp { sequence, udp_encapsulation: self.udp_encapsulation()? }
        } else {
            if self.at(TokenKind::Word) {
                self.refuse_protocols()?;
            }
            let help = self.near(["udp", "raw"]);
            return self.unexpected_with("expected `start:end(length)`, `udp (n)`, `raw (n)` or `...`", help);
        };
        self.expect_punct(b']', "after the quoted datagram")?;
        Ok(quoted)
    }
}

/// Words that may follow a type that has no code.
fn is_continuation(word: &str) -> bool {
    matches!(word, "mtu" | "id" | "seq" | "data" | "with" | "fragment" | "or")
}
