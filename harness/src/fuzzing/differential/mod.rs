//! The same session against several targets: where they answer differently, and which clause is about that.
//!
//! What RFCs leave open is not compared: when data and plain acknowledgments are sent and in which pieces, windows,
//! values of options, amounts that fit into buffers. What is left is compared in the order in which tester and
//! application acted, up to the first difference. It belongs to the clause by which the target has to treat what
//! happened there, and differences of one clause are one class.

mod answer;
mod compare;
mod run;
mod stimulus;

pub use compare::{Difference, compare};
pub use run::{Class, Compared, Comparison};
