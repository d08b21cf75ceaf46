//! What a target declares to support.

use std::collections::BTreeSet;

use super::{IpVersion, Services};

/// Whose clock a target runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Jumps from event to event; the same run gives the same trace.
    Virtual,
    /// The machine's monotonic clock.
    Real,
}

/// What a target declares to support. A script that needs more is not-applicable, decided before it runs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Capabilities {
    /// Whose clock it runs on.
    pub clock: Clock,
    /// IP versions of packets and sockets.
    pub ip_versions: BTreeSet<IpVersion>,
    /// Socket calls by name, such as `sendmsg`.
    pub calls: BTreeSet<&'static str>,
    /// Socket options by level and name, as numbers of the Linux ABI; `None` if every option may be tried.
    pub socket_options: Option<BTreeSet<(i32, i32)>>,
    /// Socket kinds as (type, protocol), numbers of the Linux ABI; protocol 0 is the type's default.
    pub sockets: BTreeSet<(i32, i32)>,
    /// Shell commands inside the run's namespaces.
    pub commands: bool,
    /// Whether a call may block while the script goes on.
    pub blocking_calls: bool,
    /// Further named features that scripts may ask for with `//@ needs:`, such as `urgent`, `sack`, `timestamps`.
    pub features: BTreeSet<&'static str>,
    /// What is served to dialogues; nothing by a stack alone.
    pub services: Services,
}
