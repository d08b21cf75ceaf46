//! Profiles: settings and definitions for scripts, for all IP versions and for each.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::engine::Settings;
use crate::script::Definitions;
use crate::target::IpVersion;

/// Names and values as a file writes them.
pub(super) type Table = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

/// What is laid over the default settings: options by packetdrill's names, and definitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// Option and value; later ones win.
    pub options: Vec<(String, Option<String>)>,
    /// `NAME=VALUE`; later ones win.
    pub definitions: Vec<String>,
}

/// A profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// IP versions to run with if the command line names none.
    pub ip_versions: Option<Vec<IpVersion>>,
    /// Whether `*v4.pkt` is only for IPv4 packets and `*v6.pkt` only for IPv6 packets.
    pub suffix_rule: bool,
    common: Overlay,
    ipv4: Overlay,
    ipv4_mapped_ipv6: Overlay,
    ipv6: Overlay,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProfileTable {
    ip_versions: Option<Vec<IpVersion>>,
    #[serde(default)]
    suffix_rule: bool,
    #[serde(default)]
    options: Table,
    #[serde(default)]
    definitions: Table,
    #[serde(default)]
    ipv4: OverlayTable,
    #[serde(default)]
    ipv4_mapped_ipv6: OverlayTable,
    #[serde(default)]
    ipv6: OverlayTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OverlayTable {
    #[serde(default)]
    options: Table,
    #[serde(default)]
    definitions: Table,
}

/// What is wrong, and its place.
type Misfit = (String, Range<usize>);

impl Overlay {
    /// This, with `other` laid over it.
    pub fn with(mut self, other: &Overlay) -> Overlay {
        self.options.extend_from_slice(&other.options);
        self.definitions.extend_from_slice(&other.definitions);
        self
    }
}

impl Profile {
    /// What it lays over the default settings of this IP version.
    pub fn for_version(&self, ip_version: IpVersion) -> Overlay {
        self.common.clone().with(match ip_version {
            IpVersion::Ipv4 => &self.ipv4,
            IpVersion::Ipv4MappedIpv6 => &self.ipv4_mapped_ipv6,
            IpVersion::Ipv6 => &self.ipv6,
        })
    }
}

impl ProfileTable {
    pub(super) fn check(self) -> Result<Profile, Misfit> {
        let own = |table: OverlayTable, ip_version| overlay(table.options, table.definitions, Some(ip_version));
        Ok(Profile {
            ip_versions: self.ip_versions,
            suffix_rule: self.suffix_rule,
            common: overlay(self.options, self.definitions, None)?,
            ipv4: own(self.ipv4, IpVersion::Ipv4)?,
            ipv4_mapped_ipv6: own(self.ipv4_mapped_ipv6, IpVersion::Ipv4MappedIpv6)?,
            ipv6: own(self.ipv6, IpVersion::Ipv6)?,
        })
    }
}

/// Options and definitions, each tried on the default settings so that a misfit is told with its place.
pub(super) fn overlay(options: Table, definitions: Table, ip_version: Option<IpVersion>) -> Result<Overlay, Misfit> {
    let mut overlay = Overlay::default();
    let mut settings = Settings::new(ip_version.unwrap_or(IpVersion::Ipv4));
    for (name, value) in options {
        let text = text_of(value.get_ref()).ok_or_else(|| {
            (format!("the value of `{}` is a string, a number or `true`", name.get_ref()), value.span())
        })?;
        if name.get_ref() == "ip_version" {
            return Err(("IP versions stand in `ip-versions`".to_owned(), name.span()));
        }
        settings.apply(name.get_ref(), text.as_deref()).map_err(|error| {
            let unknown = matches!(error, crate::engine::SettingsError::Unknown(_));
            (error.to_string(), if unknown { name.span() } else { value.span() })
        })?;
        overlay.options.push((name.into_inner(), text));
    }
    let mut known = Definitions::default();
    for (name, value) in definitions {
        let text = text_of(value.get_ref())
            .flatten()
            .ok_or_else(|| (format!("the value of `{}` is a string or a number", name.get_ref()), value.span()))?;
        let definition = format!("{}={text}", name.get_ref());
        known.insert_text(&definition).map_err(|message| (message, name.span()))?;
        overlay.definitions.push(definition);
    }
    Ok(overlay)
}

/// A value as a command line would write it; the inner `None` is a flag without a value.
#[allow(clippy::option_option)]
pub(super) fn text_of(value: &toml::Value) -> Option<Option<String>> {
    match value {
        toml::Value::String(text) => Some(Some(text.clone())),
        toml::Value::Integer(number) => Some(Some(number.to_string())),
        toml::Value::Float(number) => Some(Some(number.to_string())),
        toml::Value::Boolean(true) => Some(None),
        _ => None,
    }
}
