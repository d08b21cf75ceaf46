//! What fuzzing has found in smoltcp 0.14, by the IDs of causes: passed over, so that a campaign finds something else.

/// Causes that are known of smoltcp 0.14. Each was seen in the packets of a session.
pub const KNOWN_OF_SMOLTCP: &[&str] = &[
    // In CLOSE-WAIT octets behind the FIN are taken, acknowledged and delivered: rfc9293/close/data-after-fin.pkt.
    "breaks-9293-u-14",
    "delivers-after-fin",
    // Data out of order that lies where a FIN comes later: the FIN is counted behind it, and a number is acknowledged
    // that was never sent (RFC 9293 section 3.10.7.4, eighth). SACK blocks are then of what was not received.
    "acknowledges-unsent",
    "breaks-9293-u-42",
    "breaks-tcpx-70",
    // An acknowledgment of octets that are queued and not sent is taken, and sending goes on behind them; its segment is
    // processed (RFC 9293 section 3.10.7.4, fifth).
    "breaks-9293-u-40",
    "breaks-9293-u-4",
    // A segment without ACK is processed (RFC 9293 section 3.10.7.4, fifth).
    "breaks-9293-u-12",
    // A segment whose acknowledgment is older than SND.UNA is dropped with its text (RFC 9293 section 3.10.7.4, fifth).
    "breaks-9293-must-40",
    // A reset that has SYN set too is dropped (RFC 9293 section 3.10.7.4, second).
    "breaks-9293-u-7",
    // A SYN-ACK with FIN is dropped, so what follows belongs to another connection than the monitor follows.
    "breaks-9293-shld-14",
    // TIME-WAIT is over after 10 s: the baseline has it.
    "breaks-9293-must-13",
    // A reset for a segment without ACK has number 0 and no ACK (RFC 9293 section 3.10.7.1).
    "breaks-9293-u-1",
    // A segment to a group is answered by a reset with the group as its source (RFC 1122 section 3.2.1.3).
    "breaks-1122-ip-04",
    // A hop-by-hop option in an ICMPv6 error is answered by an error (RFC 4443 section 2.4 (e.1)).
    "breaks-ip6-20",
    // A socket that goes from SYN-RECEIVED back to LISTEN takes the SYN of a connection that stands behind it in the set
    // of sockets: the adapter's order of listeners does not hold then.
    "breaks-9293-u-30",
    "sends-another-stream",
    // Not decided whether the target or the invariant is wrong: a reset for a reset; sending after an acknowledgment
    // half of the number space away; a keep-alive that repeats the number of an acknowledged FIN.
    "breaks-9293-u-2",
    "breaks-9293-u-31",
    "breaks-9293-u-18",
];
