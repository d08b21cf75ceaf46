//! How a script is run: packetdrill's options, by the names it gives them, with its defaults.

use std::net::{IpAddr, Ipv4Addr};

use crate::script::{Definitions, Script};
use crate::target::{IpVersion, Link};

/// How a script is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Addresses and MTU.
    pub link: Link,
    /// Local port of every bind (`bind_port`).
    pub bind_port: u16,
    /// Remote port of every connect (`connect_port`).
    pub connect_port: u16,
    /// Least tolerance of time, in microseconds (`tolerance_usecs`).
    pub tolerance_usecs: u64,
    /// Tolerance as a percentage of the time since the event before (`tolerance_percent`).
    pub tolerance_percent: f64,
    /// One packet of the script is one packet on the wire (`strict_segments`).
    pub strict_segments: bool,
    /// Echo replies without an exact value are interpolated (`tcp_ts_ecr_scaled`).
    pub tcp_ts_ecr_scaled: bool,
    /// Microseconds of one timestamp tick; 0 leaves timestamp values unchecked (`tcp_ts_tick_usecs`).
    pub tcp_ts_tick_usecs: u32,
    /// Packets may come for addresses that no socket is bound to (`is_anyip`).
    pub any_ip: bool,
    /// Path MSS that the tester assumes (`mss`).
    pub mss: Option<u16>,
    /// Commands run before the script's own, separated by commas (`init_scripts`).
    pub init_scripts: Vec<String>,
    /// Interpreter of code blocks (`code_command`).
    pub code_command: String,
    /// Language of what code blocks see (`code_format`).
    pub code_format: String,
    /// Socket option whose value code blocks see; empty for the best known (`code_sockopt`).
    pub code_sockopt: String,
    /// A packet that differs does not end the run (`non_fatal=packet`).
    pub non_fatal_packet: bool,
    /// A call that returns something else does not end the run (`non_fatal=syscall`).
    pub non_fatal_syscall: bool,
    /// Names and what they stand for.
    pub definitions: Definitions,
    /// Whether shell commands and code blocks may run.
    pub commands: bool,
}

/// An option that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No option has this name.
    #[error("there is no option `{0}`")]
    Unknown(String),
    /// The option belongs to a part of packetdrill that is left out by name.
    #[error("option `{0}` belongs to packetdrill's {1}, which is not supported here")]
    LeftOut(String, &'static str),
    /// The value does not fit.
    #[error("`{value}` is not a value of `{name}`: {reason}")]
    Value {
        /// Option.
        name: String,
        /// Its value.
        value: String,
        /// What it must be.
        reason: String,
    },
}

impl Settings {
    /// What a script gets when nobody says anything.
    pub fn new(ip_version: IpVersion) -> Self {
        Settings {
            link: Link::default_for(ip_version),
            bind_port: 8080,
            connect_port: 8080,
            tolerance_usecs: 4_000,
            tolerance_percent: 12.5,
            strict_segments: false,
            tcp_ts_ecr_scaled: false,
            tcp_ts_tick_usecs: 0,
            any_ip: false,
            mss: None,
            init_scripts: Vec::new(),
            code_command: "python3".into(),
            code_format: "python".into(),
            code_sockopt: String::new(),
            non_fatal_packet: false,
            non_fatal_syscall: false,
            definitions: Definitions::default(),
            commands: true,
        }
    }

    /// These settings with the script's own option lines applied; `overrides`, from the command line, win.
    /// The error names the option and, if it came from the script, its place.
    pub fn for_script(
        &self,
        script: &Script,
        overrides: &[(String, Option<String>)],
    ) -> Result<Settings, (SettingsError, Option<crate::script::Span>)> {
        let mut settings = self.clone();
        for option in &script.options {
            let value = option.value.as_ref().map(|v| v.node.as_str());
            let span = option.value.as_ref().map_or(option.name.span, |v| option.name.span.to(v.span));
            settings.apply(&option.name.node, value).map_err(|e| (e, Some(span)))?;
        }
        for (name, value) in overrides {
            settings.apply(name, value.as_deref()).map_err(|e| (e, None))?;
        }
        Ok(settings)
    }

    /// Applies one option by packetdrill's name, with `-` or `_` between its words.
    pub fn apply(&mut self, name: &str, value: Option<&str>) -> Result<(), SettingsError> {
        let option = Opt { name, value };
        match name.replace('-', "_").as_str() {
            "ip_version" => {
                let ip_version: IpVersion = option.parse()?;
                if ip_version != self.link.ip_version {
                    let Link { mtu, speed, segmentation_offload, receive_segment, .. } = self.link;
                    let untouched = mtu == Link::default_for(self.link.ip_version).mtu;
                    self.link = Link { speed, segmentation_offload, receive_segment, ..Link::default_for(ip_version) };
                    if !untouched {
                        self.link.mtu = mtu;
                    }
                }
            }
            "bind_port" => self.bind_port = option.parse()?,
            "connect_port" => self.connect_port = option.parse()?,
            "local_ip" => {
                let (address, prefix) = option.address()?;
                self.link.local = address;
                if let Some(prefix) = prefix {
                    self.link.prefix = prefix;
                }
            }
            "remote_ip" => {
                let (address, prefix) = option.address()?;
                self.link.remote = address;
                self.link.remote_prefix = prefix.unwrap_or(if address.is_ipv6() { 128 } else { 32 });
            }
            "gateway_ip" => self.link.gateway = option.address()?.0,
            "netmask_ip" => {
                let mask: Ipv4Addr = option.parse()?;
                let bits = u32::from(mask);
                if bits.leading_ones() + bits.trailing_zeros() != 32 {
                    return Err(option.bad("its ones must stand before its zeros"));
                }
                self.link.prefix = bits.leading_ones() as u8;
            }
            "mtu" => self.link.mtu = option.in_range(68, 65_535)? as u32,
            "mss" => {
                self.mss = Some(option.in_range(1, 65_535)? as u16);
                self.link.receive_segment = self.mss;
            }
            "speed" => self.link.speed = Some(option.parse()?),
            "tolerance_usecs" => self.tolerance_usecs = option.in_range(1, i64::MAX)? as u64,
            "tolerance_percent" => {
                let percent: f64 = option.parse()?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(option.bad("a percentage lies between 0 and 100"));
                }
                self.tolerance_percent = percent;
            }
            "strict_segments" => self.strict_segments = true,
            "tcp_ts_ecr_scaled" => self.tcp_ts_ecr_scaled = true,
            "tcp_ts_tick_usecs" => self.tcp_ts_tick_usecs = option.in_range(0, 1_000_000)? as u32,
            "is_anyip" => self.any_ip = true,
            "init_scripts" => {
                self.init_scripts = option.text()?.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect();
            }
            "code_command" => self.code_command = option.text()?.to_owned(),
            "code_format" => {
                if option.text()? != "python" {
                    return Err(option.bad("only `python` is supported"));
                }
            }
            "code_sockopt" => self.code_sockopt = option.text()?.to_owned(),
            "non_fatal" => {
                for what in option.text()?.split(',') {
                    match what {
                        "packet" | "packets" => self.non_fatal_packet = true,
                        "syscall" | "syscalls" => self.non_fatal_syscall = true,
                        _ => return Err(option.bad("write packet, syscall, or both with a comma")),
                    }
                }
            }
            "define" | "D" => self.definitions.insert_text(option.text()?).map_err(|reason| option.bad(&reason))?,
            // What packetdrill needs of its own process and we do not: accepted, without effect here.
            // Each packet of such a script says itself that it goes over UDP.
            "udp_encapsulation" => match option.text()? {
                "tcp" => {}
                "sctp" => return Err(SettingsError::LeftOut(name.to_owned(), "SCTP")),
                _ => return Err(option.bad("only `tcp` is supported")),
            },
            "send_omit_free" | "verbose" | "debug" | "dry_run" => {}
            other if other.starts_with("wire_") => {
                return Err(SettingsError::LeftOut(name.to_owned(), "remote wire mode"));
            }
            other if other.starts_with("so_") => {
                return Err(SettingsError::LeftOut(name.to_owned(), ".so interface"));
            }
            other if other.starts_with("psp_") => return Err(SettingsError::LeftOut(name.to_owned(), "PSP part")),
            _ => return Err(SettingsError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    /// Tolerance for something due `gap` microseconds after the event before it, in microseconds: the larger of
    /// `tolerance_usecs` and `tolerance_percent` of the gap.
    pub fn tolerance(&self, gap: i64) -> i64 {
        let relative = (self.tolerance_percent / 100.0 * gap as f64) as i64;
        relative.max(self.tolerance_usecs as i64)
    }
}

/// One option with its value, for messages.
struct Opt<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

impl Opt<'_> {
    fn bad(&self, reason: &str) -> SettingsError {
        SettingsError::Value {
            name: self.name.to_owned(),
            value: self.value.unwrap_or_default().to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn text(&self) -> Result<&str, SettingsError> {
        self.value.ok_or_else(|| self.bad("it needs a value"))
    }

    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&self) -> Result<T, SettingsError> {
        self.text()?.parse().map_err(|error: T::Err| self.bad(&error.to_string()))
    }

    fn in_range(&self, least: i64, most: i64) -> Result<i64, SettingsError> {
        let value: i64 = self.parse()?;
        if (least..=most).contains(&value) {
            Ok(value)
        } else {
            Err(self.bad(&format!("it lies between {least} and {most}")))
        }
    }

    /// An address with an optional prefix length.
    fn address(&self) -> Result<(IpAddr, Option<u8>), SettingsError> {
        let text = self.text()?;
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => (address, Some(prefix)),
        };
        let address: IpAddr = address.parse().map_err(|_| self.bad("it is an IPv4 or IPv6 address"))?;
        let longest = if address.is_ipv6() { 128 } else { 32 };
        let prefix = match prefix {
            None => None,
            Some(prefix) => match prefix.parse() {
                Ok(prefix) if prefix <= longest => Some(prefix),
                _ => return Err(self.bad(&format!("a prefix length lies between 0 and {longest}"))),
            },
        };
        Ok((address, prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerance_is_the_larger_of_both() {
        let settings = Settings::new(IpVersion::Ipv4);
        assert_eq!(settings.tolerance(1_000), 4_000);
        assert_eq!(settings.tolerance(1_000_000), 125_000);
    }

    #[test]
    fn a_value_that_does_not_fit_says_what_would() {
        let mut settings = Settings::new(IpVersion::Ipv4);
        let error = settings.apply("netmask_ip", Some("255.0.255.0")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`255.0.255.0` is not a value of `netmask_ip`: its ones must stand before its zeros"
        );
        assert!(matches!(settings.apply("wire_server", None), Err(SettingsError::LeftOut(..))));
        assert!(settings.apply("udp_encapsulation", Some("tcp")).is_ok());
        let error = settings.apply("udp_encapsulation", Some("sctp")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "option `udp_encapsulation` belongs to packetdrill's SCTP, which is not supported here"
        );
        assert!(matches!(settings.apply("tolerance", None), Err(SettingsError::Unknown(_))));
    }
}
