//! Captures, beside pcap-parser.

use pcap_parser::pcap::parse_pcap_frame_be;
use pcap_parser::{
    Block, LegacyPcapSlice, Linktype, OptionCode, PcapBlockOwned, PcapNGSlice, parse_pcap_frame, parse_pcap_header,
};
use rfcheck::time::Instant;
use rfcheck::trace::{CaptureError, CaptureReader, CapturedPacket, LinkType};

use crate::Quirks;
use crate::quirk::quirks;

quirks! {
    BINARY_RESOLUTION = "pcap-parser-binary-resolution", "pcap-parser 0.17.0",
        "knows no unit of time for an interface whose resolution is a power of two",
        "draft-ietf-opsawg-pcapng section 4.2, if_tsresol: the remaining bits are the resolution as a negative power of 2";
    BIG_OFFSET = "pcap-parser-big-endian-offset", "pcap-parser 0.17.0",
        "reads if_tsoffset as little-endian in sections that are big-endian",
        "draft-ietf-opsawg-pcapng section 4.2, if_tsoffset: in the endianness of the section";
    SECTION_LENGTH = "pcap-parser-section-length", "pcap-parser 0.17.0",
        "does not look at the second length of a section header block",
        "draft-ietf-opsawg-pcapng section 3.1, Block Total Length: the two values MUST be the same";
    BLOCK_LENGTH = "pcap-parser-block-length", "pcap-parser 0.17.0", "accepts a block whose length is no multiple of four octets",
        "draft-ietf-opsawg-pcapng section 3.1, Block Total Length: this value MUST be a multiple of 4";
    OFFSET_LENGTH = "pcap-parser-offset-length", "pcap-parser 0.17.0", "takes the padding of an if_tsoffset that is too short for a part of it",
        "draft-ietf-opsawg-pcapng section 4.2: if_tsoffset has a length of 8";
    OPTIONS_END = "pcap-parser-options-end", "pcap-parser 0.17.0", "reads options of an interface behind opt_endofopt",
        "draft-ietf-opsawg-pcapng section 3.5, opt_endofopt: it marks the end of the options";
    BIG_SLICE = "pcap-parser-big-endian-slice", "pcap-parser 0.17.0",
        "LegacyPcapSlice reads the records of big-endian files as little-endian",
        "draft-ietf-opsawg-pcap section 4: records are in the octet order of the file header";
}

/// An interface as pcap-parser describes it.
struct Interface {
    link_type: LinkType,
    resolution: Option<u64>,
    is_binary: bool,
    offset: i64,
    is_big_endian: bool,
    /// Whether options stand behind their end.
    has_more: bool,
    /// Whether `if_tsoffset` has another length than its own.
    has_odd_offset: bool,
}

/// A capture: the same packets as pcap-parser's, up to where one of both finds something wrong.
///
/// # Panics
///
/// Where they disagree otherwise than in a known quirk.
pub fn capture_peers(octets: &[u8]) -> Quirks {
    let mut quirks = Quirks::new();
    let ours = CaptureReader::new(octets);
    if octets.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        match (ours, PcapNGSlice::from_slice(octets)) {
            (Ok(ours), Ok(theirs)) => pcapng(ours, theirs, &mut quirks),
            (Err(_), Err(_)) => {}
            (Ok(ours), Err(error)) => panic!("we read {ours:?}, pcap-parser says {error:?}"),
            (Err(error), Ok(_)) if is_about_second_length(&error) => quirks.push(&SECTION_LENGTH),
            (Err(_), Ok(_)) if has_odd_length(octets) => quirks.push(&BLOCK_LENGTH),
            (Err(error), Ok(_)) => panic!("pcap-parser reads a section header of which we say that it {error}"),
        }
    } else {
        match (ours, parse_pcap_header(octets)) {
            (Ok(ours), Ok((rest, header))) => {
                pcap(ours, rest, &header, &mut quirks);
                big_endian_slice(octets, &header, &mut quirks);
            }
            (Err(_), Err(_)) => {}
            // A variant of the format that Linux 2 had for a while.
            (Err(_), Ok((_, header))) if header.is_modified_format() => {}
            (Ok(ours), Err(error)) => panic!("we read {ours:?}, pcap-parser says {error:?}"),
            (Err(error), Ok(_)) => panic!("pcap-parser reads a header of which we say that it {error}"),
        }
    }
    quirks
}

fn pcap(mut ours: CaptureReader<&[u8]>, mut rest: &[u8], header: &pcap_parser::PcapHeader, _quirks: &mut Quirks) {
    let frame = if header.is_bigendian() { parse_pcap_frame_be } else { parse_pcap_frame };
    let link_type = LinkType::from_number(header.network.0 as u32 & 0xffff);
    loop {
        match (ours.next_packet(), frame(rest)) {
            (Ok(Some(packet)), Ok((behind, theirs))) => {
                let micros = if header.is_nanosecond_precision() { theirs.ts_usec / 1_000 } else { theirs.ts_usec };
                let at = u64::from(theirs.ts_sec) * 1_000_000 + u64::from(micros);
                assert_eq!(packet.at, Instant::from_micros(at));
                same(&packet, theirs.data, theirs.origlen, link_type);
                rest = behind;
            }
            (Ok(None), _) => return assert!(rest.is_empty(), "octets are left"),
            (Err(_), Err(_)) => return,
            // More than anybody captures in one packet.
            (Err(CaptureError::Damaged { .. }), Ok(_)) => return,
            (ours, theirs) => panic!("we read {ours:?}, pcap-parser {theirs:?}"),
        }
    }
}

fn big_endian_slice(octets: &[u8], header: &pcap_parser::PcapHeader, quirks: &mut Quirks) {
    let first = parse_pcap_frame_be(&octets[header.size()..]);
    let Ok((_, right)) = first else { return };
    if !header.is_bigendian() {
        return;
    }
    let slice = LegacyPcapSlice::from_slice(octets).ok().and_then(|mut slice| slice.next());
    if !matches!(slice, Some(Ok(PcapBlockOwned::Legacy(block))) if block.data == right.data) {
        quirks.push(&BIG_SLICE);
    }
}

fn pcapng(mut ours: CaptureReader<&[u8]>, theirs: PcapNGSlice<'_>, quirks: &mut Quirks) {
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut is_big_endian = false;
    for block in theirs {
        match block {
            Ok(PcapBlockOwned::NG(Block::SectionHeader(section))) => {
                is_big_endian = section.big_endian();
                interfaces.clear();
            }
            Ok(PcapBlockOwned::NG(Block::InterfaceDescription(block))) => interfaces.push(Interface {
                link_type: link_type(block.linktype),
                resolution: block.ts_resolution(),
                is_binary: block.if_tsresol & 0x80 != 0,
                offset: block.if_tsoffset,
                is_big_endian,
                has_more: block.options.iter().rev().skip(1).any(|option| option.code == OptionCode::EndOfOpt),
                has_odd_offset: block
                    .options
                    .iter()
                    .any(|option| option.code == OptionCode::IfTsoffset && option.len != 8),
            }),
            Ok(PcapBlockOwned::NG(Block::EnhancedPacket(theirs))) => {
                let Some(interface) = interfaces.get(theirs.if_id as usize) else {
                    return assert!(ours.next_packet().is_err(), "a packet of an interface that is not described");
                };
                let packet = match ours.next_packet() {
                    Ok(Some(packet)) => packet,
                    // What an interface says cannot be used; it comes before.
                    Err(CaptureError::Damaged { .. }) if interfaces.iter().any(|i| i.resolution.is_none()) => return,
                    // Of a section that began since the packet before.
                    Err(error) if is_about_second_length(&error) => return quirks.push(&SECTION_LENGTH),
                    Err(CaptureError::Damaged { what, .. }) if what.starts_with("a block of") => {
                        return quirks.push(&BLOCK_LENGTH);
                    }
                    ours => panic!("we read {ours:?}, pcap-parser {theirs:?}"),
                };
                let data = theirs.data.get(..theirs.caplen as usize).unwrap_or(theirs.data);
                same(&packet, data, theirs.origlen, interface.link_type);
                time(packet.at, u64::from(theirs.ts_high) << 32 | u64::from(theirs.ts_low), interface, quirks);
            }
            Ok(PcapBlockOwned::NG(Block::SimplePacket(theirs))) => {
                let Ok(Some(packet)) = ours.next_packet() else { return };
                assert!(theirs.data.starts_with(packet.octets), "the octets of a simple packet");
            }
            // pcap-parser gives the octets alone: interface, drops, time and lengths, and then the packet.
            Ok(PcapBlockOwned::NG(Block::Unknown(block))) if block.block_type == obsolete_packet(is_big_endian) => {
                let Ok(Some(packet)) = ours.next_packet() else { return };
                let data = block.data.get(20..).unwrap_or_default();
                assert!(data.starts_with(packet.octets), "the octets of an obsolete packet");
            }
            Ok(_) => {}
            // What is wrong in a block without packets we do not see.
            Err(_) => return,
        }
    }
    match ours.next_packet() {
        Ok(None) | Err(CaptureError::Damaged { .. }) => {}
        // A block of a kind that pcap-parser passes over.
        Ok(Some(_)) => {}
        Err(error) => panic!("pcap-parser reads a capture to its end that {error}"),
    }
}

/// The type of packet blocks before there were enhanced ones (draft-ietf-opsawg-pcapng appendix A), as pcap-parser gives
/// the type of a block that it does not know: as if every section was little-endian.
fn obsolete_packet(is_big_endian: bool) -> u32 {
    if is_big_endian { 2u32.swap_bytes() } else { 2 }
}

/// Whether the length of a section header block is no multiple of four octets.
fn has_odd_length(octets: &[u8]) -> bool {
    let lowest = if octets.get(8) == Some(&0x1a) { 7 } else { 4 };
    octets.get(lowest).is_some_and(|octet| octet % 4 != 0)
}

fn is_about_second_length(error: &CaptureError) -> bool {
    matches!(error, CaptureError::Damaged { what, .. } if what.contains("says at its end"))
}

fn same(packet: &CapturedPacket<'_>, data: &[u8], length: u32, link_type: LinkType) {
    assert_eq!(packet.octets, data, "the octets of packet {}", packet.number);
    assert_eq!(packet.length, (length as usize).max(data.len()), "the length of packet {}", packet.number);
    assert_eq!(packet.link_type, link_type, "the link type of packet {}", packet.number);
}

fn time(ours: Instant, units: u64, interface: &Interface, quirks: &mut Quirks) {
    if interface.has_more {
        return quirks.push(&OPTIONS_END);
    }
    if interface.has_odd_offset {
        return quirks.push(&OFFSET_LENGTH);
    }
    let Some(resolution) = interface.resolution else {
        assert!(interface.is_binary, "pcap-parser knows no unit of time");
        return quirks.push(&BINARY_RESOLUTION);
    };
    let micros = i128::from(units) * 1_000_000 / i128::from(resolution);
    let at = |offset: i64| {
        let micros = micros.saturating_add(i128::from(offset) * 1_000_000).max(0);
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX / 2).min(u64::MAX / 2))
    };
    if ours != at(interface.offset) && interface.is_big_endian && ours == at(interface.offset.swap_bytes()) {
        return quirks.push(&BIG_OFFSET);
    }
    assert_eq!(ours, at(interface.offset), "the time of a packet");
}

fn link_type(theirs: Linktype) -> LinkType {
    LinkType::from_number(theirs.0 as u32)
}
