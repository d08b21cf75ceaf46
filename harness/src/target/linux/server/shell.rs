//! Commands for the shell of a run.

use crate::target::linux::command::SERVER_ROOT;

/// What servers and actions find in their environment, and nothing else.
const ENVIRONMENT: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C";

/// These words as one command, run where the server's files are: its standard input is empty.
pub(super) fn inside<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let root = SERVER_ROOT.to_string_lossy();
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    format!("chroot {root} /usr/bin/env -i {ENVIRONMENT} {} </dev/null", words.join(" "))
}

/// A shell script with its arguments, run where the server's files are.
pub(super) fn script<'a>(text: &'a str, name: &'a str, arguments: impl IntoIterator<Item = &'a str>) -> String {
    inside(["/bin/sh", "-ec", text, name].into_iter().chain(arguments))
}

/// A word that the shell takes as it stands.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_as_they_stand() {
        assert_eq!(quoted("a b$c"), "'a b$c'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert!(inside(["/bin/echo", "a b"]).ends_with("LC_ALL=C '/bin/echo' 'a b' </dev/null"));
    }
}
