//! What peers are known to do otherwise than an RFC says.

/// One thing that a peer does otherwise than an RFC, or another specification, says.
#[derive(Debug, PartialEq, Eq)]
pub struct Quirk {
    /// Names it in `corpus/`; stable.
    pub id: &'static str,
    /// The package, with the release that it was seen in.
    pub peer: &'static str,
    /// What it does.
    pub does: &'static str,
    /// Where the specification says otherwise.
    pub clause: &'static str,
}

/// The quirks that an input shows.
pub type Quirks = Vec<&'static Quirk>;

/// Defines quirks, and `QUIRKS`, all of them.
macro_rules! quirks {
    ($($name:ident = $id:literal, $peer:literal, $does:literal, $clause:literal;)*) => {
        $(static $name: $crate::Quirk = $crate::Quirk { id: $id, peer: $peer, does: $does, clause: $clause };)*

        /// What is known of the peers of this comparison.
        pub static QUIRKS: &[&$crate::Quirk] = &[$(&$name),*];
    };
}

pub(crate) use quirks;
