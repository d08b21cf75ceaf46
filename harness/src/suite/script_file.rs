//! One script as a file: its name in reports, its folder, and its text, read when first needed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::included::Included;
use crate::dialogue;
use crate::script::{self, Case, Definitions, Includes, Input};

/// One script, or one case of a script, from a folder or from the binary itself.
#[derive(Debug)]
pub struct ScriptFile {
    /// Its name in reports: that of its file, for a case with the case's name in brackets behind it.
    pub name: String,
    /// The name of its file: the path that finds it again, with `/` between its parts.
    pub file: String,
    /// Where it lies; `None` if it is built in.
    pub path: Option<PathBuf>,
    /// The case, if the script has cases.
    pub case: Option<Case>,
    text: Arc<OnceLock<Result<Arc<str>, Arc<str>>>>,
    included: Arc<Included>,
}

impl ScriptFile {
    /// A script that lies at `path`.
    pub fn at(path: PathBuf) -> Self {
        ScriptFile::new(display(&path), Some(path), OnceLock::new(), Arc::new(Included::on_disk()))
    }

    /// A script whose text is known.
    pub fn from_text(name: impl Into<String>, text: &str) -> Self {
        ScriptFile::new(name.into(), None, OnceLock::from(Ok(Arc::from(text))), Arc::new(Included::built_in()))
    }

    fn new(
        file: String,
        path: Option<PathBuf>,
        text: OnceLock<Result<Arc<str>, Arc<str>>>,
        included: Arc<Included>,
    ) -> Self {
        ScriptFile { name: file.clone(), file, path, case: None, text: Arc::new(text), included }
    }

    /// The same script, for one of its cases.
    fn with_case(&self, case: Case) -> Self {
        ScriptFile {
            name: format!("{}[{}]", self.file, case.name),
            file: self.file.clone(),
            path: self.path.clone(),
            case: Some(case),
            text: Arc::clone(&self.text),
            included: Arc::clone(&self.included),
        }
    }

    /// The cases of the script, each as a script of its own; the script as it stands if it has none.
    pub fn into_cases(self) -> Vec<Self> {
        let cases = self.all_cases();
        if cases.is_empty() { vec![self] } else { cases.into_iter().map(|case| self.with_case(case)).collect() }
    }

    /// The cases of the whole script, whichever this one is.
    pub(super) fn all_cases(&self) -> Vec<Case> {
        let text = self.text().unwrap_or_default();
        if self.is_dialogue() { dialogue::cases(text) } else { script::cases(text) }
    }

    /// Its text.
    ///
    /// # Errors
    /// A line that says why the file cannot be read: no rights, gone, or not UTF-8.
    pub fn text(&self) -> Result<&str, &str> {
        let read = self.text.get_or_init(|| match &self.path {
            Some(path) => read(path).map(Arc::from).map_err(Arc::from),
            None => Err(Arc::from("there is no file")),
        });
        match read {
            Ok(text) => Ok(text),
            Err(message) => Err(message),
        }
    }

    /// All that decides what its text stands for; `text` is its own.
    pub fn input<'a>(&'a self, text: &'a str, definitions: &'a Definitions) -> Input<'a> {
        Input { name: &self.file, text, definitions, case: self.case.as_ref(), includes: &*self.included }
    }

    /// Where the files that it includes come from.
    pub(super) fn includes(&self) -> &dyn Includes {
        &*self.included
    }

    /// Whether it is a dialogue, `.dlg`, and no script.
    pub fn is_dialogue(&self) -> bool {
        self.file.ends_with(".dlg")
    }

    /// The protocol that a dialogue says it speaks; none of a script.
    pub(super) fn protocol(&self) -> Option<String> {
        let text = self.text().unwrap_or_default();
        let mut words = text.lines().filter_map(|line| line.strip_prefix("//@ protocol:"));
        self.is_dialogue().then(|| words.next().unwrap_or_default().trim().to_owned())
    }

    /// The folder that its commands run in.
    pub fn folder(&self) -> Option<&Path> {
        let parent = self.path.as_deref()?.parent()?;
        Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    }
}

pub(super) fn read(path: &Path) -> Result<String, String> {
    let octets = std::fs::read(path).map_err(|error| format!("cannot read it: {error}"))?;
    String::from_utf8(octets).map_err(|error| {
        format!("it is not UTF-8 text: octet {} is no part of a character", error.utf8_error().valid_up_to())
    })
}

/// A path as reports write it.
fn display(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf_8_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pkt");
        std::fs::write(&path, b"// \xff\n").unwrap();
        let script = ScriptFile::at(path);
        assert_eq!(script.text().unwrap_err(), "it is not UTF-8 text: octet 3 is no part of a character");
        assert_eq!(script.folder(), Some(folder.path()));
    }

    #[test]
    fn the_name_has_no_dot_in_front() {
        assert_eq!(ScriptFile::at(PathBuf::from("./a/b.pkt")).name, "a/b.pkt");
        assert_eq!(ScriptFile::at(PathBuf::from("b.pkt")).folder(), Some(Path::new(".")));
    }
}
