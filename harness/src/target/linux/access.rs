//! What this process may do: with which rights it makes namespaces, and from what it makes links.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::sync::Arc;

use super::calls::capability::Capabilities;
use super::link::device::{Device, DeviceKind};
use super::link::tun::NODE;
use super::link::veth::Peers;
use super::namespace::Home;
use super::system::{Tried, check};
use crate::target::{IpVersion, Link, TargetError};

/// What makes runs against the running kernel possible here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// By what right the process makes namespaces.
    pub rights: Rights,
    /// What the tester holds of a run's link.
    pub device: AccessDevice,
}

/// By what right the process makes namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// It has the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN on this machine.
    Privileged,
    /// It has them in a user namespace of its own.
    UserNamespace,
}

/// What the tester holds of a run's link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessDevice {
    /// A TUN device.
    Tun,
    /// A packet socket on one end of a veth pair, because TUN devices are not to be had: here is why.
    Veth(String),
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.rights {
            Rights::Privileged => "privileged",
            Rights::UserNamespace => "user namespace",
        })?;
        match &self.device {
            AccessDevice::Tun => f.write_str(", TUN device"),
            AccessDevice::Veth(why) => write!(f, ", veth pair ({why})"),
        }
    }
}

/// Finds out what is possible here, by doing it once.
///
/// The error says what is missing. An ordinary user needs [`enter_user_namespace`] first.
pub fn access() -> Result<Access, TargetError> {
    let home = Home::find().map_err(no_namespace)?;
    Ok(find(&home)?.0)
}

/// Gives an ordinary user's process the rights to make namespaces and links, inside a user namespace of its own where
/// it is root; outside it keeps the rights of its user. A process that has the rights is left as it is.
///
/// Must be called while the process has one thread, best as the first thing in `main`. The error says what is missing.
pub fn enter_user_namespace() -> Result<Access, TargetError> {
    if !is_privileged() {
        become_root_inside()?;
    }
    access()
}

/// What is possible here, and what runs' devices are to be made from.
pub(super) fn find(home: &Arc<Home>) -> Result<(Access, DeviceKind), TargetError> {
    let rights = if is_initial_user_namespace() { Rights::Privileged } else { Rights::UserNamespace };
    let tried = OpenOptions::new().read(true).write(true).open(NODE).tried(format!("cannot open {NODE}"));
    let tun_fails = match tried.map(drop).and_then(|()| try_once(&DeviceKind::Tun, home)) {
        Ok(()) => return Ok((Access { rights, device: AccessDevice::Tun }, DeviceKind::Tun)),
        Err(error) => error.to_string(),
    };
    let peers = Peers::make().map_err(no_namespace)?;
    let veth = DeviceKind::Veth(Arc::new(peers));
    match try_once(&veth, home) {
        Ok(()) => Ok((Access { rights, device: AccessDevice::Veth(tun_fails) }, veth)),
        Err(TargetError::Environment { what, source }) => {
            let what = format!("neither a TUN device ({tun_fails}) nor a veth pair can be had: {what}");
            Err(TargetError::Environment { what, source })
        }
        Err(error) => Err(error),
    }
}

/// Makes a link and drops it.
fn try_once(kind: &DeviceKind, home: &Arc<Home>) -> Result<(), TargetError> {
    Device::make(kind, home, &Link::default_for(IpVersion::Ipv4), true).map(drop)
}

fn is_privileged() -> bool {
    const CAP_NET_ADMIN: u32 = 12;
    const CAP_SYS_ADMIN: u32 = 21;
    Capabilities::get().is_ok_and(|own| own.has(CAP_NET_ADMIN) && own.has(CAP_SYS_ADMIN))
}

/// Whether user and group numbers mean here what they mean on the machine.
fn is_initial_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}

fn become_root_inside() -> Result<(), TargetError> {
    let threads = fs::read_dir("/proc/self/task").map(Iterator::count).unwrap_or(1);
    if threads > 1 {
        let what = format!("a process with {threads} threads cannot enter a user namespace");
        return Err(TargetError::Environment { what, source: io::Error::from(io::ErrorKind::InvalidInput) });
    }
    // SAFETY: these have no preconditions.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    // SAFETY: no pointers are passed.
    check(unsafe { libc::unshare(libc::CLONE_NEWUSER) }).map_err(no_user_namespace)?;
    // Without this an unprivileged process may not map its group. Kernels before 3.19 do not have it.
    match fs::write("/proc/self/setgroups", "deny") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .and_then(|()| fs::write("/proc/self/uid_map", format!("0 {user} 1")))
    .and_then(|()| fs::write("/proc/self/gid_map", format!("0 {group} 1")))
    .tried("cannot map the own user and group into a user namespace")
}

/// Why there can be no user namespace, and what would change that.
fn no_user_namespace(source: io::Error) -> TargetError {
    let setting = |name: &str| fs::read_to_string(format!("/proc/sys/{name}")).map(|value| value.trim().to_owned());
    let mut reasons = Vec::new();
    if setting("user/max_user_namespaces").is_ok_and(|value| value == "0") {
        reasons.push("the sysctl user.max_user_namespaces is 0".to_owned());
    }
    if setting("kernel/unprivileged_userns_clone").is_ok_and(|value| value == "0") {
        reasons.push("the sysctl kernel.unprivileged_userns_clone is 0".to_owned());
    }
    if !std::path::Path::new("/proc/self/ns/user").exists() {
        reasons.push("this kernel is built without CONFIG_USER_NS".to_owned());
    }
    reasons.extend(confinement());
    environment("an ordinary user needs a user namespace, and cannot have one", &reasons, source)
}

/// Why there can be no network namespace, and what would change that.
pub(super) fn no_namespace(source: io::Error) -> TargetError {
    let mut reasons = Vec::new();
    if !is_privileged() {
        reasons.push("the process lacks CAP_SYS_ADMIN or CAP_NET_ADMIN".to_owned());
    }
    let restricted = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    if !is_initial_user_namespace() && fs::read_to_string(restricted).is_ok_and(|value| value.trim() == "1") {
        let name = "kernel.apparmor_restrict_unprivileged_userns";
        reasons.push(format!("the sysctl {name} is 1, so user namespaces give no rights"));
    }
    if !std::path::Path::new("/proc/self/ns/net").exists() {
        reasons.push("this kernel is built without CONFIG_NET_NS".to_owned());
    }
    reasons.extend(confinement());
    environment("cannot make a network namespace", &reasons, source)
}

/// A sandbox around this process that may forbid what the kernel would allow.
fn confinement() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let seccomp = status.lines().find_map(|line| line.strip_prefix("Seccomp:"))?;
    let why = "a seccomp filter is in force; a container can be started without it (--security-opt seccomp=unconfined)";
    (seccomp.trim() == "2").then(|| why.to_owned())
}

fn environment(what: &str, reasons: &[String], source: io::Error) -> TargetError {
    let what = if reasons.is_empty() { what.to_owned() } else { format!("{what} ({})", reasons.join("; ")) };
    TargetError::Environment { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_reads_as_a_sentence() {
        let tun = Access { rights: Rights::Privileged, device: AccessDevice::Tun };
        assert_eq!(tun.to_string(), "privileged, TUN device");
        let why = "cannot open /dev/net/tun: Permission denied (os error 13)".to_owned();
        let veth = Access { rights: Rights::UserNamespace, device: AccessDevice::Veth(why) };
        assert_eq!(
            veth.to_string(),
            "user namespace, veth pair (cannot open /dev/net/tun: Permission denied (os error 13))"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = io::Error::from_raw_os_error(libc::EPERM);
        let reasons = ["the sysctl user.max_user_namespaces is 0".to_owned()];
        assert_eq!(
            environment("cannot make a network namespace", &reasons, refused).to_string(),
            "cannot make a network namespace (the sysctl user.max_user_namespaces is 0): Operation not permitted (os error 1)"
        );
    }
}
