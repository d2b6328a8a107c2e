//! Mounts: small file systems of a test's own, which may be cut off or be full.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A file system that is unmounted at the end.
pub struct Mount {
    room: TempDir,
    kind: &'static str,
}

impl Mount {
    /// A file system of this kind in an image of its own; none, with the reason printed, where
    /// that cannot be had.
    pub fn of_image(kind: &'static str, megabytes: u64) -> Option<Mount> {
        let room = tempfile::tempdir().expect("a temporary directory");
        let mount = Mount { room, kind };
        let image = std::fs::File::create(mount.image()).expect("a temporary file");
        image.set_len(megabytes << 20).expect("a temporary file");
        let force = if kind == "ext4" { "-F" } else { "-f" };
        let make = format!("mkfs.{kind}");
        tried(Command::new(&make).args(["-q", force]).arg(mount.image()), &make)?;
        mount.mounted()
    }

    /// A file system in memory of this size.
    pub fn of_memory(megabytes: u64) -> Option<Mount> {
        let room = tempfile::tempdir().expect("a temporary directory");
        let mount = Mount { room, kind: "tmpfs" };
        std::fs::create_dir_all(mount.path()).expect("a temporary directory");
        let size = format!("size={megabytes}m");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "bodega-test"]).arg(mount.path());
        tried(&mut command, "mount")?;
        Some(mount)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.room.path().join("mounted")
    }

    /// Cuts the power: nothing that was not synced gets to the disk any more. What uses the file
    /// system must end before it is switched on again.
    pub fn cut_power(&self) {
        // Its default is the cut without a flush of the log, on ext4 as on xfs.
        let mut command = Command::new("xfs_io");
        command.args(["-x", "-c", "shutdown"]).arg(self.path());
        assert!(command.status().is_ok_and(|status| status.success()), "no cut");
    }

    /// Unmounts, mounts, and lets the file system repair itself.
    pub fn switched_on(self) -> Mount {
        self.unmount();
        self.mounted().expect("mounted before, mounted again")
    }

    /// Gives a file system in memory another size.
    pub fn resize(&self, megabytes: u64) {
        let size = format!("remount,size={megabytes}m");
        let mut command = Command::new("mount");
        command.args(["-o", &size]).arg(self.path());
        assert!(command.status().is_ok_and(|status| status.success()), "not resized");
    }

    fn mounted(self) -> Option<Mount> {
        std::fs::create_dir_all(self.path()).expect("a temporary directory");
        let mut command = Command::new("mount");
        command.args(["-t", self.kind, "-o", "loop"]).arg(self.image()).arg(self.path());
        tried(&mut command, "mount")?;
        Some(self)
    }

    fn unmount(&self) {
        let mut command = Command::new("umount");
        let done = command.arg(self.path()).output();
        assert!(done.as_ref().is_ok_and(|done| done.status.success()), "{done:?}");
    }

    fn image(&self) -> PathBuf {
        self.room.path().join("image")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A failing test may have left a process in it: then it goes when that one does.
        let mut command = Command::new("umount");
        drop(command.args(["-q", "-l"]).arg(self.path()).output());
    }
}

/// Whether a tool is there; says so if not.
pub fn has(tool: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| Path::new(&folder).join(tool).is_file())
    });
    if !found {
        eprintln!("skipped: `{tool}` is not installed");
    }
    found
}

fn tried(command: &mut Command, tool: &str) -> Option<()> {
    match command.output() {
        Ok(done) if done.status.success() => Some(()),
        Ok(done) => {
            let why = String::from_utf8_lossy(&done.stderr).into_owned();
            eprintln!("skipped: `{tool}` does not work here: {}", why.trim());
            None
        }
        Err(fault) => {
            eprintln!("skipped: `{tool}` does not work here: {fault}");
            None
        }
    }
}
