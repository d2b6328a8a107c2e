//! SMTP: letters handed to a mail server, with TLS and a password where they are asked for.
//!
//! Invariants: what a server says of one letter holds for that letter, and what it says before
//! (who may hand in what) holds for all: then nothing is lost and all wait. A letter whose answer
//! was lost is sent again under the same `Message-ID`. Connections are kept and used again.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use lettre::{
    Message,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailParameter},
        response::Severity,
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::{
    super::breaker::{Breaker, Condition, Ended, Tripping},
    Letter, MailTransport, NotSent,
    message::message_of,
};
use crate::clock::Clock;

/// A mail server, and how it is spoken to.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// Certificates (PEM) that are trusted besides those of the machine.
    pub authorities: Option<Vec<u8>>,
    /// Name and password.
    pub login: Option<(String, SecretString)>,
    /// How long one answer is waited for.
    pub patience: Duration,
    /// Connections that are kept while nothing is sent.
    pub kept_max: usize,
    /// When it is not asked any more for a while.
    pub tripping: Tripping,
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// In the clear at first; nothing is handed over before STARTTLS.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// In the clear.
    Clear,
}

/// Why a server cannot be spoken to as was chosen.
#[derive(Debug, thiserror::Error)]
#[error("the mail server's certificates cannot be used: {0}")]
pub struct NoTls(String);

/// A mail server.
pub struct Smtp {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    breaker: Breaker,
    clock: Clock,
    kept: Mutex<Vec<Kept>>,
}

/// A connection that is kept, and since when.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Duration,
}

/// How a conversation ended that did not go well.
enum Broke {
    /// Nobody was there to take anything over.
    Away(String),
    /// No answer came, in time or at all: whether the letter was taken over nobody knows.
    Silence(String),
    /// The server said something else than yes.
    Said(NotSent),
}

impl Smtp {
    /// A server; nothing is asked of it yet.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub fn new(settings: SmtpSettings, clock: Clock) -> Result<Smtp, NoTls> {
        let breaker = Breaker::new("mail", settings.tripping, clock.clone());
        let tls = match settings.security {
            Security::Clear => None,
            Security::StartTls | Security::Tls => Some(tls_parameters(&settings)?),
        };
        Ok(Smtp { settings, tls, breaker, clock, kept: Mutex::new(Vec::new()) })
    }

    async fn hand_over(&self, message: &Message) -> Result<(), Broke> {
        let bytes = message.formatted();
        if let Some(mut kept) = self.take_kept() {
            match self.converse(&mut kept, message, &bytes).await {
                // It was closed while nobody used it, which is no news about the server.
                Err(Broke::Away(_)) => {}
                ended => return self.note_end(kept, ended).await,
            }
        }
        let mut fresh = self.connected().await?;
        let ended = self.converse(&mut fresh, message, &bytes).await;
        self.note_end(fresh, ended).await
    }

    /// Keeps the connection for the next letter, if it is still good for one.
    async fn note_end(
        &self,
        mut connection: AsyncSmtpConnection,
        ended: Result<(), Broke>,
    ) -> Result<(), Broke> {
        match &ended {
            Ok(()) => self.keep(connection),
            Err(Broke::Said(NotSent::Later(_) | NotSent::Never(_))) => {
                if self.waited(connection.command("RSET\r\n")).await.is_ok() {
                    self.keep(connection);
                }
            }
            Err(Broke::Said(NotSent::Down(_)) | Broke::Away(_) | Broke::Silence(_)) => {}
        }
        ended
    }

    /// One letter, on a connection that is ready.
    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &Message,
        bytes: &[u8],
    ) -> Result<(), Broke> {
        let envelope = message.envelope();
        let mut parameters = Vec::new();
        let mut addresses = envelope.to().iter().chain(envelope.from());
        if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let words = "the mail server takes no such address".to_owned();
                return Err(Broke::Said(NotSent::Never(words)));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let mail = Mail::new(envelope.from().cloned(), parameters);
        self.waited(connection.command(mail)).await.map_err(for_all)?;
        for to in envelope.to() {
            self.waited(connection.command(Rcpt::new(to.clone(), vec![]))).await?;
        }
        self.waited(connection.command(Data)).await?;
        self.waited(connection.message(bytes)).await.map(drop)
    }

    /// A connection that is ready to take a letter.
    async fn connected(&self) -> Result<AsyncSmtpConnection, Broke> {
        let SmtpSettings { host, port, security, patience, login, .. } = &self.settings;
        let hello = ClientId::default();
        let wrapper = self.tls.clone().filter(|_| *security == Security::Tls);
        let server = (host.as_str(), *port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(*patience), &hello, wrapper, None);
        let mut connection = self.waited(connecting).await.map_err(for_all)?;
        if let Some(tls) = self.tls.clone().filter(|_| *security == Security::StartTls) {
            self.waited(connection.starttls(tls, &hello)).await.map_err(for_all)?;
        }
        if let Some((name, password)) = login {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials);
            self.waited(signed_in).await.map_err(for_all)?;
        }
        Ok(connection)
    }

    /// Waits for one answer, no longer than the patience lasts.
    async fn waited<T>(
        &self,
        asked: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Broke> {
        match timeout(self.settings.patience, asked).await {
            Ok(answer) => answer.map_err(|fault| broke(&fault)),
            Err(_) => Err(Broke::Silence("no answer in time".to_owned())),
        }
    }

    /// A connection that was kept and may still be good.
    fn take_kept(&self) -> Option<AsyncSmtpConnection> {
        let now = self.clock.running();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| now.saturating_sub(one.since) < KEPT_FOR);
        kept.pop().map(|one| one.connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let since = self.clock.running();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.settings.kept_max && !connection.has_broken() {
            kept.push(Kept { connection, since });
        }
    }
}

impl MailTransport for Smtp {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotSent>> {
        Box::pin(async move {
            let message = message_of(letter).map_err(|why| NotSent::Never(why.to_string()))?;
            let leave = self.breaker.admit().map_err(|no| NotSent::Down(no.to_string()))?;
            match self.hand_over(&message).await {
                Ok(()) => {
                    leave.note(Ended::Answered);
                    Ok(())
                }
                Err(Broke::Said(no)) => {
                    leave.note(Ended::Answered);
                    Err(no)
                }
                Err(Broke::Silence(words)) => {
                    leave.note(Ended::Failed);
                    Err(NotSent::Later(words))
                }
                Err(Broke::Away(words)) => {
                    leave.note(Ended::Failed);
                    Err(NotSent::Down(words))
                }
            }
        })
    }

    fn at_once(&self) -> usize {
        self.settings.kept_max.max(1)
    }

    fn condition(&self) -> String {
        self.breaker.condition().to_string()
    }

    fn is_cut_off(&self) -> bool {
        matches!(self.breaker.condition(), Condition::Open { .. })
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "smtp at {}:{}", self.settings.host, self.settings.port)
    }
}

/// What is said before a letter is named holds for all letters: nobody loses theirs by it.
fn for_all(broke: Broke) -> Broke {
    match broke {
        Broke::Said(NotSent::Never(words) | NotSent::Later(words) | NotSent::Down(words)) => {
            Broke::Said(NotSent::Down(words))
        }
        Broke::Away(words) | Broke::Silence(words) => Broke::Away(words),
    }
}

fn broke(fault: &SmtpError) -> Broke {
    let words = without_addresses(&fault.to_string());
    let Some(code) = fault.status() else {
        // A server without STARTTLS, or without a way to sign in that we know, has answered.
        let answered = fault.is_client() || fault.is_tls();
        return if answered { Broke::Said(NotSent::Never(words)) } else { Broke::Silence(words) };
    };
    let number: u16 = code.into();
    Broke::Said(match code.severity {
        _ if CLOSED_DOORS.contains(&number) => NotSent::Down(words),
        Severity::PermanentNegativeCompletion => NotSent::Never(words),
        Severity::TransientNegativeCompletion
        | Severity::PositiveCompletion
        | Severity::PositiveIntermediate => NotSent::Later(words),
    })
}

/// What a server said, without anybody's address.
fn without_addresses(words: &str) -> String {
    let plain = |word: &str| if word.contains('@') { "…".to_owned() } else { word.to_owned() };
    words.split_whitespace().map(plain).collect::<Vec<_>>().join(" ")
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, NoTls> {
    let refused = |fault: SmtpError| NoTls(fault.to_string());
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authorities {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(refused)?);
    }
    builder.build_rustls().map_err(refused)
}

/// The service is closing; sign in first; not from you: no word about the letter itself.
const CLOSED_DOORS: [u16; 5] = [421, 530, 534, 535, 538];
/// Servers close what says nothing for some minutes.
const KEPT_FOR: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_kept_without_addresses() {
        assert_eq!(
            without_addresses("550 5.1.1 <ada@example.com>: no such\r\nuser ada@example.com"),
            "550 5.1.1 … no such user …"
        );
    }
}
