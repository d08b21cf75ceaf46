//! The faults, by subject.

mod acknowledgment;
mod application;
mod close;
mod ecn;
mod fragments;
mod generic;
mod handshake;
mod hostile;
mod icmp;
mod icmp_to_tcp;
mod ip;
mod ip_options;
mod ipv6;
mod keep_alive;
mod mends;
mod reset;
mod retransmission;
mod segmentation;
mod tcp_header;
mod tcp_options;
mod timestamps;
mod udp;
mod urgent;
mod window;

pub(in crate::target::fault) use application::ALL as APPLICATION;

use super::Fault;

/// In the order of reports.
pub(super) static ALL: &[&[Fault]] = &[
    ip::FAULTS,
    ip_options::FAULTS,
    fragments::FAULTS,
    ipv6::FAULTS,
    icmp::FAULTS,
    udp::FAULTS,
    tcp_header::FAULTS,
    tcp_options::FAULTS,
    timestamps::FAULTS,
    handshake::FAULTS,
    acknowledgment::FAULTS,
    segmentation::FAULTS,
    retransmission::FAULTS,
    window::FAULTS,
    ecn::FAULTS,
    urgent::FAULTS,
    keep_alive::FAULTS,
    icmp_to_tcp::FAULTS,
    close::FAULTS,
    reset::FAULTS,
    hostile::FAULTS,
    generic::FAULTS,
];

/// What mends the reference targets.
pub(super) static MENDS: &[Fault] = mends::MENDS;
