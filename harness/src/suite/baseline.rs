//! Baselines: what a target is known to fail, with the reason.
//!
//! A known failure keeps its verdict and is expected; a pass where a failure is known is as loud as a failure
//! where none is known, so that a baseline never goes stale in silence.

use std::collections::HashMap;
use std::ops::Range;

use super::catalogue::one_line;
use crate::target::IpVersion;

/// One known failure.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownFailure {
    /// The script's path, from the folder of the specs.
    pub script: String,
    /// The IP version it fails with; every one if not said.
    pub ip_version: Option<IpVersion>,
    /// Why it fails.
    pub reason: String,
    /// The RFC clause that the target breaks, such as `RFC 9293 section 3.7.1`.
    pub clause: String,
    /// Where its authors were told.
    pub upstream: Option<String>,
}

/// What one target is known to fail.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// By the last part of the script's path.
    by_file: HashMap<String, Vec<KnownFailure>>,
}

/// A baseline that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineError {
    /// What is wrong, one line.
    pub message: String,
    /// Octets of the text that it is about.
    pub span: Option<Range<usize>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    known_failure: Vec<KnownFailure>,
}

impl Baseline {
    /// Reads a baseline: `[[known-failure]]` entries.
    ///
    /// # Errors
    /// Text that is no baseline, or an entry without a reason or a clause.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let file: File = toml::from_str(text)
            .map_err(|error| BaselineError { message: one_line(error.message()), span: error.span() })?;
        let mut baseline = Baseline::default();
        for known in file.known_failure {
            for (name, value) in [("script", &known.script), ("reason", &known.reason), ("clause", &known.clause)] {
                if value.trim().is_empty() {
                    let message = format!("the known failure of `{}` has an empty {name}", known.script);
                    return Err(BaselineError { message, span: None });
                }
            }
            baseline.by_file.entry(file_name(&known.script).to_owned()).or_default().push(known);
        }
        Ok(baseline)
    }

    /// The known failure of this script with this IP version. `path` may have more in front than the entry.
    pub fn find(&self, path: &str, ip_version: IpVersion) -> Option<&KnownFailure> {
        self.by_file
            .get(file_name(path))?
            .iter()
            .find(|known| known.ip_version.is_none_or(|v| v == ip_version) && ends_with(path, &known.script))
    }

    /// All entries, in order of script.
    pub fn iter(&self) -> impl Iterator<Item = &KnownFailure> {
        let mut all: Vec<_> = self.by_file.values().flatten().collect();
        all.sort_by(|a, b| (&a.script, a.ip_version).cmp(&(&b.script, b.ip_version)));
        all.into_iter()
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether the last parts of `path` are those of `end`.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[[known-failure]]
script = "rfc9293/a.pkt"
reason = "no persist timer"
clause = "RFC 9293 section 3.8.6.1"

[[known-failure]]
script = "rfc9293/b.pkt"
ip-version = "ipv6"
reason = "-"
clause = "RFC 8200 section 8.1"
"#;

    #[test]
    fn an_entry_holds_for_its_script_and_ip_version() {
        let baseline = Baseline::parse(TEXT).unwrap();
        assert!(baseline.find("rfc9293/a.pkt", IpVersion::Ipv4).is_some());
        assert!(baseline.find("/home/me/specs/rfc9293/a.pkt", IpVersion::Ipv6).is_some());
        assert!(baseline.find("other9293/a.pkt", IpVersion::Ipv4).is_none());
        assert!(baseline.find("rfc9293/b.pkt", IpVersion::Ipv4).is_none());
        assert!(baseline.find("rfc9293/b.pkt", IpVersion::Ipv6).is_some());
        assert_eq!(baseline.iter().count(), 2);
    }

    #[test]
    fn an_entry_needs_its_reason_and_its_clause() {
        let error = Baseline::parse("[[known-failure]]\nscript = \"a.pkt\"\nreason = \"r\"\n").unwrap_err();
        assert!(error.message.contains("missing field `clause`"), "{}", error.message);
        let error =
            Baseline::parse("[[known-failure]]\nscript = \"a.pkt\"\nreason = \" \"\nclause = \"c\"\n").unwrap_err();
        assert_eq!(error.message, "the known failure of `a.pkt` has an empty reason");
    }
}
