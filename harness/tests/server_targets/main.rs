//! Server targets: the servers of `ci/targets`, each started in namespaces of its own, spoken to by the tester's TCP, and
//! gone afterwards. A server that is not on this machine is passed over, loudly.
#![allow(unreachable_pub)] // they are used within this test alone
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

#[path = "../linux_support/mod.rs"]
mod linux_support;

mod dialogues;
mod fixture;
mod life;
mod misbehaviour;
mod support;
