//! Packets as values and as octets, the wrong ones too.
//!
//! A [`Packet`] is a list of headers, outermost first, and a payload. Emitting computes what a header
//! leaves [`Field::Computed`] (lengths, checksums, next-protocol numbers) and writes what it forces;
//! parsing never panics, keeps every octet, and lists what is wrong and where ([`Defect`]).
//! `parse(emit(p))` is `p`, and `emit(parse(octets))` is `octets`.

mod checksum;
mod defect;
mod field;
mod gre;
mod icmp;
mod ipv4;
mod ipv6;
mod mpls;
mod packet;
pub mod protocol;
mod tcp;
mod tcp_options;
mod udp;

pub use checksum::{Checksum, PseudoHeader, internet_checksum};
pub use defect::{Defect, DefectKind};
pub use field::Field;
pub use gre::Gre;
pub use icmp::{Icmpv4, Icmpv6};
pub use ipv4::{Ipv4, Ipv4Option, Ipv4Options};
pub use ipv6::{Ipv6, Ipv6Extension, Ipv6Fragment};
pub use mpls::MplsEntry;
pub use packet::{Header, Packet, Parsed};
pub use tcp::{Tcp, TcpFlags};
pub use tcp_options::{TcpOption, TcpOptions};
pub use udp::Udp;
