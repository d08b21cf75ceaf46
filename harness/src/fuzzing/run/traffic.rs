//! What goes to the target and comes from it: datagrams and calls, each kept for the script and shown to the oracles.

use smallvec::SmallVec;

use super::connection::{Beyond, Connection};
use super::step::{Cut, Step};
use super::{Cause, Given, Run, Stop, pattern};
use crate::fuzzing::session::{Fault, FaultKind};
use crate::target::{CallId, CallMode, CallOutput, Errno, Event, SocketCall};
use crate::time::Instant;
use crate::wire::{Packet, TcpFlags, fragment};

/// Datagrams at one instant, after one thing that the tester did, from which on the target sends without end.
const FLOOD: u32 = 20_000;

/// What a call gives that has not returned, as a number of the Linux ABI.
const EINTR: i32 = 4;

impl Run<'_, '_> {
    /// Sends a datagram, in the pieces that the fault asks for, and takes what comes at once.
    pub(super) fn inject(&mut self, octets: &[u8], fault: Fault) -> Result<(), Stop> {
        self.note_fault(fault);
        match fault.kind {
            FaultKind::Fragments => {
                let header = if self.link.local.is_ipv4() { 20 } else { 40 };
                let length = octets.len() - header;
                let choice = usize::from(fault.choice);
                let cut =
                    (length / (2 + (choice & 1)) / 8 * 8).clamp(8.min(length), self.link.mtu as usize / 8 * 8 - 64);
                let mut ranges: SmallVec<[(usize, usize); 8]> =
                    (0..length).step_by(cut.max(1)).map(|start| (start, (start + cut).min(length))).collect();
                if choice & 2 != 0 {
                    ranges.reverse();
                }
                if choice & 4 != 0 {
                    ranges.pop();
                }
                if choice & 8 != 0 {
                    // Overlaps what is next to it.
                    if let Some(range) = ranges.iter_mut().find(|range| range.0 >= 8) {
                        range.0 -= 8;
                    }
                }
                if choice & 16 != 0 && !ranges.is_empty() {
                    ranges.insert(1, ranges[0]);
                }
                self.incomplete += u32::from(choice & 0b1100 != 0);
                // Another one for each datagram: what a target makes of a mixture depends on whether it looks at checksums,
                // and stacks that are built for fuzzing often do not.
                self.fragmented = self.fragmented.wrapping_add(1);
                let identification = 0x100 + self.fragmented;
                for (start, end) in ranges {
                    // What cannot be cut, such as a datagram with a forced length, is not sent.
                    let cut = Cut { start, end, identification: identification & 0xffff };
                    if let Ok(piece) = fragment(octets, start..end, cut.identification) {
                        self.inject_one(&piece, Some((octets, cut)))?;
                    }
                }
                Ok(())
            }
            FaultKind::Twice => {
                self.inject_one(octets, None)?;
                self.inject_one(octets, None)
            }
            _ => self.inject_one(octets, None),
        }
    }

    fn inject_one(&mut self, octets: &[u8], of: Option<(&[u8], Cut)>) -> Result<(), Stop> {
        let at = self.target.now();
        self.at_once = (at, 0);
        if let Some(steps) = &mut self.runner.steps {
            let (whole, cut) = of.map_or((octets, None), |(whole, cut)| (whole, Some(cut)));
            steps.push(Step::Injected { at, octets: whole.to_vec(), cut });
        }
        self.frames += 1;
        if !self.is_leaving {
            let parsed = Packet::parse(octets, None);
            for oracle in &mut self.runner.oracles {
                oracle.packet(at, false, octets, &parsed);
            }
        }
        self.target.inject(octets).map_err(|error| self.failed(error))?;
        self.advance(at.offset(self.runner.settling), u32::MAX)
    }

    /// Takes what the target sends until `until`; ends early after `most` datagrams.
    pub(super) fn advance(&mut self, until: Instant, most: u32) -> Result<(), Stop> {
        let mut count = 0;
        loop {
            match self.wait(until)? {
                Event::Packet(_) => {
                    count += 1;
                    if count >= most {
                        return Ok(());
                    }
                }
                Event::Returned(_) => {}
                Event::Deadline => return Ok(()),
            }
        }
    }

    fn wait(&mut self, until: Instant) -> Result<Event, Stop> {
        let mut received = std::mem::take(&mut self.runner.received);
        let event = self.target.wait(until, &mut received);
        let result = match &event {
            Ok(Event::Packet(_)) if self.is_shared && self.is_of_another(&received) => Ok(()),
            Ok(Event::Packet(at)) => self.received(*at, &received),
            _ => Ok(()),
        };
        self.runner.received = received;
        result?;
        event.map_err(|error| self.failed(error))
    }

    /// Makes a call; what it gave, or nothing if it has not returned.
    pub(super) fn call(&mut self, call: SocketCall) -> Result<Option<Given>, Stop> {
        let at = self.target.now();
        self.at_once = (at, 0);
        let place = self.runner.steps.as_ref().map_or(0, Vec::len);
        if let Some(steps) = &mut self.runner.steps {
            // Before what it makes the target send; what it gave is filled in when it has returned.
            let (call, result, output) = (call.clone(), Err(Errno(EINTR)), CallOutput::None);
            steps.push(Step::Called { at, call, result, output, right: None });
        }
        let id = self.target.call(call, CallMode::Immediate).map_err(|error| self.failed(error))?;
        let returned = self.returned(at.offset(self.runner.settling), id)?;
        if let Some(Step::Called { result, output, .. }) =
            self.runner.steps.as_mut().and_then(|steps| steps.get_mut(place))
            && let Some(returned) = &returned
        {
            (*result, *output) = returned.clone();
        }
        Ok(returned)
    }

    fn returned(&mut self, at: Instant, id: CallId) -> Result<Option<Given>, Stop> {
        let mut found = None;
        loop {
            match self.wait(at)? {
                Event::Returned(returned) if returned.id == id => found = Some((returned.result, returned.output)),
                Event::Returned(_) | Event::Packet(_) => {}
                Event::Deadline => return Ok(found),
            }
        }
    }

    /// The target sent a datagram.
    fn received(&mut self, at: Instant, octets: &[u8]) -> Result<(), Stop> {
        self.packets += 1;
        self.frames += 1;
        self.at_once = if self.at_once.0 == at { (at, self.at_once.1 + 1) } else { (at, 1) };
        if self.at_once.1 > FLOOD {
            self.found(Cause::Flood, format!("{FLOOD} datagrams at one instant"))?;
            return Err(Stop::Enough);
        }
        if let Some(steps) = &mut self.runner.steps {
            steps.push(Step::Received { at, octets: octets.to_vec() });
        }
        let parsed = Packet::parse(octets, None);
        if !self.is_leaving {
            for oracle in &mut self.runner.oracles {
                oracle.packet(at, true, octets, &parsed);
            }
        }
        self.answers.learn(&parsed.packet, &self.link);
        let Some(tcp) = parsed.packet.tcp() else {
            self.runner.last_other.clear();
            self.runner.last_other.extend_from_slice(octets);
            return Ok(());
        };
        if parsed.packet.destination() != Some(self.link.remote) || parsed.packet.source() != Some(self.link.local) {
            return Ok(());
        }
        let others = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
        if parsed.packet.payload.is_empty() && tcp.flags.contains(TcpFlags::ACK) && tcp.flags.0 & others.0 == 0 {
            self.last_acknowledgment = Some(at);
        }
        let is_leaving = self.is_leaving;
        let opens = tcp.flags.contains(TcpFlags::SYN) && !tcp.flags.contains(TcpFlags::ACK);
        let Some(connection) = self.claiming(tcp.source_port, tcp.destination_port, opens) else { return Ok(()) };
        let payload = parsed.packet.payload;
        let ack = connection.received(tcp, payload, octets);
        let early = connection.ends_early(tcp, payload.len());
        if is_leaving {
            return Ok(());
        }
        if let Some(detail) = early {
            self.found(Cause::Sent, detail)?;
            return ack.map_or(Ok(()), |Beyond { detail, .. }| self.found(Cause::AcknowledgesUnsent, detail));
        }
        if !payload.is_empty()
            && let Some(place) = connection.place(tcp)
            && !connection.is_keep_alive(tcp, payload)
        {
            let past = place.wrapping_add(payload.len() as u32);
            let (written, agrees) = (connection.written, pattern::agrees(payload, place, pattern::of_target));
            if past > written || !agrees {
                let detail = format!("octets {place} to {past} of a stream of {written} octets");
                if let (Some(steps), true) = (&mut self.runner.steps, past <= written) {
                    steps.pop();
                    let data = pattern::of_target(place, payload.len()).to_vec();
                    steps.push(Step::Right { at, octets: octets.to_vec(), data });
                }
                self.found(Cause::Sent, detail)?;
            }
        }
        match ack {
            Some(Beyond { acknowledgment, detail }) => {
                if let Some(steps) = &mut self.runner.steps {
                    steps.pop();
                    steps.push(Step::Beyond { at, octets: octets.to_vec(), acknowledgment });
                }
                self.found(Cause::AcknowledgesUnsent, detail)
            }
            None => Ok(()),
        }
    }

    /// The connection with these ends; one that the target opens learns the target's port from the SYN.
    fn claiming(&mut self, source: u16, destination: u16, opens: bool) -> Option<&mut Connection> {
        let connections = self.runner.connections.iter_mut().chain(std::iter::once(&mut self.runner.fresh));
        let connection = connections.into_iter().find(|connection| connection.port == destination)?;
        if connection.target_port == 0 && opens {
            connection.target_port = source;
        }
        (connection.target_port == source).then_some(connection)
    }
}
