//! Streams: standard output, standard error, and a password on standard input.

use std::io::{self, BufRead, Write};

use secrecy::{SecretString, zeroize::Zeroizing};

/// Why no password could be read.
#[derive(Debug, thiserror::Error)]
pub enum PasswordFault {
    /// The line is empty, or there is none.
    #[error("standard input holds no password")]
    Empty,
    /// The line is longer than any password.
    #[error("the password is longer than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The line is not text.
    #[error("the password is not UTF-8 text")]
    NotText,
    /// Standard input cannot be read.
    #[error("standard input cannot be read")]
    Io(#[from] io::Error),
}

/// Writes a line to standard output. Whoever stopped reading, as `head` does, has read enough: the
/// command goes on, and its exit code still says how it ended.
///
/// # Errors
/// Standard output is full or fails: the command did not do what it was asked.
pub fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    is_read(writeln!(out, "{text}").and_then(|()| out.flush())).map(drop)
}

/// Whether anybody still reads what was written.
///
/// # Errors
/// All but that nobody does.
pub fn is_read(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Writes a line to standard error. If that is closed, nobody is there to be told.
pub fn complain(text: &str) {
    drop(writeln!(io::stderr().lock(), "bodega: {text}"));
}

/// Reads a password: the first line, without its end. Spaces belong to it.
///
/// # Errors
/// No line, a line that is no text, or one that is too long.
pub fn read_password(input: impl BufRead) -> Result<SecretString, PasswordFault> {
    // Reserved at once: a buffer that grows leaves copies behind that nobody wipes.
    let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_BYTES_MAX + LINE_END_BYTES));
    let most = u64::try_from(line.capacity()).unwrap_or(u64::MAX);
    input.take(most).read_until(b'\n', &mut line)?;
    let password = line.strip_suffix(b"\n").unwrap_or(&line);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordFault::TooLong);
    }
    match std::str::from_utf8(password) {
        Ok("") => Err(PasswordFault::Empty),
        Ok(text) => Ok(SecretString::from(text)),
        Err(_) => Err(PasswordFault::NotText),
    }
}

/// More than any password that is accepted, in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;
/// `\r\n`.
const LINE_END_BYTES: usize = 2;
