//! What fuzzing has found in the Linux kernel (6.18): passed over, so that a campaign finds something else.

use super::known::{Known, Stimulus};

/// Causes that are known of Linux. Each was seen in the packets of a session.
pub const KNOWN_OF_LINUX: &[Known] = &[
    // A listener whose backlog is full answers with SYN cookies (RFC 4987 section 3.6), which keep of the SYN no more than
    // one of four MSS: options and the window are lost, 1220 stands for an MSS of 536 over IPv6, and an acknowledgment of
    // the number beside the cookie opens a connection that counts from there, also one that was reset before.
    Known::after(Stimulus::Backlog, "breaks-tcpx-14"),
    Known::after(Stimulus::Backlog, "breaks-tcpx-15"),
    Known::after(Stimulus::Backlog, "breaks-tcpx-19"),
    Known::after(Stimulus::Backlog, "breaks-tcpx-20"),
    Known::after(Stimulus::Backlog, "breaks-9293-must-16"),
    Known::after(Stimulus::Backlog, "breaks-9293-shld-14"),
    Known::after(Stimulus::Backlog, "breaks-9293-u-4"),
    Known::after(Stimulus::Backlog, "breaks-9293-u-12"),
    Known::after(Stimulus::Backlog, "breaks-9293-u-18"),
    Known::after(Stimulus::Backlog, "breaks-9293-u-30"),
    Known::after(Stimulus::Backlog, "breaks-9293-u-40"),
    Known::after(Stimulus::Backlog, "breaks-9293-u-42"),
    Known::after(Stimulus::Backlog, "sends-another-stream"),
    Known::after(Stimulus::Backlog, "acknowledges-unsent"),
    // A receive buffer that is made smaller takes the window back (RFC 9293 section 3.8.6, SHLD-14), and what comes inside
    // the window that was offered is dropped, so that the SACK blocks beside the acknowledgment are of something else.
    Known::after(Stimulus::ReceiveBuffer, "breaks-9293-shld-14"),
    Known::after(Stimulus::ReceiveBuffer, "breaks-tcpx-44"),
    // Timestamps that were not negotiated are to be ignored (RFC 7323 section 3.2); in TIME-WAIT they are echoed.
    Known::after(Stimulus::StrayTimestamps, "breaks-tcpx-14"),
    // A closed socket waits in FIN-WAIT-2 as one that looks at no acknowledgment numbers: a FIN is taken that acknowledges
    // what was never sent (RFC 9293 section 3.10.7.4, fifth).
    Known::after(Stimulus::Closed, "breaks-9293-u-4"),
    // Its windows end before those that the open socket offered (RFC 9293 section 3.8.6, SHLD-14).
    Known::after(Stimulus::Closed, "breaks-9293-shld-14"),
    // What TIME-WAIT sends is ECN-capable, as the last data was (RFC 3168 section 6.1.4).
    Known::after(Stimulus::Closed, "breaks-tcpx-60"),
    // In CLOSE-WAIT text is taken that begins before the FIN and goes beyond it (RFC 9293 section 3.10.7.4, seventh).
    Known::after(Stimulus::BeyondFin, "breaks-9293-u-14"),
    Known::after(Stimulus::BeyondFin, "delivers-after-fin"),
    Known::after(Stimulus::BeyondFin, "delivers-another-stream"),
    // What comes in TIME-WAIT after that is answered with a window that ends before the one that was offered.
    Known::after(Stimulus::BeyondFin, "breaks-9293-shld-14"),
    // Octets behind the FIN that came before it are in the SACK blocks of the segment that acknowledges the FIN.
    Known::after(Stimulus::BeyondFin, "breaks-tcpx-71"),
    // In FIN-WAIT-1 a FIN is acknowledged before the SACK blocks of what waited for octets before it are taken away.
    Known::after(Stimulus::FinWithGap, "breaks-tcpx-71"),
    // Once a SYN came again, octets out of order are acknowledged with a SACK block, though the SYNs did not permit it.
    Known::after(Stimulus::SynAgain, "breaks-tcpx-43"),
    // After SYNs that crossed, text is taken with an acknowledgment of nothing, and the next SYN-ACK acknowledges it
    // (RFC 9293 section 3.10.7.4, fifth).
    Known::after(Stimulus::Crossed, "breaks-9293-u-10"),
    // A directed broadcast address is taken for that of a host where reverse paths are not looked at (rp_filter is 0).
    Known::after(Stimulus::StrangeAddress, "breaks-1122-icmp-10"),
    // An error quotes the Record Route on which the kernel has written itself.
    Known::after(Stimulus::IpOptions, "breaks-1122-icmp-02"),
    // It quotes a datagram as far as its UDP length reaches.
    Known::after(Stimulus::ForcedLength, "breaks-1122-icmp-02"),
    Known::after(Stimulus::ForcedLength, "breaks-ip6-19"),
];
