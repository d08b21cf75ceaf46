//! What fuzzing has found in smoltcp 0.14: passed over, so that a campaign finds something else.

use super::known::{Known, Stimulus};

/// Causes that are known of smoltcp 0.14. Each was seen in the packets of a session and found in the source.
pub const KNOWN_OF_SMOLTCP: &[Known] = &[
    // In CLOSE-WAIT octets behind the FIN are taken, acknowledged and delivered: rfc9293/close/data-after-fin.pkt.
    Known::after(Stimulus::BeyondFin, "breaks-9293-u-14"),
    Known::after(Stimulus::BeyondFin, "delivers-after-fin"),
    Known::after(Stimulus::BeyondFin, "delivers-another-stream"),
    // Data out of order that lies where a FIN comes later: the FIN is counted behind it, and a number is acknowledged
    // that was never sent (RFC 9293 section 3.10.7.4, eighth). SACK blocks are then of what was not received.
    Known::after(Stimulus::BeyondFin, "acknowledges-unsent"),
    Known::after(Stimulus::BeyondFin, "breaks-9293-u-42"),
    Known::after(Stimulus::BeyondFin, "breaks-tcpx-70"),
    Known::after(Stimulus::BeyondFin, "breaks-9293-u-7"),
    Known::after(Stimulus::BeyondFin, "breaks-9293-must-3"),
    Known::after(Stimulus::BeyondFin, "breaks-9293-must-40"),
    // An acknowledgment of octets that are queued and not sent is taken, and sending goes on behind them; its segment is
    // processed (RFC 9293 section 3.10.7.4, fifth).
    Known::after(Stimulus::UnsentAcknowledged, "breaks-9293-u-40"),
    Known::after(Stimulus::UnsentAcknowledged, "breaks-9293-u-4"),
    Known::after(Stimulus::UnsentAcknowledged, "breaks-tcpx-44"),
    Known::after(Stimulus::UnsentAcknowledged, "breaks-tcpx-70"),
    Known::after(Stimulus::UnsentAcknowledged, "breaks-9293-u-14"),
    Known::after(Stimulus::UnsentAcknowledged, "breaks-9293-u-31"),
    Known::after(Stimulus::UnsentAcknowledged, "breaks-9293-must-40"),
    Known::after(Stimulus::UnsentAcknowledged, "stalls"),
    Known::after(Stimulus::UnsentAcknowledged, "takes-no-octets"),
    Known::after(Stimulus::UnsentAcknowledged, "unanswered-a-segment-outside-the-window"),
    // A segment without ACK is processed (RFC 9293 section 3.10.7.4, fifth).
    Known::after(Stimulus::WithoutAck, "breaks-9293-u-12"),
    // A segment whose acknowledgment is older than SND.UNA is dropped with its text (RFC 9293 section 3.10.7.4, fifth).
    Known::after(Stimulus::OldAcknowledgment, "breaks-9293-must-40"),
    Known::after(Stimulus::OldAcknowledgment, "breaks-9293-u-14"),
    Known::after(Stimulus::OldAcknowledgment, "breaks-tcpx-44"),
    // A reset that has SYN set too is dropped (RFC 9293 section 3.10.7.4, second).
    Known::after(Stimulus::ResetWithMore, "breaks-9293-u-7"),
    // A SYN-ACK with FIN is dropped, so what follows belongs to another connection than the monitor follows.
    Known::after(Stimulus::SynWithFin, "breaks-9293-shld-14"),
    Known::after(Stimulus::SynWithFin, "breaks-9293-u-31"),
    // A socket that a reset takes from SYN-RECEIVED back to LISTEN keeps the MSS of that peer for the next one, whose
    // SYN has no MSS option (RFC 9293 section 3.7.1, MUST-15).
    Known::after(Stimulus::Reset, "breaks-9293-must-16"),
    // The user timeout ends TIME-WAIT too, by a reset.
    Known::after(Stimulus::Timeout, "breaks-9293-must-13"),
    // The application's ABORT in TIME-WAIT is told by a reset (RFC 9293 section 3.10.5).
    Known::after(Stimulus::Abort, "breaks-9293-must-13"),
    // Where a peer takes its window back below what is in flight, the retransmission timer ends without a segment and
    // without a probe: the connection stays silent for ever (RFC 9293 section 3.8.6, MUST-34 and MUST-36).
    Known::after(Stimulus::WindowShrunk, "stalls"),
    // The third duplicate acknowledgment ends the retransmission timer, and the fast retransmission that is to follow sends
    // octets alone: a FIN without octets before it is never sent again: rfc9293/close/fin-again-after-duplicates.pkt.
    Known::after(Stimulus::FinDuplicates, "stalls"),
    // In SYN-RECEIVED after a simultaneous open, the acknowledgment of the SYN is taken for that of a FIN that is still to be
    // sent: it never is: rfc9293/close/syn-received.pkt.
    Known::after(Stimulus::ShutCrossed, "stalls"),
    // The checksum of an echo reply that leaves in fragments covers what an earlier, longer datagram left behind it in the
    // fragmentation buffer: rfc792/echo-checksum-after-longer.pkt.
    Known::after(Stimulus::ShorterFragmented, "breaks-792-05"),
    // TIME-WAIT is over after 10 s: the baseline has it.
    Known::after(Stimulus::LongTime, "breaks-9293-must-13"),
    // A reset for a segment without ACK has number 0 and no ACK (RFC 9293 section 3.10.7.1).
    Known::after(Stimulus::WithoutAck, "breaks-9293-u-1"),
    // A segment to a group is answered by a reset with the group as its source (RFC 1122 section 3.2.1.3).
    Known::after(Stimulus::StrangeAddress, "breaks-1122-ip-04"),
    // 240/4 is taken for addresses of hosts: rfc1122/udp-closed-port-from-class-e.pkt.
    Known::after(Stimulus::StrangeAddress, "breaks-1122-icmp-10"),
    // A datagram to ff02::1 for a closed port is answered by Port Unreachable: ipv6/no-error-for-multicast.pkt.
    Known::after(Stimulus::StrangeAddress, "breaks-ip6-20"),
    // Errors quote an IP header that is built anew: the baseline has it.
    Known::after(Stimulus::NobodysPort, "breaks-1122-icmp-02"),
    Known::after(Stimulus::NobodysPort, "breaks-ip6-19"),
    // IPv6 fragments, and extension headers but hop-by-hop options, are not recognized: the baseline has it.
    Known::after(Stimulus::Ipv6Fragment, "unanswered-an-echo-request"),
    Known::after(Stimulus::Ipv6Fragment, "unanswered-a-datagram-to-a-socket"),
    Known::after(Stimulus::Ipv6Fragment, "unanswered-a-datagram-to-a-port-that-nobody-has"),
    Known::after(Stimulus::ExtensionHeader, "unanswered-an-echo-request"),
    Known::after(Stimulus::ExtensionHeader, "unanswered-a-datagram-to-a-socket"),
    Known::after(Stimulus::ExtensionHeader, "unanswered-a-datagram-to-a-port-that-nobody-has"),
    // So what comes in fragments is not taken.
    Known::after(Stimulus::Fragment, "breaks-9293-u-7"),
    Known::after(Stimulus::Fragment, "breaks-9293-u-14"),
    Known::after(Stimulus::Fragment, "breaks-9293-must-40"),
    // An ICMPv6 error quotes the packet without its extension headers (RFC 4443 section 2.4 (c)): the baseline has it.
    Known::after(Stimulus::IpOptions, "breaks-ip6-19"),
    // A hop-by-hop option in an ICMPv6 error is answered by an error (RFC 4443 section 2.4 (e.1)).
    Known::after(Stimulus::IcmpError, "breaks-ip6-20"),
];
