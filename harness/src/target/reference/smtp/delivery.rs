//! What a transaction ends with: a message is refused, or delivered with its trace fields.

use std::net::IpAddr;

use super::content::Content;
use super::transaction::Transaction;
use super::{Reply, Smtp, reply};
use crate::target::reference::conversation::Tls;
use crate::target::reference::date;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::mailbox::HOST;
use crate::target::reference::world::World;

/// Received fields from which on a message is taken to loop (RFC 5321 section 6.3).
const MOST_HOPS: usize = 100;

impl Smtp {
    /// The content of a message has come.
    pub(super) fn message_is_complete(&mut self, world: &mut World) -> Reply {
        let transaction = self.transaction.take().unwrap_or_default();
        let Some(content) = self.content.take() else { return reply(503, "say DATA first") };
        if content.is_too_large() {
            if world.deviates(Deviation::SmtpRefusedIsDelivered) {
                let _ = self.deliver(&transaction, content, world);
            }
            if world.deviates(Deviation::SmtpTooLargeTaken) {
                return reply(250, "OK");
            }
            return reply(552, "the message is too large");
        }
        if transaction.parameters.is_8bit.is_none()
            && content.has_high_octets()
            && world.deviates(Deviation::Smtp8BitCloses)
        {
            self.is_over = true;
            return reply(421, "not understood");
        }
        let declared = transaction.parameters.size;
        if declared.is_some() && world.deviates(Deviation::SmtpSizeRefusedLater) {
            return reply(552, "the message is too large");
        }
        if content.has_line_longer_than(500) && world.deviates(Deviation::SmtpTextLinesShort) {
            return reply(554, "a line is too long");
        }
        if content.count_fields("Received") > 0 && world.deviates(Deviation::SmtpTraceChecked) {
            return reply(554, "a trace field is not well-formed");
        }
        if content.count_fields("Date") == 0 && world.deviates(Deviation::SmtpHeadersChecked) {
            return reply(554, "the header section is not well-formed");
        }
        if content.count_fields("Received") > MOST_HOPS && !world.deviates(Deviation::SmtpLoopsTaken) {
            return reply(554, "the message loops");
        }
        if content.count_fields("Resent-To") > 0 && world.deviates(Deviation::SmtpResentRefused) {
            return reply(554, "the header section is not well-formed");
        }
        self.deliver(&transaction, content, world)
    }

    fn deliver(&mut self, transaction: &Transaction, content: Content, world: &mut World) -> Reply {
        let mut octets = self.trace_fields(transaction, world).into_bytes();
        let mut body = content.into_octets();
        match world.deviation {
            Some(Deviation::SmtpHighBitsCleared) => body.iter_mut().for_each(|octet| *octet &= 0x7f),
            Some(Deviation::SmtpControlsRemoved) => {
                body.retain(|octet| !octet.is_ascii_control() || b"\r\n".contains(octet))
            }
            _ => {}
        }
        octets.extend_from_slice(&body);
        if world.deviates(Deviation::SmtpReceivedBehind) {
            let trace = octets.len() - body.len();
            octets.rotate_left(trace);
        }
        if !world.mailboxes.have_room(&transaction.users, octets.len()) {
            return reply(452, "there is no room for the message");
        }
        let date = world.date();
        for user in &transaction.users {
            let lost = match world.deviation {
                Some(Deviation::SmtpMessagesLost) => true,
                Some(Deviation::SmtpLaterRecipientsLost) => *user != transaction.users[0],
                Some(Deviation::SmtpSecondMessageLost) => self.accepted > 0,
                _ => false,
            };
            if !lost && world.mailboxes.deliver(user, octets.clone(), date).is_err() {
                return reply(452, "there is no room for the message");
            }
        }
        self.accepted += 1;
        reply(250, "OK")
    }

    /// Return-Path and Received (RFC 5321 section 4.4).
    fn trace_fields(&self, transaction: &Transaction, world: &World) -> String {
        let (name, protocol) = match (&self.name, self.is_extended, self.tls) {
            (Some(name), true, Tls::Inside) => (name.as_str(), "ESMTPS"),
            (Some(name), true, _) => (name.as_str(), "ESMTP"),
            (Some(name), false, _) => (name.as_str(), "SMTP"),
            (None, ..) => ("unknown", "SMTP"),
        };
        let address = match self.client {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        };
        let for_clause = match &transaction.forward_paths[..] {
            all if world.deviates(Deviation::SmtpForListsAll) => format!("\r\n for {}", all.join(" ")),
            // With several, each would be told of the others (section 7.2).
            [path] => format!("\r\n for {path}"),
            _ => String::new(),
        };
        let return_path = match world.deviates(Deviation::SmtpReturnPathMissing) {
            true => String::new(),
            false => format!("Return-Path: {}\r\n", transaction.reverse_path),
        };
        let date = date::mail(world.date());
        let date = if world.deviates(Deviation::SmtpShortYear) { date.replace(" 20", " ") } else { date };
        let received = format!(
            "Received: from {name} ({address})\r\n by {HOST} with {protocol} id {}{for_clause};\r\n {}\r\n",
            self.accepted + 1,
            date
        );
        match world.deviates(Deviation::SmtpReceivedMissing) {
            true => return_path,
            false => return_path + &received,
        }
    }
}
