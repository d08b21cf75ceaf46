//! Requirement catalogues: `requirements.toml`, one file a folder of scripts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// How strongly a requirement binds (RFC 2119 section 1 to 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Level {
    /// MAY, OPTIONAL.
    #[serde(rename = "MAY", alias = "OPTIONAL")]
    May,
    /// SHOULD NOT, NOT RECOMMENDED.
    #[serde(rename = "SHOULD NOT", alias = "NOT RECOMMENDED")]
    ShouldNot,
    /// SHOULD, RECOMMENDED.
    #[serde(rename = "SHOULD", alias = "RECOMMENDED")]
    Should,
    /// MUST NOT, SHALL NOT.
    #[serde(rename = "MUST NOT", alias = "SHALL NOT")]
    MustNot,
    /// MUST, SHALL, REQUIRED.
    #[serde(rename = "MUST", alias = "SHALL", alias = "REQUIRED")]
    Must,
}

impl Level {
    /// Whether breaking it breaks the RFC: MUST and MUST NOT.
    pub const fn is_absolute(self) -> bool {
        matches!(self, Level::Must | Level::MustNot)
    }

    /// As RFCs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Level::May => "MAY",
            Level::ShouldNot => "SHOULD NOT",
            Level::Should => "SHOULD",
            Level::MustNot => "MUST NOT",
            Level::Must => "MUST",
        }
    }

    /// From the way RFCs write it.
    pub fn from_name(name: &str) -> Option<Level> {
        [Level::May, Level::ShouldNot, Level::Should, Level::MustNot, Level::Must]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

/// One normative clause.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Stable ID, such as `9293-MUST-10`.
    pub id: String,
    /// The RFC's own label, such as `MUST-10` (RFC 9293 appendix B).
    pub label: Option<String>,
    /// RFC number.
    pub rfc: String,
    /// Section of that RFC.
    pub section: String,
    /// How strongly it binds.
    pub level: Level,
    /// Whether the RFC uses the keyword, or the level is our reading of an older text.
    pub basis: Basis,
    /// Which side it binds, such as `both`, `host`, `sender`.
    pub role: String,
    /// Where a tester can see whether it holds.
    pub observable: Observable,
    /// What it demands, in our words.
    pub text: String,
    /// An idea for a script.
    pub test: Option<String>,
    /// Why no script tests it although a tester could see on the link whether it holds.
    pub untested: Option<String>,
    /// Clauses of older RFCs that it stems from.
    #[serde(default)]
    pub from: Vec<String>,
    /// What a reader should know.
    pub note: Option<String>,
}

/// Where the level of a requirement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A keyword of RFC 2119.
    Keyword,
    /// Our reading of a text without keywords.
    Implied,
}

/// Where a tester can see whether a requirement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Observable {
    /// On the link.
    Wire,
    /// At the socket API.
    Api,
    /// Nowhere outside the implementation.
    Internal,
}

/// All requirements known to a run, by ID.
#[derive(Clone, Debug, Default)]
pub struct Catalogues {
    requirements: BTreeMap<String, Arc<Requirement>>,
    titles: BTreeMap<String, String>,
}

/// A catalogue that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueError {
    /// What is wrong, one line.
    pub message: String,
    /// Octets of the text that it is about.
    pub span: Option<Range<usize>>,
}

/// One `requirements.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// RFC number, or several with commas.
    rfc: String,
    title: String,
    schema: u32,
    #[serde(default)]
    req: Vec<Requirement>,
}

impl Catalogues {
    /// Adds the requirements of one `requirements.toml`. One that is known already is replaced, so that a folder's
    /// own catalogue wins over the built-in one.
    ///
    /// # Errors
    /// Text that is no catalogue of schema 1, or that has one ID twice.
    pub fn add(&mut self, text: &str) -> Result<(), CatalogueError> {
        let file: File = toml::from_str(text)
            .map_err(|error| CatalogueError { message: one_line(error.message()), span: error.span() })?;
        if file.schema != 1 {
            let message = format!("this catalogue has schema {}, and only schema 1 is known", file.schema);
            return Err(CatalogueError { message, span: None });
        }
        let mut own = BTreeMap::new();
        for requirement in file.req {
            let requirement = Arc::new(requirement);
            if let Some(before) = own.insert(requirement.id.clone(), requirement) {
                let message = format!("requirement {} stands twice in one catalogue", before.id);
                return Err(CatalogueError { message, span: None });
            }
        }
        self.requirements.append(&mut own);
        if !file.rfc.contains(',') {
            self.titles.insert(file.rfc, file.title);
        }
        Ok(())
    }

    /// The requirement of this ID.
    pub fn get(&self, id: &str) -> Option<&Arc<Requirement>> {
        self.requirements.get(id)
    }

    /// The title of the catalogue that is about this RFC alone.
    pub fn title(&self, rfc: &str) -> Option<&str> {
        self.titles.get(rfc).map(String::as_str)
    }

    /// How many requirements are known.
    pub fn len(&self) -> usize {
        self.requirements.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// All requirements, in order of ID.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Requirement>> {
        self.requirements.values()
    }

    /// The known ID that is nearest to an unknown one, if one is near.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        super::nearest::nearest(id, self.requirements.keys().map(String::as_str))
    }
}

/// Parsers' messages may have several lines.
pub(super) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
rfc = "768"
title = "User Datagram Protocol"
schema = 1

[[req]]
id = "768-01"
rfc = "768"
section = "Format"
level = "RECOMMENDED"
basis = "implied"
role = "both"
observable = "wire"
text = "the header is 8 octets"
"#;

    #[test]
    fn a_requirement_is_found_by_its_id() {
        let mut catalogues = Catalogues::default();
        catalogues.add(ONE).unwrap();
        let requirement = catalogues.get("768-01").unwrap();
        assert_eq!((requirement.level, requirement.section.as_str()), (Level::Should, "Format"));
        assert_eq!(catalogues.title("768"), Some("User Datagram Protocol"));
        assert_eq!(catalogues.nearest("768-O1"), Some("768-01"));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_has_a_place() {
        let text = ONE.replace("role =", "rolle =");
        let error = Catalogues::default().add(&text).unwrap_err();
        assert!(error.message.contains("unknown field `rolle`"), "{}", error.message);
        assert_eq!(&text[error.span.unwrap()], "rolle");
    }

    #[test]
    fn an_entry_may_say_why_no_script_tests_it() {
        let mut catalogues = Catalogues::default();
        catalogues.add(&format!("{ONE}untested = \"a router's duty\"\n")).unwrap();
        assert_eq!(catalogues.get("768-01").unwrap().untested.as_deref(), Some("a router's duty"));
    }

    #[test]
    fn an_id_that_stands_twice_is_an_error() {
        let again = ONE.split_once("[[req]]").unwrap().1;
        let error = Catalogues::default().add(&format!("{ONE}\n[[req]]{again}")).unwrap_err();
        assert_eq!(error.message, "requirement 768-01 stands twice in one catalogue");
    }

    #[test]
    fn must_is_stronger_than_should() {
        assert!(Level::Must > Level::Should && Level::Should > Level::May);
        assert_eq!(Level::from_name("MUST NOT"), Some(Level::MustNot));
    }
}
