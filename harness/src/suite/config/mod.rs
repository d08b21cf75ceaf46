//! `rfcheck.toml`: targets, and profiles with settings and definitions for each IP version.
//!
//! ```toml
//! targets = ["smoltcp", "linux"]    # run these if the command line names none
//! profile = "quick"                 # the profile if the command line names none
//!
//! [target.my-linux]                 # a target of one's own: a stack with settings
//! stack = "linux"
//! baseline = "known/my-linux.toml"  # instead of baselines/my-linux.toml
//! options = { tolerance_usecs = 10000 }
//!
//! [target.my-server]                # a stack and a server, see `target`
//! stack = "linux"
//! serves = { http = 80 }
//! command = ["/usr/sbin/my-server", "--foreground"]
//!
//! [profiles.quick]
//! ip-versions = ["ipv4"]
//! options = { strict_segments = true }
//! definitions = { COOKIE = "3021b9d889017eeb" }
//!
//! [profiles.quick.ipv6]             # for this IP version alone; wins over the above
//! options = { mtu = 1280 }
//! ```
//!
//! A key that is not known is an error that points at its place. Targets also stand in files of their own, one each:
//! `ci/targets/NAME/target.toml`, in the working folder or the nearest folder above it that has such a folder. They are
//! written as in `rfcheck.toml`, which comes before them.

mod error;
mod profile;
mod target;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

pub use error::ConfigError;
pub use profile::{Overlay, Profile};
pub use target::TargetConfig;
use target::TargetTable;

use super::nearest::nearest;

/// The file's name.
pub const FILE_NAME: &str = "rfcheck.toml";
/// Where targets have files of their own, below the working folder or one above it.
pub const TARGETS_FOLDER: &str = "ci/targets";
/// The name of these files.
const TARGET_FILE_NAME: &str = "target.toml";
/// Stacks that `stack =` may name, each a target by itself.
pub const STACKS: [&str; 4] = ["smoltcp", "smoltcp-tun", "linux", "reference"];

/// What one or several `rfcheck.toml` say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Targets to run if the command line names none.
    pub default_targets: Vec<String>,
    /// Profile if the command line names none.
    pub default_profile: Option<String>,
    /// Targets of the user's own, by name.
    pub targets: BTreeMap<String, TargetConfig>,
    /// Profiles, by name, the built-in ones included.
    pub profiles: BTreeMap<String, Profile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    targets: Option<Spanned<OneOrMore>>,
    profile: Option<Spanned<String>>,
    #[serde(default)]
    target: BTreeMap<String, TargetTable>,
    #[serde(default)]
    profiles: BTreeMap<String, profile::ProfileTable>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Config {
    /// The built-in profiles alone.
    pub fn built_in() -> Config {
        let mut config = Config::default();
        for text in [include_str!("packetdrill.toml"), include_str!("rfc5961.toml")] {
            let built_in = config.add(text, Path::new("built-in"));
            debug_assert!(built_in.is_ok(), "{built_in:?}");
        }
        config
    }

    /// The built-in profiles and what a file says. Without a path, `rfcheck.toml` of the working folder or of the
    /// nearest folder above it, if there is one.
    ///
    /// # Errors
    /// A file that cannot be read, or that says what is not known; the error points at the place.
    pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
        let mut config = Config::built_in();
        let found = match path {
            Some(path) => Some(path.to_owned()),
            None => std::env::current_dir()
                .ok()
                .and_then(|folder| folder.ancestors().map(|f| f.join(FILE_NAME)).find(|file| file.is_file())),
        };
        for file in target_files() {
            config.add(&read(&file)?, &file)?;
        }
        if let Some(path) = found {
            config.add(&read(&path)?, &path)?;
        }
        Ok(config)
    }

    /// Adds what one file says.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn add(&mut self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let at = |message: String, span| ConfigError::at(path, text, message, span);
        let file: File = toml::from_str(text)
            .map_err(|error| at(super::catalogue::one_line(error.message()), error.span().unwrap_or_default()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for (name, table) in file.profiles {
            let profile = table.check().map_err(|(message, span)| at(message, span))?;
            self.profiles.insert(name, profile);
        }
        for (name, table) in file.target {
            let target = table.check(&name, folder).map_err(|(message, span)| at(message, span))?;
            self.targets.insert(name, target);
        }
        if let Some(targets) = file.targets {
            let span = targets.span();
            let names = match targets.into_inner() {
                OneOrMore::One(name) => vec![name],
                OneOrMore::More(names) => names,
            };
            if let Some(name) = names.iter().find(|name| !self.has_target(name)) {
                return Err(at(self.no_target(name), span));
            }
            self.default_targets = names;
        }
        if let Some(profile) = file.profile {
            if !self.profiles.contains_key(profile.get_ref()) {
                return Err(at(self.no_profile(profile.get_ref()), profile.span()));
            }
            self.default_profile = Some(profile.into_inner());
        }
        Ok(())
    }

    /// Whether a target of this name exists.
    pub fn has_target(&self, name: &str) -> bool {
        STACKS.contains(&name) || self.targets.contains_key(name)
    }

    /// All targets' names: those of the stacks, then the user's own.
    pub fn target_names(&self) -> impl Iterator<Item = &str> {
        let own = self.targets.keys().map(String::as_str).filter(|name| !STACKS.contains(name));
        STACKS.into_iter().chain(own)
    }

    /// Says that there is no such target, and which ones there are.
    pub fn no_target(&self, name: &str) -> String {
        match nearest(name, self.target_names()) {
            Some(near) => format!("there is no target `{name}`; did you mean `{near}`?"),
            None => format!(
                "there is no target `{name}`; the targets are {}",
                self.target_names().collect::<Vec<_>>().join(", ")
            ),
        }
    }

    /// Says that there is no such profile, and which ones there are.
    pub fn no_profile(&self, name: &str) -> String {
        let names = self.profiles.keys().map(String::as_str);
        match nearest(name, names.clone()) {
            Some(near) => format!("there is no profile `{name}`; did you mean `{near}`?"),
            None => {
                format!("there is no profile `{name}`; the profiles are {}", names.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// The files of single targets, by name.
fn target_files() -> Vec<PathBuf> {
    let folder = std::env::current_dir()
        .ok()
        .and_then(|folder| folder.ancestors().map(|f| f.join(TARGETS_FOLDER)).find(|folder| folder.is_dir()));
    let Some(entries) = folder.and_then(|folder| std::fs::read_dir(folder).ok()) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path().join(TARGET_FILE_NAME));
    let mut files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::IpVersion;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::built_in();
        config.add(text, Path::new("folder/rfcheck.toml")).map(|()| config)
    }

    fn place(text: &str) -> (String, String) {
        let error = load(text).unwrap_err();
        let span = error.span();
        (error.to_string(), text[span].to_owned())
    }

    #[test]
    fn the_profile_packetdrill_is_built_in() {
        let config = Config::built_in();
        let profile = &config.profiles["packetdrill"];
        assert!(profile.suffix_rule);
        let overlay = profile.for_version(IpVersion::Ipv4MappedIpv6);
        assert!(overlay.options.contains(&("local_ip".into(), Some("192.168.0.1".into()))));
        assert!(overlay.definitions.contains(&"CMSG_LEVEL_IP=SOL_IPV6".into()));
        assert!(!profile.for_version(IpVersion::Ipv6).definitions.iter().any(|d| d.starts_with("CODE=")));
    }

    #[test]
    fn the_profile_rfc5961_defines_a_name_and_nothing_else() {
        let profile = &Config::built_in().profiles["rfc5961"];
        for ip_version in [IpVersion::Ipv4, IpVersion::Ipv4MappedIpv6, IpVersion::Ipv6] {
            let definitions = vec!["RFC5961=1".to_owned()];
            assert_eq!(profile.for_version(ip_version), Overlay { options: Vec::new(), definitions });
        }
        assert_eq!((&profile.ip_versions, profile.suffix_rule), (&None, false));
    }

    #[test]
    fn a_target_of_ones_own_has_adapter_settings_and_baseline() {
        let config = load(
            "targets = \"mine\"\n[target.mine]\nstack = \"linux\"\nbaseline = \"b.toml\"\noptions = { mtu = 1400, strict_segments = true }\n",
        )
        .unwrap();
        let target = &config.targets["mine"];
        assert_eq!(target.baseline.as_deref(), Some(Path::new("folder/b.toml")));
        assert_eq!(
            target.overlay.options,
            [("mtu".to_owned(), Some("1400".to_owned())), ("strict_segments".to_owned(), None)]
        );
        assert_eq!(config.default_targets, ["mine"]);
    }

    #[test]
    fn errors_point_at_their_place() {
        assert_eq!(
            place("[target.x]\nstack = \"lunix\"\n"),
            ("there is no stack `lunix`; did you mean `linux`?".into(), "\"lunix\"".into())
        );
        let (message, text) = place("[target.x]\nstak = \"linux\"\n");
        assert!(message.contains("unknown field `stak`"), "{message}");
        assert_eq!(text, "stak");
        let (message, text) = place("[profiles.p]\noptions = { mtu = 10 }\n");
        assert_eq!(message, "`10` is not a value of `mtu`: it lies between 68 and 65535");
        assert_eq!(text, "10");
        let (message, text) = place("[profiles.p.ipv6]\noptions = { mtuu = 1500 }\n");
        assert_eq!(message, "there is no option `mtuu`");
        assert_eq!(text, "mtuu");
        assert_eq!(place("profile = \"packetdril\"\n").1, "\"packetdril\"");
    }
}
