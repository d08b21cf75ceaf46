//! What is known to survive a self-test, with the reason: `survivors.toml` beside the folders of scripts.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::suite::catalogue::one_line;

/// Reasons by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survivors {
    /// Faults that no script kills, by name.
    pub faults: BTreeMap<String, Reason>,
    /// Scripts that no fault fails, by name.
    pub scripts: BTreeMap<String, Reason>,
    /// Requirements that no fault made for them proves, by ID.
    pub requirements: BTreeMap<String, Reason>,
}

/// Why something survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The reason.
    pub why: String,
    /// It is one only where no other target runs; none if it is one everywhere.
    pub targets: Vec<String>,
}

impl Reason {
    /// Whether it is a reason where these targets run.
    pub fn holds_on(&self, targets: &[String]) -> bool {
        self.targets.is_empty() || targets.iter().all(|target| self.targets.contains(target))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Entry>,
    #[serde(default)]
    script: Vec<Entry>,
    #[serde(default)]
    requirement: Vec<Entry>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    why: String,
    #[serde(default)]
    targets: Vec<String>,
}

impl Survivors {
    /// Reads `[[fault]]`, `[[script]]` and `[[requirement]]` entries, each with `name`, `why`, and perhaps
    /// `targets`, where the reason is one only as long as no other target runs.
    ///
    /// # Errors
    /// Text that does not fit, with its place where it is known; a reason that is empty; a name that stands twice.
    pub fn parse(text: &str) -> Result<Survivors, (String, Option<Range<usize>>)> {
        let file: File = toml::from_str(text).map_err(|error| (one_line(error.message()), error.span()))?;
        let reasons = |entries: Vec<Entry>| {
            let mut reasons = BTreeMap::new();
            for Entry { name, why, targets } in entries {
                if why.trim().is_empty() {
                    return Err((format!("nobody says why `{name}` survives"), None));
                }
                if reasons.insert(name.clone(), Reason { why, targets }).is_some() {
                    return Err((format!("`{name}` stands twice"), None));
                }
            }
            Ok(reasons)
        };
        Ok(Survivors {
            faults: reasons(file.fault)?,
            scripts: reasons(file.script)?,
            requirements: reasons(file.requirement)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_may_be_one_on_some_targets_alone() {
        let survivors = Survivors::parse("[[fault]]\nname = \"a\"\nwhy = \"b\"\ntargets = [\"x\", \"y\"]\n").unwrap();
        let holds_on = |targets: &[&str]| {
            survivors.faults["a"].holds_on(&targets.iter().map(|target| (*target).to_owned()).collect::<Vec<_>>())
        };
        assert!(holds_on(&["x"]) && holds_on(&["y", "x"]) && !holds_on(&["x", "z"]));
    }

    #[test]
    fn an_entry_has_a_name_and_a_reason() {
        let survivors = Survivors::parse("[[fault]]\nname = \"a\"\nwhy = \"b\"\n").unwrap();
        assert_eq!(survivors.faults["a"].why, "b");
        let (message, _) = Survivors::parse("[[script]]\nname = \"a\"\nwhy = \" \"\n").unwrap_err();
        assert_eq!(message, "nobody says why `a` survives");
        let twice = "[[script]]\nname = \"a\"\nwhy = \"b\"\n".repeat(2);
        assert_eq!(Survivors::parse(&twice).unwrap_err().0, "`a` stands twice");
        let (message, place) = Survivors::parse("[[skript]]\n").unwrap_err();
        assert!(message.contains("unknown field `skript`") && place.is_some(), "{message}");
    }
}
