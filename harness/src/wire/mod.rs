//! Packets as values and as octets, the wrong ones too.
//!
//! A [`Packet`] is a list of headers, outermost first, and a payload. Emitting computes what a header
//! leaves [`Field::Computed`] (lengths, checksums, next-protocol numbers) and writes what it forces;
//! parsing never panics, keeps every octet, and lists what is wrong and where ([`Defect`]).
//! `emit(parse(octets))` and the trailer are `octets`, whatever they are; `parse(emit(p))` is `p` where `p` forces no
//! length, version or protocol that makes its octets read otherwise, and its options are padded.

mod checksum;
mod defect;
mod emit;
mod field;
mod fragment;
mod gre;
mod icmp;
mod ipv4;
mod ipv4_options;
mod ipv6;
mod ipv6_extension;
mod mpls;
mod option_area;
mod option_walk;
mod packet;
mod parse;
pub mod protocol;
mod quoted;
mod tcp;
mod tcp_flags;
mod tcp_options;
mod udp;

pub use checksum::{Checksum, PseudoHeader, internet_checksum};
pub use defect::{Defect, DefectKind};
pub use field::Field;
pub use fragment::{FragmentError, FragmentPlace, fragment, whole};
pub use gre::Gre;
pub use icmp::{Icmpv4, Icmpv6};
pub use ipv4::Ipv4;
pub use ipv4_options::{Ipv4Option, Ipv4OptionIter, Ipv4Options};
pub use ipv6::Ipv6;
pub use ipv6_extension::{Ipv6Extension, Ipv6Fragment, Ipv6Option};
pub use mpls::MplsEntry;
pub use option_area::OptionArea;
pub use option_walk::MalformedOption;
pub use packet::{Header, Packet, Parsed};
pub use quoted::Quoted;
pub use tcp::Tcp;
pub use tcp_flags::{TcpFlags, TcpFlagsError};
pub use tcp_options::{TcpOption, TcpOptionIter, TcpOptions};
pub use udp::Udp;
