//! The files that scripts include: read once, from the script's folder or from the binary itself.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::discovery;
use super::script_file::read;
use crate::script::{Includes, SourceFile};

/// A folder that holds one of these is the root of its scripts: none includes what lies above it.
const ROOT_MARKS: [&str; 3] = ["baselines", "rfcheck.toml", ".git"];

/// Files that were included so far.
#[derive(Debug)]
pub(super) struct Included {
    built_in: bool,
    read: Mutex<BTreeMap<String, Result<SourceFile, String>>>,
}

impl Included {
    pub(super) fn on_disk() -> Self {
        Included { built_in: false, read: Mutex::default() }
    }

    pub(super) fn built_in() -> Self {
        Included { built_in: true, ..Included::on_disk() }
    }

    fn find(&self, from: &str, name: &str) -> Result<SourceFile, String> {
        if self.built_in {
            let text = discovery::built_in_text(name).ok_or("there is no such file in the binary")?;
            return Ok(SourceFile { name: name.into(), text: text.into() });
        }
        if name.split('/').any(|part| part == "..") || leads_up(from, name) {
            let root = root(from);
            let path = normal(&std::path::absolute(name).map_err(|error| error.to_string())?);
            if !path.starts_with(&root) {
                return Err(format!(
                    "it lies outside of `{}`, the root of the scripts, which is the nearest folder with {}",
                    root.display(),
                    ROOT_MARKS.map(|mark| format!("`{mark}`")).join(", ")
                ));
            }
        }
        Ok(SourceFile { name: name.into(), text: read(Path::new(name))?.into() })
    }
}

impl Includes for Included {
    fn read(&self, from: &str, path: &str) -> Result<SourceFile, String> {
        if path.starts_with('/') || path.is_empty() {
            return Err("a path begins in the folder of the file that includes it".to_owned());
        }
        if !path.ends_with(".inc") {
            return Err("files to include end in `.inc`".to_owned());
        }
        let Some(name) = join(from, path) else {
            return Err("it lies above the root of the scripts".to_owned());
        };
        // Whoever panicked while it read left nothing half done.
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = known.get(&name) {
            return result.clone();
        }
        let result = self.find(from, &name);
        known.insert(name, result.clone());
        result
    }
}

/// The name of what a file includes: both parts joined, without `.` and, where they can be resolved, `..`. None for
/// what lies above the root of the file system.
fn join(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") | None => parts.push(".."),
                Some(&"") => return None,
                Some(_) => _ = parts.pop(),
            },
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a file lies elsewhere than in the folder of another one or below it.
fn leads_up(from: &str, name: &str) -> bool {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    !(folder.is_empty() || name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// The root of the scripts of which one lies at `path`; its own folder if no folder above has a mark.
fn root(path: &str) -> PathBuf {
    let path = normal(&std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)));
    let folder = path.parent().unwrap_or(&path);
    let is_root = |folder: &&Path| ROOT_MARKS.iter().any(|mark| folder.join(mark).exists());
    folder.ancestors().find(is_root).unwrap_or(folder).to_owned()
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = out.pop(),
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        folder
    }

    fn include(folder: &tempfile::TempDir, from: &str, path: &str) -> Result<String, String> {
        let from = format!("{}/{from}", folder.path().display());
        Included::on_disk().read(&from, path).map(|file| file.text.to_string())
    }

    #[test]
    fn paths_begin_at_the_file_that_includes() {
        let folder = folder(&["baselines/t.toml", "a/b.inc", "c.inc", "a/d/e.inc"]);
        assert_eq!(include(&folder, "a/x.pkt", "b.inc").unwrap(), "a/b.inc");
        assert_eq!(include(&folder, "a/x.pkt", "./d/e.inc").unwrap(), "a/d/e.inc");
        assert_eq!(include(&folder, "a/x.pkt", "../c.inc").unwrap(), "c.inc");
        assert_eq!(include(&folder, "a/d/e.inc", "../../c.inc").unwrap(), "c.inc");
    }

    #[test]
    fn nothing_above_the_root_is_included() {
        let marked = folder(&["specs/baselines/t.toml", "specs/a/x.pkt", "secret.inc"]);
        let error = include(&marked, "specs/a/x.pkt", "../../secret.inc").unwrap_err();
        assert!(error.contains("the root of the scripts"), "{error}");
        let plain = folder(&["a/x.pkt", "b.inc"]);
        assert!(include(&plain, "a/x.pkt", "../b.inc").unwrap_err().contains("/a`, the root"));
        assert!(include(&plain, "a/x.pkt", "/etc/b.inc").unwrap_err().contains("begins in the folder"));
        assert!(include(&plain, "a/x.pkt", "b.txt").unwrap_err().contains("end in `.inc`"));
        assert!(Included::built_in().read("rfc768/x.pkt", "../../x.inc").is_err());
    }
}
