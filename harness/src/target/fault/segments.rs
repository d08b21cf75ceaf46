//! The short ways to write faults of TCP: hooks on segments, with what was seen of their connection.

use std::time::Duration;

use super::Behaviour;
use super::behaviour::{Fate, on_injected, on_sent};
use super::between::Between;
use super::flow::{Flow, before};
use super::packets::answer;
use crate::wire::{Packet, Tcp, TcpFlags, TcpOption, TcpOptions};

/// One segment: its header, the octets of its data, and the connection before it.
pub(super) struct Segment<'a> {
    pub(super) tcp: &'a mut Tcp,
    pub(super) data: usize,
    /// Nothing where no connection was seen yet.
    pub(super) flow: Flow,
    /// Whether a segment of the connection was seen before.
    pub(super) is_known: bool,
}

impl Segment<'_> {
    pub(super) fn has(&self, flags: TcpFlags) -> bool {
        self.tcp.flags.contains(flags)
    }

    /// Nothing but an acknowledgment.
    pub(super) fn is_pure_ack(&self) -> bool {
        self.data == 0 && self.tcp.flags.without(TcpFlags(0x1c0)) == TcpFlags::ACK
    }

    /// The sequence numbers it takes.
    pub(super) fn length(&self) -> u32 {
        self.tcp.sequence_length(self.data)
    }

    /// Behind its last octet, SYN or FIN.
    pub(super) fn end(&self) -> u32 {
        self.tcp.sequence.wrapping_add(self.length())
    }

    /// Whether a segment of the target has all been sent before.
    pub(super) fn is_again(&self) -> bool {
        self.flow.iss.is_some() && self.length() > 0 && !before(self.flow.sent_to, self.end())
    }

    /// Keeps the options that are meant, padded anew.
    pub(super) fn retain_options(&mut self, mut keep: impl FnMut(&TcpOption<'_>) -> bool) {
        let mut kept = TcpOptions::new();
        for option in self.tcp.options.iter().flatten().filter(|option| keep(option)) {
            kept.push(option);
        }
        while !kept.len().is_multiple_of(4) {
            kept.push(TcpOption::NoOperation);
        }
        self.tcp.options = kept;
    }
}

/// Does something to every segment of the target.
pub(super) fn segments_sent<R: Into<Fate>>(
    mut hook: impl FnMut(&mut Segment<'_>, &Between) -> R + 'static,
) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| on_segment(packet, between, &mut hook))
}

/// Does something to every segment of the tester.
pub(super) fn segments_injected<R: Into<Fate>>(
    mut hook: impl FnMut(&mut Segment<'_>, &Between) -> R + 'static,
) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| on_segment(packet, between, &mut hook))
}

/// Loses the target's segments that are meant.
pub(super) fn lose_segments_sent(
    mut meant: impl FnMut(&Segment<'_>, &Between) -> bool + 'static,
) -> Box<dyn Behaviour> {
    segments_sent(move |segment, between| if meant(segment, between) { Fate::Lost } else { Fate::Passes })
}

/// Loses the tester's segments that are meant.
pub(super) fn lose_segments_injected(
    mut meant: impl FnMut(&Segment<'_>, &Between) -> bool + 'static,
) -> Box<dyn Behaviour> {
    segments_injected(move |segment, between| if meant(segment, between) { Fate::Lost } else { Fate::Passes })
}

/// Delays the target's segments that are meant.
pub(super) fn delay_segments_sent(
    delay: Duration,
    mut meant: impl FnMut(&Segment<'_>, &Between) -> bool + 'static,
) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| {
        if !look(packet, between, &mut meant) {
            return Fate::Passes;
        }
        between.send_after(delay, packet);
        Fate::Lost
    })
}

/// Sends the target's segments that are meant again, after each of these times in milliseconds.
pub(super) fn repeat_segments_sent(
    delays: &'static [u64],
    mut meant: impl FnMut(&Segment<'_>, &Between) -> bool + 'static,
) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| {
        if look(packet, between, &mut meant) {
            for delay in delays {
                between.send_after(Duration::from_millis(*delay), packet);
            }
        }
    })
}

/// Answers the tester's segments that are meant, in the target's stead, which never hears of them.
pub(super) fn answer_segments(
    mut meant: impl FnMut(&Segment<'_>, &Between) -> bool + 'static,
    how: fn(&Packet<'_>, &mut Between),
) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| {
        if !look(packet, between, &mut meant) {
            return Fate::Passes;
        }
        how(packet, between);
        Fate::Lost
    })
}

/// Has the target believe, when it sends a segment that is meant, that the tester has acknowledged it.
pub(super) fn believe_acknowledged(
    mut meant: impl FnMut(&Segment<'_>, &Between) -> bool + 'static,
) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| {
        if !look(packet, between, &mut meant) {
            return;
        }
        let (Some(tcp), Some(flow)) = (packet.tcp(), between.flow(packet)) else { return };
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(packet.payload.len()));
        let window = flow.peer_window;
        if let Some(mut believed) = answer(packet, TcpFlags::ACK, flow.received_to, end) {
            if let Some(tcp) = believed.tcp_mut() {
                tcp.window = window;
            }
            between.deliver(&believed);
        }
    })
}

/// Has the target believe that the tester has reset the connection that a packet of either side belongs to.
pub(super) fn believe_reset(packet: &Packet<'_>, between: &mut Between) {
    let Some(flow) = between.flow(packet) else { return };
    let is_own = packet.source() == Some(between.local());
    let (flags, sequence, acknowledgment) = match flow.irs {
        Some(_) => (TcpFlags::RST, flow.expects, 0),
        None => (TcpFlags::RST | TcpFlags::ACK, 0, flow.sent_to),
    };
    let reset = if is_own {
        answer(packet, flags, sequence, acknowledgment)
    } else {
        packet.tcp().cloned().and_then(|tcp| {
            let tcp = Tcp { flags, sequence, acknowledgment, ..Tcp::new(tcp.source_port, tcp.destination_port) };
            Some(Packet::new([packet.ip()?.clone(), tcp.into()], &[]))
        })
    };
    if let Some(mut reset) = reset {
        super::packets::compute_lengths(&mut reset);
        between.deliver(&reset);
    }
}

/// Calls `hook` with a packet's segment, if it is one.
fn on_segment<R: Into<Fate>>(
    packet: &mut Packet<'_>,
    between: &Between,
    hook: &mut impl FnMut(&mut Segment<'_>, &Between) -> R,
) -> Fate {
    let known = between.flow(packet).cloned();
    let data = packet.payload.len();
    let Some(tcp) = packet.tcp_mut() else { return Fate::Passes };
    let is_known = known.is_some();
    hook(&mut Segment { tcp, data, flow: known.unwrap_or_default(), is_known }, between).into()
}

/// Whether a packet is a segment that is meant.
fn look(packet: &mut Packet<'_>, between: &Between, meant: &mut impl FnMut(&Segment<'_>, &Between) -> bool) -> bool {
    let mut found = false;
    on_segment(packet, between, &mut |segment: &mut Segment<'_>, between: &Between| found = meant(segment, between));
    found
}
