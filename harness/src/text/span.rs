//! Places in a script's text.

/// Octets `start..end` of a script's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First octet.
    pub start: u32,
    /// One past the last octet.
    pub end: u32,
}

/// A node with its place in the text. Two are equal if their nodes are: layout is not meaning.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    /// The node.
    pub node: T,
    /// Its place.
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl Span {
    /// The span from the start of `self` to the end of `end`.
    pub fn to(self, end: Span) -> Span {
        Span { start: self.start, end: end.end.max(self.end) }
    }
}

/// Where the lines of a text start, to turn octets into line numbers.
#[derive(Clone, Debug, Default)]
pub struct LineIndex(Vec<u32>);

impl LineIndex {
    /// Indexes `text`.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        LineIndex(starts)
    }

    /// Line of an octet, from 1.
    pub fn line(&self, octet: u32) -> u32 {
        self.0.partition_point(|start| *start <= octet) as u32
    }

    /// Octets of a line (from 1), its newline not included.
    pub fn range(&self, line: u32, text: &str) -> std::ops::Range<usize> {
        let start = self.0.get(line.saturating_sub(1) as usize).map_or(text.len(), |s| *s as usize);
        let end = self.0.get(line as usize).map_or(text.len(), |s| *s as usize - 1);
        start..end.max(start)
    }
}
