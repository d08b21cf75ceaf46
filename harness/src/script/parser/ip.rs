//! IP headers: what is said of the innermost one in parentheses, and the outer headers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Fallible, Parser};
use crate::script::Span;
use crate::script::lexer::TokenKind;
use crate::script::tree::{Encapsulation, GreSpec, IpInfo, MplsSpec, TosSpec};

const ECN_NONE: u8 = 0;
const ECN_ECT1: u8 = 1;
const ECN_ECT0: u8 = 2;
const ECN_CE: u8 = 3;

/// Names of DSCP values (RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622).
const DSCP: [(&str, u8); 23] = [
    ("cs0", 0x00),
    ("cs1", 0x08),
    ("cs2", 0x10),
    ("cs3", 0x18),
    ("cs4", 0x20),
    ("cs5", 0x28),
    ("cs6", 0x30),
    ("cs7", 0x38),
    ("af11", 0x0a),
    ("af12", 0x0c),
    ("af13", 0x0e),
    ("af21", 0x12),
    ("af22", 0x14),
    ("af23", 0x16),
    ("af31", 0x1a),
    ("af32", 0x1c),
    ("af33", 0x1e),
    ("af41", 0x22),
    ("af42", 0x24),
    ("af43", 0x26),
    ("ef", 0x2e),
    ("voice-admit", 0x2c),
    ("le", 0x01),
];

/// MPLS label stack entries in one header, as packetdrill has them.
const MOST_LABELS: usize = 6;

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_VERSION: u16 = 0x0007;

/// `(info)`.
impl Parser<'_> {
    /// `(ect0, ttl 64)`, `[noecn]`, if a bracket is looked at.
    pub(super) fn optional_ip_info(&mut self) -> Fallible<IpInfo> {
        let mut info = IpInfo::default();
        let close = match self.token.kind {
            TokenKind::Punct(b'(') => b')',
            TokenKind::Punct(b'[') => b']',
            _ => return Ok(info),
        };
        self.bump();
        loop {
            self.ip_item(&mut info)?;
            if !self.eat_punct(b',') {
                break;
            }
        }
        self.expect_punct(close, "after what is said of the IP header")?;
        Ok(info)
    }

    fn ip_item(&mut self, info: &mut IpInfo) -> Fallible<()> {
        const ITEMS: [&str; 12] =
            ["noecn", "ect0", "ect1", "ect01", "ce", "ecn", "tos", "class", "dscp", "ttl", "hlim", "flowlabel"];
        let start = self.token.span;
        let item = if self.at(TokenKind::Word) { self.token.text } else { "" };
        match item {
            "noecn" | "ect0" | "ect1" | "ect01" | "ce" => self.ecn(info, start),
            "ecn" => {
                self.bump();
                self.ecn(info, start)
            }
            "tos" | "class" => {
                self.bump();
                let tos = self.u8("traffic class octet")?.node;
                if info.tos.is_some() {
                    return self.twice(start, "the TOS octet");
                }
                info.tos = Some(TosSpec::Tos(tos));
                Ok(())
            }
            "dscp" => {
                self.bump();
                let dscp = self.dscp()?;
                info.tos = Some(match info.tos {
                    None => TosSpec::Dscp { dscp, ecn: None },
                    Some(TosSpec::Ecn(ecn)) => TosSpec::Dscp { dscp, ecn: Some(ecn) },
                    Some(TosSpec::Ect01) => TosSpec::DscpEct01(dscp),
                    Some(_) => return self.twice(start, "the DSCP"),
                });
                Ok(())
            }
            "ttl" | "hlim" => {
                self.bump();
                let ttl = self.u8("time to live")?.node;
                if info.ttl.replace(ttl).is_some() { self.twice(start, "the time to live") } else { Ok(()) }
            }
            "flowlabel" => {
                self.bump();
                let label = self.number("flow label of 20 bits", 0xfffff)?.node as u32;
                if info.flow_label.replace(label).is_some() { self.twice(start, "the flow label") } else { Ok(()) }
            }
            _ => {
                let help = self.near(ITEMS);
                self.unexpected_with("expected what the IP header says, such as `ect0`, `tos 0x10` or `ttl 64`", help)
            }
        }
    }

    fn ecn(&mut self, info: &mut IpInfo, start: Span) -> Fallible<()> {
        let ecn = match self.token.text {
            _ if !self.at(TokenKind::Word) => None,
            "noecn" => Some(ECN_NONE),
            "ect0" => Some(ECN_ECT0),
            "ect1" => Some(ECN_ECT1),
            "ce" => Some(ECN_CE),
            "ect01" => None,
            _ => {
                let help = self.near(["noecn", "ect0", "ect1", "ect01", "ce"]);
                return self.unexpected_with("expected an ECN codepoint", help);
            }
        };
        if ecn.is_none() && !self.at_word("ect01") {
            return self.unexpected("expected an ECN codepoint");
        }
        self.bump();
        info.tos = Some(match (info.tos, ecn) {
            (None, Some(ecn)) => TosSpec::Ecn(ecn),
            (None, None) => TosSpec::Ect01,
            (Some(TosSpec::Dscp { dscp, ecn: None }), Some(ecn)) => TosSpec::Dscp { dscp, ecn: Some(ecn) },
            (Some(TosSpec::Dscp { dscp, ecn: None }), None) => TosSpec::DscpEct01(dscp),
            _ => return self.twice(start, "the ECN codepoint"),
        });
        Ok(())
    }

    fn dscp(&mut self) -> Fallible<u8> {
        if !self.at(TokenKind::Word) {
            return Ok(self.number("DSCP of six bits", 0x3f)?.node as u8);
        }
        let name = self.bump_raw(|b| b.is_ascii_alphanumeric() || b == b'-');
        match DSCP.iter().find(|(known, _)| *known == name.node) {
            Some((_, dscp)) => Ok(*dscp),
            None => {
                let help = super::did_you_mean(name.node, DSCP.iter().map(|(known, _)| *known));
                let message = format!("there is no DSCP `{}`", name.node);
                self.report(
                    super::Diagnostic::error(
                        "ip::dscp",
                        name.span,
                        message,
                        "expected a name such as `af11`, or a number",
                    )
                    .maybe_help(help),
                );
                Err(super::Failed)
            }
        }
    }

    fn twice<T>(&mut self, start: Span, what: &str) -> Fallible<T> {
        let span = start.to(self.last);
        self.fail("ip::twice", span, format!("{what} is said twice"), "it was said before")
    }
}

/// Outer headers.
impl Parser<'_> {
    /// `ipv4 (info) a > b:`.
    pub(super) fn outer_ipv4(&mut self) -> Fallible<Encapsulation> {
        self.bump();
        let info = self.optional_ip_info()?;
        let source = self.ipv4_address("source")?;
        self.expect_punct(b'>', "between the addresses")?;
        let destination = self.ipv4_address("destination")?;
        self.expect_punct(b':', "after the outer header")?;
        Ok(Encapsulation::Ipv4 { info, source, destination })
    }

    /// `ipv6 (info) a > b:`.
    pub(super) fn outer_ipv6(&mut self) -> Fallible<Encapsulation> {
        self.bump();
        let info = self.optional_ip_info()?;
        let source = self.ipv6_address("source")?;
        self.expect_punct(b'>', "between the addresses")?;
        let destination = self.ipv6_address("destination")?;
        self.expect_punct(b':', "after the outer header")?;
        Ok(Encapsulation::Ipv6 { info, source, destination })
    }

    fn ipv4_address(&mut self, which: &str) -> Fallible<Ipv4Addr> {
        if !self.at(TokenKind::Ipv4) {
            return self.unexpected(&format!("expected the {which} IPv4 address"));
        }
        let token = self.bump();
        match token.text.parse() {
            Ok(address) => Ok(address),
            Err(_) => self.fail("ip::address", token.span, "bad IPv4 address", "its numbers lie between 0 and 255"),
        }
    }

    fn ipv6_address(&mut self, which: &str) -> Fallible<Ipv6Addr> {
        if !self.at(TokenKind::Ipv6) {
            return self.unexpected(&format!("expected the {which} IPv6 address"));
        }
        let token = self.bump();
        match token.text.parse() {
            Ok(address) => Ok(address),
            Err(_) => self.fail("ip::address", token.span, "bad IPv6 address", "this is no IPv6 address"),
        }
    }

    /// `gre:`, `gre flags ...:`.
    pub(super) fn outer_gre(&mut self) -> Fallible<Encapsulation> {
        self.bump();
        if self.eat_punct(b':') {
            return Ok(Encapsulation::Gre(GreSpec::default()));
        }
        self.eat_punct(b',');
        let gre = self.gre_header()?;
        self.expect_punct(b':', "after the GRE header")?;
        Ok(Encapsulation::Gre(gre))
    }

    /// `flags F, sum N, off N, key=N, seq N`; the commas may be left out.
    pub(super) fn gre_header(&mut self) -> Fallible<GreSpec> {
        let start = self.token.span;
        if !self.eat_word("flags") && !self.eat_word("Flags") {
            let help = self.near(["flags"]);
            return self.unexpected_with("expected `flags` of the GRE header", help);
        }
        let flags = if self.eat_punct(b'[') { self.gre_flags()? } else { self.u16("GRE flags")?.node };
        let flags_span = start.to(self.last);
        self.eat_punct(b',');
        self.expect_word("sum")?;
        let checksum = self.u16("GRE checksum")?.node;
        self.eat_punct(b',');
        self.expect_word("off")?;
        let offset = self.u16("GRE offset")?.node;
        self.eat_punct(b',');
        self.expect_word("key")?;
        self.eat_punct(b'=');
        let key = self.u32("GRE key")?.node;
        self.eat_punct(b',');
        self.expect_word("seq")?;
        let sequence = self.u32("GRE sequence number")?.node;
        if flags & (GRE_VERSION | GRE_ROUTING) != 0 {
            return self.fail(
                "ip::gre",
                flags_span,
                "only GRE version 0 without routing is supported",
                "the version or routing bits are set",
            );
        }
        Ok(GreSpec { flags, checksum, offset, key, sequence })
    }

    /// `none]`, `checksum present, key present]`.
    fn gre_flags(&mut self) -> Fallible<u16> {
        let mut flags = 0;
        loop {
            let flag = match self.token.text {
                _ if !self.at(TokenKind::Word) => 0,
                "checksum" => GRE_CHECKSUM,
                "key" => GRE_KEY,
                "sequence" => GRE_SEQUENCE,
                _ => 0,
            };
            if flag != 0 {
                self.bump();
                if flag == GRE_SEQUENCE {
                    self.eat_punct(b'#');
                }
                self.expect_word("present")?;
                flags |= flag;
            } else if !self.eat_word("none") {
                let help = self.near(["none", "checksum", "key", "sequence"]);
                return self.unexpected_with(
                    "expected `none`, `checksum present`, `key present` or `sequence# present`",
                    help,
                );
            }
            if !self.eat_punct(b',') {
                break;
            }
        }
        self.expect_punct(b']', "after the GRE flags")?;
        Ok(flags)
    }

    /// `mpls (label L, tc T, [S], ttl N) ...:`.
    pub(super) fn outer_mpls(&mut self) -> Fallible<Encapsulation> {
        self.bump();
        let stack = self.mpls_stack()?;
        self.expect_punct(b':', "after the MPLS label stack")?;
        Ok(Encapsulation::Mpls(stack))
    }

    /// Entries as long as a parenthesis is looked at.
    pub(super) fn mpls_stack(&mut self) -> Fallible<Vec<MplsSpec>> {
        let mut stack = Vec::new();
        while self.at_punct(b'(') {
            let start = self.token.span;
            stack.push(self.mpls_entry()?);
            if stack.len() > MOST_LABELS {
                let span = start.to(self.last);
                return self.fail(
                    "ip::mpls",
                    span,
                    "too many MPLS labels",
                    format!("a stack has at most {MOST_LABELS}"),
                );
            }
        }
        Ok(stack)
    }

    fn mpls_entry(&mut self) -> Fallible<MplsSpec> {
        self.bump();
        self.expect_word("label")?;
        let label = self.number("MPLS label of 20 bits", 0xfffff)?.node as u32;
        self.expect_punct(b',', "after the label")?;
        self.expect_word("tc")?;
        let traffic_class = self.number("MPLS traffic class of 3 bits", 7)?.node as u8;
        self.expect_punct(b',', "after the traffic class")?;
        let bottom_of_stack = self.eat_punct(b'[');
        if bottom_of_stack {
            self.expect_word("S")?;
            self.expect_punct(b']', "after `S`")?;
            self.expect_punct(b',', "after `[S]`")?;
        }
        self.expect_word("ttl")?;
        let ttl = self.u8("MPLS time to live")?.node;
        self.expect_punct(b')', "after the label stack entry")?;
        Ok(MplsSpec { label, traffic_class, bottom_of_stack, ttl })
    }
}
