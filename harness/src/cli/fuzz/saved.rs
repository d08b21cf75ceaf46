//! A campaign in a folder, to be taken up again.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fuzzing::{Found, Resumed};
use crate::suite::SuiteError;

/// Version of the file's format.
const SCHEMA: u32 = 1;
const FILE: &str = "campaign.json";

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Saved {
    schema: u32,
    /// The target's name.
    pub(super) target: String,
    /// The seed of the campaign.
    pub(super) seed: u64,
    /// How far it came.
    pub(super) resumed: Resumed,
    /// What was found.
    pub(super) findings: Vec<SavedFinding>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SavedFinding {
    /// Its cause.
    pub(super) id: String,
    /// What happened when it was first seen.
    detail: String,
    /// The sessions that lead to it.
    seeds: Vec<u64>,
}

/// The folder, if there is one.
#[derive(Debug)]
pub(super) struct Folder(Option<PathBuf>);

impl Saved {
    pub(super) fn new(target: &str, seed: u64) -> Self {
        let (target, resumed) = (target.to_owned(), Resumed::default());
        Saved { schema: SCHEMA, target, seed, resumed, findings: Vec::new() }
    }

    pub(super) fn add(&mut self, found: &Found) {
        let (id, detail) = (found.cause.id(), found.detail.clone());
        self.findings.push(SavedFinding { id, detail, seeds: found.examined.seeds.clone() });
    }
}

impl Folder {
    /// The folder, and the campaign in it if there is one.
    ///
    /// # Errors
    /// What is there is no campaign, or one of another target or seed.
    pub(super) fn open(
        path: Option<&Path>,
        target: &str,
        seed: Option<u64>,
    ) -> Result<(Folder, Option<Saved>), SuiteError> {
        let Some(path) = path else { return Ok((Folder(None), None)) };
        let folder = Folder(Some(path.to_owned()));
        let file = path.join(FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((folder, None)),
            Err(error) => return Err(SuiteError::Usage(format!("cannot read `{}`: {error}", file.display()))),
        };
        let wrong = |why: String| SuiteError::Usage(format!("`{}` {why}", file.display()));
        let saved: Saved = serde_json::from_str(&text).map_err(|error| wrong(format!("is no campaign: {error}")))?;
        if saved.schema != SCHEMA {
            return Err(wrong(format!("has format {}, this version of rfcheck reads {SCHEMA}", saved.schema)));
        }
        if saved.target != target {
            return Err(wrong(format!("is a campaign against `{}`, not `{target}`", saved.target)));
        }
        if let Some(seed) = seed.filter(|seed| *seed != saved.seed) {
            return Err(wrong(format!("is the campaign of seed {}, not {seed}", saved.seed)));
        }
        Ok((folder, Some(saved)))
    }

    /// Writes the campaign, so that the file is always a whole one.
    pub(super) fn save(&self, saved: &Saved) -> Result<(), SuiteError> {
        let Some(folder) = &self.0 else { return Ok(()) };
        let (file, new) = (folder.join(FILE), folder.join("campaign.json.new"));
        let output = |source| SuiteError::Output { what: format!("`{}`", file.display()), source };
        let text = serde_json::to_string_pretty(saved).map_err(|error| output(error.into()))?;
        fs::create_dir_all(folder).map_err(output)?;
        fs::write(&new, text + "\n").map_err(output)?;
        fs::rename(&new, &file).map_err(output)
    }
}
