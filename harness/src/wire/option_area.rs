//! The octets of an option area, whatever header it belongs to.

use smallvec::SmallVec;

/// An option area as its raw octets, so that nothing malformed is lost. A header counts its length in words of 4 octets
/// (RFC 791 section 3.1, RFC 9293 section 3.1): emitting pads with zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionArea(SmallVec<[u8; 40]>);

impl OptionArea {
    /// An option area of these octets, whatever they are.
    #[inline]
    pub(super) fn from_raw(octets: &[u8]) -> Self {
        OptionArea(SmallVec::from_slice(octets))
    }

    /// Appends an option that is its kind octet alone.
    pub(super) fn push_kind(&mut self, kind: u8) {
        self.0.push(kind);
    }

    /// Appends an option of kind, length and data. Data of more than 253 octets is cut: the length octet holds no more.
    pub(super) fn push_data(&mut self, kind: u8, data: &[u8]) {
        let data = &data[..data.len().min(253)];
        self.0.extend_from_slice(&[kind, data.len() as u8 + 2]);
        self.0.extend_from_slice(data);
    }

    /// Appends octets as they are.
    pub fn push_raw(&mut self, octets: &[u8]) -> &mut Self {
        self.0.extend_from_slice(octets);
        self
    }

    /// Appends zeros up to a multiple of 4 octets, as emitting does.
    pub fn pad(&mut self) -> &mut Self {
        self.0.resize(self.padded_length(), 0);
        self
    }

    /// The octets, without what emitting pads.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The octets, to change values in place.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Number of octets, without what emitting pads.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no octets.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn padded_length(&self) -> usize {
        self.0.len().next_multiple_of(4)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
        out.resize(out.len() + self.padded_length() - self.0.len(), 0);
    }
}
