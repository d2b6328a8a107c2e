//! The real binary as a process: started, killed, told to stop, and read to its end.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write, pipe},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A shop that is open, in a process of its own.
pub struct Serving {
    pub address: SocketAddr,
    /// The line it said when it was ready.
    pub ready: String,
    program: Program,
}

struct Program {
    child: Option<Child>,
    lines: Receiver<String>,
    said: Vec<String>,
    complained: Option<JoinHandle<String>>,
}

/// A demo shop without rate limits, whatever the environment of the tests says.
pub const DEMO: &[(&str, &str)] = &[
    ("BODEGA_PAYMENTS__GATEWAY", "demo"),
    ("BODEGA_LIMITS__ENABLED", "false"),
    ("BODEGA_STORE__LOW_WATER_MIB", "1"),
    ("BODEGA_HTTP__WORKERS", "2"),
    ("BODEGA_AUTH__ACCESS_MINUTES", "600"),
    ("BODEGA_LOG__LEVEL", "warn"),
];

impl Serving {
    /// A demo shop on this directory, once it says that it is open.
    pub fn start(dir: &Path) -> Serving {
        Serving::start_with(dir, DEMO)
    }

    /// The same in another environment.
    #[track_caller]
    pub fn start_with(dir: &Path, environment: &[(&str, &str)]) -> Serving {
        match Serving::try_start(dir, environment) {
            Ok(serving) => serving,
            Err(ended) => panic!("the shop did not open: {ended:?}"),
        }
    }

    /// The same, if it opens.
    pub fn try_start(dir: &Path, environment: &[(&str, &str)]) -> Result<Serving, Ended> {
        Serving::try_start_as(&["serve", "--listen", "127.0.0.1:0"], dir, environment)
    }

    /// The same with these words.
    pub fn try_start_as(
        words: &[&str],
        dir: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Serving, Ended> {
        let mut program = Program::start(words, dir, environment);
        while let Some(line) = program.line() {
            if let Some(rest) = line.split_once("://").map(|(_, rest)| rest) {
                let address = rest.split(' ').next().unwrap_or_default();
                let address = address.replace("localhost", "127.0.0.1");
                let address = address.parse().expect("an address and a port");
                return Ok(Serving { address, ready: line, program });
            }
        }
        Err(program.end())
    }

    /// The next line it says.
    #[track_caller]
    pub fn next_line(&mut self) -> String {
        self.program.line().expect("a line")
    }

    /// Kills it where it stands, as `kill -9` does.
    pub fn kill(mut self) {
        let mut child = self.program.child.take().expect("runs");
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    /// Tells it to stop, as an init system does, and goes on.
    pub fn tell_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Tells it to read its certificate again.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.program.child.as_ref().expect("runs").id()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("a child can be told");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        self.program.end()
    }

    /// Tells it to stop; it must do so without a complaint.
    #[track_caller]
    pub fn stop(self) {
        self.tell_to_stop();
        let ended = self.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

/// Runs a command of the binary to its end.
pub fn run(arguments: &[&str], dir: &Path) -> Ended {
    Program::start(arguments, dir, DEMO).end()
}

/// Runs a command whose words nobody reads: the other end of its standard output is closed.
pub fn run_unread(arguments: &[&str], dir: &Path) -> Ended {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let ended =
        command(arguments, dir, DEMO).stdout(writer).output().expect("the binary was built");
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    Ended { code: ended.status.code(), out: String::new(), err }
}

/// Runs a command in another environment.
pub fn run_in(arguments: &[&str], dir: &Path, environment: &[(&str, &str)]) -> Ended {
    Program::start(arguments, dir, environment).end()
}

/// Runs a command that reads a line.
pub fn run_told(arguments: &[&str], dir: &Path, line: &str) -> Ended {
    let mut program = Program::start(arguments, dir, DEMO);
    let child = program.child.as_mut().expect("runs");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(line.as_bytes()).expect("it reads");
    drop(input);
    program.end()
}

/// Verifies a stopped shop, which must be as it must be.
#[track_caller]
pub fn verify(dir: &Path) {
    let ended = run(&["verify"], dir);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
}

/// The binary with these words, in no environment but this one.
fn command(arguments: &[&str], dir: &Path, environment: &[(&str, &str)]) -> Command {
    let binary = std::env::var_os(BINARY).unwrap_or(env!("CARGO_BIN_EXE_bodega").into());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(dir)
        .envs(environment.iter().copied())
        // Where no settings file lies.
        .current_dir(dir.ancestors().skip(1).find(|around| around.is_dir()).expect("/"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Program {
    fn start(arguments: &[&str], dir: &Path, environment: &[(&str, &str)]) -> Program {
        let mut command = command(arguments, dir, environment);
        let mut child = command.spawn().expect("the binary was built");
        let (out, mut err) = (child.stdout.take(), child.stderr.take().expect("piped"));
        let (line, lines) = channel();
        let out = BufReader::new(out.expect("piped"));
        thread::spawn(move || {
            for said in out.lines().map_while(Result::ok) {
                if line.send(said).is_err() {
                    break;
                }
            }
        });
        let complained = Some(thread::spawn(move || {
            let mut text = Vec::new();
            err.read_to_end(&mut text).expect("a pipe");
            String::from_utf8_lossy(&text).into_owned()
        }));
        Program { child: Some(child), lines, said: Vec::new(), complained }
    }

    /// The next line it says; none when it has ended. One that is stuck is killed.
    fn line(&mut self) -> Option<String> {
        let line = self.lines.recv_timeout(STUCK_AFTER);
        if line == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            self.kill();
            let complained = self.complained.take().map(|thread| thread.join().expect("reads"));
            panic!("a process was stuck; it had said {:?} and {complained:?}", self.said);
        }
        let line = line.ok()?;
        self.said.push(line.clone());
        Some(line)
    }

    fn end(&mut self) -> Ended {
        while self.line().is_some() {}
        let mut child = self.child.take().expect("ends once");
        drop(child.stdin.take());
        let status: ExitStatus = child.wait().expect("a child can be waited for");
        let err = self.complained.take().map(|thread| thread.join().expect("reads"));
        let out = self.said.join("\n");
        Ended { code: status.code(), out, err: err.unwrap_or_default() }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_ours(name: &OsString) -> bool {
    name.to_string_lossy().starts_with("BODEGA_")
}

/// Names another build to be tested, such as the release.
const BINARY: &str = "BODEGA_TEST_BINARY";
/// A process that says nothing for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(120);
