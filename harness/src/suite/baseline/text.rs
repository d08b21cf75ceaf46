//! A baseline's text: entries come and go, and all that people wrote stays as it stands.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::{BaselineError, KnownFailure};
use crate::suite::catalogue::one_line;
use crate::target::IpVersion;

const KEY: &str = "known-failure";

/// A baseline that is being rewritten.
pub(super) struct BaselineText {
    document: DocumentMut,
    /// Comments at the top that are about the file and not about its first entry: they end with an empty line.
    head: String,
    /// In order.
    tables: Vec<Table>,
}

impl BaselineText {
    pub(super) fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| BaselineError {
            message: one_line(error.message()),
            span: error.span(),
        })?;
        let tables = match document.remove(KEY) {
            None => Vec::new(),
            Some(Item::ArrayOfTables(tables)) => tables.into_iter().collect(),
            Some(other) => {
                let message = "entries are written as [[known-failure]] tables".to_owned();
                return Err(BaselineError { message, span: other.span() });
            }
        };
        let mut text = BaselineText { document, head: String::new(), tables };
        text.head = match text.tables.first_mut() {
            Some(first) => {
                let above = above(first).to_owned();
                let (head, own) = above.split_at(above.rfind("\n\n").map_or(0, |at| at + 1));
                first.decor_mut().set_prefix(own);
                head.to_owned()
            }
            None => text.document.trailing().as_str().unwrap_or_default().to_owned(),
        };
        text.document.set_trailing("");
        Ok(text)
    }

    /// Takes an entry, to be given back changed, several times or not at all.
    pub(super) fn take_all(&mut self) -> Vec<Table> {
        std::mem::take(&mut self.tables)
    }

    pub(super) fn push(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Puts a new entry before the first one whose script, or case of it, comes after it.
    pub(super) fn insert(&mut self, known: &KnownFailure) {
        let text = |table: &Table, key| table.get(key).and_then(Item::as_str).map(str::to_owned);
        let own = (Some(known.script.clone()), known.case.clone());
        let after = |table: &Table| (text(table, "script"), text(table, "case")) > own;
        let at = self.tables.iter().position(after).unwrap_or(self.tables.len());
        let mut table = Table::new();
        table.insert("script", value(&known.script));
        if let Some(case) = &known.case {
            table.insert("case", value(case));
        }
        if let Some(ip_version) = known.ip_version {
            table.insert("ip-version", value(ip_version.name()));
        }
        if let Some(profile) = &known.profile {
            table.insert("profile", value(profile));
        }
        if let Some(transport) = known.transport {
            table.insert("transport", value(transport.name()));
        }
        table.insert("reason", value(&known.reason));
        table.insert("clause", value(&known.clause));
        self.tables.insert(at, table);
    }

    pub(super) fn print(mut self) -> String {
        let is_first = |at: usize| at == 0;
        for (at, table) in self.tables.iter_mut().enumerate() {
            // Entries come out in this order, not in that of the places they had.
            table.set_position(None);
            let own = above(table).trim_start_matches('\n').to_owned();
            let gap = if is_first(at) && self.head.is_empty() { "" } else { "\n" };
            let head = if is_first(at) { self.head.as_str() } else { "" };
            table.decor_mut().set_prefix(format!("{head}{gap}{own}"));
        }
        if self.tables.is_empty() {
            self.document.set_trailing(self.head.as_str());
            return self.document.to_string();
        }
        self.document.insert(KEY, Item::ArrayOfTables(self.tables.into_iter().collect::<ArrayOfTables>()));
        self.document.to_string()
    }
}

/// The same entry for one IP version alone.
pub(super) fn narrowed(table: &Table, ip_version: IpVersion) -> Table {
    let mut narrowed = table.clone();
    let mut rest = Vec::new();
    // Behind the script's path, where people write it.
    for key in table.iter().map(|(key, _)| key.to_owned()).skip_while(|key| key != "script").skip(1) {
        if let Some(entry) = narrowed.remove_entry(&key) {
            rest.push(entry);
        }
    }
    narrowed.insert("ip-version", value(ip_version.name()));
    for (key, item) in rest {
        narrowed.insert_formatted(&key, item);
    }
    narrowed
}

/// What stands above an entry: empty lines and comments.
fn above(table: &Table) -> &str {
    table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# The file.\n\n# Of a.\n[[known-failure]]\nscript = \"a\"\n\n[[known-failure]] # b\nscript = \"b\"\n";

    fn known(script: &str) -> KnownFailure {
        let (reason, clause) = ("r".to_owned(), "c".to_owned());
        let (case, ip_version, profile, transport, upstream) = (None, None, None, None, None);
        KnownFailure { script: script.into(), case, ip_version, profile, transport, reason, clause, upstream, line: 0 }
    }

    /// What becomes of `TEXT` if only these of its entries stay.
    fn kept(keep: &[usize]) -> String {
        let mut text = BaselineText::parse(TEXT).unwrap();
        for (at, table) in text.take_all().into_iter().enumerate() {
            if keep.contains(&at) {
                text.push(table);
            }
        }
        text.print()
    }

    #[test]
    fn comments_go_with_their_entry_and_those_of_the_file_stay() {
        assert_eq!(kept(&[0, 1]), TEXT);
        assert_eq!(kept(&[1]), "# The file.\n\n[[known-failure]] # b\nscript = \"b\"\n");
        assert_eq!(kept(&[0]), "# The file.\n\n# Of a.\n[[known-failure]]\nscript = \"a\"\n");
        assert_eq!(kept(&[]), "# The file.\n");
    }

    #[test]
    fn a_new_entry_stands_in_order_of_script() {
        let order = |script| {
            let mut text = BaselineText::parse(TEXT).unwrap();
            text.insert(&known(script));
            let printed = text.print();
            assert!(printed.starts_with("# The file.\n\n"), "{printed}");
            let scripts = printed.lines().filter_map(|line| line.strip_prefix("script = "));
            scripts.map(|name| name.trim_matches('"')).collect::<String>()
        };
        assert_eq!([order("0"), order("aa"), order("c")], ["0ab", "aaab", "abc"]);
        let mut empty = BaselineText::parse("").unwrap();
        empty.insert(&known("a"));
        assert!(empty.print().starts_with("[[known-failure]]\nscript = \"a\"\n"));
    }

    #[test]
    fn entries_in_another_form_are_refused() {
        let text = "known-failure = [{ script = \"a\", reason = \"r\", clause = \"c\" }]\n";
        assert!(BaselineText::parse(text).err().unwrap().message.contains("[[known-failure]]"));
    }
}
