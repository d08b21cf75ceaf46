use proptest::prelude::*;

use super::*;
use crate::trace::{Judgement, Trace, write_pcapng};

/// An IPv4 header without options and payload, of documentation addresses.
const DATAGRAM: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0xf5, 0xdc, 192, 0, 2, 1, 192, 0, 2, 2];

fn ours() -> Vec<u8> {
    let mut trace = Trace::default();
    trace.injected(Instant::from_micros(1_500), 3, &DATAGRAM, 0);
    trace.received(Instant::from_micros(7_000_000_001), 5, &DATAGRAM[..19], Judgement::Expected);
    write_pcapng(Vec::new(), &trace, "a", |_, text| text.push_str("comment")).unwrap()
}

fn classic(magic: u32, link_type: u32, fraction: u32, frame: &[u8], length: u32) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [magic, 0x0004_0002, 0, 0, 65535, link_type, 7, fraction, frame.len() as u32, length] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(frame);
    file
}

type Read = (u64, Option<(Vec<u8>, usize)>, Option<Direction>);

fn read_all(file: &[u8]) -> Result<Vec<Read>, CaptureError> {
    let mut reader = CaptureReader::new(file)?;
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet()? {
        let datagram = packet.datagram().map(|(octets, length)| (octets.to_vec(), length));
        packets.push((packet.at.micros(), datagram, packet.direction));
    }
    Ok(packets)
}

fn message(file: &[u8]) -> String {
    read_all(file).unwrap_err().to_string()
}

#[test]
fn what_we_write_is_read_again() {
    let packets = read_all(&ours()).unwrap();
    assert_eq!(packets[0], (1_500, Some((DATAGRAM.to_vec(), 20)), Some(Direction::Inbound)));
    assert_eq!(packets[1], (7_000_000_001, Some((DATAGRAM[..19].to_vec(), 19)), Some(Direction::Outbound)));
    assert_eq!(packets.len(), 2);
    let file = ours();
    let reader = CaptureReader::new(&file[..]).unwrap();
    assert!(reader.application().is_some_and(|name| name.starts_with("rfcheck ")));
}

#[test]
fn classic_files_of_either_resolution() {
    let micro = classic(0xa1b2_c3d4, 101, 250_000, &DATAGRAM, 20);
    let nano = classic(0xa1b2_3c4d, 101, 250_000_999, &DATAGRAM, 1_000);
    assert_eq!(read_all(&micro).unwrap(), [(7_250_000, Some((DATAGRAM.to_vec(), 20)), None)]);
    assert_eq!(read_all(&nano).unwrap(), [(7_250_000, Some((DATAGRAM.to_vec(), 1_000)), None)]);
}

#[test]
fn link_headers_are_taken_off() {
    let with = |front: &[u8]| [front, &DATAGRAM].concat();
    let frames = [
        (1, with(&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0])),
        (1, with(&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0x81, 0, 0, 7, 8, 0])),
        (0, with(&[2, 0, 0, 0])),
        (113, with(&[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 1, 0, 0, 8, 0])),
        (276, with(&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 1, 0, 0])),
    ];
    for (link_type, frame) in frames {
        let file = classic(0xa1b2_c3d4, link_type, 0, &frame, frame.len() as u32);
        assert_eq!(read_all(&file).unwrap()[0].1, Some((DATAGRAM.to_vec(), 20)), "link type {link_type}");
    }
    let arp = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 6, 0, 1];
    assert_eq!(read_all(&classic(0xa1b2_c3d4, 1, 0, &arp, 16)).unwrap()[0].1, None);
    assert_eq!(read_all(&classic(0xa1b2_c3d4, 147, 0, &DATAGRAM, 20)).unwrap()[0].1, None);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert_eq!(
        message(b"GET / HTTP/1.1"),
        "is no capture: it begins with 47 45 54 20, neither as pcapng nor as pcap does"
    );
    assert_eq!(message(&[0x1f, 0x8b, 8, 0, 0]), "is compressed with gzip: unpack it first");
    assert_eq!(message(b"ab"), "ends at octet 2 within the first four octets, which begins at octet 0");
    let cut = classic(0xa1b2_c3d4, 101, 0, &DATAGRAM, 20);
    assert_eq!(message(&cut[..45]), "ends at octet 45 within a packet, which begins at octet 24");
    let mut huge = cut.clone();
    huge[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(message(&huge), "is damaged at octet 24: a packet of 4294967295 octets, more than 16777216");
    let mut odd = ours();
    let end = odd.len();
    odd[end - 4] ^= 1;
    assert!(message(&odd).contains("says at its end that it has"), "{}", message(&odd));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _any = read_all(&octets);
    }

    #[test]
    fn no_damaged_file_makes_it_panic(at in 0usize..2_000, value: u8, cut in 0usize..2_000) {
        for mut file in [ours(), classic(0xa1b2_c3d4, 1, 0, &DATAGRAM, 20)] {
            let length = file.len();
            file[at % length] = value;
            file.truncate(1 + cut % length);
            let _any = read_all(&file);
        }
    }
}
