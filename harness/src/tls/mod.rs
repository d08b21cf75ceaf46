//! TLS (RFC 8446, RFC 5246) as octets in and octets out: the tester's end of a connection, and that of the servers of
//! reference. Imports nothing of ours.
//!
//! The tester takes any certificate: what a dialogue judges is what is spoken inside. Keys are of the machine's own
//! randomness, so packets differ from run to run, and what they carry does not. Without the feature `tls` no end can be
//! made.

#[cfg(feature = "tls")]
mod session;
#[cfg(not(feature = "tls"))]
mod without;

#[cfg(feature = "tls")]
pub(crate) use session::Session;
#[cfg(not(feature = "tls"))]
pub(crate) use without::Session;

/// Whether there is TLS in this build.
pub(crate) const AVAILABLE: bool = cfg!(feature = "tls");

/// Why TLS cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing breaks where there is no TLS"))]
pub(crate) enum Broken {
    /// The peer says so with an alert.
    Alert(String),
    /// What the peer sent is no TLS, or breaks it.
    Peer(String),
}
