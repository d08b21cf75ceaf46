//! Runs one dialogue and tells what came of it, as the command would.

use std::sync::Arc;

use rfcheck::engine::Interrupt;
use rfcheck::report::Human;
use rfcheck::suite::config::Config;
use rfcheck::suite::{Request, Source, Suite, TargetEntry, Totals};
use rfcheck::target::{IpVersion, TargetFactory};
use rfcheck::tester::Schedule;

/// The human report of dialogues on a target, and the totals.
pub(crate) fn run(factory: Arc<dyn TargetFactory>, files: &[(&str, &str)], request: Request) -> (String, Totals) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let source = Source::Paths(vec![folder.path().to_owned()]);
    let target = TargetEntry::new(factory);
    let suite = Suite::plan(&source, vec![target], &Config::default(), request).unwrap();
    let mut out = Vec::new();
    let totals = {
        let mut human = Human::new(anstream::StripStream::new(&mut out), Some(120));
        suite.run(&mut [&mut human], &Interrupt::default()).unwrap()
    };
    let text = String::from_utf8(out).unwrap();
    (text.replace(&format!("{}/", folder.path().display()), ""), totals)
}

/// The report of one dialogue that is delivered like this, over IPv4.
pub(crate) fn delivered(factory: Arc<dyn TargetFactory>, dialogue: &str, transports: &[Schedule]) -> (String, Totals) {
    let (ip_versions, transports) = (Some(vec![IpVersion::Ipv4]), transports.to_vec());
    run(factory, &[("a.dlg", dialogue)], Request { commands: true, ip_versions, transports, ..Request::default() })
}

/// The report of one dialogue over IPv4: of a failure what it says of it, else the sums.
pub(crate) fn report(factory: Arc<dyn TargetFactory>, dialogue: &str) -> String {
    let ip_versions = Some(vec![IpVersion::Ipv4]);
    let request = Request { commands: true, ip_versions, ..Request::default() };
    let (text, _) = run(factory, &[("a.dlg", dialogue)], request);
    let begin = ["FAIL a.dlg", "ERROR a.dlg", "INCONCLUSIVE a.dlg"].iter().find_map(|word| text.find(word));
    let Some(begin) = begin else { return text };
    let end = text[begin..].find("\n\n\n").map_or(text.len(), |length| begin + length);
    text[begin..end].to_owned()
}
