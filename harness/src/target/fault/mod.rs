//! Faults: deliberate misbehaviour put between tester and target, to prove that a script can fail.
//!
//! A [`Fault`] is a small value: a name, what it does, the clause it breaks, the requirements it is made for, and what
//! makes its behaviour for one run. A behaviour has hooks on packets both ways, on calls and on their returns, and can
//! let packets of its own come later; [`Fault::wrap`] puts it around any [`Target`]. The faults themselves are in
//! `catalogue/`, by subject.

mod behaviour;
mod between;
mod catalogue;
mod flow;
mod packets;
mod segments;
mod target;

use behaviour::Behaviour;

use super::{Link, Target, TargetError};

/// One deliberate misbehaviour.
pub struct Fault {
    /// Its name, such as `udp-checksum-unchecked`; names of one subject begin alike.
    pub name: &'static str,
    /// What a target with this fault does, one line, without a subject: `takes datagrams whose checksum is wrong`.
    pub does: &'static str,
    /// The clause it breaks, such as `RFC 1122 section 4.1.3.4`; empty for one that breaks everything.
    pub breaks: &'static str,
    /// IDs of the requirements it is made for, or ranges of numbered ones such as `9293-T-091..097`; none for a generic
    /// one, that no clause is meant by.
    pub requirements: &'static [&'static str],
    /// What it does in one run.
    make: fn() -> Box<dyn Behaviour>,
}

impl Fault {
    /// All faults, by subject.
    pub fn all() -> impl Iterator<Item = &'static Fault> {
        catalogue::ALL.iter().chain(catalogue::APPLICATION).copied().flatten()
    }

    /// The opposite: what the reference targets lack, done in their stead. A script that passes on none of them can so be
    /// seen to pass, and is proven then.
    pub fn mends() -> impl Iterator<Item = &'static Fault> {
        catalogue::MENDS.iter()
    }

    /// The fault of this name.
    pub fn find(name: &str) -> Option<&'static Fault> {
        Fault::all().find(|fault| fault.name == name)
    }

    /// Whether no clause is meant by it.
    pub const fn is_generic(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether it is made for the requirement of this ID.
    pub fn is_made_for(&self, id: &str) -> bool {
        self.requirements.iter().any(|entry| match range(entry) {
            Some((front, first, last)) => id
                .strip_prefix(front)
                .and_then(|number| number.parse().ok())
                .is_some_and(|n| (first..=last).contains(&n)),
            None => *entry == id,
        })
    }

    /// Whether it is one of an application protocol, which only targets with the feature
    /// [`DEVIATES`](super::reference::DEVIATES) can have.
    pub fn is_of_application(&self) -> bool {
        (self.make)().deviation().is_some()
    }

    /// Whether it shows in dialogues of this protocol.
    pub fn concerns(&self, protocol: &str) -> bool {
        let subject = self.name.split('-').next().unwrap_or_default();
        self.is_generic() || self.is_of_application() && (subject == protocol || subject == "service")
    }

    /// `target` with this fault, for the length of its run on `link`.
    ///
    /// # Errors
    /// [`TargetError::Unsupported`] where the fault is one of an application protocol and the target cannot have it.
    pub fn wrap(&self, mut target: Box<dyn Target>, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let behaviour = (self.make)();
        if let Some(deviation) = behaviour.deviation() {
            target.deviate(deviation)?;
            return Ok(target);
        }
        Ok(Box::new(target::FaultyTarget::new(target, behaviour, link)))
    }
}

/// What is in front of the numbers of a range, the first and the last.
fn range(entry: &str) -> Option<(&str, u32, u32)> {
    let (first, last) = entry.split_once("..")?;
    let (front, first) = first.split_at(first.rfind('-')? + 1);
    Some((front, first.parse().ok()?, last.parse().ok()?))
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fault").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_range_means_every_number_in_it() {
        let fault = Fault::find("receive-unacceptable-reset").unwrap();
        assert!(fault.is_made_for("9293-U-4") && fault.is_made_for("9293-T-091") && fault.is_made_for("9293-T-097"));
        assert!(!fault.is_made_for("9293-T-090") && !fault.is_made_for("9293-T-098") && !fault.is_made_for("9293-T"));
    }

    #[test]
    fn names_are_unique_and_every_fault_says_what_it_is() {
        let mut names = BTreeSet::new();
        for fault in Fault::all().chain(Fault::mends()) {
            assert!(names.insert(fault.name), "two faults are called {}", fault.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(fault.name.chars().all(plain), "{}", fault.name);
            assert!(!fault.does.is_empty() && !fault.does.ends_with('.'), "{}: {}", fault.name, fault.does);
            let is_mend = Fault::mends().any(|mend| mend.name == fault.name);
            let breaks = fault.breaks.starts_with("RFC ");
            assert!(breaks != is_mend || fault.is_generic(), "{} breaks {:?}", fault.name, fault.breaks);
            let once: BTreeSet<_> = fault.requirements.iter().collect();
            assert_eq!(once.len(), fault.requirements.len(), "{} names a requirement twice", fault.name);
        }
        assert!(names.len() >= 100, "{} faults", names.len());
    }
}
