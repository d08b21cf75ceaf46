//! What a target serves to the application protocols of dialogues.

use std::collections::{BTreeMap, BTreeSet};

/// The servers and the set-up steps of a target. A stack alone has none; a dialogue that needs more than there is, is
/// not-applicable.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Services {
    /// The port at which each protocol is served, by the name that dialogues have for it: `smtp`, `http`, `dns`, `pop3`,
    /// `imap`; with an `s` behind it where TLS begins with the first octet. DNS is served over UDP and TCP.
    pub ports: BTreeMap<String, u16>,
    /// Names that [`Target::perform`](super::Target::perform) knows: what dialogues may `do` and `check`.
    pub actions: BTreeSet<String>,
    /// Facts that dialogues may refer to as `{NAME}`, such as the name of the server's host. Those of the command line
    /// and of a profile come before them.
    pub definitions: BTreeMap<String, String>,
}

impl Services {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty() && self.actions.is_empty() && self.definitions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::smoltcp::SmoltcpFactory;
    use crate::target::{IpVersion, Link, TargetError, TargetFactory};

    #[test]
    fn a_stack_alone_serves_nothing_and_performs_nothing() {
        let factory = SmoltcpFactory::new();
        assert!(factory.capabilities().services.is_empty());
        let mut target =
            factory.create(&Link::default_for(IpVersion::Ipv4)).expect("the embedded target is always possible");
        let said = target.perform("mailbox", &["alice".to_owned()], &|| true);
        assert!(matches!(&said, Err(TargetError::Unsupported(what)) if what.contains("`mailbox`")), "{said:?}");
    }

    #[test]
    fn services_are_told_as_json() {
        let services = Services {
            ports: BTreeMap::from([("http".to_owned(), 80)]),
            actions: BTreeSet::from(["mailbox".to_owned()]),
            definitions: BTreeMap::from([("HOST".to_owned(), "server.example".to_owned())]),
        };
        assert!(!services.is_empty());
        let told = serde_json::to_string(&services).expect("plain values");
        insta::assert_snapshot!(told, @r#"{"ports":{"http":80},"actions":["mailbox"],"definitions":{"HOST":"server.example"}}"#);
    }
}
