//! The faults, by subject.

mod acknowledgment;
mod close;
mod fragments;
mod generic;
mod handshake;
mod icmp;
mod ip;
mod ip_options;
mod reset;
mod retransmission;
mod tcp_header;
mod tcp_options;
mod udp;

use super::Fault;

/// In the order of reports.
pub(super) static ALL: &[&[Fault]] = &[
    ip::FAULTS,
    ip_options::FAULTS,
    fragments::FAULTS,
    icmp::FAULTS,
    udp::FAULTS,
    tcp_header::FAULTS,
    tcp_options::FAULTS,
    handshake::FAULTS,
    acknowledgment::FAULTS,
    retransmission::FAULTS,
    close::FAULTS,
    reset::FAULTS,
    generic::FAULTS,
];
