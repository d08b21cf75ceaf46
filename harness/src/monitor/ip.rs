//! The form of a datagram: IP headers, and the lengths and checksums of what they carry.

use std::net::IpAddr;

use super::datagram::{Datagram, Validity};
use super::violation::Findings;
use super::{Invariant, Vantage};
use crate::wire::{DefectKind, Header, Ipv4};

/// Checks a datagram as it stands.
pub(super) fn check(datagram: &Datagram<'_>, vantage: &Vantage, findings: &mut Findings) {
    if !findings.is_judged() {
        return;
    }
    for header in &datagram.packet().headers {
        match header {
            Header::Ipv4(ip) => ipv4(ip, datagram, findings),
            Header::Ipv6(ip) if ip.hop_limit == 0 => findings.fail(Invariant::TimeToLive, || {
                format!("hop limit 0 in a packet from {} to {}", ip.source, ip.destination)
            }),
            _ => {}
        }
    }
    if let Some(source) = datagram.source().filter(|source| !is_single(*source, vantage)) {
        findings.fail(Invariant::SourceAddress, || format!("the source address is {source}"));
    }
    check_transport(datagram, vantage, findings);
}

/// Checks lengths and checksums, also of a datagram that was put together from fragments.
pub(super) fn check_transport(datagram: &Datagram<'_>, vantage: &Vantage, findings: &mut Findings) {
    if datagram.missing > 0 || datagram.is_ambiguous || !findings.is_judged() {
        return;
    }
    for defect in datagram.defects() {
        if let Some(invariant) = broken(&defect.kind, datagram.packet().ipv6().is_some()) {
            let is_checksum = matches!(defect.kind, DefectKind::Checksum { .. });
            // A network interface that merges segments, or that is to cut them, leaves checksums and lengths as they are.
            let unfinished = datagram.validity == Validity::Unfinished || vantage.offload && is_merged(datagram);
            if !(unfinished && (is_checksum || invariant == Invariant::Ipv4TotalLength)) {
                findings.fail(invariant, || defect.kind.to_string());
            }
        }
    }
}

/// What a defect of form breaks.
fn broken(defect: &DefectKind, ipv6: bool) -> Option<Invariant> {
    Some(match defect {
        DefectKind::Version(_) | DefectKind::OtherVersion { .. } => Invariant::Version,
        DefectKind::Checksum { protocol, .. } => match *protocol {
            "IPv4 header" => Invariant::Ipv4Checksum,
            "TCP" => Invariant::TcpChecksum,
            // Zero has a rule of its own.
            "UDP" if ipv6 && matches!(defect, DefectKind::Checksum { actual: 0, .. }) => return None,
            "UDP" => Invariant::UdpChecksum,
            "ICMP" => Invariant::IcmpChecksum,
            "ICMPv6" => Invariant::Icmpv6Checksum,
            _ => return None,
        },
        DefectKind::Length { field, actual, expected } => match *field {
            "IHL in octets" => Invariant::Ipv4HeaderLength,
            // A link may pad what is too short for it; what the datagram does not claim is not its own.
            "total length" if actual < expected && *actual >= Ipv4::MINIMUM_LENGTH => return None,
            "total length" => Invariant::Ipv4TotalLength,
            "payload length" => Invariant::Ipv6PayloadLength,
            "UDP length" => Invariant::UdpLength,
            "data offset in octets" => Invariant::DataOffset,
            _ => return None,
        },
        DefectKind::Option { protocol, .. } => match *protocol {
            "TCP" => Invariant::TcpOptionLength,
            "IPv4" => Invariant::Ipv4Options,
            _ => Invariant::Ipv6Options,
        },
        DefectKind::Reserved(what) => match *what {
            "IPv4 flags" => Invariant::Ipv4ReservedFlag,
            "TCP header" => Invariant::TcpReserved,
            _ => return None,
        },
        DefectKind::Truncated { .. } => return None,
    })
}

fn ipv4(ip: &Ipv4, datagram: &Datagram<'_>, findings: &mut Findings) {
    if ip.ttl == 0 {
        findings
            .fail(Invariant::TimeToLive, || format!("TTL 0 in a datagram from {} to {}", ip.source, ip.destination));
    }
    if ip.dont_fragment && ip.is_fragment() && datagram.packet().is_fragment() {
        findings
            .fail(Invariant::DontFragment, || format!("a fragment of datagram {:#06x} has DF set", ip.identification));
    }
}

/// Larger than any Ethernet frame that is not a jumbo frame: likely merged by a network interface.
fn is_merged(datagram: &Datagram<'_>) -> bool {
    datagram.packet().emitted_length() > 1500
}

/// Whether an address can be that of a single host.
pub(super) fn is_single(address: IpAddr, vantage: &Vantage) -> bool {
    let is_broadcast = match address {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    !address.is_multicast() && !is_broadcast && vantage.broadcast != Some(address)
}
