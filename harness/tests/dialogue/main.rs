//! The language of dialogues: what is well-formed, what is said of what is not, and the layout.

mod diagnostics;
mod framing;
mod mutations;
mod readme;
mod roundtrip;
mod support;
