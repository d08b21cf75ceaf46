//! What stands after a packet: TCP over UDP, and our own `data`, `with` and `fragment`.

use std::net::IpAddr;

use super::expression::unescape;
use super::{Diagnostic, Failed, Fallible, Parser, did_you_mean, octets, owned};
use crate::script::fields::{self, FieldKind};
use crate::script::lexer::TokenKind;
use crate::script::tree::{
    Body, Capture, FieldSpec, FieldValue, Formula, FormulaKind, FragmentSpec, PacketSpec, Ports,
};
use crate::script::{Span, Spanned};

impl<'a> Parser<'a> {
    pub(super) fn extensions(&mut self, packet: &mut PacketSpec) -> Fallible<()> {
        if let Body::Tcp(tcp) = &mut packet.body {
            packet.data = self.rst_diagnostic(tcp)?;
            tcp.udp_encapsulation = self.udp_encapsulation()?;
        }
        if self.at_word("data") {
            let data = self.data()?;
            self.check_length(packet, &data)?;
            packet.data = Some(data);
        }
        if self.eat_word("with") {
            loop {
                let name = self.header_field()?;
                if self.eat_word("as") {
                    self.capture(packet, name)?;
                    if !self.eat_punct(b',') {
                        break;
                    }
                    continue;
                }
                let field = self.field(name)?;
                if packet.fields.iter().any(|before| before.name == field.name) {
                    let message = format!("`{}` is said twice", field.name.node);
                    return self.fail("field::twice", field.name.span, message, "it was said before");
                }
                self.check_header(packet, &field.name)?;
                packet.fields.push(field);
                if !self.eat_punct(b',') {
                    break;
                }
            }
        }
        if self.at_word("fragment") {
            packet.fragment = Some(self.fragment()?);
        }
        Ok(())
    }

    /// `/udp(a > b)`, if a slash is looked at.
    pub(super) fn udp_encapsulation(&mut self) -> Fallible<Option<Ports>> {
        if !self.eat_punct(b'/') {
            return Ok(None);
        }
        self.expect_word("udp")?;
        self.expect_punct(b'(', "before the UDP ports")?;
        let ports = self.ports()?;
        self.expect_punct(b')', "after the UDP ports")?;
        Ok(Some(ports))
    }

    /// `data "..."`, `data 0x...`.
    fn data(&mut self) -> Fallible<Spanned<Vec<u8>>> {
        let start = self.bump().span;
        if self.at(TokenKind::String) {
            let mut octets = Vec::new();
            while self.at(TokenKind::String) {
                let token = self.bump();
                self.unescape_into(token.text, token.span, &mut octets)?;
            }
            return Ok(Spanned { node: octets, span: start.to(self.last) });
        }
        let octets = self.hexadecimal_octets("the payload as a string, or as")?;
        Ok(Spanned { node: octets, span: start.to(self.last) })
    }

    pub(super) fn unescape_into(&mut self, text: &str, span: Span, into: &mut Vec<u8>) -> Fallible<()> {
        unescape(text, into).map_err(|(at, message)| {
            // The text starts after the quote, if it is the script's own.
            let at = span.start + 1 + at as u32;
            let place = if at + 2 < span.end { Span { start: at, end: at + 1 } } else { span };
            self.report(
                Diagnostic::error("parse::escape", place, message, "expected a known escape")
                    .help(r#"the escapes are \" \\ \f \n \r \t \v and \xHH"#),
            );
            Failed
        })
    }

    /// `0x` and two digits for each octet.
    fn hexadecimal_octets(&mut self, what: &str) -> Fallible<Vec<u8>> {
        let text = self.token.text;
        let number = matches!(self.token.kind, TokenKind::Integer { .. } | TokenKind::Huge | TokenKind::Word);
        if !number || !text.starts_with("0x") {
            return self.unexpected(&format!("expected {what} `0x` and hexadecimal digits"));
        }
        let span = self.bump().span;
        match octets(text) {
            Some(octets) => Ok(octets),
            None => self.fail(
                "parse::octets",
                span,
                "these are no octets",
                "expected two hexadecimal digits for each octet",
            ),
        }
    }

    fn check_length(&mut self, packet: &PacketSpec, data: &Spanned<Vec<u8>>) -> Fallible<()> {
        let announced = match &packet.body {
            Body::Tcp(tcp) => Some(tcp.sequence.length),
            Body::Stream(stream) => Some(stream.sequence.length),
            Body::Udp(udp) => Some(udp.length),
            Body::Icmp(icmp) => icmp.length,
        };
        let there = data.node.len();
        match announced {
            Some(announced) if usize::from(announced) != there => self.fail(
                "packet::data",
                data.span,
                "payload and length disagree",
                format!("{there} octets are given, {announced} are announced"),
            ),
            None if there > usize::from(u16::MAX) => {
                self.fail("packet::data", data.span, "the payload is too long", format!("{there} octets are given"))
            }
            _ => Ok(()),
        }
    }

    /// The name of a field, known or not.
    fn header_field(&mut self) -> Fallible<Spanned<&'a str>> {
        if !self.at(TokenKind::Word) {
            return self.unexpected("expected a field, such as `tcp.checksum=0` or `tcp.sequence as isn`");
        }
        Ok(self.bump_raw(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')))
    }

    /// `name as NAME`, from after `as`.
    fn capture(&mut self, packet: &mut PacketSpec, field: Spanned<&str>) -> Fallible<()> {
        let known = fields::field(field.node).or_else(|| fields::capture(field.node));
        if known.is_none() {
            return self.no_field(field, true);
        }
        if matches!(packet.body, Body::Stream(_)) {
            let label = "a stream has any number of segments";
            return self.fail("capture::stream", field.span, "a stream has no field of its own", label);
        }
        self.check_header(packet, &owned(field))?;
        let name = self.capture_name()?;
        if packet.captures.iter().any(|before| before.name == name) {
            let message = format!("`{}` is captured twice", name.node);
            return self.fail("field::twice", name.span, message, "it was captured before");
        }
        packet.captures.push(Capture { field: owned(field), name });
        Ok(())
    }

    /// There is no such field.
    fn no_field<T>(&mut self, name: Spanned<&str>, is_captured: bool) -> Fallible<T> {
        let (code, message, label) = match fields::capture(name.node) {
            Some(_) => ("field::capture", format!("`{}` can only be captured", name.node), "write `as` and a name"),
            None => ("field::unknown", format!("there is no field `{}`", name.node), "unknown field"),
        };
        let also = if is_captured { fields::CAPTURES } else { &[] };
        let known = fields::FIELDS.iter().chain(also).map(|known| known.name);
        let help = did_you_mean(name.node, known).or_else(|| fields_of_header(name.node));
        let help = help.filter(|_| code == "field::unknown");
        self.report(Diagnostic::error(code, name.span, message, label).maybe_help(help));
        Err(Failed)
    }

    /// `name=value`, from after the name.
    fn field(&mut self, name: Spanned<&str>) -> Fallible<FieldSpec> {
        let Some(known) = fields::field(name.node) else { return self.no_field(name, false) };
        self.expect_punct(b'=', "after the field's name")?;
        let start = self.token.span;
        let value = match known.kind {
            FieldKind::Bits(bits) => {
                let formula = self.formula(0)?;
                match formula.kind {
                    FormulaKind::Number(number) => {
                        let most = (1 << bits) - 1;
                        let span = start.to(self.last);
                        FieldValue::Number(self.in_range(&format!("value of `{}`", known.name), number, span, most)?)
                    }
                    _ => FieldValue::Formula(formula),
                }
            }
            FieldKind::Ipv4Address if self.at(TokenKind::Ipv4) => self.address()?,
            FieldKind::Ipv6Address if self.at(TokenKind::Ipv6) => self.address()?,
            _ if self.at(TokenKind::Word) && !self.token.text.starts_with("0x") => {
                // What is no number can be captured, but not calculated with.
                let name = self.capture_name()?;
                FieldValue::Formula(Formula { span: name.span, kind: FormulaKind::Name(name.node) })
            }
            FieldKind::Ipv4Address => return self.unexpected("expected an IPv4 address"),
            FieldKind::Ipv6Address => return self.unexpected("expected an IPv6 address"),
            FieldKind::Octets(most) => {
                let octets = self.hexadecimal_octets(&format!("the octets of `{}` as", known.name))?;
                if octets.len() > most {
                    let message = format!("`{}` has {} octets", known.name, octets.len());
                    return self.fail("field::octets", start.to(self.last), message, format!("it may have {most}"));
                }
                FieldValue::Octets(octets)
            }
        };
        Ok(FieldSpec { name: owned(name), value: Spanned { node: value, span: start.to(self.last) } })
    }

    /// A field belongs to a header that the packet has; which IP version that is, is not known here.
    fn check_header(&mut self, packet: &PacketSpec, field: &Spanned<String>) -> Fallible<()> {
        let header = field.node.split('.').next().unwrap_or("");
        let (has, what) = match &packet.body {
            Body::Tcp(tcp) => (header == "tcp" || header == "udp" && tcp.udp_encapsulation.is_some(), "a TCP segment"),
            Body::Stream(_) => (header == "tcp", "a TCP segment"),
            Body::Udp(_) => (header == "udp", "a UDP datagram"),
            Body::Icmp(_) => (header == "icmp", "an ICMP message"),
        };
        if has || !matches!(header, "tcp" | "udp" | "icmp") {
            return Ok(());
        }
        let message = format!("{what} has no field `{}`", field.node);
        self.fail("field::header", field.span, message, "this field is of another header")
    }

    fn address(&mut self) -> Fallible<FieldValue> {
        let token = self.bump();
        match token.text.parse::<IpAddr>() {
            Ok(address) => Ok(FieldValue::Address(address)),
            Err(_) => self.fail("ip::address", token.span, "bad address", "this is no IP address"),
        }
    }

    /// `fragment a:b`.
    fn fragment(&mut self) -> Fallible<FragmentSpec> {
        self.bump();
        let start = self.u32("first octet of the fragment")?;
        self.expect_punct(b':', "after the first octet")?;
        let end = self.u32("end of the fragment")?;
        let span = start.span.to(end.span);
        if end.node <= start.node {
            return self.fail("packet::fragment", span, "the fragment is empty", "its end is not after its start");
        }
        if !start.node.is_multiple_of(8) {
            let label = "a fragment starts at a multiple of 8 octets";
            return self.fail("packet::fragment", start.span, "no fragment can start here", label);
        }
        if start.node > 8 * 0x1fff {
            let label = format!("a fragment starts at most at {}", 8 * 0x1fff);
            return self.fail("packet::fragment", start.span, "no fragment can start here", label);
        }
        Ok(FragmentSpec { start: start.node, end: end.node })
    }
}

/// The fields of the header that an unknown name begins with.
fn fields_of_header(name: &str) -> Option<String> {
    let (header, _) = name.split_once('.')?;
    let of_header = |known: &&fields::KnownField| known.name.split_once('.').is_some_and(|(h, _)| h == header);
    let names: Vec<_> = fields::FIELDS.iter().filter(of_header).map(|known| known.name).collect();
    (!names.is_empty()).then(|| format!("the fields are {}", names.join(", ")))
}
