//! A trace as a pcapng file that Wireshark opens.
//!
//! Link type RAW (101): the datagram starts with its IP header. Times count from the target's start, in
//! nanoseconds, so that two equal traces give equal octets. Each packet has a comment, and the flags word
//! says its direction: inbound is what the target received.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use super::{Trace, TraceEvent, TraceEventKind};

/// `if_tsresol`: times are in units of 10^-9 s.
const NANOSECONDS: u8 = 9;
/// `epb_flags` of a packet that the target received.
const INBOUND: u32 = 1;
/// `epb_flags` of a packet that the target sent.
const OUTBOUND: u32 = 2;
/// Options have a length of 16 bits; longer comments are cut.
const LONGEST_COMMENT: usize = 0xfff0;

/// Writes the packets of `trace` as one pcapng section.
///
/// `title` becomes the section's comment. `comment` is asked for the comment of each packet: it appends to an
/// empty string, and leaves it empty for none.
///
/// # Errors
/// What `out` says.
pub fn write_pcapng<W: Write>(
    out: W,
    trace: &Trace,
    title: &str,
    mut comment: impl FnMut(&TraceEvent, &mut String),
) -> io::Result<W> {
    let section = SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![
            SectionHeaderOption::Comment(Cow::Owned(cut(title).to_owned())),
            SectionHeaderOption::UserApplication(Cow::Borrowed(concat!("rfcheck ", env!("CARGO_PKG_VERSION")))),
        ],
        ..SectionHeaderBlock::default()
    };
    let mut writer = PcapNgWriter::with_section_header(out, section).map_err(into_io)?;
    let interface = InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: 0,
        options: vec![InterfaceDescriptionOption::IfTsResol(NANOSECONDS)],
    };
    writer.write_pcapng_block(interface).map_err(into_io)?;
    let mut text = String::new();
    for event in &trace.events {
        let (octets, flags) = match &event.kind {
            TraceEventKind::Injected { octets, .. } => (octets, INBOUND),
            TraceEventKind::Received { octets, .. } => (octets, OUTBOUND),
            _ => continue,
        };
        text.clear();
        comment(event, &mut text);
        let mut options = Vec::with_capacity(2);
        if !text.is_empty() {
            options.push(EnhancedPacketOption::Comment(Cow::Borrowed(cut(&text))));
        }
        options.push(EnhancedPacketOption::Flags(flags));
        let data = trace.octets(octets);
        let packet = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_micros(event.at.micros()),
            original_len: data.len() as u32,
            data: Cow::Borrowed(data),
            options,
        };
        writer.write_pcapng_block(packet).map_err(into_io)?;
    }
    Ok(writer.into_inner())
}

/// The beginning of `text` that fits into an option.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_COMMENT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn into_io(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use pcap_file::pcapng::{Block, PcapNgReader};

    use super::*;
    use crate::time::Instant;
    use crate::trace::Judgement;

    /// An IPv4 header without options and payload, of documentation addresses.
    const DATAGRAM: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0xf5, 0xdc, 192, 0, 2, 1, 192, 0, 2, 2];

    fn trace() -> Trace {
        let mut trace = Trace::default();
        trace.injected(Instant::from_micros(1_500), 3, &DATAGRAM, 0);
        trace.note(Instant::from_micros(1_600), 4, TraceEventKind::Called);
        trace.received(Instant::from_micros(7_000_000_001), 5, &DATAGRAM[..19], Judgement::Unexpected);
        trace
    }

    fn written(trace: &Trace) -> Vec<u8> {
        write_pcapng(Vec::new(), trace, "a.pkt on smoltcp", |event, text| {
            let _ = write!(text, "line {}", event.line);
        })
        .unwrap()
    }

    #[test]
    fn packets_come_back_with_time_direction_and_comment() {
        let file = written(&trace());
        let mut reader = PcapNgReader::new(&file[..]).unwrap();
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            if let Block::EnhancedPacket(packet) = block.unwrap() {
                packets.push((
                    packet.timestamp,
                    packet.data.len(),
                    packet.options.clone().into_iter().map(owned).collect::<Vec<_>>(),
                ));
            }
        }
        assert_eq!(packets.len(), 2);
        assert_eq!(packets[0].0, Duration::from_micros(1_500));
        assert_eq!(packets[0].2, ["line 3", "flags 1"]);
        assert_eq!(packets[1].0, Duration::from_micros(7_000_000_001));
        assert_eq!(packets[1].1, 19);
        assert_eq!(packets[1].2, ["line 5", "flags 2"]);
    }

    fn owned(option: EnhancedPacketOption<'_>) -> String {
        match option {
            EnhancedPacketOption::Comment(text) => text.into_owned(),
            EnhancedPacketOption::Flags(flags) => format!("flags {flags}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn equal_traces_give_equal_octets() {
        assert_eq!(written(&trace()), written(&trace()));
    }

    #[test]
    fn a_comment_too_long_is_cut_between_characters() {
        let long = "é".repeat(0x8000);
        let file = write_pcapng(Vec::new(), &trace(), &long, |_, text| text.push_str(&long)).unwrap();
        let mut reader = PcapNgReader::new(&file[..]).unwrap();
        while let Some(block) = reader.next_block() {
            block.unwrap();
        }
    }

    /// Wireshark's own reading, where tshark is installed.
    #[test]
    fn tshark_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        std::fs::write(&path, written(&trace())).unwrap();
        let fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "ip.src", "-e", "frame.comment"];
        let Ok(output) = std::process::Command::new("tshark").arg("-r").arg(&path).args(fields).output() else {
            eprintln!("not possible here: tshark is not installed");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].contains("0.001500000") && lines[0].contains("192.0.2.1"), "{text}");
        assert!(lines[0].ends_with("line 3"), "{text}");
    }
}
