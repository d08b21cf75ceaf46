//! TCP segments and streams.

use super::packet::Direction;
use super::{Failed, Fallible, Parser};
use crate::script::diagnostic::Diagnostic;
use crate::script::lexer::TokenKind;
use crate::script::tree::{SequenceSpec, StreamSpec, TcpOptionsSpec, TcpSpec};
use crate::script::{Span, Spanned};
use crate::wire::TcpFlags;

/// Control bits by their letters.
const FLAGS: [(u8, TcpFlags); 9] = [
    (b'F', TcpFlags::FIN),
    (b'S', TcpFlags::SYN),
    (b'R', TcpFlags::RST),
    (b'P', TcpFlags::PSH),
    (b'.', TcpFlags::ACK),
    (b'U', TcpFlags::URG),
    (b'E', TcpFlags::ECE),
    (b'W', TcpFlags::CWR),
    (b'A', TcpFlags::AE),
];

/// What stands in an RST's payload before code and enterprise number (draft-boucadair-tcpm-rst-diagnostic-payload).
const RST_DIAGNOSTIC_MAGIC: u16 = 0x33aa;

impl Parser<'_> {
    /// `a > b flags sequence ack win urg <options>/udp(a > b)`.
    pub(super) fn tcp(&mut self, direction: Direction, start: Span) -> Fallible<TcpSpec> {
        let ports = self.optional_ports()?;
        let (flags, ace) = self.flags()?;
        let sequence = self.sequence()?;
        if sequence.ignored && direction == Direction::Inject {
            return self.fail(
                "packet::direction",
                sequence.span,
                "`...` for sequence numbers can only be expected",
                "an injected segment has a number",
            );
        }
        let ack = if self.eat_word("ack") { Some(self.u32("acknowledgment number")?) } else { None };
        let window = if self.eat_word("win") { Some(self.u16("window")?) } else { None };
        let urgent = if self.eat_word("urg") { Some(self.u16("urgent pointer")?) } else { None };
        if window.is_none() && direction == Direction::Inject {
            let span = start.to(self.last);
            self.report(
                Diagnostic::error("packet::window", span, "an injected segment needs a window", "no `win` is said")
                    .help("write `win N` after the acknowledgment number"),
            );
            return Err(Failed);
        }
        let options =
            if self.at_punct(b'<') { self.tcp_options(direction)? } else { TcpOptionsSpec::Exactly(Vec::new()) };
        Ok(TcpSpec { ports, flags, ace, sequence, ack, window, urgent, options, udp_encapsulation: None })
    }

    /// `S`, `P.`, `SEW`, `.`, `-`, `P.5`.
    fn flags(&mut self) -> Fallible<(TcpFlags, Option<u8>)> {
        let span = self.token.span;
        if self.eat_punct(b'-') {
            return Ok((TcpFlags::default(), None));
        }
        let mut bits = Flags::default();
        let mut seen = false;
        // Letters, then a dot or a dot with a digit, then in the FreeBSD dialect letters again.
        for part in 0..3 {
            let letters = match self.token.kind {
                TokenKind::Word if part == 0 || part == 2 && seen => self.token.text,
                TokenKind::Float if part == 1 && self.token.text.starts_with('.') => self.token.text,
                TokenKind::Punct(b'.') if part == 1 => ".",
                _ => continue,
            };
            for letter in letters.bytes() {
                if let Err(message) = bits.add(letter) {
                    let place = if seen { span.to(self.token.span) } else { self.token.span };
                    self.report(
                        Diagnostic::error("packet::flags", place, message, "expected TCP flags")
                            .help("flags are F S R P . U E W A, or - for none; a digit 0 to 7 stands for A, W and E"),
                    );
                    return Err(Failed);
                }
            }
            self.bump();
            seen = true;
        }
        if !seen {
            let help = "write flags such as `S`, `P.` or `.`, then `start:end(length)`; or `udp`, `icmp`, `stream`";
            return self.unexpected_with("expected TCP flags or a protocol", Some(help.to_owned()));
        }
        Ok((bits.flags, bits.ace))
    }

    /// `start:end(length)`, with `!` for a number that goes on the wire as it stands; or `...(length)`.
    pub(super) fn sequence(&mut self) -> Fallible<SequenceSpec> {
        let start_span = self.token.span;
        if self.eat(TokenKind::Ellipsis) {
            let length = self.parenthesised_length("payload length")?;
            let span = start_span.to(length.span);
            return Ok(SequenceSpec { span, start: 0, length: length.node, absolute: false, ignored: true });
        }
        let start = self.u32("first sequence number")?;
        self.expect_punct(b':', "after the first sequence number")?;
        let end = self.u32("end of the sequence numbers")?;
        let length = self.parenthesised_length("payload length")?;
        let span = start.span.to(length.span);
        if start.node.wrapping_add(length.node.into()) != end.node {
            let sum = start.node.wrapping_add(length.node.into());
            self.report(
                Diagnostic::error(
                    "packet::sequence",
                    span,
                    "sequence numbers and payload length disagree",
                    format!("{} + {} is {sum}, not {}", start.node, length.node, end.node),
                )
                .help("write start:end(length) with end = start + length; SYN and FIN do not count"),
            );
            return Err(Failed);
        }
        let absolute = self.eat_punct(b'!');
        Ok(SequenceSpec { span, start: start.node, length: length.node, absolute, ignored: false })
    }

    /// `stream F a:b(n) ack k`.
    pub(super) fn stream(&mut self, direction: Direction) -> Fallible<StreamSpec> {
        let span = self.bump().span;
        if direction == Direction::Inject {
            return self.fail(
                "packet::direction",
                span,
                "a stream can only be expected",
                "an injected segment has one form",
            );
        }
        let fin = self.eat_word("F");
        let sequence = self.sequence()?;
        if sequence.ignored || sequence.absolute {
            return self.fail(
                "packet::stream",
                sequence.span,
                "a stream needs its sequence numbers",
                "expected start:end(length)",
            );
        }
        let ack = if self.eat_word("ack") { Some(self.u32("acknowledgment number")?) } else { None };
        Ok(StreamSpec { sequence, ack, fin })
    }

    /// `[code N, pen N]` after a RST, as the eight octets of payload that it stands for.
    pub(super) fn rst_diagnostic(&mut self, tcp: &TcpSpec) -> Fallible<Option<Spanned<Vec<u8>>>> {
        if !self.at_punct(b'[') {
            return Ok(None);
        }
        let start = self.bump().span;
        self.expect_word("code")?;
        let code = self.u16("reset reason code")?.node;
        self.expect_punct(b',', "after the reason code")?;
        self.expect_word("pen")?;
        let enterprise = self.u32("private enterprise number")?.node;
        let end = self.expect_punct(b']', "after the enterprise number")?;
        let span = start.to(end);
        if !tcp.flags.contains(TcpFlags::RST) || tcp.sequence.length != 8 {
            return self.fail(
                "packet::rst-diagnostic",
                span,
                "a diagnostic payload belongs to a RST with eight octets",
                "this segment is none",
            );
        }
        let mut octets = RST_DIAGNOSTIC_MAGIC.to_be_bytes().to_vec();
        octets.extend(code.to_be_bytes());
        octets.extend(enterprise.to_be_bytes());
        Ok(Some(Spanned { node: octets, span }))
    }
}

#[derive(Default)]
struct Flags {
    flags: TcpFlags,
    ace: Option<u8>,
    /// One of E, W, A was seen, beside which no digit may stand.
    ecn: bool,
}

impl Flags {
    fn add(&mut self, letter: u8) -> Result<(), String> {
        let conflict = || format!("`{}` conflicts with the flags before it", letter as char);
        if let digit @ b'0'..=b'7' = letter {
            if self.ecn || self.ace.is_some() {
                return Err(conflict());
            }
            self.ace = Some(digit - b'0');
            return Ok(());
        }
        let Some((_, flag)) = FLAGS.iter().find(|(known, _)| *known == letter) else {
            return Err(format!("`{}` is no TCP flag", char::from(letter).escape_default()));
        };
        if matches!(letter, b'E' | b'W' | b'A') {
            if self.ace.is_some() {
                return Err(conflict());
            }
            self.ecn = true;
        }
        self.flags = self.flags.with(*flag);
        Ok(())
    }
}
