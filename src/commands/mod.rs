//! Commands: what the command line asks for, one file each; the last step before the process ends.
//!
//! Invariant: exit code 0 only when it did what it was asked; every other end says why on
//! standard error, in words for a shopkeeper.

mod admin;
mod check;
mod client;
mod config;
mod demo;
mod exchange;
mod prove;
mod reconcile;
mod serve;
mod signals;
mod tour;

use std::process::ExitCode;

use crate::{
    cli::{Cli, Command, ConfigCommand, Exit, complain},
    config::Settings,
    shop::CannotOpen,
    store::StoreFault,
    telemetry,
};

/// Why a command ended without having done what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The shop could not be opened.
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// Anything else, in words.
    #[error("{0}")]
    Plainly(String),
    /// Something that was chosen cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The data is not as it must be.
    #[error("{0}")]
    Damaged(String),
}

impl Ended {
    /// Something that needs no more than its words.
    pub fn plainly(words: impl std::fmt::Display) -> Ended {
        Ended::Plainly(words.to_string())
    }

    /// A setting that was understood and cannot be used.
    pub fn settings(words: impl std::fmt::Display) -> Ended {
        Ended::Settings(words.to_string())
    }

    fn exit(&self) -> Exit {
        match self {
            Ended::Store(StoreFault::Locked { .. })
            | Ended::CannotOpen(CannotOpen::Store(StoreFault::Locked { .. })) => Exit::Locked,
            Ended::Damaged(_)
            | Ended::Store(StoreFault::Damaged { .. } | StoreFault::LaterFormat { .. })
            | Ended::CannotOpen(CannotOpen::Store(
                StoreFault::Damaged { .. } | StoreFault::LaterFormat { .. },
            )) => Exit::Damaged,
            Ended::Settings(_) => Exit::Settings,
            Ended::Store(_) | Ended::CannotOpen(_) | Ended::Plainly(_) => Exit::Failed,
        }
    }
}

/// Runs a command to its end.
pub fn run(cli: &Cli) -> ExitCode {
    let flags = cli.options.flags();
    if let Command::Config(ConfigCommand::Init { print }) = &cli.command {
        // Before any settings are read: there may be none yet, or a file with faults.
        return end(config::init(&flags, *print));
    }
    let mut settings = match Settings::load(&flags, cli.command.purpose()) {
        Ok(settings) => settings,
        Err(faults) => {
            complain(&faults.to_string());
            return Exit::Settings.into();
        }
    };
    if let Command::Demo { tour: true } = &cli.command {
        tour::quieten(&mut settings.log);
    }
    telemetry::start(&settings.log);
    let ended = match &cli.command {
        Command::Serve => serve::serve(settings),
        Command::Demo { tour } => demo::demo(settings, cli.options.data_dir.is_some(), *tour),
        Command::Verify { json } => check::verify(&settings, *json),
        Command::Reconcile { days, json } => reconcile::reconcile(&settings, *days, *json),
        Command::Rebuild => check::rebuild(&settings),
        Command::Prove(options) => prove::prove(options, flags.data_dir.is_some()),
        Command::Import(command) => exchange::import(settings, command),
        Command::Export(command) => exchange::export(settings, command),
        Command::Admin(command) => admin::admin(settings, command),
        Command::Config(ConfigCommand::Check | ConfigCommand::Init { .. }) => {
            config::show(&settings, &flags, cli.command.purpose())
        }
    };
    end(ended)
}

/// Says why a command failed, if it did.
fn end(ended: Result<(), Ended>) -> ExitCode {
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(why) => {
            complain(&why.to_string());
            why.exit().into()
        }
    }
}
