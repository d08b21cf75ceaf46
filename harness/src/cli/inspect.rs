//! `rfcheck inspect`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{self, Exit};
use super::output;
use crate::monitor::{Monitor, Sender, Vantage, Violation};
use crate::report::inspection::{Inspection, Inspector};
use crate::suite::SuiteError;
use crate::time::Instant;
use crate::trace::{CaptureError, CaptureReader, CapturedPacket, Direction};

const EXAMPLES: &str = "\
Examples:
  rfcheck inspect capture.pcapng                what in it breaks an RFC
  rfcheck inspect --diagram capture.pcap        and a sequence diagram of each conversation
  rfcheck inspect --host 192.0.2.7 tun.pcapng   judge what this host sends; the capture is of its own link, and complete";

fn help() -> String {
    format!("{EXAMPLES}\n\n{}", exit::HELP)
}

#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = help())]
pub(super) struct Inspect {
    /// A capture: pcapng or pcap, of Ethernet, Linux cooked, loopback or raw IP
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Judge only what this host sends, in a capture that was taken on its own link and lacks nothing
    ///
    /// More can be told then: what is not in the capture was not sent. In captures that rfcheck wrote, the target is
    /// this host, unless another one is named.
    #[arg(long, value_name = "ADDRESS")]
    host: Vec<IpAddr>,

    /// Draw a sequence diagram of each conversation
    #[arg(long)]
    diagram: bool,

    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,

    /// Breaking a SHOULD is a failure too
    #[arg(long)]
    strict: bool,
}

/// What to write to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text, for people
    Human,
    /// One JSON object
    Json,
}

/// Who is judged in a capture.
enum Judged<'a> {
    /// Everybody.
    All,
    /// These hosts.
    Hosts(&'a [IpAddr]),
    /// The end whose packets are outbound.
    Outbound,
}

pub(super) fn inspect(args: &Inspect) -> Result<Exit, SuiteError> {
    let (violations, error) = monitor(args)?;
    let inspection = describe(args, violations, error.map(|error| error.to_string()))?;
    let mut out = BufWriter::new(anstream::stdout().lock());
    match args.format {
        Format::Human => inspection.write_human(&mut out),
        Format::Json => inspection.write_json(&mut out),
    }
    .and_then(|()| out.flush())
    .map_err(output)?;
    if let (Some(error), Format::Human) = (inspection.error(), args.format) {
        let _unwritable = writeln!(anstream::stderr(), "error: `{}` {error}", args.file.display());
    }
    Ok(if inspection.has_failures(args.strict) {
        Exit::Failed
    } else if inspection.error().is_some() {
        Exit::SetUp
    } else if inspection.is_empty() {
        Exit::NothingRan
    } else {
        Exit::AsExpected
    })
}

/// What the monitor finds, and why the capture could not be read to its end.
fn monitor(args: &Inspect) -> Result<(Vec<Violation>, Option<CaptureError>), SuiteError> {
    let mut monitor = None;
    let mut last = Instant::ZERO;
    let error = each_packet(args, |judged, packet| {
        let vantage = match judged {
            Judged::All => Vantage::capture(),
            Judged::Hosts(_) => Vantage::host(),
            Judged::Outbound => Vantage::link(),
        };
        let monitor = monitor.get_or_insert_with(|| Monitor::new(vantage));
        last = packet.at;
        match packet.datagram() {
            Some((octets, length)) => monitor.packet(packet.at, judged.sender(packet, octets), octets, length),
            None => monitor.skip(),
        }
    })?;
    let Some(mut monitor) = monitor else { return Ok((Vec::new(), error)) };
    monitor.finish(last);
    Ok((monitor.violations().to_vec(), error))
}

/// The second reading, which shows the packets.
fn describe(args: &Inspect, violations: Vec<Violation>, error: Option<String>) -> Result<Inspection, SuiteError> {
    let mut inspector = Inspector::new(args.file.display().to_string(), violations, args.diagram);
    if error.is_none() || args.file.is_file() {
        each_packet(args, |_, packet| inspector.packet(packet.at, packet.datagram().map(|(octets, _)| octets)))?;
    }
    Ok(inspector.finish(error))
}

fn each_packet(
    args: &Inspect,
    mut each: impl FnMut(&Judged<'_>, &CapturedPacket<'_>),
) -> Result<Option<CaptureError>, SuiteError> {
    let usage = |error: std::io::Error| SuiteError::Usage(format!("cannot open `{}`: {error}", args.file.display()));
    let file = BufReader::new(File::open(&args.file).map_err(usage)?);
    let mut reader = match CaptureReader::new(file) {
        Ok(reader) => reader,
        Err(error) => return Ok(Some(error)),
    };
    let is_ours = reader.application().is_some_and(|application| application.starts_with("rfcheck "));
    let judged = match (args.host.as_slice(), is_ours) {
        ([], false) => Judged::All,
        ([], true) => Judged::Outbound,
        (hosts, _) => Judged::Hosts(hosts),
    };
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) => each(&judged, &packet),
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        }
    }
}

impl Judged<'_> {
    fn sender(&self, packet: &CapturedPacket<'_>, octets: &[u8]) -> Sender {
        let is_judged = match self {
            Judged::All => return Sender::Unknown,
            Judged::Hosts(hosts) => source(octets).is_some_and(|source| hosts.contains(&source)),
            Judged::Outbound => packet.direction == Some(Direction::Outbound),
        };
        if is_judged { Sender::Target } else { Sender::Tester }
    }
}

/// The source address of a datagram.
fn source(octets: &[u8]) -> Option<IpAddr> {
    match octets.first()? >> 4 {
        4 => octets.get(12..16)?.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        6 => octets.get(8..24)?.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}
