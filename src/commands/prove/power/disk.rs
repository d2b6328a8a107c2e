//! A disk in a file: made, mounted, cut off, and mounted again, by the machine's own tools.
//!
//! Invariant: what was mounted here is unmounted when its value is gone.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::commands::prove::Broken;

/// A file system in an image.
#[derive(Debug)]
pub(super) struct Disk {
    image: PathBuf,
    at: PathBuf,
    mounted: bool,
}

/// Why the power cannot be cut on this machine, if it cannot.
pub(in crate::commands::prove) fn why_not_here() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root may mount an image".to_owned());
    }
    let missing = |tool: &&&str| !is_here(tool);
    if let Some(tool) = TOOLS.iter().find(missing) {
        return Some(format!("`{tool}` is not installed"));
    }
    if CUTTERS.iter().all(|(tool, _)| !is_here(tool)) {
        return Some("neither `xfs_io` nor `perl` is installed, to ask for the cut".to_owned());
    }
    may_mount().err().map(|why| format!("this machine mounts no image: {why}"))
}

impl Disk {
    /// Makes an image with a new file system of this kind.
    pub fn made(room: &Path, system: &str) -> Result<Disk, Broken> {
        let (image, at) = (room.join(format!("{system}.img")), room.join(system));
        let file = std::fs::File::create(&image).map_err(Broken::plainly)?;
        file.set_len(IMAGE_BYTES).map_err(Broken::plainly)?;
        std::fs::create_dir(&at).map_err(Broken::plainly)?;
        run(Command::new(format!("mkfs.{system}")).arg("-q").arg(&image))?;
        Ok(Disk { image, at, mounted: false })
    }

    /// Where it is mounted.
    pub fn mounted_at(&self) -> &Path {
        &self.at
    }

    /// Mounts it.
    pub fn mount(&mut self) -> Result<(), Broken> {
        run(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.at))?;
        self.mounted = true;
        Ok(())
    }

    /// Cuts it off: whatever is not on it now, never will be.
    pub fn cut(&self) -> Result<(), Broken> {
        let (tool, arguments) = CUTTERS
            .iter()
            .find(|(tool, _)| is_here(tool))
            .ok_or_else(|| Broken::plainly("no tool that cuts"))?;
        run(Command::new(tool).args(*arguments).arg(&self.at))
    }

    /// Unmounts it; what was killed on it may take a moment to be gone.
    pub fn unmount(&mut self) -> Result<(), Broken> {
        let mut last = Ok(());
        for _ in 0..TRIES_MAX {
            last = run(Command::new("umount").arg(&self.at));
            if last.is_ok() {
                self.mounted = false;
                return Ok(());
            }
            thread::sleep(BETWEEN_TRIES);
        }
        last
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted && self.unmount().is_err() {
            // Nobody is left who could be told; it goes when its last user does.
            drop(run(Command::new("umount").arg("-l").arg(&self.at)));
        }
    }
}

/// Mounts a small image once, to see whether that is allowed here.
fn may_mount() -> Result<(), Broken> {
    let room = tempfile::tempdir().map_err(Broken::plainly)?;
    let mut disk = Disk::made(room.path(), "ext4")?;
    disk.mount()?;
    disk.unmount()
}

fn is_here(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
}

/// Runs a tool to its end; what it complained of, if it failed.
fn run(command: &mut Command) -> Result<(), Broken> {
    // A mount is undone to its end, also when the proof is stopped at its terminal.
    let ended = command.stdin(Stdio::null()).process_group(0).output();
    let ended = ended.map_err(|fault| Broken::plainly(format!("{command:?}: {fault}")))?;
    if ended.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&ended.stderr);
    Err(Broken::plainly(format!("{command:?}: {}", why.trim())))
}

const TOOLS: &[&str] = &["mkfs.ext4", "mkfs.xfs", "mount", "umount"];
/// Who can ask for `FS_IOC_SHUTDOWN` without a flush of the log, with what before the directory: a
/// call that Rust would call unsafe.
const CUTTERS: &[(&str, &[&str])] = &[
    ("xfs_io", &["-x", "-F", "-c", "shutdown"]),
    (
        "perl",
        &[
            "-e",
            "open(my $dir, '<', $ARGV[0]) or die; my $how = pack('L', 2); \
             ioctl($dir, 0x8004587d, $how) or die \"$!\\n\"",
        ],
    ),
];
/// The least that mkfs.xfs takes, and some; the file is sparse.
const IMAGE_BYTES: u64 = 512 << 20;
const TRIES_MAX: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
