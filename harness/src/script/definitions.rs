//! `-D NAME=VALUE` and `--define=NAME=VALUE`: names that the lexer replaces by their values.

use std::collections::BTreeMap;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// A word or number, as written.
    Word(String),
    /// A double-quoted string, without the quotes.
    String(String),
    /// A back-quoted command, without the quotes.
    Command(String),
}

/// Names and what they stand for, in order of name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions(BTreeMap<String, Definition>);

impl Definitions {
    /// Adds a definition; a later one replaces an earlier one.
    pub fn insert(&mut self, name: impl Into<String>, definition: Definition) {
        self.0.insert(name.into(), definition);
    }

    /// Adds `NAME=VALUE` as a command line or an options line writes it: `VALUE` in double quotes or back
    /// quotes is a string or a command. The error says what is missing.
    pub fn insert_text(&mut self, text: &str) -> Result<(), String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` defines nothing; write NAME=VALUE"))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!("`{name}` is not a name; use letters, digits and underscores"));
        }
        let quoted = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
        let definition = match (quoted('"'), quoted('`')) {
            (Some(string), _) => Definition::String(string.to_owned()),
            (_, Some(command)) => Definition::Command(command.to_owned()),
            _ => Definition::Word(value.to_owned()),
        };
        self.insert(name, definition);
        Ok(())
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.0.get(name)
    }

    /// All definitions, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Definition)> {
        self.0.iter().map(|(name, definition)| (name.as_str(), definition))
    }
}
