//! Layouts of what sockets report, as tables.
//!
//! Offsets are those of the 64-bit Linux ABI; bit fields lie as little-endian machines lay them. Kernels append
//! fields: one that reports fewer octets lacks the later names.

/// One socket option whose value code blocks see.
pub(crate) struct Wanted {
    /// Its name, as `code_sockopt` spells it.
    pub(crate) name: &'static str,
    /// Its level.
    pub(crate) level: i32,
    /// Its number.
    pub(crate) option: i32,
    /// Octets that all its known fields take.
    pub(crate) length: usize,
    structures: &'static [Structure],
}

/// One reading of the octets.
struct Structure {
    /// Octets without which this reading does not apply.
    least: usize,
    fields: &'static [Field],
}

/// One field.
struct Field {
    name: &'static str,
    offset: usize,
    /// Octets: 1, 2, 4 or 8.
    size: usize,
    /// Lowest bit and width in bits; (0, 0) for the whole.
    bits: (u32, u32),
}

/// All options that code blocks see, in the order in which they are fetched.
pub(super) const WANTED: &[Wanted] = &[
    Wanted {
        name: "TCP_INFO",
        level: 6,
        option: 11,
        length: 280,
        structures: &[Structure { least: 0, fields: TCP_INFO }],
    },
    Wanted {
        name: "TCP_CC_INFO",
        level: 6,
        option: 26,
        length: 20,
        // A union: which of them holds is known only from the congestion control in use.
        structures: &[
            Structure { least: 20, fields: BBR_INFO },
            Structure { least: 16, fields: DCTCP_INFO },
            Structure { least: 16, fields: VEGAS_INFO },
        ],
    },
    Wanted {
        name: "SO_MEMINFO",
        level: 1,
        option: 55,
        length: 36,
        structures: &[Structure { least: 0, fields: MEMINFO }],
    },
];

/// Names for the values of fields, and for the bits of `tcpi_options`.
pub(super) const SYMBOLS: &[(&str, u64)] = &[
    ("TCP_ESTABLISHED", 1),
    ("TCP_SYN_SENT", 2),
    ("TCP_SYN_RECV", 3),
    ("TCP_FIN_WAIT1", 4),
    ("TCP_FIN_WAIT2", 5),
    ("TCP_TIME_WAIT", 6),
    ("TCP_CLOSE", 7),
    ("TCP_CLOSE_WAIT", 8),
    ("TCP_LAST_ACK", 9),
    ("TCP_LISTEN", 10),
    ("TCP_CLOSING", 11),
    ("TCP_CA_Open", 0),
    ("TCP_CA_Disorder", 1),
    ("TCP_CA_CWR", 2),
    ("TCP_CA_Recovery", 3),
    ("TCP_CA_Loss", 4),
    ("TCPI_OPT_TIMESTAMPS", 1),
    ("TCPI_OPT_SACK", 2),
    ("TCPI_OPT_WSCALE", 4),
    ("TCPI_OPT_ECN", 8),
    ("TCPI_OPT_ECN_SEEN", 16),
    ("TCPI_OPT_SYN_DATA", 32),
    ("TCPI_OPT_USEC_TS", 64),
    ("TCPI_OPT_TFO_CHILD", 128),
];

/// The name of a field's value, such as `TCP_CA_Recovery` for 3 in `tcpi_ca_state`.
pub(super) fn value_name(field: &str, value: &str) -> Option<&'static str> {
    let prefix = match field {
        "tcpi_state" => "TCP_",
        "tcpi_ca_state" => "TCP_CA_",
        _ => return None,
    };
    let value: u64 = value.parse().ok()?;
    SYMBOLS
        .iter()
        .filter(|(name, _)| name.starts_with(prefix) && name.starts_with("TCP_CA_") == (prefix == "TCP_CA_"))
        .find(|(_, number)| *number == value)
        .map(|(name, _)| *name)
}

/// Whether some kernel reports a field of this name.
pub(super) fn is_field(name: &str) -> bool {
    let mut fields = WANTED.iter().flat_map(|wanted| wanted.structures).flat_map(|structure| structure.fields);
    fields.any(|field| field.name == name)
}

impl Wanted {
    /// Reads all fields that the octets reach.
    pub(super) fn read(&self, octets: &[u8], values: &mut Vec<(&'static str, u64)>) {
        for structure in self.structures.iter().filter(|structure| octets.len() >= structure.least) {
            values.extend(structure.fields.iter().filter_map(|field| Some((field.name, field.read(octets)?))));
        }
    }
}

impl Field {
    fn read(&self, octets: &[u8]) -> Option<u64> {
        let octets = octets.get(self.offset..self.offset + self.size)?;
        let whole = match *octets {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_ne_bytes([a, b])),
            [a, b, c, d] => u64::from(u32::from_ne_bytes([a, b, c, d])),
            _ => u64::from_ne_bytes(octets.try_into().ok()?),
        };
        match self.bits {
            (_, 0) => Some(whole),
            (lowest, width) => Some(whole >> lowest & ((1 << width) - 1)),
        }
    }
}

const fn octet(name: &'static str, offset: usize) -> Field {
    Field { name, offset, size: 1, bits: (0, 0) }
}

const fn half(name: &'static str, offset: usize) -> Field {
    Field { name, offset, size: 2, bits: (0, 0) }
}

const fn word(name: &'static str, offset: usize) -> Field {
    Field { name, offset, size: 4, bits: (0, 0) }
}

const fn long(name: &'static str, offset: usize) -> Field {
    Field { name, offset, size: 8, bits: (0, 0) }
}

const fn bits(name: &'static str, offset: usize, size: usize, lowest: u32, width: u32) -> Field {
    Field { name, offset, size, bits: (lowest, width) }
}

/// struct tcp_info (linux/tcp.h).
const TCP_INFO: &[Field] = &[
    octet("tcpi_state", 0),
    octet("tcpi_ca_state", 1),
    octet("tcpi_retransmits", 2),
    octet("tcpi_probes", 3),
    octet("tcpi_backoff", 4),
    octet("tcpi_options", 5),
    bits("tcpi_snd_wscale", 6, 1, 0, 4),
    bits("tcpi_rcv_wscale", 6, 1, 4, 4),
    bits("tcpi_delivery_rate_app_limited", 7, 1, 0, 1),
    bits("tcpi_fastopen_client_fail", 7, 1, 1, 2),
    word("tcpi_rto", 8),
    word("tcpi_ato", 12),
    word("tcpi_snd_mss", 16),
    word("tcpi_rcv_mss", 20),
    word("tcpi_unacked", 24),
    word("tcpi_sacked", 28),
    word("tcpi_lost", 32),
    word("tcpi_retrans", 36),
    word("tcpi_fackets", 40),
    word("tcpi_last_data_sent", 44),
    word("tcpi_last_ack_sent", 48),
    word("tcpi_last_data_recv", 52),
    word("tcpi_last_ack_recv", 56),
    word("tcpi_pmtu", 60),
    word("tcpi_rcv_ssthresh", 64),
    word("tcpi_rtt", 68),
    word("tcpi_rttvar", 72),
    word("tcpi_snd_ssthresh", 76),
    word("tcpi_snd_cwnd", 80),
    word("tcpi_advmss", 84),
    word("tcpi_reordering", 88),
    word("tcpi_rcv_rtt", 92),
    word("tcpi_rcv_space", 96),
    word("tcpi_total_retrans", 100),
    long("tcpi_pacing_rate", 104),
    long("tcpi_max_pacing_rate", 112),
    long("tcpi_bytes_acked", 120),
    long("tcpi_bytes_received", 128),
    word("tcpi_segs_out", 136),
    word("tcpi_segs_in", 140),
    word("tcpi_notsent_bytes", 144),
    word("tcpi_min_rtt", 148),
    word("tcpi_data_segs_in", 152),
    word("tcpi_data_segs_out", 156),
    long("tcpi_delivery_rate", 160),
    long("tcpi_busy_time", 168),
    long("tcpi_rwnd_limited", 176),
    long("tcpi_sndbuf_limited", 184),
    word("tcpi_delivered", 192),
    word("tcpi_delivered_ce", 196),
    long("tcpi_bytes_sent", 200),
    long("tcpi_bytes_retrans", 208),
    word("tcpi_dsack_dups", 216),
    word("tcpi_reord_seen", 220),
    word("tcpi_rcv_ooopack", 224),
    word("tcpi_snd_wnd", 228),
    word("tcpi_rcv_wnd", 232),
    word("tcpi_rehash", 236),
    half("tcpi_total_rto", 240),
    half("tcpi_total_rto_recoveries", 242),
    word("tcpi_total_rto_time", 244),
    word("tcpi_received_ce", 248),
    word("tcpi_delivered_e1_bytes", 252),
    word("tcpi_delivered_e0_bytes", 256),
    word("tcpi_delivered_ce_bytes", 260),
    word("tcpi_received_e1_bytes", 264),
    word("tcpi_received_e0_bytes", 268),
    word("tcpi_received_ce_bytes", 272),
    bits("tcpi_ecn_mode", 276, 4, 0, 2),
    bits("tcpi_accecn_opt_seen", 276, 4, 2, 2),
    bits("tcpi_accecn_fail_mode", 276, 4, 4, 4),
    bits("tcpi_options2", 276, 4, 8, 24),
];

/// struct tcp_bbr_info (linux/inet_diag.h). `bbr_bw` is the two halves before it as one number.
const BBR_INFO: &[Field] = &[
    word("bbr_bw_lo", 0),
    word("bbr_bw_hi", 4),
    long("bbr_bw", 0),
    word("bbr_min_rtt", 8),
    word("bbr_pacing_gain", 12),
    word("bbr_cwnd_gain", 16),
];

/// struct tcp_dctcp_info (linux/inet_diag.h).
const DCTCP_INFO: &[Field] = &[
    half("dctcp_enabled", 0),
    half("dctcp_ce_state", 2),
    word("dctcp_alpha", 4),
    word("dctcp_ab_ecn", 8),
    word("dctcp_ab_tot", 12),
];

/// struct tcpvegas_info (linux/inet_diag.h); packetdrill's scripts know the last two without their `v`.
const VEGAS_INFO: &[Field] = &[
    word("tcpv_enabled", 0),
    word("tcpv_rttcnt", 4),
    word("tcpv_rtt", 8),
    word("tcpv_minrtt", 12),
    word("tcp_rtt", 8),
    word("tcp_minrtt", 12),
];

/// The array that SO_MEMINFO gives (linux/sock_diag.h).
const MEMINFO: &[Field] = &[
    word("SK_MEMINFO_RMEM_ALLOC", 0),
    word("SK_MEMINFO_RCVBUF", 4),
    word("SK_MEMINFO_WMEM_ALLOC", 8),
    word("SK_MEMINFO_SNDBUF", 12),
    word("SK_MEMINFO_FWD_ALLOC", 16),
    word("SK_MEMINFO_WMEM_QUEUED", 20),
    word("SK_MEMINFO_OPTMEM", 24),
    word("SK_MEMINFO_BACKLOG", 28),
    word("SK_MEMINFO_DROPS", 32),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, octets: &[u8]) -> Vec<(&'static str, u64)> {
        let mut values = Vec::new();
        let wanted = WANTED.iter().find(|wanted| wanted.name == name).expect("the option is in the table");
        wanted.read(octets, &mut values);
        values
    }

    fn value(values: &[(&str, u64)], name: &str) -> Option<u64> {
        values.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    }

    #[test]
    fn fields_do_not_overlap_and_fill_their_structure() {
        for wanted in WANTED {
            let ends = wanted.structures.iter().flat_map(|s| s.fields).map(|field| field.offset + field.size);
            assert_eq!(ends.max(), Some(wanted.length), "{}", wanted.name);
        }
        let whole: Vec<_> = TCP_INFO.iter().filter(|field| field.bits.1 == 0).collect();
        for pair in whole.windows(2) {
            assert!(pair[0].offset + pair[0].size <= pair[1].offset, "{} overlaps", pair[1].name);
            assert_eq!(pair[1].offset % pair[1].size, 0, "{} is not aligned", pair[1].name);
        }
    }

    #[test]
    fn offsets_are_those_of_the_c_library_as_far_as_it_goes() {
        use std::mem::offset_of;
        let offset = |name: &str| TCP_INFO.iter().find(|field| field.name == name).map(|field| field.offset);
        assert_eq!(offset("tcpi_rto"), Some(offset_of!(libc::tcp_info, tcpi_rto)));
        assert_eq!(offset("tcpi_snd_cwnd"), Some(offset_of!(libc::tcp_info, tcpi_snd_cwnd)));
        assert_eq!(offset("tcpi_total_retrans"), Some(offset_of!(libc::tcp_info, tcpi_total_retrans)));
    }

    #[test]
    fn an_older_kernel_lacks_the_later_names() {
        let values = read("TCP_INFO", &[1; 104]);
        assert_eq!(value(&values, "tcpi_total_retrans"), Some(0x0101_0101));
        assert_eq!(value(&values, "tcpi_pacing_rate"), None);
        assert_eq!(read("TCP_INFO", &[1; 2]), [("tcpi_state", 1), ("tcpi_ca_state", 1)]);
        assert!(is_field("tcpi_pacing_rate") && !is_field("tcpi_pacing"));
    }

    #[test]
    fn bit_fields_are_cut_out() {
        let mut octets = [0; 280];
        octets[6] = 0x97;
        octets[7] = 0b101;
        octets[276..280].copy_from_slice(&0x00ab_cd5e_u32.to_ne_bytes());
        let values = read("TCP_INFO", &octets);
        assert_eq!(value(&values, "tcpi_snd_wscale"), Some(7));
        assert_eq!(value(&values, "tcpi_rcv_wscale"), Some(9));
        assert_eq!(value(&values, "tcpi_delivery_rate_app_limited"), Some(1));
        assert_eq!(value(&values, "tcpi_fastopen_client_fail"), Some(2));
        assert_eq!(value(&values, "tcpi_ecn_mode"), Some(2));
        assert_eq!(value(&values, "tcpi_accecn_opt_seen"), Some(3));
        assert_eq!(value(&values, "tcpi_accecn_fail_mode"), Some(5));
        assert_eq!(value(&values, "tcpi_options2"), Some(0xabcd));
    }

    #[test]
    fn congestion_control_that_reports_nothing_gives_no_names() {
        assert!(read("TCP_CC_INFO", &[]).is_empty());
        let vegas = read("TCP_CC_INFO", &[1; 16]);
        assert_eq!(value(&vegas, "bbr_bw_lo"), None);
        assert_eq!(value(&vegas, "tcp_rtt"), Some(0x0101_0101));
        assert_eq!(value(&read("TCP_CC_INFO", &[1; 20]), "bbr_bw"), Some(0x0101_0101_0101_0101));
    }

    #[test]
    fn values_have_names_of_their_own_field() {
        assert_eq!(value_name("tcpi_ca_state", "3"), Some("TCP_CA_Recovery"));
        assert_eq!(value_name("tcpi_state", "1"), Some("TCP_ESTABLISHED"));
        assert_eq!(value_name("tcpi_state", "0"), None);
        assert_eq!(value_name("tcpi_snd_cwnd", "3"), None);
    }
}
