//! A session as a script.

use std::fmt::Write as _;

use super::calls;
use super::packets::Connections;
use crate::fuzzing::finding::{Cause, Demand, Finding};
use crate::fuzzing::run::Step;
use crate::fuzzing::session::Session;
use crate::script::format;
use crate::time::Instant;

/// A fresh connection that opens, carries data both ways and closes; `{fd}` and `{next}` are descriptors.
const FRESH: &str = "\
+0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, 0) = {fd}
+0 bind({fd}, {address}, ...) = 0
+0 listen({fd}, 1) = 0
+0 < 42000 > 7000 S 0:0(0) win 65535
+0~+3 > 7000 > 42000 S. 0:0(0) ack 1 <...>
+0 < 42000 > 7000 . 1:1(0) ack 1 win 65535
+0 accept({fd}, ..., ...) = {next}
+0 < 42000 > 7000 P. 1:101(100) ack 1 win 65535
+0~+3 > 7000 > 42000 . 1:1(0) ack 101 <...>
+0 read({next}, ..., 100) = 100
+0 write({next}, ..., 100) = 100
+0~+3 > stream 1:101(100) ack 101
+0 < 42000 > 7000 F. 101:101(0) ack 101 win 65535
+0~+3 > 7000 > 42000 . 101:101(0) ack 102 <...>
+0 close({next}) = 0
+0~+3 > 7000 > 42000 F. 101:101(0) ack 102 <...>
+0 < 42000 > 7000 . 102:102(0) ack 102 win 65535
";

/// Segments to a port that nobody has.
const NO_CONNECTION: &str = "\
+0 < 42001 > 7001 . 1:1(0) ack 1 win 65535
+0~+1 > 7001 > 42001 R 1:1(0)
+0 < 42002 > 7001 S 0:0(0) win 65535
+0~+1 > 7001 > 42002 R. 0:0(0) ack 1
";

/// The script of a session: all that the tester and the application did, and at its end what a correct target does.
pub(super) fn write(session: &Session, steps: &[Step], finding: &Finding, target: &str) -> String {
    let link = session.link();
    let mut text = String::new();
    let _ = writeln!(text, "// {}", finding.cause.id());
    let _ = writeln!(text, "// Found by fuzzing on {target}: {}.", finding.cause);
    let _ = writeln!(text, "// There: {}", finding.detail.replace(['\n', '\r'], " "));
    let _ = writeln!(text, "//@ title: {}", title(&finding.cause));
    let _ = writeln!(text, "//@ ip-version: {}", link.ip_version.name());
    if session.setup.small_mtu {
        let _ = writeln!(text, "--mtu={}", link.mtu);
    }
    let mut writer = Writer { text, at: Instant::ZERO, connections: Connections::default(), free: 3 };
    let is_expecting =
        steps.iter().any(|step| matches!(step, Step::Beyond { .. } | Step::Right { .. } | Step::Due { .. }));
    for step in steps {
        match step {
            Step::Injected { at, octets, cut } => match writer.connections.injected(octets, cut.as_ref(), &link) {
                Some(line) => writer.line(*at, &line),
                None => writer.comment("a packet that no script can say"),
            },
            Step::Received { at, octets } => {
                let line = writer.connections.received(octets);
                // What comes before an expectation must be out of its way.
                let line = line.or_else(|| {
                    let line = writer.connections.expected(octets, None, None).filter(|_| is_expecting)?;
                    Some(line.replacen("> ", ">? ", 1))
                });
                if let Some(line) = line {
                    writer.line(*at, &line);
                }
            }
            Step::Beyond { at, octets, acknowledgment } => {
                if let Some(line) = writer.connections.expected(octets, None, Some(*acknowledgment)) {
                    writer.line(*at, &format!("{line} or silence"));
                }
            }
            Step::Due { at, octets } => {
                if let Some(line) = writer.connections.expected(octets, None, None) {
                    writer.until(*at, &line);
                }
            }
            Step::Called { at, call, result, output, right } => {
                if let Ok(fd) = result
                    && matches!(
                        call,
                        crate::target::SocketCall::Socket { .. } | crate::target::SocketCall::Accept { .. }
                    )
                {
                    writer.free = writer.free.max(fd + 1);
                }
                match calls::call(call, *result, output, right.as_deref()) {
                    Some(line) => writer.line(*at, &line),
                    None => writer.comment("a call that changes nothing"),
                }
            }
            Step::Right { at, octets, data } => {
                if let Some(line) = writer.connections.expected(octets, Some(data), None) {
                    writer.line(*at, &line);
                }
            }
            Step::Fresh => {
                // Each session ends with both.
                match finding.cause {
                    Cause::Unanswered(Demand::NoConnection) => writer.text.push_str(NO_CONNECTION),
                    _ => writer.fresh(&link),
                }
                break;
            }
        }
    }
    if matches!(finding.cause, Cause::Gone(_) | Cause::Flood | Cause::Memory) && !steps.contains(&Step::Fresh) {
        writer.fresh(&link);
    }
    match finding.cause {
        Cause::Stalled if !matches!(steps.last(), Some(Step::Due { .. })) => {
            writer.comment("Something is to be sent, sent again or probed for here, and nothing comes for 130 s.");
        }
        _ => {}
    }
    // What cannot be laid out is left as it is, for whoever looks into it.
    format(&writer.text).unwrap_or(writer.text)
}

fn title(cause: &Cause) -> &'static str {
    match cause {
        Cause::Gone(_) => "The stack survives this",
        Cause::Flood => "The stack does not send without end",
        Cause::Memory => "The stack holds no more memory than it needs",
        Cause::Broken(_) => "What the stack sends is right",
        Cause::AcknowledgesUnsent => "Only what was sent is acknowledged",
        Cause::Delivered => "The application reads what was sent",
        Cause::DeliveredAfterFin => "Nothing is delivered from behind a FIN",
        Cause::Sent => "The stack sends what its application wrote",
        Cause::Datagram => "Only datagrams that were sent are delivered",
        Cause::Stalled => "What the application wrote gets through",
        Cause::Lost => "What was acknowledged can be read",
        Cause::Refused => "What is next and inside the window is taken",
        Cause::Unanswered(_) => "What must be answered is answered",
        Cause::NotLive(_) => "A fresh connection works afterwards",
    }
}

struct Writer {
    text: String,
    at: Instant,
    connections: Connections,
    /// A descriptor that is free.
    free: i64,
}

impl Writer {
    fn line(&mut self, at: Instant, line: &str) {
        let micros = at.saturating_since(self.at).as_micros();
        self.at = at;
        let _ = writeln!(self.text, "+{}.{:06} {line}", micros / 1_000_000, micros % 1_000_000);
    }

    /// What comes between now and then. What came last and looks so is what was wrong with it, and no other.
    fn until(&mut self, at: Instant, line: &str) {
        let optional = format!(" {}", line.replacen("> ", ">? ", 1));
        let (start, last) = self.text.trim_end().rsplit_once('\n').map_or((0, ""), |(all, last)| (all.len() + 1, last));
        if last.ends_with(&optional) {
            self.text.truncate(start);
        }
        let micros = at.saturating_since(self.at).as_micros();
        let _ = writeln!(self.text, "+0~+{}.{:06} {line}", micros / 1_000_000, micros % 1_000_000);
    }

    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.text, "// {text}");
    }

    fn fresh(&mut self, link: &crate::target::Link) {
        let family = if link.local.is_ipv4() { ("AF_INET", "inet_addr") } else { ("AF_INET6", "inet6_addr") };
        let address =
            format!("{{sa_family={}, sin_port=htons(7000), sin_addr={}(\"{}\")}}", family.0, family.1, link.local);
        let text = FRESH
            .replace("{fd}", &(self.free + 1).to_string())
            .replace("{next}", &(self.free + 2).to_string())
            .replace("{address}", &address);
        self.text.push_str(&text);
    }
}
