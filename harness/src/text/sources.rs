//! Where the octets of an expanded script come from.

use std::sync::Arc;

use super::{Diagnostics, LineIndex, Span};

/// A script, or a file that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// What it is called in messages.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// Reads the files that scripts include.
pub trait Includes {
    /// The file at `path`, as it stands in the string of an `#include` of the file called `from`.
    ///
    /// # Errors
    /// One line that says why there is none.
    fn read(&self, from: &str, path: &str) -> Result<SourceFile, String>;
}

/// No file can be included.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIncludes;

impl Includes for NoIncludes {
    fn read(&self, _from: &str, _path: &str) -> Result<SourceFile, String> {
        Err("this script was read from no folder, so there is nothing to include".to_owned())
    }
}

/// Leads from octets and lines of an expanded script to the files that they came from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The script itself is the first.
    files: Vec<SourceFile>,
    /// In order of their place in the expanded text, which they cover without gaps.
    pieces: Vec<Piece>,
    frames: Vec<Frame>,
    lines: LineIndex,
    text: Arc<str>,
}

/// A stretch of the expanded text.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Its first octet in the expanded text.
    start: u32,
    file: u32,
    /// Where it stands in its file: all of it, or the name whose value it is.
    at: Span,
    /// Whether it is the file's text, octet for octet.
    verbatim: bool,
    frame: FrameId,
}

/// Index of a frame.
pub(crate) type FrameId = u32;

/// The script's own text.
pub(crate) const SCRIPT: FrameId = 0;

/// Why a piece stands where it stands.
#[derive(Clone, Debug)]
struct Frame {
    parent: FrameId,
    /// What is said of it, such as `included from a.pkt:3`.
    said: String,
}

/// A place in a file of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file.
    pub file: &'a SourceFile,
    /// Whether that is the script itself.
    pub is_script: bool,
    /// Octets of the file.
    pub span: Span,
    /// Line of the first of them, from 1.
    pub line: u32,
    /// How it came to stand there, innermost first, such as `included from a.pkt:3`.
    pub trail: Vec<String>,
}

/// Of a diagnostic: where its place is, if not simply in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    /// The file, if it is not the script itself.
    pub file: Option<SourceFile>,
    /// How the place came to stand there, innermost first.
    pub trail: Vec<String>,
}

impl Sources {
    /// Of a script that was not expanded so far.
    pub(crate) fn new(script: SourceFile) -> Self {
        let frame = Frame { parent: SCRIPT, said: String::new() };
        Sources { files: vec![script], frames: vec![frame], ..Sources::default() }
    }

    pub(crate) fn file(&self, file: u32) -> &SourceFile {
        &self.files[file as usize]
    }

    /// Adds a file; one of the same name is the same file.
    pub(crate) fn add_file(&mut self, file: SourceFile) -> u32 {
        let known = self.files.iter().position(|known| known.name == file.name);
        known.unwrap_or_else(|| {
            self.files.push(file);
            self.files.len() - 1
        }) as u32
    }

    pub(crate) fn add_frame(&mut self, parent: FrameId, said: String) -> FrameId {
        self.frames.push(Frame { parent, said });
        self.frames.len() as FrameId - 1
    }

    /// Says that what follows octet `start` of the expanded text is this.
    pub(crate) fn add_piece(&mut self, start: usize, file: u32, at: Span, verbatim: bool, frame: FrameId) {
        self.pieces.push(Piece { start: start as u32, file, at, verbatim, frame });
    }

    /// The expanded text is complete.
    pub(crate) fn finish(&mut self, text: &str) {
        self.lines = LineIndex::new(text);
        self.text = Arc::from(text);
    }

    /// The place that octets of the expanded text came from.
    pub fn place(&self, span: Span) -> Place<'_> {
        let Some(first) = self.piece(span.start) else {
            let file = &self.files[0];
            return Place { file, is_script: true, span: Span::default(), line: 1, trail: Vec::new() };
        };
        let start = first.local(span.start);
        let end = match self.piece(span.end.saturating_sub(1).max(span.start)) {
            _ if span.end <= span.start && first.verbatim => start,
            Some(last) if (last.file, last.frame) == (first.file, first.frame) => last.local_end(span.end),
            _ => first.at.end,
        };
        self.describe(first.file, Span { start, end: end.max(start) }, first.frame)
    }

    /// Makes diagnostics whose places are in the expanded text point into the files that these came from. What is said
    /// of one place is said once, however often a loop repeats it.
    pub(crate) fn resolve(&self, diagnostics: &mut Diagnostics) {
        for diagnostic in &mut *diagnostics {
            let place = self.place(diagnostic.span);
            (diagnostic.within, diagnostic.span) = (place.within(), place.span);
        }
        let mut kept: Diagnostics = Vec::with_capacity(diagnostics.len());
        for diagnostic in diagnostics.drain(..) {
            if !kept.iter().any(|other| other.is_same(&diagnostic)) {
                kept.push(diagnostic);
            }
        }
        *diagnostics = kept;
    }

    /// The place that a line of the expanded text came from.
    pub fn line(&self, line: u32) -> Place<'_> {
        let range = self.lines.range(line, &self.text);
        let text = &self.text[range.clone()];
        let first = (range.start + text.len() - text.trim_start().len()) as u32;
        self.place(Span { start: first, end: first })
    }

    pub(crate) fn describe(&self, file: u32, span: Span, frame: FrameId) -> Place<'_> {
        let (is_script, file) = (file == 0, self.file(file));
        let line = LineIndex::new(&file.text).line(span.start);
        Place { file, is_script, span, line, trail: self.trail(frame) }
    }

    fn trail(&self, mut frame: FrameId) -> Vec<String> {
        let mut trail = Vec::new();
        while frame != SCRIPT {
            let Frame { parent, said } = &self.frames[frame as usize];
            trail.push(said.clone());
            frame = *parent;
        }
        trail
    }

    fn piece(&self, octet: u32) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.start <= octet);
        self.pieces.get(after.checked_sub(1)?)
    }
}

impl Piece {
    fn local(&self, octet: u32) -> u32 {
        if self.verbatim { (self.at.start + (octet - self.start)).min(self.at.end) } else { self.at.start }
    }

    fn local_end(&self, octet: u32) -> u32 {
        if self.verbatim { self.local(octet) } else { self.at.end }
    }
}

impl Place<'_> {
    /// For a diagnostic; none if the place is simply in the script.
    pub(crate) fn within(&self) -> Option<Box<Within>> {
        if self.is_script && self.trail.is_empty() {
            return None;
        }
        let file = (!self.is_script).then(|| self.file.clone());
        Some(Box::new(Within { file, trail: self.trail.clone() }))
    }
}
