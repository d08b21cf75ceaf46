//! pcapng files (draft-ietf-opsawg-pcapng).

use std::io::Read;

use super::{CaptureError, Direction, Found, Input, LinkType, Order};
use crate::time::Instant;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// Interfaces of a section that are kept.
const MOST_INTERFACES: usize = 65_536;

/// A section: its octet order and interfaces.
#[derive(Debug)]
pub(super) struct Section {
    order: Order,
    pub(super) application: Option<String>,
    interfaces: Vec<Interface>,
    /// When the packet before was seen: simple packets have no time.
    last: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: LinkType,
    snap_length: usize,
    /// Units of time in a second.
    resolution: u64,
    /// Seconds to add.
    offset: i64,
}

impl Section {
    /// Reads the section header block whose type was read already.
    pub(super) fn read<R: Read>(input: &mut Input<R>, data: &mut Vec<u8>) -> Result<Section, CaptureError> {
        let start = input.position - 4;
        let mut head = [0; 8];
        input.fill(&mut head, "the section header", start)?;
        let order = match head[4..] {
            [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
            [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
            _ => {
                let what = "the section header has no byte-order magic".to_owned();
                return Err(CaptureError::Damaged { at: start + 8, what });
            }
        };
        let length = order.u32(&head, 0);
        rest(input, data, order, length, 12, start)?;
        let mut section = Section { order, application: None, interfaces: Vec::new(), last: Instant::ZERO };
        for (code, value) in options(order, data.get(12..).unwrap_or_default()) {
            if code == 4 {
                section.application = std::str::from_utf8(value).ok().map(str::to_owned);
            }
        }
        Ok(section)
    }

    /// The next packet.
    pub(super) fn packet<R: Read>(
        &mut self,
        input: &mut Input<R>,
        data: &mut Vec<u8>,
    ) -> Result<Option<Found>, CaptureError> {
        loop {
            let start = input.position;
            let mut kind = [0; 4];
            if !input.fill_or_end(&mut kind, "the header of a block")? {
                return Ok(None);
            }
            let kind = self.order.u32(&kind, 0);
            if kind == SECTION {
                let last = self.last;
                *self = Section { last, ..Section::read(input, data)? };
                continue;
            }
            let mut length = [0; 4];
            input.fill(&mut length, "the header of a block", start)?;
            rest(input, data, self.order, self.order.u32(&length, 0), 8, start)?;
            let found = match kind {
                INTERFACE => {
                    self.interface(data, start)?;
                    None
                }
                ENHANCED_PACKET => Some(self.enhanced(data, start)?),
                OBSOLETE_PACKET => Some(self.obsolete(data, start)?),
                SIMPLE_PACKET => Some(self.simple(data, start)?),
                _ => None,
            };
            if let Some(found) = found {
                self.last = found.at;
                return Ok(Some(found));
            }
        }
    }

    fn interface(&mut self, body: &[u8], start: u64) -> Result<(), CaptureError> {
        if body.len() < 8 || self.interfaces.len() == MOST_INTERFACES {
            return Err(damaged(start, "an interface description that is too short, or one too many"));
        }
        let mut interface = Interface {
            link_type: LinkType::from_number(self.order.u16(body, 0).into()),
            snap_length: self.order.u32(body, 4) as usize,
            resolution: 1_000_000,
            offset: 0,
        };
        for (code, value) in options(self.order, &body[8..]) {
            match (code, value) {
                (9, &[resolution, ..]) => {
                    let exponent = u32::from(resolution & 0x7f);
                    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
                    let unusable = || damaged(start, "an interface whose time resolution is beyond what 64 bits count");
                    interface.resolution = base.checked_pow(exponent).ok_or_else(unusable)?;
                }
                (14, value) if value.len() == 8 => interface.offset = self.order.u64(value, 0) as i64,
                _ => {}
            }
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn enhanced(&self, body: &[u8], start: u64) -> Result<Found, CaptureError> {
        self.timed(self.order.u32(body, 0) as usize, body, start)
    }

    fn obsolete(&self, body: &[u8], start: u64) -> Result<Found, CaptureError> {
        self.timed(self.order.u16(body, 0).into(), body, start)
    }

    /// A packet with time, lengths and options behind the number of its interface.
    fn timed(&self, interface: usize, body: &[u8], start: u64) -> Result<Found, CaptureError> {
        let Some(of) = self.interfaces.get(interface) else {
            return Err(damaged(start, &format!("a packet of interface {interface}, which is not described")));
        };
        let [high, low, captured, length] = [4, 8, 12, 16].map(|at| self.order.u32(body, at));
        let end = 20 + captured as usize;
        if end > body.len() {
            let there = body.len().saturating_sub(20);
            return Err(damaged(start, &format!("a packet of {captured} octets in a block with room for {there}")));
        }
        let mut direction = None;
        for (code, value) in options(self.order, body.get(end.next_multiple_of(4)..).unwrap_or_default()) {
            if code == 2 && value.len() == 4 {
                direction = match self.order.u32(value, 0) & 0b11 {
                    1 => Some(Direction::Inbound),
                    2 => Some(Direction::Outbound),
                    _ => None,
                };
            }
        }
        Ok(Found {
            at: of.instant(u64::from(high) << 32 | u64::from(low)),
            link_type: of.link_type,
            octets: 20..end,
            length: length as usize,
            direction,
        })
    }

    fn simple(&self, body: &[u8], start: u64) -> Result<Found, CaptureError> {
        let Some(of) = self.interfaces.first() else {
            return Err(damaged(start, "a packet before any interface is described"));
        };
        let length = self.order.u32(body, 0) as usize;
        let snapped = if of.snap_length == 0 { length } else { length.min(of.snap_length) };
        let end = 4 + snapped;
        if end > body.len() {
            return Err(damaged(start, &format!("a packet of {snapped} octets in a block of {}", body.len())));
        }
        Ok(Found { at: self.last, link_type: of.link_type, octets: 4..end, length, direction: None })
    }
}

impl Interface {
    fn instant(&self, units: u64) -> Instant {
        let micros = u128::from(units) * 1_000_000 / u128::from(self.resolution);
        let micros = i128::try_from(micros).unwrap_or(i128::MAX).saturating_add(i128::from(self.offset) * 1_000_000);
        // One less than for ever, so that something can come after it.
        Instant::from_micros(u64::try_from(micros.max(0)).unwrap_or(u64::MAX / 2).min(u64::MAX / 2))
    }
}

/// Reads the body of a block of `length` octets, `read` of which were read, without the second length.
fn rest<R: Read>(
    input: &mut Input<R>,
    data: &mut Vec<u8>,
    order: Order,
    length: u32,
    read: u32,
    start: u64,
) -> Result<(), CaptureError> {
    if length < read + 4 || !length.is_multiple_of(4) {
        return Err(damaged(start, &format!("a block of {length} octets")));
    }
    input.take(data, (length - read) as usize, "a block", start)?;
    let again = order.u32(data, data.len() - 4);
    if again != length {
        return Err(damaged(start, &format!("a block of {length} octets says at its end that it has {again}")));
    }
    data.truncate(data.len() - 4);
    Ok(())
}

/// Options with their codes, as far as they can be read.
fn options(order: Order, mut octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (code, length) = (order.u16(octets, 0), usize::from(order.u16(octets, 2)));
        let value = octets.get(4..4 + length).filter(|_| code != 0)?;
        octets = octets.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

fn damaged(at: u64, what: &str) -> CaptureError {
    CaptureError::Damaged { at, what: what.to_owned() }
}
