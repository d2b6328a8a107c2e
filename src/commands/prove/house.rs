//! House: a shop's directory, and the real binary running on it as a process of its own.
//!
//! Invariant: a process that was started here has ended when its value is gone.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Broken, Violation};
use crate::{cli::Exit, commands::Ended};

/// A directory with a shop in it.
#[derive(Debug)]
pub(super) struct House {
    dir: PathBuf,
    log: PathBuf,
    settings: Vec<(String, String)>,
}

/// The shop, open, in a process of its own.
#[derive(Debug)]
pub(super) struct Serving {
    /// Where.
    pub address: SocketAddr,
    process: Process,
}

/// A process that does not outlive this.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Kept: a process that cannot say anything any more fails.
    _out: Option<BufReader<ChildStdout>>,
}

impl House {
    /// A shop to be, in `room`; settings as `shop.currency`, on top of the demo's without limits.
    pub fn new(room: &Path, name: &str, settings: &[(&str, &str)]) -> House {
        House::on(room, room, name, settings)
    }

    /// The same on a disk of its own; what it complains of is kept in `room`.
    pub fn on(disk: &Path, room: &Path, name: &str, settings: &[(&str, &str)]) -> House {
        let chosen = SETTINGS.iter().chain(settings);
        let variable = |path: &str| format!("BODEGA_{}", path.replace('.', "__").to_uppercase());
        House {
            dir: disk.join(name),
            log: room.join(format!("{name}.log")),
            settings: chosen.map(|(path, is)| (variable(path), (*is).to_owned())).collect(),
        }
    }

    /// Makes the first admin.
    pub fn make_admin(&self, email: &str, password: &str) -> Result<(), Ended> {
        let mut command = self.command(&["admin", "create", "--username", "owner", "--email"])?;
        command.args([email, "--password-stdin"]).stdin(Stdio::piped());
        let mut child = command.spawn().map_err(Ended::plainly)?;
        let mut input = child.stdin.take().ok_or_else(|| Ended::plainly("no pipe"))?;
        writeln!(input, "{password}").map_err(Ended::plainly)?;
        drop(input);
        let ended = child.wait_with_output().map_err(Ended::plainly)?;
        if ended.status.success() { Ok(()) } else { Err(self.failed("admin create")) }
    }

    /// Starts the shop, and waits until it says where.
    pub fn open(&self) -> Result<Serving, Ended> {
        let mut child =
            self.command(&["serve", "--listen", "127.0.0.1:0"])?.spawn().map_err(Ended::plainly)?;
        let out = child.stdout.take();
        let mut process = Process { child, _out: None };
        let out = out.ok_or_else(|| Ended::plainly("no pipe"))?;
        let (line, said) = mpsc::channel();
        thread::spawn(move || {
            let (mut text, mut out) = (String::new(), BufReader::new(out));
            let read = out.read_line(&mut text);
            // Whoever waited may have given up.
            drop(line.send((read.map(|_| text), out)));
        });
        let (text, out) = said.recv_timeout(OPEN_WITHIN).map_err(|_| self.failed("serve"))?;
        process._out = Some(out);
        let text = text.map_err(Ended::plainly)?;
        let at = text.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = at.and_then(|at| at.parse().ok()).ok_or_else(|| self.failed("serve"))?;
        Ok(Serving { address, process })
    }

    /// Runs `bodega verify` on the stopped shop; the line in which it says what it read.
    pub fn verify(&self) -> Result<String, Broken> {
        let ended = self.command(&["verify"])?.output().map_err(Broken::plainly)?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        if ended.status.success() {
            return Ok(said.lines().next().unwrap_or_default().to_owned());
        }
        // A verify that could not be done, on a full disk perhaps, has found nothing.
        if ended.status.code() != Some(Exit::Damaged.code().into()) {
            return Err(self.failed("verify").into());
        }
        Err(Violation(format!("bodega verify found:\n{said}")).into())
    }

    /// This binary, on this directory, with nothing of our own settings.
    fn command(&self, arguments: &[&str]) -> Result<Command, Ended> {
        let binary = std::env::current_exe().map_err(Ended::plainly)?;
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BODEGA_") {
                command.env_remove(name);
            }
        }
        let log = File::options().create(true).append(true).open(&self.log);
        let around = self.dir.parent().unwrap_or(Path::new("/"));
        command
            .arg("--data-dir")
            .arg(&self.dir)
            .args(arguments)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            // Where no settings file lies.
            .current_dir(around)
            // Whoever stops a proof at its terminal stops it, and it stops the shop.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.map_err(Ended::plainly)?);
        Ok(command)
    }

    /// What to say of a command that failed: the end of what it complained of.
    fn failed(&self, what: &str) -> Ended {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rev().take(LOG_LINES_MAX).collect::<Vec<_>>();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Ended::Plainly(format!("`bodega {what}` failed:\n{last}"))
    }
}

impl Serving {
    /// Kills it in the middle of whatever it does, as `kill -9`.
    pub fn kill(self) {
        drop(self);
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.child.try_wait().ok().flatten()
    }

    /// Tells it to stop, and waits until it has, which must be without a complaint.
    pub fn stop(mut self) -> Result<(), Broken> {
        let pid = i32::try_from(self.process.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Broken::plainly("no process"))?;
        kill_process(pid, Signal::TERM).map_err(Broken::plainly)?;
        let ended = self.process.child.wait().map_err(Broken::plainly)?;
        if ended.success() {
            return Ok(());
        }
        Err(Violation(format!("the shop was told to stop, and ended with {ended}")).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A demo's gateway, and no limits: the load comes from one address.
const SETTINGS: &[(&str, &str)] = &[
    ("payments.gateway", "demo"),
    ("limits.enabled", "false"),
    ("store.low_water_mib", "1"),
    ("auth.access_minutes", "600"),
    ("log.level", "warn"),
];
/// A shop that is not open by then does not open.
const OPEN_WITHIN: Duration = Duration::from_secs(120);
/// Lines of its log that are shown when it fails.
const LOG_LINES_MAX: usize = 10;
