//! One segment, with its options read once.

use smallvec::SmallVec;

use crate::monitor::datagram::{Datagram, Validity};
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Sender};
use crate::time::Instant;
use crate::wire::{Header, Tcp, TcpFlags, TcpOption};

/// A segment.
pub(super) struct Segment<'a> {
    pub(super) at: Instant,
    pub(super) frame: u64,
    pub(super) judged: bool,
    pub(super) from_tester: bool,
    pub(super) tcp: &'a Tcp,
    /// What of the payload was captured.
    pub(super) payload: &'a [u8],
    /// Octets of payload that were sent.
    pub(super) length: u32,
    pub(super) validity: Validity,
    pub(super) is_ambiguous: bool,
    pub(super) is_fragmented: bool,
    pub(super) is_ipv6: bool,
    /// Its IP header says that it may be marked instead of dropped (RFC 3168 section 5).
    pub(super) is_ecn_capable: bool,
    /// Octets of IP options and extension headers.
    pub(super) ip_options: usize,
    pub(super) options: Options,
}

/// The options that the monitor follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) mss: Option<u16>,
    pub(super) shift: Option<u8>,
    pub(super) sack_permitted: bool,
    pub(super) sack: SmallVec<[(u32, u32); 4]>,
    pub(super) timestamps: Option<(u32, u32)>,
    /// MD5 signature or TCP-AO: what a receiver takes cannot be told without the key.
    pub(super) is_signed: bool,
    /// One cannot be read, so that receivers may see others or none.
    pub(super) is_malformed: bool,
}

impl<'a> Segment<'a> {
    pub(super) fn read(at: Instant, datagram: &Datagram<'a>, tcp: &'a Tcp, findings: &mut Findings) -> Self {
        let packet = datagram.packet();
        Segment {
            at,
            frame: findings.frame(),
            judged: findings.is_judged(),
            from_tester: datagram.sender == Sender::Tester,
            tcp,
            payload: packet.payload,
            length: u32::try_from(datagram.payload_length()).unwrap_or(u32::MAX),
            validity: datagram.validity,
            is_ambiguous: datagram.is_ambiguous,
            is_fragmented: datagram.is_fragmented,
            is_ipv6: packet.ipv6().is_some(),
            is_ecn_capable: match packet.ip() {
                Some(Header::Ipv4(ip)) => ip.ecn() != 0,
                Some(Header::Ipv6(ip)) => ip.ecn() != 0,
                _ => false,
            },
            ip_options: datagram.ip_options(),
            options: Options::read(tcp, findings),
        }
    }

    pub(super) fn has(&self, flag: TcpFlags) -> bool {
        self.tcp.flags.contains(flag)
    }

    pub(super) fn syn(&self) -> bool {
        self.has(TcpFlags::SYN)
    }

    pub(super) fn ack(&self) -> bool {
        self.has(TcpFlags::ACK)
    }

    pub(super) fn rst(&self) -> bool {
        self.has(TcpFlags::RST)
    }

    pub(super) fn fin(&self) -> bool {
        self.has(TcpFlags::FIN)
    }

    /// First sequence number.
    pub(super) fn start(&self) -> u32 {
        self.tcp.sequence
    }

    /// Sequence number of the first octet of payload.
    pub(super) fn data_start(&self) -> u32 {
        self.tcp.sequence.wrapping_add(u32::from(self.syn()))
    }

    /// The sequence number after the payload: that of the FIN, if there is one.
    pub(super) fn data_end(&self) -> u32 {
        self.data_start().wrapping_add(self.length)
    }

    /// The sequence number after the segment.
    pub(super) fn end(&self) -> u32 {
        self.data_end().wrapping_add(u32::from(self.fin()))
    }

    /// Whether it has what makes some receivers drop a SYN: FIN, malformed options, IP options, fragments.
    pub(super) fn may_be_dropped(&self) -> bool {
        self.fin() || self.is_fragmented || !self.is_plain()
    }

    /// Whether every receiver reads it in the same way.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_ambiguous && !self.options.is_malformed && self.ip_options == 0
    }

    /// Whether it takes sequence numbers.
    pub(super) fn takes_numbers(&self) -> bool {
        self.end() != self.start()
    }
}

impl Options {
    fn read(tcp: &Tcp, findings: &mut Findings) -> Options {
        let mut options = Options::default();
        if tcp.options.is_empty() {
            return options;
        }
        let mut iter = tcp.options.iter();
        while let Some(option) = iter.next() {
            match option {
                Ok(TcpOption::End) => {
                    let rest = &tcp.options.as_bytes()[iter.offset()..];
                    if rest.iter().any(|octet| *octet != 0) {
                        findings.fail(Invariant::TcpPadding, || {
                            format!("{} octets follow the end of the option list, not all zero", rest.len())
                        });
                    }
                    break;
                }
                Ok(TcpOption::NoOperation) => {}
                Ok(TcpOption::MaximumSegmentSize(size)) => options.mss = options.mss.or(Some(size)),
                Ok(TcpOption::WindowScale(shift)) => options.shift = options.shift.or(Some(shift)),
                Ok(TcpOption::SackPermitted) => options.sack_permitted = true,
                Ok(sack @ TcpOption::Sack(_)) => options.sack.extend(sack.sack_blocks()),
                Ok(TcpOption::Timestamps { value, echo_reply }) => {
                    options.timestamps = options.timestamps.or(Some((value, echo_reply)));
                }
                Ok(TcpOption::Other { kind: TcpOption::MD5_SIGNATURE | TcpOption::AUTHENTICATION, .. }) => {
                    options.is_signed = true;
                }
                Ok(TcpOption::Other { kind, .. }) => {
                    // A known kind with a length that is not its own.
                    options.is_malformed |= matches!(
                        kind,
                        TcpOption::MAXIMUM_SEGMENT_SIZE
                            | TcpOption::WINDOW_SCALE
                            | TcpOption::SACK_PERMITTED
                            | TcpOption::SACK
                            | TcpOption::TIMESTAMPS
                    );
                }
                Err(_) => options.is_malformed = true,
            }
        }
        options
    }
}
