//! STORE (RFC 9051 section 6.4.6).

use super::fetch::push;
use super::syntax::Arguments;
use super::view::{FLAGS, Place, View};
use super::{Completion, no, ok};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// A change of flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    way: Way,
    is_silent: bool,
    flags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Replace,
    Add,
    Remove,
}

impl Arguments<'_> {
    /// Flags in parentheses; what stands there stays where it is none.
    pub(super) fn flags(&mut self) -> Option<Vec<String>> {
        let mut read = *self;
        let flags = read.list().filter(|flags| self.is_list() && flags.iter().all(|flag| is_flag(flag)))?;
        *self = read;
        Some(flags)
    }
}

/// A flag of the system's, or a keyword.
fn is_flag(flag: &str) -> bool {
    let is_atom = |text: &str| {
        !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet))
    };
    FLAGS.split(' ').any(|known| known.eq_ignore_ascii_case(flag)) || is_atom(flag)
}

impl Change {
    /// Reads `FLAGS`, `+FLAGS` or `-FLAGS`, with `.SILENT` or without, and flags.
    pub(super) fn parse(mut arguments: Arguments<'_>) -> Option<Change> {
        let item = arguments.word()?;
        arguments.space()?;
        let (name, is_silent) = match item.strip_suffix(".SILENT") {
            Some(name) => (name, true),
            None => (item.as_str(), false),
        };
        let way = match name {
            "FLAGS" => Way::Replace,
            "+FLAGS" => Way::Add,
            "-FLAGS" => Way::Remove,
            _ => return None,
        };
        let flags = arguments.list().filter(|flags| arguments.is_empty() && flags.iter().all(|flag| is_flag(flag)))?;
        Some(Change { way, is_silent, flags })
    }

    fn apply(&self, flags: &mut Vec<String>) {
        let is_meant = |flag: &String| self.flags.iter().any(|meant| meant.eq_ignore_ascii_case(flag));
        match self.way {
            Way::Replace => flags.clear(),
            Way::Remove => flags.retain(|flag| !is_meant(flag)),
            Way::Add => {}
        }
        if self.way != Way::Remove {
            self.flags.iter().for_each(|flag| push(flags, flag));
        }
    }
}

impl View {
    pub(super) fn store(
        &self,
        places: &[Place],
        change: &Change,
        by_uid: bool,
        world: &mut World,
        out: &mut Vec<u8>,
    ) -> Completion {
        if self.is_read_only && !world.deviates(Deviation::ImapExamineWrites) {
            return no("[READ-ONLY] nothing is changed here");
        }
        for place in places {
            self.set_flags(*place, |flags| change.apply(flags), world);
            let Some(message) = self.message(*place, world).filter(|_| !change.is_silent) else { continue };
            let uid = if by_uid { format!(" UID {}", place.uid) } else { String::new() };
            let told = format!("* {} FETCH (FLAGS ({}){uid})\r\n", place.number, message.flags.join(" "));
            out.extend_from_slice(told.as_bytes());
        }
        ok("done")
    }
}
