//! Capture files: one pcapng a run.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::catalogue::Requirement;
use super::event::RunId;
use crate::engine::Verdict;
use crate::trace::{Judgement, Trace, TraceEvent, TraceEventKind, write_pcapng};

/// `FOLDER/TARGET/IP-VERSION/SCRIPT.pcapng`.
pub(super) fn path(folder: &Path, id: RunId<'_>) -> PathBuf {
    let mut path = folder.join(id.target).join(id.ip_version.name());
    // A script above the working folder must not lead out of the folder of captures.
    path.extend(Path::new(&id.script.name).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    }));
    path.set_extension("pcapng");
    path
}

/// Writes one run's capture.
pub(super) fn write(
    path: &Path,
    id: RunId<'_>,
    verdict: Verdict,
    requirements: &[Arc<Requirement>],
    trace: &Trace,
) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let ids = requirements.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
    let title = format!("{} on {} over {}: {}", id.script.name, id.target, id.ip_version, verdict_name(verdict));
    let out = BufWriter::new(File::create(path)?);
    write_pcapng(out, trace, &title, |event, text| comment(event, &id.script.name, &ids, text))?.flush()
}

/// A packet's comment: the script's line, what was made of the packet, and of which requirement that tells.
fn comment(event: &TraceEvent, script: &str, requirements: &str, text: &mut String) {
    if event.line != 0 {
        let _infallible = write!(text, "{script}:{}: ", event.line);
    }
    let (what, judged) = match &event.kind {
        TraceEventKind::Injected { .. } => ("injected", None),
        TraceEventKind::Received { judgement: Judgement::Expected, .. } => ("as expected", Some("pass")),
        TraceEventKind::Received { judgement: Judgement::Unexpected, .. } => ("not as expected", Some("fail")),
        TraceEventKind::Received { judgement: Judgement::Unrelated, .. } => ("of no connection under test", None),
        TraceEventKind::Received { judgement: Judgement::Remaining, .. } => ("left over at the end", None),
        _ => return,
    };
    text.push_str(what);
    if let Some(judged) = judged.filter(|_| !requirements.is_empty()) {
        let _infallible = write!(text, "; {requirements}: {judged}");
    }
}

/// As reports write it.
pub(crate) const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotApplicable => "not-applicable",
        Verdict::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::ScriptFile;
    use crate::target::IpVersion;
    use crate::time::Instant;

    #[test]
    fn a_capture_stays_in_its_folder() {
        let script = ScriptFile::from_text("../../etc/a.b.pkt", "");
        let id = RunId { script: &script, target: "smoltcp", ip_version: IpVersion::Ipv6, profile: None };
        assert_eq!(path(Path::new("out"), id), Path::new("out/smoltcp/ipv6/etc/a.b.pcapng"));
    }

    #[test]
    fn a_judged_packet_names_line_requirement_and_verdict() {
        let mut trace = Trace::default();
        trace.received(Instant::ZERO, 7, &[0x45], Judgement::Unexpected);
        trace.injected(Instant::ZERO, 8, &[0x45], 0);
        let text = |event| {
            let mut text = String::new();
            comment(event, "a.pkt", "9293-MUST-10", &mut text);
            text
        };
        assert_eq!(text(&trace.events[0]), "a.pkt:7: not as expected; 9293-MUST-10: fail");
        assert_eq!(text(&trace.events[1]), "a.pkt:8: injected");
    }
}
