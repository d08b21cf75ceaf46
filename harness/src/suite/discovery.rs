//! Finds scripts, catalogues and baselines: in folders, or in the binary itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::ScriptFile;

/// The built-in specs: the repository's `specs/` folder as it was when rfcheck was built.
static SPECS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../specs");

/// The file with a folder's requirements.
pub(super) const CATALOGUE: &str = "requirements.toml";
/// The folder with the baselines, beside the folders of scripts.
const BASELINES: &str = "baselines";
/// What is known to survive a self-test, beside the folders of scripts.
const SURVIVORS: &str = "survivors.toml";

/// Where scripts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The specs inside the binary.
    BuiltIn,
    /// These files and folders.
    Paths(Vec<PathBuf>),
}

/// One text that was found, with the name it goes by in messages.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) text: String,
    /// Its file; `None` if it is built in.
    pub(super) path: Option<PathBuf>,
}

impl Found {
    fn built_in(name: &str, text: &str) -> Self {
        Found { name: format!("built-in {name}"), text: text.to_owned(), path: None }
    }

    /// Reads a file.
    pub(super) fn read(path: PathBuf) -> Result<Self, DiscoveryError> {
        let text = read(&path)?;
        Ok(Found { name: path.display().to_string(), text, path: Some(path) })
    }
}

/// Why a path cannot be searched.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`: {source}", path.display())]
pub struct DiscoveryError {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

impl Source {
    /// All scripts, and of those with cases each case: of a folder its `.pkt` files and those of its folders, in order
    /// of name; a file as it stands. `FILE[CASE]` is one case of a file.
    ///
    /// # Errors
    /// A path that does not exist, or a folder that cannot be listed.
    pub fn scripts(&self) -> Result<Vec<ScriptFile>, DiscoveryError> {
        with_cases(self.files(&["pkt"])?.into_iter().filter(|(file, _)| !file.is_dialogue()))
    }

    /// All dialogues, and of those with cases each case, found as [scripts](Self::scripts) are.
    ///
    /// # Errors
    /// A path that does not exist, or a folder that cannot be listed.
    pub fn dialogues(&self) -> Result<Vec<ScriptFile>, DiscoveryError> {
        with_cases(self.files(&["dlg"])?.into_iter().filter(|(file, _)| file.is_dialogue()))
    }

    /// All scripts and dialogues, in the order in which [scripts](Self::scripts) are found.
    ///
    /// # Errors
    /// A path that does not exist, or a folder that cannot be listed.
    pub fn runnable(&self) -> Result<Vec<ScriptFile>, DiscoveryError> {
        with_cases(self.files(&["pkt", "dlg"])?.into_iter())
    }

    /// All files in the language: those of scripts and, of folders, also those that scripts include.
    ///
    /// # Errors
    /// A path that does not exist, or a folder that cannot be listed.
    pub fn texts(&self) -> Result<Vec<ScriptFile>, DiscoveryError> {
        let files = self.files(&["pkt", "dlg", "inc"])?;
        Ok(files.into_iter().map(|(file, _)| file).collect())
    }

    /// The files with one of these extensions, each with the one case that was asked for.
    fn files(&self, extensions: &[&str]) -> Result<Vec<(ScriptFile, Option<String>)>, DiscoveryError> {
        match self {
            Source::BuiltIn => {
                let mut scripts = Vec::new();
                built_in(&SPECS, &mut |name, text| {
                    if Path::new(name).extension().is_some_and(|e| extensions.iter().any(|known| e == *known)) {
                        scripts.push(ScriptFile::from_text(name, text));
                    }
                });
                scripts.sort_by(|a: &ScriptFile, b| a.name.cmp(&b.name));
                Ok(scripts.into_iter().map(|script| (script, None)).collect())
            }
            Source::Paths(paths) => {
                let mut seen = BTreeSet::new();
                let mut found = Vec::new();
                for path in paths {
                    if let Some((file, case)) = one_case(path) {
                        found.push((file, Some(case)));
                    } else if metadata(path)?.is_dir() {
                        walk(path, &mut |path| {
                            if path.extension().is_some_and(|e| extensions.iter().any(|known| e == *known)) {
                                found.push((path.to_owned(), None));
                            }
                        })?;
                    } else {
                        found.push((path.clone(), None));
                    }
                }
                found.retain(|file| seen.insert(file.clone()));
                Ok(found.into_iter().map(|(path, case)| (ScriptFile::at(path), case)).collect())
            }
        }
    }

    /// All catalogues that are about these scripts: the built-in ones, that of the nearest folder above each path
    /// that has one, those within; later ones win.
    pub(super) fn catalogues(&self) -> Result<Vec<Found>, DiscoveryError> {
        let mut found = Vec::new();
        built_in(&SPECS, &mut |name, text| {
            if Path::new(name).file_name().is_some_and(|n| n == CATALOGUE) {
                found.push(Found::built_in(name, text));
            }
        });
        if let Source::Paths(paths) = self {
            let mut files = BTreeSet::new();
            for path in paths {
                if let Some(file) = folders_above(path).map(|folder| folder.join(CATALOGUE)).find(|file| file.is_file())
                {
                    add(&mut found, &mut files, file)?;
                }
                if path.is_dir() {
                    add_within(path, &mut found, &mut files)?;
                }
            }
        }
        Ok(found)
    }

    /// The catalogues that lie within what was named: those whose requirements these scripts are to test.
    pub(super) fn catalogues_within(&self) -> Result<Vec<Found>, DiscoveryError> {
        let Source::Paths(paths) = self else { return self.catalogues() };
        let (mut found, mut files) = (Vec::new(), BTreeSet::new());
        for path in paths.iter().filter(|path| path.is_dir()) {
            add_within(path, &mut found, &mut files)?;
        }
        Ok(found)
    }

    /// The baseline of a target: `baselines/TARGET.toml` of the nearest folder that has one, else the built-in one.
    pub(super) fn baseline(&self, target: &str) -> Result<Option<Found>, DiscoveryError> {
        self.nearest(format!("{BASELINES}/{target}.toml"))
    }

    /// What is known to survive a self-test: that of the nearest folder that has it, else the built-in one.
    pub(super) fn survivors(&self) -> Result<Option<Found>, DiscoveryError> {
        self.nearest(SURVIVORS.to_owned())
    }

    /// A file of the nearest folder that has it, else the built-in one.
    fn nearest(&self, file: String) -> Result<Option<Found>, DiscoveryError> {
        if let Source::Paths(paths) = self {
            let near = paths
                .iter()
                .flat_map(|path| path.is_dir().then(|| path.clone()).into_iter().chain(folders_above(path)));
            if let Some(path) = near.map(|folder| folder.join(&file)).find(|path| path.is_file()) {
                return Found::read(path).map(Some);
            }
        }
        let text = SPECS.get_file(&file).and_then(|file| file.contents_utf8());
        Ok(text.map(|text| Found::built_in(&file, text)))
    }

    /// All baselines that lie within what was named.
    pub(super) fn baselines_within(&self) -> Result<Vec<Found>, DiscoveryError> {
        let mut found = Vec::new();
        match self {
            Source::BuiltIn => built_in(&SPECS, &mut |name, text| {
                if is_baseline(Path::new(name)) {
                    found.push(Found::built_in(name, text));
                }
            }),
            Source::Paths(paths) => {
                let mut files = BTreeSet::new();
                for path in paths.iter().filter(|path| path.is_dir()) {
                    walk(path, &mut |file| _ = is_baseline(file).then(|| files.insert(file.to_owned())))?;
                }
                for file in files {
                    found.push(Found::read(file)?);
                }
            }
        }
        Ok(found)
    }

    /// Where a target's baseline is to lie if it has none: in the nearest folder for baselines, else in one beside the
    /// scripts. `None` for the built-in specs.
    #[cfg(feature = "cli")]
    pub(crate) fn baseline_to_be(&self, target: &str) -> Option<PathBuf> {
        let Source::Paths(paths) = self else { return None };
        let mut near =
            paths.iter().flat_map(|path| path.is_dir().then(|| path.clone()).into_iter().chain(folders_above(path)));
        let first = near.next()?;
        let folder = if first.join(BASELINES).is_dir() {
            Some(first.clone())
        } else {
            near.find(|f| f.join(BASELINES).is_dir())
        };
        Some(folder.unwrap_or(first).join(BASELINES).join(format!("{target}.toml")))
    }

    /// Whether a script that a baseline names lies where it says: beside the baseline or its folder, below a folder that
    /// was named or one above it, or in the binary if the scripts or the baseline do.
    pub(super) fn has_script(&self, baseline: Option<&Path>, script: &str) -> bool {
        let beside = baseline.into_iter().flat_map(|file| file.ancestors().skip(1).take(2)).map(Path::to_owned);
        let near: Vec<PathBuf> = match self {
            Source::BuiltIn => Vec::new(),
            Source::Paths(paths) => {
                paths.iter().flat_map(|path| std::iter::once(path.clone()).chain(folders_above(path))).collect()
            }
        };
        let is_built_in = *self == Source::BuiltIn || baseline.is_none();
        is_built_in && SPECS.get_file(script).is_some()
            || beside.chain(near).any(|folder| folder.join(script).is_file())
    }
}

/// The cases of each file, or the one that was asked for.
fn with_cases(files: impl Iterator<Item = (ScriptFile, Option<String>)>) -> Result<Vec<ScriptFile>, DiscoveryError> {
    let mut scripts = Vec::new();
    for (file, case) in files {
        let cases = file.into_cases();
        let Some(asked) = case else {
            scripts.extend(cases);
            continue;
        };
        let names: Vec<_> = cases.iter().filter_map(|file| Some(file.case.as_ref()?.name.clone())).collect();
        let Some(at) = names.iter().position(|name| *name == asked) else {
            return Err(no_case(&cases[0].file, &asked, &names));
        };
        scripts.extend(cases.into_iter().nth(at));
    }
    Ok(scripts)
}

fn is_baseline(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "toml")
        && file.parent().and_then(Path::file_name).is_some_and(|folder| folder == BASELINES)
}

/// The text of a file of the built-in specs.
pub(super) fn built_in_text(name: &str) -> Option<&'static str> {
    SPECS.get_file(name)?.contents_utf8()
}

/// Why a script lacks a case.
fn no_case(file: &str, asked: &str, names: &[String]) -> DiscoveryError {
    const MOST: usize = 8;
    let mut shown = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => shown = "no cases".to_owned(),
        1..=MOST => {}
        more => shown = format!("{shown} and {} more", more - MOST),
    }
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, format!("the script has {shown}"));
    DiscoveryError { path: format!("{file}[{asked}]").into(), source }
}

/// The file and the case of `FILE[CASE]`, where that is not itself a file.
fn one_case(path: &Path) -> Option<(PathBuf, String)> {
    let (file, case) = path.to_str()?.strip_suffix(']')?.split_once('[')?;
    if !file.ends_with(".pkt") && !file.ends_with(".dlg") {
        return None;
    }
    let file = PathBuf::from(file);
    (!path.exists() && file.is_file()).then(|| (file, case.to_owned()))
}

/// Adds the catalogues of a folder and of its folders.
fn add_within(folder: &Path, found: &mut Vec<Found>, seen: &mut BTreeSet<PathBuf>) -> Result<(), DiscoveryError> {
    let mut within = Vec::new();
    walk(folder, &mut |file| {
        if file.file_name().is_some_and(|n| n == CATALOGUE) {
            within.push(file.to_owned());
        }
    })?;
    within.into_iter().try_for_each(|file| add(found, seen, file))
}

fn add(found: &mut Vec<Found>, seen: &mut BTreeSet<PathBuf>, path: PathBuf) -> Result<(), DiscoveryError> {
    if seen.insert(path.clone()) {
        found.push(Found::read(path)?);
    }
    Ok(())
}

/// The folders that a path lies in, nearest first.
fn folders_above(path: &Path) -> impl Iterator<Item = PathBuf> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut above: Vec<_> = absolute.ancestors().skip(1).map(Path::to_owned).collect();
    // The root of the file system is nobody's folder of scripts.
    above.pop();
    above.into_iter()
}

fn built_in(folder: &Dir<'static>, visit: &mut dyn FnMut(&str, &'static str)) {
    for file in folder.files() {
        if let (Some(name), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            visit(name, text);
        }
    }
    for folder in folder.dirs() {
        built_in(folder, visit);
    }
}

/// Visits the files of a folder and its folders, in order of name. Links to folders are not followed: they may lead
/// back up.
fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) -> Result<(), DiscoveryError> {
    let error = |source| DiscoveryError { path: folder.to_owned(), source };
    let mut entries = std::fs::read_dir(folder).map_err(error)?.collect::<Result<Vec<_>, _>>().map_err(error)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(|source| DiscoveryError { path: path.clone(), source })?;
        if kind.is_dir() {
            walk(&path, visit)?;
        } else {
            visit(&path);
        }
    }
    Ok(())
}

fn metadata(path: &Path) -> Result<std::fs::Metadata, DiscoveryError> {
    std::fs::metadata(path).map_err(|source| DiscoveryError { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<String, DiscoveryError> {
    std::fs::read_to_string(path).map_err(|source| DiscoveryError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn scripts_come_in_order_of_name_and_once() {
        let folder = folder(&[("b/2.pkt", ""), ("a.pkt", ""), ("b/1.pkt", ""), ("b/readme.md", "")]);
        let source = Source::Paths(vec![folder.path().to_owned(), folder.path().join("a.pkt")]);
        let names: Vec<_> = source
            .scripts()
            .unwrap()
            .into_iter()
            .map(|s| s.path.unwrap().strip_prefix(folder.path()).unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["a.pkt", "b/1.pkt", "b/2.pkt"]);
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        let error = Source::Paths(vec!["no/such/folder".into()]).scripts().unwrap_err();
        assert!(error.to_string().starts_with("cannot read `no/such/folder`: "), "{error}");
    }

    #[test]
    fn catalogues_and_baselines_are_found_above_a_script_too() {
        let folder = folder(&[("rfc1/x/a.pkt", ""), ("rfc1/requirements.toml", "one"), ("baselines/mine.toml", "two")]);
        let source = Source::Paths(vec![folder.path().join("rfc1/x/a.pkt")]);
        assert_eq!(source.catalogues().unwrap().last().unwrap().text, "one");
        assert_eq!(source.baseline("mine").unwrap().unwrap().text, "two");
    }

    #[test]
    fn the_built_in_catalogues_can_be_read() {
        let mut catalogues = super::super::Catalogues::default();
        for found in Source::BuiltIn.catalogues().unwrap() {
            catalogues.add(&found.text).unwrap_or_else(|error| panic!("{}: {}", found.name, error.message));
        }
        assert!(catalogues.get("9293-MUST-10").is_some());
        assert!(catalogues.get("768-01").is_some());
    }
}
