//! What a call needs of a target, known before the run.

use super::address::default_domain;
use super::arguments::Arguments;
use super::lower::socket;
use super::{AF_INET, AF_INET6, CallProblem, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_STREAM, SOCK_TYPE_MASK};
use crate::engine::Settings;
use crate::script::CALLS;
use crate::script::tree::{Call, Expression, ExpressionKind};
use crate::target::{Capabilities, IpVersion};

/// What one call needs of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallNeeds {
    /// Its name.
    pub(crate) call: String,
    /// Domain, type (without flags) and protocol of the socket that it makes.
    pub(crate) socket: Option<(i32, i32, i32)>,
    /// Level and number of the socket option that it reads or sets, and how the script writes them.
    pub(crate) option: Option<(i32, i32, String)>,
    /// It may block while the script goes on.
    pub(crate) blocking: bool,
}

/// What a call needs. The error is the script's fault.
pub(crate) fn needs(call: &Call, settings: &Settings) -> Result<CallNeeds, CallProblem> {
    let a = Arguments::new(call);
    let name = call.name.node.as_str();
    if !CALLS.contains(&name) {
        return Err(CallProblem::new(call.name.span, format!("there is no call `{name}`")));
    }
    let (mut made, mut option) = (None, None);
    match name {
        "socket" => {
            let (domain, kind, protocol) = socket(a, default_domain(settings.link.ip_version))?;
            made = Some((domain, kind & SOCK_TYPE_MASK, protocol));
        }
        "getsockopt" | "setsockopt" => {
            let written = format!("{}, {}", spelling(a.get(1)?), spelling(a.get(2)?));
            option = Some((a.int(1)?, a.int(2)?, written));
        }
        _ => {}
    }
    Ok(CallNeeds { call: name.to_owned(), socket: made, option, blocking: call.end.is_some() })
}

impl CallNeeds {
    /// What of it the target lacks, in words; None if it lacks nothing.
    pub(crate) fn missing(&self, capabilities: &Capabilities) -> Option<String> {
        if !capabilities.calls.contains(self.call.as_str()) {
            return Some(format!("the call `{}`", self.call));
        }
        if self.blocking && !capabilities.blocking_calls {
            return Some(format!("calls that block, such as this `{}`", self.call));
        }
        if let Some((domain, kind, protocol)) = self.socket
            && !covers_socket(capabilities, domain, kind, protocol)
        {
            return Some(format!(
                "{} (domain {domain}, type {kind}, protocol {protocol})",
                socket_name(kind, protocol)
            ));
        }
        if let (Some((level, option, written)), Some(supported)) = (&self.option, &capabilities.socket_options)
            && !supported.contains(&(*level, *option))
        {
            return Some(format!("the socket option {written}"));
        }
        None
    }
}

fn covers_socket(capabilities: &Capabilities, domain: i32, kind: i32, protocol: i32) -> bool {
    let has_version = |version| capabilities.ip_versions.contains(&version);
    let domain_is_covered = match domain {
        AF_INET => has_version(IpVersion::Ipv4),
        AF_INET6 => has_version(IpVersion::Ipv6) || has_version(IpVersion::Ipv4MappedIpv6),
        // Only a whole kernel, where every option may be tried, has other families.
        _ => return capabilities.socket_options.is_none(),
    };
    let usual = usual_protocol(kind);
    domain_is_covered
        && (capabilities.sockets.contains(&(kind, protocol))
            || protocol == 0 && usual.is_some_and(|usual| capabilities.sockets.contains(&(kind, usual)))
            || usual == Some(protocol) && capabilities.sockets.contains(&(kind, 0)))
}

/// The protocol that 0 stands for.
fn usual_protocol(kind: i32) -> Option<i32> {
    match kind {
        SOCK_STREAM => Some(IPPROTO_TCP),
        SOCK_DGRAM => Some(IPPROTO_UDP),
        _ => None,
    }
}

fn socket_name(kind: i32, protocol: i32) -> &'static str {
    match (kind, protocol) {
        (SOCK_STREAM, 0 | IPPROTO_TCP) => "TCP sockets",
        (SOCK_DGRAM, 0 | IPPROTO_UDP) => "UDP sockets",
        _ => "sockets of this kind",
    }
}

/// How the script writes a level or an option.
fn spelling(expression: &Expression) -> String {
    match &expression.kind {
        ExpressionKind::Word(word) => word.clone(),
        ExpressionKind::Integer { value, .. } => value.to_string(),
        _ => "?".to_owned(),
    }
}
