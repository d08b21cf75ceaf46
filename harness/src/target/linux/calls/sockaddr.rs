//! Socket addresses between Rust and the kernel's layout.

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for an address of any family, and how much of it is used.
pub(super) struct RawAddress {
    storage: libc::sockaddr_storage,
    length: libc::socklen_t,
}

impl RawAddress {
    /// Room for the kernel to write an address to.
    pub(super) fn room() -> RawAddress {
        // SAFETY: all-zero octets are a valid `sockaddr_storage`.
        let storage = unsafe { mem::zeroed() };
        RawAddress { storage, length: mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    /// An address that is all zeros but for its family.
    pub(super) fn of_family(family: i32) -> RawAddress {
        let mut address = RawAddress::room();
        address.storage.ss_family = family as libc::sa_family_t;
        address
    }

    pub(super) fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub(super) fn pointer_mut(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    pub(super) fn length(&self) -> libc::socklen_t {
        self.length
    }

    pub(super) fn length_mut(&mut self) -> &mut libc::socklen_t {
        &mut self.length
    }

    /// The address, if the kernel wrote one of an Internet family.
    pub(super) fn read(&self) -> Option<SocketAddr> {
        let length = self.length as usize;
        match i32::from(self.storage.ss_family) {
            libc::AF_INET if length >= mem::size_of::<libc::sockaddr_in>() => {
                // SAFETY: the storage is large enough and aligned for every address, and the family says which it is.
                let v4: libc::sockaddr_in = unsafe { *(&raw const self.storage).cast() };
                let address = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddrV4::new(address, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 if length >= mem::size_of::<libc::sockaddr_in6>() => {
                // SAFETY: as above.
                let v6: libc::sockaddr_in6 = unsafe { *(&raw const self.storage).cast() };
                let address = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                let port = u16::from_be(v6.sin6_port);
                Some(SocketAddrV6::new(address, port, u32::from_be(v6.sin6_flowinfo), v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

impl From<SocketAddr> for RawAddress {
    fn from(address: SocketAddr) -> RawAddress {
        let mut raw = RawAddress::room();
        match address {
            SocketAddr::V4(v4) => {
                let written = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: v4.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                    sin_zero: [0; 8],
                };
                // SAFETY: the storage is large enough and aligned for every address.
                unsafe { *(&raw mut raw.storage).cast() = written };
                raw.length = mem::size_of_val(&written) as libc::socklen_t;
            }
            SocketAddr::V6(v6) => {
                let written = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: v6.flowinfo().to_be(),
                    sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                    sin6_scope_id: v6.scope_id(),
                };
                // SAFETY: as above.
                unsafe { *(&raw mut raw.storage).cast() = written };
                raw.length = mem::size_of_val(&written) as libc::socklen_t;
            }
        }
        raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_layout() {
        for text in ["192.0.2.1:8080", "[2001:db8::1]:53", "[::ffff:192.0.2.1]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(RawAddress::from(address).read(), Some(address));
        }
    }

    #[test]
    fn what_is_not_of_an_internet_family_is_none() {
        assert_eq!(RawAddress::of_family(libc::AF_UNSPEC).read(), None);
        let mut cut = RawAddress::from("192.0.2.1:8080".parse::<SocketAddr>().unwrap());
        *cut.length_mut() = 4;
        assert_eq!(cut.read(), None);
    }
}
