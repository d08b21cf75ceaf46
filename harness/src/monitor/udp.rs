//! UDP: what lengths and checksums do not show by themselves.

use super::Invariant;
use super::datagram::{Datagram, Validity};
use super::violation::Findings;
use crate::wire::{DefectKind, Udp};

/// Tunnels over UDP that may leave out the checksum over IPv6 (RFC 6935 section 4): LISP, GTP-U, VXLAN, Geneve, GUE, MPLS.
const TUNNELS: [u16; 7] = [2152, 4341, 4754, 4789, 6080, 6081, 6635];

/// Checks a datagram. A checksum of zero over IPv6 is wrong wherever the right one is not what stands there.
pub(super) fn check(datagram: &Datagram<'_>, udp: &Udp, findings: &mut Findings) {
    let is_tunnel = TUNNELS.contains(&udp.destination_port) || TUNNELS.contains(&udp.source_port);
    let is_zero = datagram
        .defects()
        .iter()
        .any(|defect| matches!(defect.kind, DefectKind::Checksum { protocol: "UDP", actual: 0, .. }));
    if is_zero && !is_tunnel && datagram.validity == Validity::Checksum && datagram.packet().ipv6().is_some() {
        findings.fail(Invariant::UdpChecksumZero, || {
            format!("the checksum of a datagram from port {} to port {} is zero", udp.source_port, udp.destination_port)
        });
    }
}
