//! Sessions that follow each other on one target: what keeps them apart.

use std::net::IpAddr;

use super::{Run, Stop, packet};
use crate::fuzzing::session::CONNECTIONS;
use crate::target::SocketCall;

/// Addresses of the tester in one session: its own, and those that spoofed sources are taken from.
pub(in crate::fuzzing) const ADDRESSES: u32 = 64;
/// Resets for one connection. The first may be answered by a challenge that tells the number it should have had.
const RESETS: u32 = 3;

impl Run<'_, '_> {
    /// Whether a datagram of the target goes to an address of the tester in another session.
    pub(super) fn is_of_another(&self, octets: &[u8]) -> bool {
        let distance = match self.link.remote {
            IpAddr::V4(own) => {
                let Some(destination) = octets.get(16..20).and_then(|octets| octets.first_chunk::<4>()) else {
                    return false;
                };
                let destination = u32::from_be_bytes(*destination);
                let routed = u32::MAX.checked_shr(self.link.remote_prefix.into()).unwrap_or(0);
                if (destination ^ own.to_bits()) & !routed != 0 {
                    return false;
                }
                destination.wrapping_sub(own.to_bits())
            }
            IpAddr::V6(own) => {
                let Some(destination) = octets.get(24..40).and_then(|octets| octets.first_chunk::<16>()) else {
                    return false;
                };
                let destination = u128::from_be_bytes(*destination);
                if (destination ^ own.to_bits()) >> 32 != 0 {
                    return false;
                }
                destination.wrapping_sub(own.to_bits()) as u32
            }
        };
        distance >= ADDRESSES
    }

    /// Closes what is open and resets what goes on without a descriptor, so that the next session begins as this one did.
    pub(super) fn leave(&mut self) {
        self.is_leaving = true;
        // What fails here is left to the next session, which then fails to open.
        let _gone: Result<(), Stop> = self.close_all();
        for number in 0..=CONNECTIONS {
            for _ in 0..RESETS {
                let connection =
                    if number == CONNECTIONS { &self.runner.fresh } else { &self.runner.connections[number] };
                let Some(tcp) = connection.reset_for() else { break };
                let before = self.packets;
                let mut out = std::mem::take(&mut self.runner.sent);
                out.clear();
                packet::plain(tcp, &self.link, &mut out);
                let sent = self.inject(&out, crate::fuzzing::session::Fault::NONE);
                self.runner.sent = out;
                if sent.is_err() || self.packets == before {
                    break;
                }
            }
        }
        for fd in std::mem::take(&mut self.application.fresh) {
            let _gone = self.ignore(SocketCall::Close { fd });
        }
    }
}
