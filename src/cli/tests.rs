//! The command line: what it understands, what it refuses, what it reads.

use std::{io::Cursor, sync::mpsc::channel, time::Duration};

use clap::{CommandFactory, error::ErrorKind};
use secrecy::ExposeSecret;

use super::{progress::Pace, *};
use crate::store::Progress;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[track_caller]
fn command(line: &str) -> Command {
    parse(line).expect("a command").command
}

#[test]
fn the_commands_are_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_is_understood() {
    assert_eq!(command("bodega serve"), Command::Serve);
    assert_eq!(command("bodega demo --tour"), Command::Demo { tour: true });
    assert_eq!(command("bodega verify --json"), Command::Verify { json: true });
    assert_eq!(command("bodega rebuild"), Command::Rebuild);
    assert_eq!(command("bodega config check"), Command::Config(ConfigCommand::Check));
    assert_eq!(command("bodega prove"), Command::Prove(ProveOptions { seed: None, proof: None }));
    let init = ConfigCommand::Init { print: true };
    assert_eq!(command("bodega config init --print"), Command::Config(init));
    assert_eq!(
        command("bodega admin create --email a@b.example --username ada --password-stdin"),
        Command::Admin(AdminCommand::Create {
            email: "a@b.example".to_owned(),
            username: "ada".to_owned(),
            password_stdin: true,
        })
    );
    assert_eq!(
        command("bodega admin reset-password --email a@b.example --password-stdin"),
        Command::Admin(AdminCommand::ResetPassword {
            email: "a@b.example".to_owned(),
            password_stdin: true,
        })
    );
}

#[test]
fn a_proof_takes_its_seed_before_or_after_its_name_and_has_the_defaults_of_all_of_them() {
    for line in ["bodega prove --seed 7 oversell", "bodega prove oversell --seed 7"] {
        let proof = Some(Proof::Oversell(OversellOptions::default()));
        assert_eq!(command(line), Command::Prove(ProveOptions { seed: Some(7), proof }));
    }
    for (line, proof) in [
        ("bodega prove money", Proof::Money(MoneyOptions::default())),
        ("bodega prove crash", Proof::Crash(CrashOptions::default())),
        ("bodega prove power", Proof::Power(PowerOptions::default())),
    ] {
        let proof = Some(proof);
        assert_eq!(command(line), Command::Prove(ProveOptions { seed: None, proof }));
    }
    let refused = parse("bodega prove oversell --buyers 0").expect_err("nobody");
    assert_eq!(refused.kind(), ErrorKind::ValueValidation);
}

#[test]
fn options_may_stand_before_or_after_the_command() {
    for line in [
        "bodega --data-dir /srv/shop --listen 0.0.0.0:80 --config a.toml serve",
        "bodega serve --data-dir /srv/shop --listen 0.0.0.0:80 --config a.toml",
    ] {
        let flags = parse(line).expect("a command").options.flags();
        assert_eq!(flags.data_dir.as_deref(), Some("/srv/shop"));
        assert_eq!(flags.listen.as_deref(), Some("0.0.0.0:80"));
        assert_eq!(flags.config, Some(PathBuf::from("a.toml")));
    }
}

#[test]
fn a_password_is_never_an_argument() {
    for line in [
        "bodega admin create --email a@b.example --username ada",
        "bodega admin reset-password --email a@b.example",
    ] {
        let refused = parse(line).expect_err("no password").kind();
        assert_eq!(refused, ErrorKind::MissingRequiredArgument, "{line}");
    }
    let line = "bodega admin create --email a@b.example --username ada --password hunter2";
    assert_eq!(parse(line).expect_err("a password").kind(), ErrorKind::UnknownArgument);
}

/// The words of the first line of a file that begins so.
fn words_after(start: &str, file: &str) -> Vec<String> {
    let line = file.lines().find_map(|line| line.strip_prefix(start)).expect("such a line");
    let plain = line.replace(['[', ']', '"', ','], " ");
    plain.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn what_the_packages_start_is_understood() {
    let unit = include_str!("../../packaging/bodega.service");
    let started = Cli::try_parse_from(words_after("ExecStart=", unit)).expect("a command");
    assert_eq!(started.command, Command::Serve);
    assert_eq!(started.options.data_dir.as_deref(), Some("/var/lib/bodega"));
    let container = include_str!("../../packaging/Dockerfile");
    let mut words = words_after("ENTRYPOINT ", container);
    words.extend(words_after("CMD ", container));
    assert_eq!(Cli::try_parse_from(words).expect("a command").command, Command::Serve);
}

#[test]
fn only_the_demo_has_the_demos_defaults() {
    assert_eq!(command("bodega demo").purpose(), Purpose::Demo);
    assert_eq!(command("bodega serve").purpose(), Purpose::Shop);
    assert_eq!(command("bodega config check").purpose(), Purpose::Shop);
}

#[test]
fn every_command_has_an_example() {
    fn visit(command: &clap::Command) {
        let leaf = !command.has_subcommands();
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(!leaf || help.contains("Example"), "{} has none", command.get_name());
        command.get_subcommands().for_each(visit);
    }
    visit(&Cli::command());
}

#[test]
fn the_help_lists_every_exit_code() {
    for exit in [Exit::Done, Exit::Failed, Exit::Damaged, Exit::Locked, Exit::Settings] {
        let row = format!("\n  {:2}  ", exit.code());
        assert!(ROOT_HELP.contains(&row), "{exit:?} is missing");
    }
}

/// Reads a password from this input: the password, or why there is none.
fn read(input: &[u8]) -> String {
    match read_password(Cursor::new(input)) {
        Ok(password) => password.expose_secret().to_owned(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn a_password_is_one_line_without_its_end() {
    assert_eq!(read(b"correct horse\n"), "correct horse");
    assert_eq!(read(b"correct horse\r\n"), "correct horse");
    assert_eq!(read(b" correct horse "), " correct horse ");
    assert_eq!(read(b"correct\nhorse\n"), "correct");
}

#[test]
fn what_is_no_password_is_refused_in_words() {
    assert_eq!(read(b""), "standard input holds no password");
    assert_eq!(read(b"\r\n"), "standard input holds no password");
    assert_eq!(read(b"\xff\n"), "the password is not UTF-8 text");
    assert_eq!(read(&[b'x'; 1024]).len(), 1024);
    assert_eq!(read(&[[b'x'; 1024].as_slice(), b"\r\n"].concat()).len(), 1024);
    assert_eq!(read(&[b'x'; 1025]), "the password is longer than 1024 bytes");
    assert_eq!(read(&[b'x'; 5000]), "the password is longer than 1024 bytes");
}

#[test]
fn a_bar_serves_one_piece_of_work_after_another() {
    let bar = Bar::new();
    for label in ["reading the journal", "writing the state"] {
        bar.begin(label, 10);
        bar.advance(3);
        bar.advance(7);
        assert_eq!(bar.position(), (10, Some(10)));
        bar.end();
    }
}

#[test]
fn long_work_is_told_again_and_again_until_it_has_ended() {
    let (said, heard) = channel();
    let pace = Pace { first: Duration::from_millis(1), again: Duration::from_millis(1) };
    let bar = Bar::telling_to("opening the shop", pace, move |line| drop(said.send(line)));
    assert_eq!(heard.recv().as_deref(), Ok("still opening the shop"));
    bar.begin("opening the search indexes", 0);
    assert!(heard.iter().any(|line| line == "still opening the shop: opening the search indexes"));
    bar.end();
    bar.begin("replaying the journal", 10);
    bar.advance(3);
    let told = "still opening the shop: replaying the journal, 3 of 10";
    assert!(heard.iter().any(|line| line == told));
    bar.end();
    assert!(heard.iter().any(|line| line == "still opening the shop"));
    drop(bar);
    // Comes to an end when nobody is left to say anything.
    drop(heard.iter().last());
}
