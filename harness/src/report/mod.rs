//! Reporters: one stream of suite events in, text for people and machines out.
//!
//! [`Json`] writes one event a line. With the feature `cli`: [`Human`] writes for a terminal or a log, [`Junit`] for
//! CI systems, [`Html`] a page.

#[cfg(feature = "cli")]
mod cell;
#[cfg(feature = "cli")]
pub(crate) mod coverage;
#[cfg(feature = "cli")]
mod diagram;
#[cfg(feature = "cli")]
pub(crate) mod fuzz;
#[cfg(feature = "cli")]
mod html;
#[cfg(feature = "cli")]
mod human;
#[cfg(feature = "cli")]
pub(crate) mod inspection;
mod json;
#[cfg(feature = "cli")]
mod junit;
#[cfg(feature = "cli")]
pub(crate) mod kill_matrix;
#[cfg(feature = "cli")]
mod packet_line;
#[cfg(feature = "cli")]
mod sequence;
#[cfg(feature = "cli")]
mod text;

#[cfg(feature = "cli")]
pub use html::Html;
#[cfg(feature = "cli")]
pub(crate) use html::Page;
#[cfg(feature = "cli")]
pub use human::{Human, Progress};
pub use json::{Json, SCHEMA};
#[cfg(feature = "cli")]
pub use junit::Junit;
#[cfg(feature = "cli")]
pub(crate) use text::plural;
