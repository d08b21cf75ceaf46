//! The script's file descriptors and the target's.

/// What a file descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DescriptorKind {
    /// socket(2) with these arguments, SOCK_NONBLOCK and SOCK_CLOEXEC left out of `kind`.
    #[allow(missing_docs)]
    Socket { domain: i32, kind: i32, protocol: i32 },
    /// open(2).
    File,
    /// epoll_create(2).
    Epoll,
    /// One end of pipe(2).
    Pipe,
}

/// One open file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// Number in the script.
    pub(crate) script: i32,
    /// Number on the target.
    pub(crate) live: i32,
    /// What it stands for.
    pub(crate) kind: DescriptorKind,
}

/// All open file descriptors, the newest last. A run has few: they are searched in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Descriptors(Vec<Descriptor>);

impl Descriptors {
    /// Adds an open descriptor. An older one with the same script number is hidden until the new one is removed.
    pub(crate) fn insert(&mut self, script: i32, live: i32, kind: DescriptorKind) {
        self.0.push(Descriptor { script, live, kind });
    }

    /// Forgets the descriptor with this script number.
    pub(crate) fn remove(&mut self, script: i32) -> Option<Descriptor> {
        let index = self.0.iter().rposition(|d| d.script == script)?;
        Some(self.0.remove(index))
    }

    /// The open descriptor with this script number.
    pub(crate) fn get(&self, script: i32) -> Option<&Descriptor> {
        self.0.iter().rev().find(|d| d.script == script)
    }

    /// The open descriptor with this number on the target.
    pub(crate) fn by_live(&self, live: i32) -> Option<&Descriptor> {
        self.0.iter().rev().find(|d| d.live == live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_descriptor_hides_an_older_one() {
        let mut descriptors = Descriptors::default();
        descriptors.insert(4, 10, DescriptorKind::File);
        descriptors.insert(4, 11, DescriptorKind::Pipe);
        assert_eq!(descriptors.get(4).map(|d| d.live), Some(11));
        assert_eq!(descriptors.remove(4).map(|d| d.live), Some(11));
        assert_eq!(descriptors.get(4).map(|d| d.live), Some(10));
        assert_eq!(descriptors.by_live(11), None);
        descriptors.remove(4);
        assert_eq!(descriptors.remove(4), None);
    }
}
