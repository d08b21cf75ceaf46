//! Packets to inject and to expect.

use super::{Fallible, Parser};
use crate::script::diagnostic::Diagnostic;
use crate::script::lexer::TokenKind;
use crate::script::tree::{Answer, Body, Encapsulation, Expectation, PacketSpec, Ports, TosSpec, UdpSpec};
use crate::script::{Span, Spanned};

/// Who sends a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// `<`.
    Inject,
    /// `>`.
    Expect,
}

/// What packetdrill allows in one packet: headers and octets.
const MOST_HEADERS: usize = 6;
const MOST_OCTETS: usize = 64 * 1024;

impl Parser<'_> {
    /// `< packet`.
    pub(super) fn inject(&mut self) -> Fallible<PacketSpec> {
        let start = self.bump().span;
        if self.at_punct(b'?') {
            return self.unexpected("expected a packet; only expected packets can be optional");
        }
        let packet = self.packet(Direction::Inject, start)?;
        if self.at_word("or") {
            return self.unexpected("expected the end of the event; only expected packets have alternatives");
        }
        Ok(packet)
    }

    /// `> packet`, `>? packet`, `> packet or > packet or silence`.
    pub(super) fn expect(&mut self) -> Fallible<Expectation> {
        let start = self.bump().span;
        let optional = self.eat_punct(b'?');
        let mut answers = Vec::with_capacity(1);
        answers.push(Answer::Packet(self.packet(Direction::Expect, start)?));
        while self.eat_word("or") {
            if self.at_word("silence") {
                let span = self.bump().span;
                if answers.contains(&Answer::Silence) {
                    return self.fail("packet::answers", span, "`silence` stands twice", "it was allowed before");
                }
                answers.push(Answer::Silence);
            } else if self.at_punct(b'>') {
                let start = self.bump().span;
                answers.push(Answer::Packet(self.packet(Direction::Expect, start)?));
            } else {
                let help = self.near(["silence"]);
                return self.unexpected_with("expected `> packet` or `silence` after `or`", help);
            }
        }
        let is_stream = |answer: &Answer| matches!(answer, Answer::Packet(PacketSpec { body: Body::Stream(_), .. }));
        if (optional || answers.len() > 1) && answers.iter().any(is_stream) {
            let span = start.to(self.last);
            let label = "it is neither optional nor one of several answers";
            return self.fail("packet::stream", span, "a stream stands alone", label);
        }
        Ok(Expectation { optional, answers })
    }

    fn packet(&mut self, direction: Direction, start: Span) -> Fallible<PacketSpec> {
        let encapsulation = self.encapsulation()?;
        let ip_start = self.token.span;
        let ip = self.optional_ip_info()?;
        let ip_span = ip_start.to(self.last);
        if matches!(ip.tos, Some(TosSpec::Ect01 | TosSpec::DscpEct01(_))) && direction == Direction::Inject {
            return self.fail(
                "packet::direction",
                ip_span,
                "`ect01` can only be expected",
                "an injected packet has one codepoint",
            );
        }
        self.refuse_protocols()?;
        let body = if self.eat_word("udp") {
            Body::Udp(self.udp()?)
        } else if self.eat_word("icmp") {
            Body::Icmp(self.icmp(direction)?)
        } else if self.at_word("stream") {
            Body::Stream(self.stream(direction)?)
        } else {
            Body::Tcp(self.tcp(direction, start)?)
        };
        let mut packet = PacketSpec {
            span: start,
            encapsulation,
            ip,
            body,
            data: None,
            fields: Vec::new(),
            captures: Vec::new(),
            fragment: None,
        };
        self.extensions(&mut packet)?;
        packet.span = start.to(self.last);
        self.check_size(&packet)?;
        Ok(packet)
    }

    fn encapsulation(&mut self) -> Fallible<Vec<Encapsulation>> {
        let mut outer = Vec::new();
        while self.at(TokenKind::Word) {
            let start = self.token.span;
            let header = match self.token.text {
                "ipv4" => self.outer_ipv4()?,
                "ipv6" => self.outer_ipv6()?,
                "gre" | "GREv0" => self.outer_gre()?,
                "mpls" => self.outer_mpls()?,
                _ => break,
            };
            outer.push(header);
            // The innermost packet adds an IP and a transport header of its own.
            if outer.len() + 2 > MOST_HEADERS {
                let span = start.to(self.last);
                return self.fail(
                    "packet::headers",
                    span,
                    "too many headers",
                    format!("a packet has at most {MOST_HEADERS}"),
                );
            }
        }
        Ok(outer)
    }

    /// What packetdrill or its FreeBSD dialect know and this language leaves out, by name.
    pub(super) fn refuse_protocols(&mut self) -> Fallible<()> {
        let (what, help) = match self.token.text {
            _ if !self.at(TokenKind::Word) => return Ok(()),
            "encap" => ("PSP encapsulation", "scripts that need PSP can be run by packetdrill only"),
            "sctp" => ("SCTP", "SCTP scripts can be run by the FreeBSD people's packetdrill only"),
            "udplite" => ("UDP-Lite", "UDP-Lite scripts can be run by the FreeBSD people's packetdrill only"),
            _ => return Ok(()),
        };
        let span = self.token.span;
        self.report(
            Diagnostic::error(
                "left-out::protocol",
                span,
                format!("{what} is not supported"),
                "left out of this language",
            )
            .help(help),
        );
        Err(super::Failed)
    }

    /// `a > b`, if a number is looked at.
    pub(super) fn optional_ports(&mut self) -> Fallible<Option<Ports>> {
        if !matches!(self.token.kind, TokenKind::Integer { .. } | TokenKind::Huge) {
            return Ok(None);
        }
        self.ports().map(Some)
    }

    pub(super) fn ports(&mut self) -> Fallible<Ports> {
        let source = self.u16("source port")?.node;
        if !self.at_punct(b'>') {
            let help = self.at_punct(b':').then(|| "flags such as `.` stand before the sequence numbers".to_owned());
            return self.unexpected_with("expected `>` between the ports", help);
        }
        self.bump();
        let destination = self.u16("destination port")?.node;
        Ok(Ports { source, destination })
    }

    /// `udp a > b (n)`, from after `udp`.
    fn udp(&mut self) -> Fallible<UdpSpec> {
        let ports = self.optional_ports()?;
        let length = self.parenthesised_length("UDP payload length")?.node;
        Ok(UdpSpec { ports, length })
    }

    /// `(n)`, where `what` is the length of something.
    pub(super) fn parenthesised_length(&mut self, what: &str) -> Fallible<Spanned<u16>> {
        if !self.at_punct(b'(') {
            return self.unexpected(&format!("expected `(` before the {what}"));
        }
        let start = self.bump().span;
        let length = self.u16(what)?.node;
        if !self.at_punct(b')') {
            return self.unexpected(&format!("expected `)` after the {what}"));
        }
        let end = self.bump().span;
        Ok(Spanned { node: length, span: start.to(end) })
    }

    fn check_size(&mut self, packet: &PacketSpec) -> Fallible<()> {
        // With the shortest IP header; what is too large even so cannot be built.
        let octets = 20
            + match &packet.body {
                Body::Tcp(tcp) => {
                    20 + super::tcp_option::length_of_all(&tcp.options) + usize::from(tcp.sequence.length)
                }
                Body::Udp(udp) => 8 + usize::from(udp.length),
                Body::Stream(_) => return Ok(()),
                Body::Icmp(icmp) => 8 + usize::from(icmp.length.unwrap_or(0)),
            };
        if octets <= MOST_OCTETS || packet.fragment.is_some() {
            return Ok(());
        }
        self.fail(
            "packet::size",
            packet.span,
            format!("the packet has {octets} octets"),
            format!("it may have {MOST_OCTETS}"),
        )
    }
}
