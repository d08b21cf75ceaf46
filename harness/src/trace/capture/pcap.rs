//! Classic pcap files (draft-ietf-opsawg-pcap).

use std::io::Read;

use super::{CaptureError, Found, Input, LinkType, Order};
use crate::time::Instant;

/// The file's header.
#[derive(Debug)]
pub(super) struct Header {
    order: Order,
    nanoseconds: bool,
    link_type: LinkType,
}

impl Header {
    /// Reads what follows the magic number; `None` if that is none of pcap's.
    pub(super) fn read<R: Read>(magic: [u8; 4], input: &mut Input<R>) -> Result<Option<Header>, CaptureError> {
        let (order, nanoseconds) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, false),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, true),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, true),
            _ => return Ok(None),
        };
        let mut rest = [0; 20];
        input.fill(&mut rest, "the file header", 0)?;
        // The upper bits tell of a frame check sequence.
        let link_type = LinkType::from_number(order.u32(&rest, 16) & 0xffff);
        Ok(Some(Header { order, nanoseconds, link_type }))
    }

    /// The next packet.
    pub(super) fn record<R: Read>(
        &self,
        input: &mut Input<R>,
        data: &mut Vec<u8>,
    ) -> Result<Option<Found>, CaptureError> {
        let start = input.position;
        let mut header = [0; 16];
        if !input.fill_or_end(&mut header, "the header of a packet")? {
            return Ok(None);
        }
        let [seconds, fraction, captured, length] = [0, 4, 8, 12].map(|at| self.order.u32(&header, at));
        input.take(data, captured as usize, "a packet", start)?;
        let micros = if self.nanoseconds { fraction / 1_000 } else { fraction };
        Ok(Some(Found {
            at: Instant::from_micros(u64::from(seconds) * 1_000_000 + u64::from(micros)),
            link_type: self.link_type,
            octets: 0..data.len(),
            length: length as usize,
            direction: None,
        }))
    }
}
