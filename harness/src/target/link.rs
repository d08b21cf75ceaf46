//! The link between tester and target: addresses and MTU.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which IP version the packets carry, and which address family the sockets have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum IpVersion {
    /// IPv4 packets, AF_INET sockets.
    #[serde(rename = "ipv4")]
    Ipv4,
    /// IPv4 packets, AF_INET6 sockets with IPv4-mapped addresses (RFC 4291 section 2.5.5.2).
    #[serde(rename = "ipv4-mapped-ipv6")]
    Ipv4MappedIpv6,
    /// IPv6 packets, AF_INET6 sockets.
    #[serde(rename = "ipv6")]
    Ipv6,
}

/// The link of one run, seen from the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// IP version of packets and sockets.
    pub ip_version: IpVersion,
    /// The target's own address.
    pub local: IpAddr,
    /// Prefix length of `local`'s network, in bits.
    pub prefix: u8,
    /// The next hop towards `remote`; equal to `local` for a route straight onto the link.
    pub gateway: IpAddr,
    /// The tester's address.
    pub remote: IpAddr,
    /// Prefix length of the network that is routed to the tester, in bits.
    pub remote_prefix: u8,
    /// Largest datagram on the link, in octets.
    pub mtu: u32,
    /// Link speed that the device reports, in Mbit/s; `None` leaves what the device has.
    pub speed: Option<u32>,
    /// Whether the target's device takes TCP data larger than a segment and completes checksums, as an Ethernet card
    /// does. What it then sends is seen in one piece and with the checksum completed.
    pub segmentation_offload: bool,
    /// Size of the segments, in octets, from which injected TCP packets are said to be merged by the target's device;
    /// `None` if they are not.
    pub receive_segment: Option<u16>,
}

impl IpVersion {
    /// Whether packets are IPv6.
    pub const fn is_ipv6_on_wire(self) -> bool {
        matches!(self, IpVersion::Ipv6)
    }

    /// As scripts and flags spell it.
    pub const fn name(self) -> &'static str {
        match self {
            IpVersion::Ipv4 => "ipv4",
            IpVersion::Ipv4MappedIpv6 => "ipv4-mapped-ipv6",
            IpVersion::Ipv6 => "ipv6",
        }
    }
}

impl std::str::FromStr for IpVersion {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "ipv4" => Ok(IpVersion::Ipv4),
            "ipv4-mapped-ipv6" => Ok(IpVersion::Ipv4MappedIpv6),
            "ipv6" => Ok(IpVersion::Ipv6),
            _ => Err(format!("`{s}` is not an IP version; write ipv4, ipv4-mapped-ipv6 or ipv6")),
        }
    }
}

impl std::fmt::Display for IpVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Link {
    /// The link that scripts get when they say nothing: documentation addresses (RFC 5737, RFC 3849)
    /// for the tester, private ones for the target, as packetdrill chose them.
    pub fn default_for(ip_version: IpVersion) -> Link {
        if ip_version.is_ipv6_on_wire() {
            Link {
                ip_version,
                local: IpAddr::V6(Ipv6Addr::new(0xfd3d, 0x0a0b, 0x17d6, 0, 0, 0, 0, 1)),
                prefix: 48,
                gateway: IpAddr::V6(Ipv6Addr::new(0xfd3d, 0x0a0b, 0x17d6, 0x8888, 0, 0, 0, 1)),
                remote: IpAddr::V6(Ipv6Addr::new(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1)),
                remote_prefix: 48,
                mtu: 1520,
                speed: None,
                segmentation_offload: false,
                receive_segment: None,
            }
        } else {
            Link {
                ip_version,
                local: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)),
                prefix: 16,
                gateway: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)),
                remote: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
                remote_prefix: 24,
                mtu: 1500,
                speed: None,
                segmentation_offload: false,
                receive_segment: None,
            }
        }
    }
}
