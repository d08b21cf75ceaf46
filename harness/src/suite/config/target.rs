//! Targets of the user's own: a stack with settings, and a server on it.
//!
//! ```toml
//! [target.nginx]
//! stack = "linux"
//! serves = { http = 80 }            # ports of the protocols that dialogues speak
//! command = ["/usr/sbin/nginx", "-c", "/etc/rfcheck/nginx.conf"]
//! files = ["root"]                  # folders whose etc, usr and var are laid over the machine's
//! ready = "start worker process"    # text in its output that says, besides open ports, that it is ready
//! start = "each"                    # anew for each dialogue; otherwise once for many
//! prepare = "mkdir /var/spool/mail" # shell commands before it starts,
//! reset = "rm -rf /var/spool/mail"  # and before each dialogue but the first
//! definitions = { HOST = "server.example" }
//! client = "/usr/bin/curl"          # of a client, instead of `command`: the program that actions start
//!
//! [target.nginx.actions]            # shell commands of what dialogues `do` and `check`
//! reload = "nginx -s reload"
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::STACKS;
use super::profile::{self, Overlay, Table};
use crate::suite::nearest::nearest;
use crate::target::Services;
use crate::target::linux::server::{ServerDefinition, Start, servers_folder};

/// Names that `serves` may have.
const PROTOCOLS: [&str; 5] = ["smtp", "http", "dns", "pop3", "imap"];
/// Only this stack runs processes.
const SERVER_STACK: &str = "linux";

/// A target of the user's own.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetConfig {
    /// What it runs on; one of [`STACKS`].
    pub stack: String,
    /// Its baseline.
    pub baseline: Option<PathBuf>,
    /// Settings of every run on it.
    pub overlay: Overlay,
    /// The server on the stack, if it is more than the stack.
    pub server: Option<ServerDefinition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TargetTable {
    stack: Spanned<String>,
    baseline: Option<PathBuf>,
    #[serde(default)]
    options: Table,
    #[serde(default)]
    definitions: Table,
    #[serde(default)]
    serves: BTreeMap<Spanned<String>, Spanned<u16>>,
    command: Option<Spanned<Vec<String>>>,
    client: Option<Spanned<String>>,
    #[serde(default)]
    files: Vec<Spanned<PathBuf>>,
    prepare: Option<Spanned<String>>,
    reset: Option<Spanned<String>>,
    ready: Option<Spanned<String>>,
    start: Option<Spanned<Start>>,
    #[serde(default)]
    actions: BTreeMap<Spanned<String>, String>,
}

/// What is wrong, and its place.
type Misfit = (String, Range<usize>);

impl TargetTable {
    /// The target of this name, whose paths begin in `folder`.
    pub(super) fn check(self, name: &str, folder: &Path) -> Result<TargetConfig, Misfit> {
        let (stack, span) = (self.stack.get_ref().clone(), self.stack.span());
        if !STACKS.contains(&stack.as_str()) {
            let hint = match nearest(&stack, STACKS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the stacks are {}", STACKS.join(", ")),
            };
            return Err((format!("there is no stack `{stack}`; {hint}"), span));
        }
        let is_server = self.first_of_server();
        if let Some((key, span)) = is_server.clone().filter(|_| stack != SERVER_STACK) {
            return Err((format!("`{key}` is of a server, and servers run on the stack `{SERVER_STACK}`"), span));
        }
        let baseline = self.baseline.as_ref().map(|path| folder.join(path));
        let (server, definitions) = match is_server {
            Some((_, span)) => (Some(self.server(name, folder, &span)?), Table::new()),
            None => (None, self.definitions),
        };
        let overlay = profile::overlay(self.options, definitions, None)?;
        Ok(TargetConfig { stack, baseline, overlay, server })
    }

    /// The first key that only a server has, and its place.
    fn first_of_server(&self) -> Option<(&'static str, Range<usize>)> {
        let serves = self.serves.keys().next().map(|key| ("serves", key.span()));
        let command = self.command.as_ref().map(|value| ("command", value.span()));
        let client = self.client.as_ref().map(|value| ("client", value.span()));
        let files = self.files.first().map(|value| ("files", value.span()));
        let prepare = self.prepare.as_ref().map(|value| ("prepare", value.span()));
        let reset = self.reset.as_ref().map(|value| ("reset", value.span()));
        let ready = self.ready.as_ref().map(|value| ("ready", value.span()));
        let start = self.start.as_ref().map(|value| ("start", value.span()));
        let actions = self.actions.keys().next().map(|key| ("actions", key.span()));
        let all = [serves, command, client, files, prepare, reset, ready, start, actions];
        all.into_iter().flatten().min_by_key(|(_, span)| span.start)
    }

    /// The server; `place` is that of its first key.
    fn server(&self, name: &str, folder: &Path, place: &Range<usize>) -> Result<ServerDefinition, Misfit> {
        let mut services = Services::default();
        for (protocol, port) in &self.serves {
            services.ports.insert(known_protocol(protocol)?, known_port(port)?);
        }
        for (key, value) in &self.definitions {
            let text = profile::text_of(value.get_ref()).flatten();
            let text = text
                .ok_or_else(|| (format!("the value of `{}` is a string or a number", key.get_ref()), value.span()))?;
            services.definitions.insert(key.get_ref().clone(), text);
        }
        services.actions = self.actions.keys().map(|action| action.get_ref().clone()).collect();
        let command = self.command.as_ref().map(|command| command.get_ref().clone()).unwrap_or_default();
        let program = self.command.as_ref().and_then(|command| Some((command.get_ref().first()?, command.span())));
        let client = self.client.as_ref().map(|client| (client.get_ref(), client.span()));
        for (program, span) in program.into_iter().chain(client) {
            if !program.starts_with('/') {
                let message = format!("the program `{program}` must be a whole path, such as `/usr/bin/{program}`");
                return Err((message, span));
            }
        }
        if command.is_empty() && !self.serves.is_empty() {
            return Err(("what serves has a `command`".to_owned(), place.clone()));
        }
        let mut files = Vec::new();
        for path in &self.files {
            let whole =
                std::path::absolute(folder.join(path.get_ref())).unwrap_or_else(|_| folder.join(path.get_ref()));
            if !whole.is_dir() {
                return Err((format!("there is no folder `{}`", folder.join(path.get_ref()).display()), path.span()));
            }
            files.push(whole);
        }
        let install = folder.parent().map(|above| above.join("install")).filter(|install| install.is_file());
        Ok(ServerDefinition {
            name: name.to_owned(),
            services,
            command,
            client: self.client.as_ref().map(|client| client.get_ref().clone()),
            files,
            packages: servers_folder().map(|servers| servers.join(name)),
            prepare: self.prepare.as_ref().map(|text| text.get_ref().clone()),
            reset: self.reset.as_ref().map(|text| text.get_ref().clone()),
            ready: self.ready.as_ref().map(|text| text.get_ref().clone()),
            start: self.start.as_ref().map(|start| *start.get_ref()).unwrap_or_default(),
            actions: self.actions.iter().map(|(name, text)| (name.get_ref().clone(), text.clone())).collect(),
            install: install.map(|install| format!("{} {name}", from_here(&install).display())),
        })
    }
}

fn known_protocol(protocol: &Spanned<String>) -> Result<String, Misfit> {
    let name = protocol.get_ref();
    // One over TLS from the first octet on has an `s` behind its name.
    let plain = name.strip_suffix('s').filter(|plain| PROTOCOLS.contains(plain)).unwrap_or(name);
    if PROTOCOLS.contains(&plain) {
        return Ok(name.clone());
    }
    let hint = match nearest(name, PROTOCOLS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the protocols are {}", PROTOCOLS.join(", ")),
    };
    Err((format!("there is no protocol `{name}`; {hint}"), protocol.span()))
}

fn known_port(port: &Spanned<u16>) -> Result<u16, Misfit> {
    match *port.get_ref() {
        0 => Err(("a port lies between 1 and 65535".to_owned(), port.span())),
        port => Ok(port),
    }
}

/// A path as one would type it in the working folder.
fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::suite::config::Config;

    fn load(text: &str) -> Result<Config, (String, String)> {
        let mut config = Config::built_in();
        let added = config.add(text, Path::new("/etc/rfcheck.toml"));
        added.map(|()| config).map_err(|error| (error.to_string(), text[error.span()].to_owned()))
    }

    #[test]
    fn a_server_is_what_its_table_says() {
        let config = load(
            "[target.x]\nstack = \"linux\"\nserves = { http = 80, https = 443 }\ncommand = [\"/bin/x\", \"-d\"]\n\
             files = [\"ssl\"]\nready = \"up\"\nstart = \"each\"\nprepare = \"p\"\nreset = \"r\"\n\
             definitions = { HOST = \"h\", SIZE = 5 }\noptions = { mtu = 1400 }\n[target.x.actions]\nmailbox = \"m\"\n",
        )
        .unwrap();
        let target = &config.targets["x"];
        assert_eq!(target.overlay.options, [("mtu".to_owned(), Some("1400".to_owned()))]);
        assert!(target.overlay.definitions.is_empty(), "they are the services'");
        let server = target.server.as_ref().unwrap();
        assert_eq!(server.services.ports, BTreeMap::from([("http".into(), 80), ("https".into(), 443)]));
        assert_eq!(
            server.services.definitions,
            BTreeMap::from([("HOST".into(), "h".into()), ("SIZE".into(), "5".into())])
        );
        assert_eq!(server.services.actions, ["mailbox".to_owned()].into());
        assert_eq!(server.files, [Path::new("/etc/ssl")]);
        assert_eq!((server.start, server.ready.as_deref()), (Start::Each, Some("up")));
        assert_eq!(server.actions["mailbox"], "m");
        let config = load("[target.x]\nstack = \"linux\"\nclient = \"/bin/x\"\n[target.x.actions]\nsend = \"x\"\n");
        let client = config.unwrap().targets["x"].server.clone().unwrap();
        assert_eq!((client.client.as_deref(), client.command.is_empty()), (Some("/bin/x"), true));
    }

    #[test]
    fn a_target_without_a_server_is_its_stack() {
        let config = load("[target.x]\nstack = \"linux\"\ndefinitions = { A = 1 }\n").unwrap();
        assert_eq!(config.targets["x"].server, None);
        assert_eq!(config.targets["x"].overlay.definitions, ["A=1"]);
    }

    #[test]
    fn errors_point_at_their_place() {
        let refused = |rest: &str| load(&format!("[target.x]\nstack = \"linux\"\n{rest}\n")).unwrap_err();
        let told = |message: &str, place: &str| (message.to_owned(), place.to_owned());
        assert_eq!(
            refused("serves = { htpp = 80 }\ncommand = [\"/x\"]"),
            told("there is no protocol `htpp`; did you mean `http`?", "htpp")
        );
        assert_eq!(refused("serves = { http = 0 }\ncommand = [\"/x\"]"), told("a port lies between 1 and 65535", "0"));
        assert_eq!(
            refused("command = [\"nginx\"]"),
            told("the program `nginx` must be a whole path, such as `/usr/bin/nginx`", "[\"nginx\"]")
        );
        assert_eq!(refused("serves = { http = 80 }"), told("what serves has a `command`", "http"));
        assert_eq!(
            refused("client = \"dig\""),
            told("the program `dig` must be a whole path, such as `/usr/bin/dig`", "\"dig\"")
        );
        assert_eq!(refused("files = [\"nowhere\"]"), told("there is no folder `/etc/nowhere`", "\"nowhere\""));
        assert_eq!(
            load("[target.x]\nstack = \"smoltcp\"\ncommand = [\"/x\"]\n").unwrap_err(),
            told("`command` is of a server, and servers run on the stack `linux`", "[\"/x\"]")
        );
        assert_eq!(refused("start = \"twice\"").1, "\"twice\"");
    }
}
