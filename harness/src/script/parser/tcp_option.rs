//! TCP options between `<` and `>`.

use super::packet::Direction;
use super::{Failed, Fallible, Parser, octets};
use crate::script::diagnostic::Diagnostic;
use crate::script::lexer::TokenKind;
use crate::script::suggest::did_you_mean;
use crate::script::tree::{AccEcnField, AccEcnOrder, TcpOptionSpec, TcpOptionsSpec};
use crate::script::{Span, Spanned};

/// Octets that options may have in one header (RFC 9293 section 3.1: the data offset has four bits).
const MOST_OCTETS: usize = 40;
/// Octets of an MD5 digest (RFC 2385).
const MD5_DIGEST: usize = 16;
/// Experiment identifier of TARR (draft-ietf-tcpm-ack-rate-request).
const TARR_EXID: u16 = 0x00ac;

const NAMES: [&str; 20] = [
    "nop",
    "eol",
    "mss",
    "wscale",
    "sackOK",
    "sack",
    "TS",
    "md5",
    "FO",
    "FOEXP",
    "ECN",
    "AccECN0",
    "AccECN1",
    "gen-N",
    "exp-FO",
    "exp-AccECN0",
    "exp-AccECN1",
    "exp-tarr",
    "exp-N",
    "...",
];

impl<'a> Parser<'a> {
    /// `<...>`, `<a,b>`, `<a,b,...>`, `<0x0101>`.
    pub(super) fn tcp_options(&mut self, direction: Direction) -> Fallible<TcpOptionsSpec> {
        let start = self.bump().span;
        if let Some(raw) = self.raw_options()? {
            return Ok(raw);
        }
        let mut options = Vec::with_capacity(6);
        let mut open = false;
        loop {
            if self.eat(TokenKind::Ellipsis) {
                open = true;
                break;
            }
            options.push(self.tcp_option(direction)?);
            if !self.eat_punct(b',') {
                break;
            }
        }
        if !self.at_punct(b'>') {
            let label = if open { "expected `>` after `...`" } else { "expected `,` or `>` after the option" };
            return self.unexpected(label);
        }
        let span = start.to(self.bump().span);
        if open {
            if direction == Direction::Inject {
                return self.fail(
                    "packet::direction",
                    span,
                    "`...` for TCP options can only be expected",
                    "an injected segment has the options it has",
                );
            }
            return Ok(if options.is_empty() { TcpOptionsSpec::Any } else { TcpOptionsSpec::AtLeast(options) });
        }
        let length: usize = options.iter().map(|option| length(&option.node)).sum();
        if length > MOST_OCTETS {
            let message = format!("these options have {length} octets");
            return self.fail("tcp::options", span, message, format!("a TCP header has room for {MOST_OCTETS}"));
        }
        if !length.is_multiple_of(4) {
            let missing = 4 - length % 4;
            self.report(
                Diagnostic::error(
                    "tcp::options",
                    span,
                    format!("these options have {length} octets, which is no multiple of 4"),
                    format!("{missing} octets of padding are missing"),
                )
                .help(format!("add {} to the list", ["`nop`"].repeat(missing).join(", "))),
            );
            return Err(Failed);
        }
        Ok(TcpOptionsSpec::Exactly(options))
    }

    /// Octets without names, if that is what stands between the brackets.
    fn raw_options(&mut self) -> Fallible<Option<TcpOptionsSpec>> {
        let digits = matches!(self.token.kind, TokenKind::Word | TokenKind::Integer { .. } | TokenKind::Huge);
        if !digits || NAMES.contains(&self.token.text) {
            return Ok(None);
        }
        let after = self.lexer.text()[self.token.span.end as usize..].trim_start();
        if !after.starts_with('>') {
            return Ok(None);
        }
        let Some(octets) = octets(self.token.text) else { return Ok(None) };
        let span = self.bump().span;
        self.bump();
        if octets.len() > MOST_OCTETS {
            let message = format!("these options have {} octets", octets.len());
            return self.fail("tcp::options", span, message, format!("a TCP header has room for {MOST_OCTETS}"));
        }
        Ok(Some(TcpOptionsSpec::Raw(octets)))
    }

    fn tcp_option(&mut self, direction: Direction) -> Fallible<Spanned<TcpOptionSpec>> {
        let start = self.token.span;
        if !self.at(TokenKind::Word) {
            return self.unexpected("expected a TCP option");
        }
        let name = match self.token.text {
            "gen" | "exp" | "EXP" if self.octet_after() == b'-' => {
                self.bump_raw(|b| b.is_ascii_alphanumeric() || b == b'-').node
            }
            _ => self.bump().text,
        };
        let name_span = self.last;
        let option = match name {
            "nop" => TcpOptionSpec::Nop,
            "eol" => TcpOptionSpec::Eol,
            "mss" => TcpOptionSpec::Mss(self.value_or_any(direction, |p| p.u16("maximum segment size"))?),
            "wscale" => TcpOptionSpec::WindowScale(self.value_or_any(direction, |p| p.u8("window scale"))?),
            "sackOK" => TcpOptionSpec::SackPermitted,
            "sack" => TcpOptionSpec::Sack(self.sack_blocks()?),
            "TS" => self.timestamps(direction)?,
            "md5" => TcpOptionSpec::Md5(self.md5()?),
            "FO" => TcpOptionSpec::FastOpen(self.blob("cookie", MOST_OCTETS - 2)?),
            "FOEXP" | "exp-FO" | "EXP-FO" => TcpOptionSpec::FastOpenExperimental(self.blob("cookie", MOST_OCTETS - 4)?),
            "ECN" => self.accecn_google()?,
            "AccECN0" => self.accecn(AccEcnOrder::Zero, false)?,
            "AccECN1" => self.accecn(AccEcnOrder::One, false)?,
            "exp-AccECN0" => self.accecn(AccEcnOrder::Zero, true)?,
            "exp-AccECN1" => self.accecn(AccEcnOrder::One, true)?,
            "exp-tarr" => self.tarr()?,
            _ => match (name.strip_prefix("gen-"), name.strip_prefix("exp-")) {
                (Some(kind), _) => self.generic(kind, name_span)?,
                (_, Some(exid)) => self.experimental(exid, name_span)?,
                _ => {
                    let message = format!("there is no TCP option `{name}`");
                    self.report(
                        Diagnostic::error("tcp::option", name_span, message, "expected a TCP option").maybe_help(
                            did_you_mean(name, NAMES)
                                .or_else(|| Some("write `gen-KIND` and octets for any other option".to_owned())),
                        ),
                    );
                    return Err(Failed);
                }
            },
        };
        Ok(Spanned { node: option, span: start.to(self.last) })
    }

    /// A number, or `...` for any where it is expected.
    fn value_or_any<T>(
        &mut self,
        direction: Direction,
        value: impl FnOnce(&mut Self) -> Fallible<Spanned<T>>,
    ) -> Fallible<Option<T>> {
        if !self.at(TokenKind::Ellipsis) {
            return value(self).map(|value| Some(value.node));
        }
        let span = self.bump().span;
        if direction == Direction::Inject {
            return self.fail(
                "packet::direction",
                span,
                "`...` for a value can only be expected",
                "an injected option has a value",
            );
        }
        Ok(None)
    }

    fn sack_blocks(&mut self) -> Fallible<Vec<(u32, u32)>> {
        let mut blocks = Vec::with_capacity(2);
        loop {
            let left = self.u32("left edge of the SACK block")?.node;
            self.expect_punct(b':', "between the edges")?;
            let right = self.u32("right edge of the SACK block")?.node;
            blocks.push((left, right));
            if !matches!(self.token.kind, TokenKind::Integer { .. } | TokenKind::Huge) {
                return Ok(blocks);
            }
        }
    }

    /// `val N ecr N`, from after `TS`.
    fn timestamps(&mut self, direction: Direction) -> Fallible<TcpOptionSpec> {
        self.expect_word("val")?;
        let value = self.value_or_any(direction, |p| p.u32("timestamp value"))?;
        self.expect_word("ecr")?;
        let echo_reply = self.value_or_any(direction, |p| p.u32("timestamp echo reply"))?;
        let echo_reply_absolute = echo_reply.is_some() && self.eat_punct(b'!');
        Ok(TcpOptionSpec::Timestamps { value, echo_reply, echo_reply_absolute })
    }

    fn md5(&mut self) -> Fallible<Option<Vec<u8>>> {
        if self.eat_word("valid") {
            return Ok(None);
        }
        if !self.at_blob() {
            return self.unexpected("expected the digest in hexadecimal, or `valid`");
        }
        self.blob("digest", MD5_DIGEST).map(Some)
    }

    /// `e0b N ceb N e1b N` or `e1b N ceb N e0b N`, from after `ECN`.
    fn accecn_google(&mut self) -> Fallible<TcpOptionSpec> {
        let order = match self.token.text {
            "e0b" if self.at(TokenKind::Word) => AccEcnOrder::Zero,
            "e1b" if self.at(TokenKind::Word) => AccEcnOrder::One,
            _ => {
                let help = self.near(["e0b", "e1b"]);
                return self.unexpected_with("expected `e0b` or `e1b`", help);
            }
        };
        self.accecn(order, false)
    }

    /// Counters in the order of the kind; those at the end may be left out.
    fn accecn(&mut self, order: AccEcnOrder, experimental: bool) -> Fallible<TcpOptionSpec> {
        use AccEcnField::{Ceb, E0b, E1b};
        let fields_of_kind = match order {
            AccEcnOrder::Zero => [E0b, Ceb, E1b],
            AccEcnOrder::One => [E1b, Ceb, E0b],
        };
        let mut fields = Vec::new();
        for field in fields_of_kind {
            let names = match field {
                E0b => ["e0b", "ee0b"],
                Ceb => ["ceb", "eceb"],
                E1b => ["e1b", "ee1b"],
            };
            if !self.eat_word(names[0]) && !self.eat_word(names[1]) {
                break;
            }
            fields.push((field, self.number("counter of 24 bits", 0xff_ffff)?.node as u32));
        }
        Ok(TcpOptionSpec::AccEcn { order, fields, experimental })
    }

    fn tarr(&mut self) -> Fallible<TcpOptionSpec> {
        let mut data = Vec::new();
        if matches!(self.token.kind, TokenKind::Integer { .. } | TokenKind::Huge) {
            // The rate is in the upper seven bits.
            data.push((self.number("rate of 7 bits", 0x7f)?.node as u8) << 1);
        }
        Ok(TcpOptionSpec::Experimental { exid: TARR_EXID, data })
    }

    /// `gen-KIND`, with octets, or `none` for an option of its kind octet alone.
    fn generic(&mut self, kind: &str, span: Span) -> Fallible<TcpOptionSpec> {
        let Ok(kind) = kind.parse::<u8>() else {
            return self.fail("tcp::option", span, "bad option kind", "expected `gen-` and a number between 0 and 255");
        };
        if self.eat_word("none") {
            return Ok(TcpOptionSpec::Generic { kind, data: None });
        }
        Ok(TcpOptionSpec::Generic { kind, data: Some(self.blob("option data", MOST_OCTETS - 2)?) })
    }

    fn experimental(&mut self, exid: &str, span: Span) -> Fallible<TcpOptionSpec> {
        let hexadecimal = !exid.is_empty() && exid.bytes().all(|b| b.is_ascii_hexdigit());
        match u16::from_str_radix(exid, 16) {
            Ok(exid) if hexadecimal => {
                Ok(TcpOptionSpec::Experimental { exid, data: self.blob("option data", MOST_OCTETS - 4)? })
            }
            _ => {
                let label = "expected `exp-` and up to four hexadecimal digits, `FO`, `AccECN0`, `AccECN1` or `tarr`";
                self.fail("tcp::option", span, "bad experiment identifier", label)
            }
        }
    }

    fn at_blob(&self) -> bool {
        matches!(self.token.kind, TokenKind::Word | TokenKind::Integer { .. } | TokenKind::Huge)
    }

    /// Hexadecimal octets, maybe none.
    fn blob(&mut self, what: &str, most: usize) -> Fallible<Vec<u8>> {
        if !self.at_blob() {
            return Ok(Vec::new());
        }
        let token = self.bump();
        match octets(token.text) {
            Some(octets) if octets.len() <= most => Ok(octets),
            Some(octets) => {
                let message = format!("the {what} has {} octets", octets.len());
                self.fail("tcp::octets", token.span, message, format!("it may have {most}"))
            }
            None if token.text.len() % 2 == 1 && token.text.bytes().all(|b| b.is_ascii_hexdigit()) => {
                let message = format!("the {what} has an odd number of digits");
                self.fail("tcp::octets", token.span, message, "expected two hexadecimal digits for each octet")
            }
            None => {
                let message = format!("`{}` is no hexadecimal {what}", token.text);
                self.fail("tcp::octets", token.span, message, "expected two hexadecimal digits for each octet")
            }
        }
    }
}

/// Octets of all options, padding not counted; 0 where the script leaves them open.
pub(super) fn length_of_all(options: &TcpOptionsSpec) -> usize {
    match options {
        TcpOptionsSpec::Exactly(options) => options.iter().map(|option| length(&option.node)).sum(),
        TcpOptionsSpec::Any | TcpOptionsSpec::AtLeast(_) => 0,
        TcpOptionsSpec::Raw(octets) => octets.len(),
    }
}

/// Octets of an option.
fn length(option: &TcpOptionSpec) -> usize {
    match option {
        TcpOptionSpec::Nop | TcpOptionSpec::Eol => 1,
        TcpOptionSpec::Mss(_) => 4,
        TcpOptionSpec::WindowScale(_) => 3,
        TcpOptionSpec::SackPermitted => 2,
        TcpOptionSpec::Sack(blocks) => 2 + 8 * blocks.len(),
        TcpOptionSpec::Timestamps { .. } => 10,
        TcpOptionSpec::Md5(digest) => 2 + digest.as_ref().map_or(MD5_DIGEST, Vec::len),
        TcpOptionSpec::FastOpen(cookie) => 2 + cookie.len(),
        TcpOptionSpec::FastOpenExperimental(cookie) => 4 + cookie.len(),
        TcpOptionSpec::AccEcn { fields, experimental, .. } => 2 + 3 * fields.len() + if *experimental { 2 } else { 0 },
        TcpOptionSpec::Generic { data, .. } => data.as_ref().map_or(1, |data| 2 + data.len()),
        TcpOptionSpec::Experimental { data, .. } => 4 + data.len(),
    }
}
