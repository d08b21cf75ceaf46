//! A header field that is computed unless a tester forces it.

/// A field that depends on the rest of the packet: a length, a checksum, a protocol number.
///
/// Parsing gives [`Field::Computed`] where the octets agree with what emitting would compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// Emitting computes the right value.
    #[default]
    Computed,
    /// Emitting writes this value, right or wrong.
    Forced(T),
}

impl<T: Copy + PartialEq> Field<T> {
    /// The forced value, or `computed`.
    pub fn or(self, computed: T) -> T {
        match self {
            Field::Computed => computed,
            Field::Forced(value) => value,
        }
    }

    /// `Computed` if `actual` is what emitting would compute, else `actual` forced.
    pub fn observed(actual: T, computed: T) -> Self {
        if actual == computed { Field::Computed } else { Field::Forced(actual) }
    }
}
