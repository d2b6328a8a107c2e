//! The command line: commands, options and what their exit codes mean.
//!
//! Only the words; what a command does is wired in `main`. A password never is an argument,
//! because every user of the machine can read those.

mod exchange;
mod progress;
mod proofs;
mod streams;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

pub use exchange::{ExportCommand, FileForm, ImportCommand};
pub use progress::Bar;
use proofs::PROVE_HELP;
pub use proofs::{CrashOptions, MoneyOptions, OversellOptions, PowerOptions, Proof, ProveOptions};
pub use streams::{PasswordFault, complain, is_read, read_password, say};

use crate::config::{Flags, Purpose};

/// A whole shop in one binary.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "bodega",
    version,
    about = "A whole shop in one binary: API, payments, stock and storage in one process.",
    after_help = ROOT_HELP,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Options for every command")]
pub struct Options {
    /// Directory of the shop's journal, state and secret [default: ./var]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Address and port to listen on [default: 127.0.0.1:3000]
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Settings file; must exist if named [default: bodega.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "BODEGA_CONFIG")]
    pub config: Option<PathBuf>,
}

/// What Bodega can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the shop
    #[command(after_help = SERVE_HELP)]
    Serve,
    /// Run a filled shop to look at: test gateway, no real money, no network
    #[command(after_help = DEMO_HELP)]
    Demo {
        /// Walk through a purchase and show each step
        #[arg(long)]
        tour: bool,
    },
    /// Check the journal, and that state rebuilt from it equals the live state
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// Print the findings as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Compare the payment gateway's books with the running shop's
    #[command(after_help = RECONCILE_HELP)]
    Reconcile {
        /// So many days back
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// Print the report as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Throw the state away and build it again from the journal
    #[command(after_help = REBUILD_HELP)]
    Rebuild,
    /// Try the shop's promises out, on a temporary directory
    #[command(after_help = PROVE_HELP)]
    Prove(ProveOptions),
    /// Take things from a file into the shop
    #[command(subcommand)]
    Import(ImportCommand),
    /// Write things of the shop into a file
    #[command(subcommand)]
    Export(ExportCommand),
    /// Make an admin, or let one in again
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Begin a settings file, or look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `bodega admin …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum AdminCommand {
    /// Make an admin, in a new, a stopped or a running shop
    #[command(after_help = CREATE_HELP)]
    Create {
        /// Email address to sign in with
        #[arg(long)]
        email: String,
        /// Name to be shown
        #[arg(long)]
        username: String,
        /// Read the password from standard input: one line
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Give an admin a new password and end all their sessions
    #[command(after_help = RESET_HELP)]
    ResetPassword {
        /// Email address of the admin
        #[arg(long)]
        email: String,
        /// Read the new password from standard input: one line
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// `bodega config …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Check the settings and print them, each with where it comes from
    #[command(after_help = CHECK_HELP)]
    Check,
    /// Write a settings file that explains every setting and changes none
    #[command(after_help = INIT_HELP)]
    Init {
        /// Print it instead of writing a file
        #[arg(long)]
        print: bool,
    },
}

impl Options {
    /// The options as the settings know them.
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            listen: self.listen.clone(),
        }
    }
}

impl Command {
    /// Whose defaults the settings have.
    pub fn purpose(&self) -> Purpose {
        match self {
            Command::Demo { .. } => Purpose::Demo,
            Command::Serve
            | Command::Verify { .. }
            | Command::Rebuild
            | Command::Reconcile { .. }
            | Command::Prove(_)
            | Command::Import(_)
            | Command::Export(_)
            | Command::Admin(_)
            | Command::Config(_) => Purpose::Shop,
        }
    }
}

/// How a command ended. Wrong arguments end with 2 before any command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked.
    Done,
    /// It could not; the message says why.
    Failed,
    /// The journal or the state is damaged, or of a later version; the message says what to do.
    Damaged,
    /// Another process has the data directory.
    Locked,
    /// The settings are wrong.
    Settings,
}

impl Exit {
    /// The number for the shell, after `sysexits.h` where that has one.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Damaged => 65,
            Exit::Locked => 75,
            Exit::Settings => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

const ROOT_HELP: &str = "\
Examples:
  bodega demo                      A filled shop on http://127.0.0.1:3000
  bodega serve --data-dir /srv/shop --listen 0.0.0.0:8080
  BODEGA_PAYMENTS__GATEWAY=demo bodega serve

Settings: built-in defaults, then bodega.toml, then the environment (BODEGA_ and the path of the
setting with __ between its parts), then options. `bodega config check` shows what is in force.

Exit codes:
   0  done
   1  failed; the message says why
   2  wrong arguments
  65  the data is damaged; the message says what to run
  75  another process has the data directory
  78  the settings are wrong; all faults are listed";

const SERVE_HELP: &str = "\
Prints one line with its address when it is ready. SIGINT or SIGTERM stops it: requests under way
are answered, everything is on disk.

Examples:
  bodega serve
  bodega serve --config /etc/bodega.toml
  BODEGA_LOG__FORMAT=json bodega serve --listen 0.0.0.0:8080";

const DEMO_HELP: &str = "\
Fills a new data directory with a catalogue and takes published test cards only.

Examples:
  bodega demo
  bodega demo --tour
  bodega demo --data-dir /tmp/shop";

const VERIFY_HELP: &str = "\
For a shop that is stopped, or a copy. Mends what a start would mend, and nothing else: an unsynced
end of the journal, a state that is behind or damaged. Exit code 0 only if all is well.

Examples:
  bodega verify
  bodega verify --json --data-dir /srv/shop";

const RECONCILE_HELP: &str = "\
For a shop that is running. Changes nothing: every difference is told with what to do about it.
Exit code 0 only if both books say the same. The shop does the same every day by itself.

Examples:
  bodega reconcile
  bodega reconcile --days 7 --json --data-dir /srv/shop";

const REBUILD_HELP: &str = "\
For a shop that is stopped. The journal is only read; the old state is kept aside until the new
one is complete.

Example:
  bodega rebuild --data-dir /srv/shop";

const CREATE_HELP: &str = "\
Examples:
  bodega admin create --email ada@shop.example --username ada --password-stdin < password.txt
  pass show shop | bodega admin create --email ada@shop.example --username ada --password-stdin";

const RESET_HELP: &str = "\
Example:
  pass show shop | bodega admin reset-password --email ada@shop.example --password-stdin";

const CHECK_HELP: &str = "\
Lists every fault at once and ends with 78 if there is one. Secrets are not shown.

Examples:
  bodega config check
  bodega config check --config /etc/bodega.toml";

const INIT_HELP: &str = "\
Writes bodega.toml, or the file that --config names; never over one that is there.

Examples:
  bodega config init
  bodega config init --config /etc/bodega.toml
  bodega config init --print";

#[cfg(test)]
mod tests;
