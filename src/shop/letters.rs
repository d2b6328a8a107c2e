//! Letters as files, until mail is sent: the latest one a person, readable by the owner only.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::{accounts::Letters, domain::users::User};

/// The folder they lie in.
pub(super) struct LetterFolder {
    pub folder: PathBuf,
}

impl Letters for LetterFolder {
    fn password_forgotten(&self, user: &User, token: &SecretString) {
        let text = format!(
            "To: {}\nSubject: A new password\n\nToken: {}\n\nIt is good once, for 30 minutes.\n",
            user.email,
            token.expose_secret(),
        );
        if let Err(error) = write_letter(&self.folder, &format!("{}.txt", user.id), &text) {
            tracing::error!(%error, "a letter could not be written");
        }
    }
}

fn write_letter(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    std::fs::create_dir_all(folder)?;
    let path = folder.join(name);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// Their place in the data directory.
pub(super) const LETTERS: &str = "letters";
