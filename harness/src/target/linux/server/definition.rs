//! What is run as a server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::target::Services;

/// A server on the running kernel: the process that is started, the files that it sees, and what it serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerDefinition {
    /// The target's name.
    pub name: String,
    /// What it serves, and to what names of actions it answers.
    pub services: Services,
    /// Program and arguments; empty if nothing runs but what actions start, as for a client.
    pub command: Vec<String>,
    /// Program that actions start, of a target that is a client.
    pub client: Option<String>,
    /// Folders whose `etc`, `usr` and `var` the server sees laid over those of the machine; the first one wins.
    pub files: Vec<PathBuf>,
    /// Where `ci/targets/install` puts the server's packages. Laid under `files`, if it exists.
    pub packages: Option<PathBuf>,
    /// Shell commands that are run before the server starts, where it sees the same files.
    pub prepare: Option<String>,
    /// Shell commands that are run before each dialogue but the first that an instance serves.
    pub reset: Option<String>,
    /// Text in the server's output that says, besides its open ports, that it is ready.
    pub ready: Option<String>,
    /// How many dialogues an instance serves.
    pub start: Start,
    /// Shell commands of the actions, by name.
    pub actions: BTreeMap<String, String>,
    /// What fetches the server where it is absent, such as `ci/targets/install nginx`.
    pub install: Option<String>,
}

/// How many dialogues an instance of a server serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// As many as there are, one after the other.
    #[default]
    Once,
    /// One.
    Each,
}

/// A server or client that is not on this machine, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {role} `{program}` is absent; {advice}")]
pub struct Absent {
    /// `server` or `client`.
    pub role: &'static str,
    /// Its program.
    pub program: String,
    /// What to do.
    pub advice: String,
}

impl ServerDefinition {
    /// All folders that are laid over the machine's, the first one on top.
    pub(super) fn layers(&self) -> Vec<&Path> {
        let packages = self.packages.iter().filter(|folder| folder.is_dir());
        self.files.iter().chain(packages).map(PathBuf::as_path).collect()
    }

    /// Looks whether the program of the server or client is there, in its packages or on the machine.
    ///
    /// # Errors
    /// It is not.
    pub fn find(&self) -> Result<(), Absent> {
        let programs = [("server", self.command.first()), ("client", self.client.as_ref())];
        programs
            .into_iter()
            .try_for_each(|(role, program)| program.map_or(Ok(()), |program| self.find_one(role, program)))
    }

    fn find_one(&self, role: &'static str, program: &str) -> Result<(), Absent> {
        let below = program.trim_start_matches('/');
        if self.layers().iter().any(|layer| layer.join(below).exists()) || Path::new(program).exists() {
            return Ok(());
        }
        let advice = match &self.install {
            Some(install) => format!("`{install}` fetches it and installs nothing on this system"),
            None => "install it".to_owned(),
        };
        Err(Absent { role, program: program.to_owned(), advice })
    }
}

/// Where `ci/targets/install` puts servers: `$RFCHECK_SERVERS`, or else `rfcheck/servers` in the user's cache. `None` if
/// the environment tells none of them.
pub fn servers_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("RFCHECK_SERVERS").or_else(|| {
        let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
        Some(cache.join("rfcheck/servers"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_in_its_packages_or_on_the_machine() {
        let folder = std::env::temp_dir().join(format!("rfcheck-absent-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("usr/sbin")).unwrap();
        let mut server = ServerDefinition {
            command: vec!["/usr/sbin/no-such-server".into()],
            packages: Some(folder.clone()),
            install: Some("ci/targets/install it".into()),
            ..ServerDefinition::default()
        };
        assert_eq!(
            server.find().unwrap_err().to_string(),
            "the server `/usr/sbin/no-such-server` is absent; `ci/targets/install it` fetches it and installs nothing on \
             this system"
        );
        std::fs::write(folder.join("usr/sbin/no-such-server"), "").unwrap();
        assert_eq!(server.find(), Ok(()));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(server.find().is_err());
        server.command = vec!["/bin/sh".into()];
        assert_eq!(server.find(), Ok(()));
        server.client = Some("/usr/bin/no-such-client".into());
        let said = server.find().unwrap_err().to_string();
        assert!(said.starts_with("the client `/usr/bin/no-such-client` is absent; "), "{said}");
    }
}
