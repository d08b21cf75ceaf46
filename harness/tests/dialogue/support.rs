//! Dialogues to test with.

use rfcheck::dialogue::{Dialogue, Input, cases};
use rfcheck::text::{Diagnostics, Includes, SourceFile};

macro_rules! dialogues {
    ($($name:literal,)*) => {
        /// Dialogues of many forms, written for these tests.
        pub(crate) const DIALOGUES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../data/dialogues/", $name))),)*];
    };
}

dialogues! {
    "client-dns.dlg", "client-http.dlg", "client-smtp.dlg", "dns-malformed.dlg", "dns-truncation.dlg",
    "http-conflict.dlg", "http-pipelining.dlg", "imap-append.dlg", "mail-across.dlg", "pop3-retr.dlg",
    "smtp-limits.dlg", "smtp-smuggling.dlg", "smtp-starttls.dlg", "smtp-transparency.dlg",
}

/// The files that they include.
pub(crate) struct Included;

impl Includes for Included {
    fn read(&self, _from: &str, path: &str) -> Result<SourceFile, String> {
        match path {
            "smtp-greeted.inc" => {
                let text = include_str!("../data/dialogues/smtp-greeted.inc");
                Ok(SourceFile { name: path.into(), text: text.into() })
            }
            _ => Err("there is no such file".to_owned()),
        }
    }
}

/// Each case of a dialogue, or the dialogue itself.
pub(crate) fn parse(text: &str) -> Vec<Result<Dialogue, Diagnostics>> {
    let input = Input { includes: &Included, ..Input::new(text) };
    let cases = cases(text);
    if cases.is_empty() {
        return vec![input.parse()];
    }
    cases.iter().map(|case| Input { case: Some(case), ..input }.parse()).collect()
}
