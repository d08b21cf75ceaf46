//! Capture files: one pcapng a run.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::catalogue::Requirement;
use super::event::RunId;
use crate::engine::Verdict;
use crate::monitor::Violation;
use crate::script::Sources;
use crate::tester::Schedule;
use crate::trace::{Judgement, Trace, TraceEvent, TraceEventKind, write_pcapng};

/// Octets of a case's name in the name of its capture, at most: file systems take 255 in all.
const LONGEST_CASE: usize = 120;

/// `FOLDER/TARGET/IP-VERSION/SCRIPT.pcapng`, for a case `SCRIPT[CASE].pcapng`; of a dialogue that is not delivered whole
/// `DIALOGUE.octet.pcapng`.
pub(super) fn path(folder: &Path, id: RunId<'_>) -> PathBuf {
    let mut path = folder.join(id.target).join(id.ip_version.name());
    // A script above the working folder must not lead out of the folder of captures.
    path.extend(Path::new(&id.script.file).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    }));
    path.set_extension(match id.transport {
        Some(schedule) if schedule != Schedule::Whole => format!("{schedule}.pcapng"),
        _ => "pcapng".to_owned(),
    });
    if let (Some(case), Some(stem)) = (&id.script.case, path.file_stem()) {
        let (stem, end) = match id.transport {
            // The stem ends with the name of the delivery.
            Some(schedule) if schedule != Schedule::Whole => {
                let stem = stem.to_string_lossy();
                (stem.strip_suffix(&format!(".{schedule}")).unwrap_or(&stem).to_owned(), format!(".{schedule}"))
            }
            _ => (stem.to_string_lossy().into_owned(), String::new()),
        };
        let name = format!("{stem}[{}]{end}.pcapng", file_name_part(&case.name));
        path.set_file_name(name);
    }
    path
}

/// A case's name as a part of a file's: what means something to shells or file systems stands as `%` and two digits.
fn file_name_part(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b',' | b'=' | b'+');
    let mut out = String::new();
    for octet in name.bytes() {
        if plain(octet) { out.push(octet as char) } else { _ = write!(out, "%{octet:02x}") }
    }
    if out.len() > LONGEST_CASE {
        // The end of a long name tells cases apart as little as its beginning: a sum over all of it does.
        let sum =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        out.truncate(LONGEST_CASE - 17);
        _ = write!(out, "+{sum:016x}");
    }
    out
}

/// What a capture tells of its run besides the packets.
pub(super) struct About<'a> {
    pub(super) verdict: Verdict,
    pub(super) requirements: &'a [Arc<Requirement>],
    /// Where the lines of the events came from, if they are not simply the script's.
    pub(super) sources: Option<&'a Sources>,
    /// What the monitor saw.
    pub(super) violations: &'a [Violation],
}

/// Writes one run's capture.
pub(super) fn write(path: &Path, id: RunId<'_>, about: &About<'_>, trace: &Trace) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let ids = about.requirements.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
    let title = format!("{} on {} over {}: {}", id.script.name, id.target, id.ip_version, verdict_name(about.verdict));
    let out = BufWriter::new(File::create(path)?);
    let mut frame = 0;
    write_pcapng(out, trace, &title, |event, text| {
        let place = about.sources.filter(|_| event.line != 0).map(|sources| sources.line(event.line));
        let (file, line) =
            place.as_ref().map_or((&*id.script.file, event.line), |place| (&place.file.name, place.line));
        comment(event, file, line, &ids, text);
        frame += 1;
        for violation in about.violations.iter().filter(|violation| violation.frame == frame) {
            _ = write!(text, "; breaks {}: {}", violation.invariant, violation.detail);
        }
    })?
    .flush()
}

/// A packet's comment: the script's line, what was made of the packet, and of which requirement that tells.
fn comment(event: &TraceEvent, file: &str, line: u32, requirements: &str, text: &mut String) {
    if line != 0 {
        let _infallible = write!(text, "{file}:{line}: ");
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
        let id =
            RunId { script: &script, target: "smoltcp", ip_version: IpVersion::Ipv6, profile: None, transport: None };
        assert_eq!(path(Path::new("out"), id), Path::new("out/smoltcp/ipv6/etc/a.b.pcapng"));
    }

    #[test]
    fn a_judged_packet_names_line_requirement_and_verdict() {
        let mut trace = Trace::default();
        trace.received(Instant::ZERO, 7, &[0x45], Judgement::Unexpected);
        trace.injected(Instant::ZERO, 8, &[0x45], 0);
        let text = |event| {
            let mut text = String::new();
            comment(event, "a.pkt", event.line, "9293-MUST-10", &mut text);
            text
        };
        assert_eq!(text(&trace.events[0]), "a.pkt:7: not as expected; 9293-MUST-10: fail");
        assert_eq!(text(&trace.events[1]), "a.pkt:8: injected");
    }
}
