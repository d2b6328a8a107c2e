//! `bodega config …`: begins a settings file, and shows what is in force.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use crate::{
    cli::say,
    config::{DEFAULT_FILE, Flags, Layers, Purpose, Settings, commented_file},
    http::server::tls::Certificate,
};

use super::Ended;

/// Writes a settings file that explains every setting and changes none; never over one that is
/// there. Only its owner may read it, because secrets may be written into it.
pub fn init(flags: &Flags, print: bool) -> Result<(), Ended> {
    let text = commented_file();
    if print {
        return say(text.trim_end()).map_err(Ended::plainly);
    }
    let path = flags.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let fault = |why: std::io::Error| {
        if why.kind() == ErrorKind::AlreadyExists {
            return Ended::plainly(format!(
                "{} is there already; nothing was changed",
                path.display()
            ));
        }
        Ended::plainly(format!("{} cannot be written: {why}", path.display()))
    };
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = made.map_err(fault)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    say(&format!("wrote {}; every setting in it is still at its default", path.display()))
        .map_err(Ended::plainly)
}

/// Shows every setting in force with where it comes from.
pub fn show(settings: &Settings, flags: &Flags, purpose: Purpose) -> Result<(), Ended> {
    if let Some(files) = &settings.http.tls {
        Certificate::read(files.clone()).map_err(Ended::settings)?;
    }
    let layers = Layers::gather(flags, std::env::vars_os(), purpose);
    say(&layers.listing()).map_err(Ended::plainly)
}
