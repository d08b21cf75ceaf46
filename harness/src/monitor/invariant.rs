//! What the monitor watches, each with the requirement that demands it.

macro_rules! invariants {
    ($($(#[doc = $doc:literal])+ $name:ident: $requirement:literal, $level:literal, $clause:literal;)*) => {
        /// Something that no correct end does, whatever its application and its peer do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Invariant {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Invariant {
            /// All of them.
            pub const ALL: &[Invariant] = &[$(Invariant::$name,)*];

            /// The requirement of the catalogues that demands it, such as `9293-MUST-2`.
            pub const fn requirement(self) -> &'static str {
                match self {
                    $(Invariant::$name => $requirement,)*
                }
            }

            /// How strongly it binds, such as `MUST NOT`.
            pub const fn level(self) -> &'static str {
                match self {
                    $(Invariant::$name => $level,)*
                }
            }

            /// Where it stands, such as `RFC 9293 section 3.1`.
            pub const fn clause(self) -> &'static str {
                match self {
                    $(Invariant::$name => $clause,)*
                }
            }

            /// What it demands, in one sentence.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Invariant::$name => concat!($($doc),+).trim_ascii(),)*
                }
            }
        }
    };
}

invariants! {
    /// The version field is 4 or 6, as announced.
    Version: "791-01", "MUST", "RFC 791 section 3.1";
    /// The header length counts the words of the header, at least 5.
    Ipv4HeaderLength: "791-02", "MUST", "RFC 791 section 3.1";
    /// The total length is that of the datagram.
    Ipv4TotalLength: "791-05", "MUST", "RFC 791 section 3.1";
    /// The header checksum is right.
    Ipv4Checksum: "791-12", "MUST", "RFC 791 section 3.1";
    /// The reserved flag is zero.
    Ipv4ReservedFlag: "791-07", "MUST", "RFC 791 section 3.1";
    /// IPv4 options have possible lengths.
    Ipv4Options: "791-13", "MUST", "RFC 791 section 3.1";
    /// The time to live is not zero when sent.
    TimeToLive: "1122-IP-14", "MUST NOT", "RFC 1122 section 3.2.1.7";
    /// The source address is not a broadcast or multicast address.
    SourceAddress: "1122-IP-04", "MUST NOT", "RFC 1122 section 3.2.1.3";
    /// The payload length of IPv6 is that of the packet.
    Ipv6PayloadLength: "IP6-01", "MUST", "RFC 8200 section 3";
    /// IPv6 options have possible lengths.
    Ipv6Options: "IP6-06", "MUST", "RFC 8200 section 4.2";
    /// A datagram with DF set is not fragmented.
    DontFragment: "791-08", "MUST", "RFC 791 section 3.1";
    /// Each fragment but the last carries a multiple of 8 octets.
    FragmentLength: "791-09", "MUST", "RFC 791 section 3.1";
    /// Each IPv6 fragment but the last carries a multiple of 8 octets.
    Ipv6FragmentLength: "IP6-09", "MUST", "RFC 8200 section 4.5";
    /// Fragments make up a datagram of at most 65535 octets.
    FragmentEnd: "791-23", "MUST", "RFC 791 section 3.2";
    /// Fragments make up a packet whose payload is at most 65535 octets.
    Ipv6FragmentEnd: "IP6-10", "MUST", "RFC 8200 section 4.5";
    /// Fragments of one datagram agree on what they carry twice.
    FragmentOverlap: "791-26", "MUST", "RFC 791 section 3.2";
    /// Fragments of one IPv6 packet do not overlap.
    Ipv6FragmentOverlap: "IP6-11", "MUST", "RFC 8200 section 4.5";

    /// The UDP length is that of the datagram.
    UdpLength: "768-04", "MUST", "RFC 768 Fields";
    /// The UDP checksum is right, or zero over IPv4.
    UdpChecksum: "768-08", "MUST", "RFC 768 Fields";
    /// The UDP checksum is never zero over IPv6.
    UdpChecksumZero: "IP6-16", "MUST", "RFC 8200 section 8.1";

    /// The ICMP checksum is right.
    IcmpChecksum: "792-05", "MUST", "RFC 792 Message Formats";
    /// The ICMPv6 checksum is right.
    Icmpv6Checksum: "IP6-23", "MUST", "RFC 4443 section 2.3";
    /// An echo reply returns address, identifier and sequence number of a request.
    EchoReply: "792-14", "MUST", "RFC 792 Echo or Echo Reply Message";
    /// An echo reply returns the data of the request.
    EchoData: "1122-ICMP-27", "MUST", "RFC 1122 section 3.2.2.6";
    /// An ICMPv6 echo reply returns identifier, sequence number and data of a request.
    Icmpv6EchoReply: "IP6-25", "MUST", "RFC 4443 section 4.2";
    /// An echo reply has code 0, or that of the request.
    EchoCode: "792-13", "MUST", "RFC 792 Echo or Echo Reply Message";
    /// An echo reply comes from the address that the request was sent to.
    EchoSource: "1122-ICMP-26", "MUST", "RFC 1122 section 3.2.2.6";
    /// An ICMP error quotes the IP header and at least 8 octets of the datagram, unchanged.
    IcmpQuotation: "1122-ICMP-02", "MUST", "RFC 1122 section 3.2.2";
    /// An ICMPv6 error quotes as much of the packet as fits into 1280 octets, unchanged.
    Icmpv6Quotation: "IP6-19", "MUST", "RFC 4443 section 2.4 (c)";
    /// No ICMP error answers an ICMP error.
    ErrorForError: "1122-ICMP-06", "MUST NOT", "RFC 1122 section 3.2.2";
    /// No ICMP error answers a datagram to a broadcast or multicast address.
    ErrorForBroadcast: "1122-ICMP-07", "MUST NOT", "RFC 1122 section 3.2.2";
    /// No ICMP error answers a fragment other than the first.
    ErrorForFragment: "1122-ICMP-09", "MUST NOT", "RFC 1122 section 3.2.2";
    /// No ICMP error answers a datagram whose source is not a single host.
    ErrorForSource: "1122-ICMP-10", "MUST NOT", "RFC 1122 section 3.2.2";
    /// No ICMPv6 error answers an error, a multicast or a source that is not a single node.
    Icmpv6ErrorForError: "IP6-20", "MUST NOT", "RFC 4443 section 2.4 (e)";

    /// The TCP checksum is right.
    TcpChecksum: "9293-MUST-2", "MUST", "RFC 9293 section 3.1";
    /// A segment with a wrong checksum is not processed.
    TcpChecksumProcessed: "9293-MUST-3", "MUST", "RFC 9293 section 3.1";
    /// The data offset is that of the header.
    DataOffset: "9293-MUST-68", "MUST", "RFC 9293 section 3.1";
    /// TCP options have a length, and the one of their kind.
    TcpOptionLength: "9293-MUST-68", "MUST", "RFC 9293 section 3.1";
    /// What follows the end of the option list is zero.
    TcpPadding: "9293-MUST-69", "MUST", "RFC 9293 section 3.1";
    /// The reserved bits are zero.
    TcpReserved: "9293-U-6", "MUST", "RFC 9293 section 3.1";
    /// The MSS option stands in segments with SYN alone.
    MssOnSyn: "9293-MUST-65", "MUST NOT", "RFC 9293 section 3.2";
    /// The window scale option stands in segments with SYN alone, and in a SYN-ACK only if the SYN had it.
    WindowScaleOnSyn: "TCPX-09", "MUST", "RFC 7323 section 2.2";
    /// Windows are not scaled unless both SYNs had a window scale option.
    WindowScaleUsed: "TCPX-09", "MUST", "RFC 7323 section 2.2";
    /// The shift count is at most 14.
    WindowScaleShift: "TCPX-11", "MUST", "RFC 7323 section 2.3";
    /// The SACK-permitted option stands in segments with SYN alone.
    SackPermittedOnSyn: "TCPX-42", "MUST NOT", "RFC 2018 section 2";
    /// The SACK option is sent only after SACK-permitted was received.
    SackNegotiated: "TCPX-43", "MUST NOT", "RFC 2018 section 4";
    /// The timestamps option is sent only if the other end offered it.
    TimestampsNegotiated: "TCPX-14", "MAY", "RFC 7323 section 3.2";
    /// Once negotiated, timestamps are in every segment without RST.
    TimestampsMissing: "TCPX-15", "MUST", "RFC 7323 section 3.2";
    /// TSecr is zero where ACK is not set.
    TimestampEchoZero: "TCPX-18", "SHOULD", "RFC 7323 section 3.2";
    /// TSecr echoes a TSval that was received, and never an older one than before.
    TimestampEcho: "TCPX-19", "MUST", "RFC 7323 section 4.3";
    /// TSval never goes back, and ticks between once a millisecond and once a second.
    TimestampClock: "TCPX-22", "MUST", "RFC 7323 section 5.4";
    /// A segment with an older timestamp than TS.Recent is not taken.
    Paws: "TCPX-20", "MUST", "RFC 7323 section 5.3";

    /// SYN is sent only to open a connection.
    SynInSynchronized: "9293-U-17", "MUST", "RFC 9293 section 3.10.7.3";
    /// A SYN-ACK acknowledges the SYN that it answers.
    SynAckNumber: "9293-U-10", "MUST", "RFC 9293 section 3.10.7.2";
    /// Data and acknowledgments have sequence numbers from those sent before on, without gaps.
    SequenceGap: "9293-U-40", "MUST", "RFC 9293 section 3.4";
    /// Octets that are sent again are the same.
    Retransmission: "9293-U-41", "MUST", "RFC 9293 section 3.8.1";
    /// Nothing is sent behind the FIN, and the FIN keeps its number.
    BeyondFin: "9293-U-18", "MUST", "RFC 9293 section 3.6";
    /// No number is acknowledged that was not received in order.
    AcknowledgmentUnsent: "9293-U-42", "MUST", "RFC 9293 section 3.4";
    /// A segment without ACK is dropped.
    WithoutAck: "9293-U-12", "MUST", "RFC 9293 section 3.10.7.4";
    /// A segment that acknowledges what was not sent is dropped.
    UnacceptableAck: "9293-U-4", "MUST", "RFC 9293 section 3.5.2";
    /// What the peer sends behind its FIN is not taken.
    DataAfterFin: "9293-U-14", "MUST", "RFC 9293 section 3.10.7.4";
    /// The acknowledgment number never goes back.
    AcknowledgmentBack: "9293-U-30", "SHOULD", "RFC 9293 section 3.10.7.4";
    /// An acknowledgment is delayed by less than 0.5 s.
    AcknowledgmentDelay: "9293-MUST-40", "MUST", "RFC 9293 section 3.8.6.3";
    /// A FIN is acknowledged.
    FinAcknowledged: "9293-U-14", "MUST", "RFC 9293 section 3.10.7.4";
    /// SYN and SYN-ACK are not ECN-capable.
    EcnOnSyn: "TCPX-57", "MUST NOT", "RFC 3168 section 6.1.1";
    /// Acknowledgments without data are not ECN-capable.
    EcnOnAcknowledgment: "TCPX-60", "MUST", "RFC 3168 section 6.1.4";
    /// Nothing is sent beyond the window that the peer offers, but a probe of a zero window.
    BeyondWindow: "9293-U-31", "MUST", "RFC 9293 section 3.8.6";
    /// The right edge of the window does not move left.
    WindowShrunk: "9293-SHLD-14", "SHOULD NOT", "RFC 9293 section 3.8.6";
    /// No segment is larger than the peer's MSS, options included.
    SegmentSize: "9293-MUST-16", "MUST", "RFC 9293 section 3.7.1";
    /// A reset takes its numbers from the segment that it answers, or from the connection.
    ResetForm: "9293-U-1", "MUST", "RFC 9293 section 3.5.2";
    /// A reset is never answered by a reset.
    ResetForReset: "9293-U-2", "MUST", "RFC 9293 section 3.5.2";
    /// A connection is over once a reset at RCV.NXT came.
    AfterReset: "9293-U-7", "MUST", "RFC 9293 section 3.10.7.4";
    /// The active closer stays in TIME-WAIT for 2 MSL.
    TimeWait: "9293-MUST-13", "MUST", "RFC 9293 section 3.6.1";
    /// A SACK block has its left edge before its right edge and holds data that was received.
    SackBlock: "TCPX-70", "MUST", "RFC 2018 section 3";
    /// SACK blocks lie above the acknowledgment number and apart, but for a D-SACK in the first place.
    SackOrder: "TCPX-71", "MUST", "RFC 2018 section 4, RFC 2883 section 4";
    /// The first SACK block holds the segment that the acknowledgment answers.
    SackFirst: "TCPX-44", "MUST", "RFC 2018 section 4";
    /// Each retransmission timeout doubles the next.
    Backoff: "TCPX-30", "MUST", "RFC 6298 section 5";
}

impl std::fmt::Display for Invariant {
    /// The requirement and its place.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.requirement(), self.clause())
    }
}
