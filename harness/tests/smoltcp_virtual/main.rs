//! The smoltcp target on its virtual clock, driven as the engine drives it.

mod calls;
mod disorder;
mod icmp;
mod peer;
mod tcp;
mod udp;
