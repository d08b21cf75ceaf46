//! ICMP messages.

use super::packet::Ports;
use super::tcp::SequenceSpec;
use crate::script::Spanned;

/// An ICMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpSpec {
    /// Type by name, such as `unreachable`, or by number.
    pub kind: Spanned<String>,
    /// Code by name or number.
    pub code: Option<Spanned<String>>,
    /// `mtu N`.
    pub mtu: Option<u32>,
    /// `id N`: echo identifier.
    pub id: Option<u16>,
    /// `seq N` (ours): echo sequence number.
    pub sequence: Option<u16>,
    /// `(N)` (ours): octets of echo data.
    pub length: Option<u16>,
    /// `[...]`: the datagram that the message quotes.
    pub quoted: Option<Quoted>,
}

/// The datagram that an ICMP error quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quoted {
    /// `[a:b(n)]`: a TCP segment of the connection.
    Tcp {
        /// Its sequence numbers.
        sequence: SequenceSpec,
        /// TCP over UDP.
        udp_encapsulation: Option<Ports>,
    },
    /// `[udp (n)]`: a UDP datagram of the socket.
    Udp {
        /// Payload length in octets.
        length: u16,
    },
    /// `[...]` (ours): one of the datagrams that the tester sent, unchanged: its IP header and 8 octets or more of what
    /// it carries (RFC 1122 section 3.2.2); only expected.
    Sent,
    /// `[raw (n)]`: octets without a transport header.
    Raw {
        /// Length in octets.
        length: u16,
    },
}
