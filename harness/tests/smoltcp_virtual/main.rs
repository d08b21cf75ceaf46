//! The smoltcp target on its virtual clock, driven as the engine drives it.

mod calls;
mod icmp;
mod peer;
mod tcp;
mod udp;
