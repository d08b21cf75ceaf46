//! The root of a server's file system: the machine's, with the server's packages and configuration laid over it.
//!
//! It is made in a mount namespace of its own, from file systems in memory: whatever is written there is seen by nobody
//! else and is gone with the namespace.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::target::TargetError;
use crate::target::linux::command::SERVER_ROOT;

/// Folders of the machine that files are laid over.
const LAID_OVER: [&str; 2] = ["usr", "etc"];
/// What a server writes to, and where nothing of the machine's is seen but these folders.
const OWN: &str = "var";
const OWN_FOLDERS: [&str; 6] = ["cache", "lib", "log", "mail", "spool", "tmp"];
/// Folders that are empty for each server.
const EMPTY: [&str; 2] = ["tmp", "run"];
/// Mounted by the run's first process, whose view of processes and devices they give.
const VIEWS: [&str; 2] = ["proc", "sys"];
/// Where the machine's own root is seen.
const MACHINE: &str = "host";

/// What could not be done, and what the system said.
type Refused = (String, io::Error);

/// Makes a root with these folders laid over the machine's, the first one on top: the mount namespace in which it
/// stands at [`SERVER_ROOT`].
pub(super) fn make(layers: &[&Path], in_user_namespace: bool) -> Result<OwnedFd, TargetError> {
    std::thread::scope(|scope| {
        let made = std::thread::Builder::new().name("rfcheck-root".into()).spawn_scoped(scope, || {
            // The thread alone, which ends here.
            unshare(CloneFlags::CLONE_NEWNS).map_err(refused("make a mount namespace"))?;
            build(layers, in_user_namespace)?;
            let namespace = File::open("/proc/thread-self/ns/mnt");
            namespace.map(OwnedFd::from).map_err(|error| ("find the mount namespace".to_owned(), error))
        });
        match made.map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(("make it".to_owned(), io::Error::other("the thread that makes it panicked"))),
            Err(error) => Err(("start a thread".to_owned(), error)),
        }
    })
    .map_err(|(what, source)| TargetError::Environment {
        what: format!("the server cannot have a file system of its own: cannot {what}"),
        source,
    })
}

fn build(layers: &[&Path], in_user_namespace: bool) -> Result<(), Refused> {
    let none: Option<&str> = None;
    let root = PathBuf::from(SERVER_ROOT.to_string_lossy().as_ref());
    let folder = root.parent().unwrap_or(Path::new("/"));
    let memory = folder.parent().unwrap_or(Path::new("/"));
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none).map_err(refused("separate the mounts"))?;
    let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), memory, Some("tmpfs"), plain, Some("mode=755"))
        .map_err(refused(format!("mount a file system in memory on {}", memory.display())))?;
    let inside = EMPTY.iter().chain(&VIEWS).chain(&LAID_OVER).chain([&OWN, &MACHINE]).map(|name| root.join(name));
    let own = folder.join("own");
    for name in inside.chain(OWN_FOLDERS.map(|name| own.join(name))) {
        fs::create_dir_all(&name).map_err(|error| (format!("make {}", name.display()), error))?;
    }
    for open in [root.join("tmp"), own.join("tmp")] {
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777))
            .map_err(|error| (format!("open {} to all", open.display()), error))?;
    }
    symlink("/run", own.join("run")).map_err(|error| ("make /var/run".to_owned(), error))?;
    for (name, machine) in LAID_OVER.map(|name| (name, Path::new("/").join(name))).into_iter().chain([(OWN, own)]) {
        overlay(name, layers, &machine, folder, in_user_namespace)?;
    }
    // With all that is mounted below it, devices and processes included.
    mount(Some("/"), &root.join(MACHINE), none, MsFlags::MS_BIND | MsFlags::MS_REC, none)
        .map_err(refused("show the machine's files"))?;
    show_the_rest(&root).map_err(|error| ("show the machine's folders".to_owned(), error))
}

/// Mounts an overlay of the layers' folders of this name over the machine's.
fn overlay(
    name: &str,
    layers: &[&Path],
    machine: &Path,
    folder: &Path,
    in_user_namespace: bool,
) -> Result<(), Refused> {
    let (upper, work) = (folder.join("upper").join(name), folder.join("work").join(name));
    for made in [&upper, &work] {
        fs::create_dir_all(made).map_err(|error| (format!("make {}", made.display()), error))?;
    }
    let laid: Vec<PathBuf> = layers.iter().map(|layer| layer.join(name)).filter(|layer| layer.is_dir()).collect();
    let lower: Vec<String> = laid.iter().map(PathBuf::as_path).chain([machine]).map(escaped).collect();
    let mut options = format!("lowerdir={},upperdir={},workdir={}", lower.join(":"), upper.display(), work.display());
    if in_user_namespace {
        // Attributes of the kind that only root on the machine may set are not to be had.
        options.push_str(",userxattr");
    }
    let at = folder.join("root").join(name);
    mount(Some("overlay"), &at, Some("overlay"), MsFlags::empty(), Some(options.as_str())).map_err(|errno| {
        let mut what = format!("lay {} over /{name}", lower[..lower.len() - 1].join(", "));
        if errno == nix::errno::Errno::ELOOP {
            what.push_str(&format!(" (one of them lies within another, or within /{name})"));
        }
        (what, errno.into())
    })
}

/// A path in the options of an overlay, where some characters mean something.
fn escaped(path: &Path) -> String {
    let mut out = String::new();
    for character in path.display().to_string().chars() {
        if matches!(character, '\\' | ':' | ',') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// What the machine's root has besides: links are the same here, all else is a link to where it is seen.
fn show_the_rest(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir("/")? {
        let entry = entry?;
        let here = root.join(entry.file_name());
        if here.symlink_metadata().is_ok() {
            continue;
        }
        let leads_to = match entry.file_type()?.is_symlink() {
            true => fs::read_link(entry.path())?,
            false => Path::new("/").join(MACHINE).join(entry.file_name()),
        };
        symlink(leads_to, here)?;
    }
    Ok(())
}

fn refused(what: impl Into<String>) -> impl FnOnce(nix::errno::Errno) -> Refused {
    move |errno| (what.into(), errno.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_their_characters_in_options() {
        assert_eq!(escaped(Path::new("/a:b,c\\d")), "/a\\:b\\,c\\\\d");
    }
}
