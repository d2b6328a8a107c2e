//! Mail: the letters of a shop and how they leave, made from the settings.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use secrecy::{SecretSlice, SecretString};

use super::Shop;
use crate::{
    accounts::tokens::{Tokens, reset_hash},
    actors::Rejection,
    clock::Clock,
    config::{MailTransport as Chosen, Purpose, Settings, SmtpServer, SmtpTls},
    domain::{ids::CourierId, time::Timestamp},
    gateways::{
        breaker::Tripping,
        mail::{
            MailTransport, Mailbox,
            folder::MailFolder,
            smtp::{Security, Smtp, SmtpSettings},
        },
    },
    store::Store,
    subscribers::mail::{Choice, Mail, MailDesk, ResetToken, Stationery, Templates, courier},
};

/// The letters of a shop.
pub struct Letters {
    /// Where staff look at them.
    pub desk: MailDesk,
    /// Where they lie, in a demo.
    pub inbox: Option<MailFolder>,
    /// Where they lie, if nobody gets any.
    pub folder: Option<PathBuf>,
    mail: Mail,
    transport: Arc<dyn MailTransport>,
}

impl Letters {
    /// Letters as they were chosen; why they cannot be written or sent, if they cannot.
    pub(super) fn of(
        settings: &Settings,
        store: Store,
        clock: &Clock,
        secret: &SecretSlice<u8>,
    ) -> Result<Letters, String> {
        let chosen = &settings.mail;
        let templates = Templates::open(chosen.templates.as_deref());
        let stationery = Stationery {
            choice: Choice {
                language: settings.shop.language.clone(),
                time_zone: settings.shop.time_zone.clone(),
                bank_details: settings.payments.bank_transfer_details.clone(),
                new_orders: chosen.new_orders,
            },
            templates: templates.map_err(|fault| fault.to_string())?,
            from: Mailbox { name: chosen.from.name.clone(), address: chosen.from.address.clone() },
            reset_token: reset_tokens(secret),
        };
        let mail = Mail::new(store, clock.clone(), stationery);
        match (chosen.transport, &chosen.smtp) {
            (Chosen::Smtp, Some(server)) => {
                let transport = smtp(server, clock, server.connections)?;
                // A test letter is sent by another thread, whose connections are its own.
                let desk = MailDesk::new(mail.clone(), smtp(server, clock, 0)?);
                Ok(Letters { desk, inbox: None, folder: None, mail, transport })
            }
            (Chosen::Smtp, None) => Err("no mail server is named".to_owned()),
            (Chosen::Folder, _) => {
                let path = chosen.folder.clone();
                let path = path.unwrap_or_else(|| settings.data_dir.join(LETTERS));
                let folder = MailFolder::at(path.clone());
                let transport: Arc<dyn MailTransport> = Arc::new(folder.clone());
                let desk = MailDesk::new(mail.clone(), Arc::clone(&transport));
                let inbox = (settings.purpose == Purpose::Demo).then_some(folder);
                Ok(Letters { desk, inbox, folder: Some(path), mail, transport })
            }
        }
    }
}

impl Letters {
    /// The courier that takes them out.
    pub fn courier(&self) -> CourierId {
        courier()
    }

    /// Lets go of letters that have lain in a folder for long, or are too many; how many went.
    ///
    /// # Errors
    /// The disk.
    pub fn let_go_of_old(&self, now: Timestamp) -> std::io::Result<usize> {
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let before = now.plus_millis(-LETTER_DAYS_MAX * MILLIS_A_DAY);
        MailFolder::at(folder).let_go(before, LETTERS_MAX)
    }

    /// How whoever takes letters is, for health checks.
    pub fn condition(&self) -> String {
        self.transport.condition()
    }

    /// Whether letters are written to a folder, and nobody gets any; a demo's are read there.
    pub fn reach_nobody(&self) -> bool {
        self.folder.is_some() && self.inbox.is_none()
    }

    /// Whether nobody is asked to take letters just now.
    pub fn is_cut_off(&self) -> bool {
        self.transport.is_cut_off()
    }
}

impl Shop {
    /// Sends the couriers out: from here on news is told. What a new one finds has been told.
    ///
    /// # Errors
    /// Busy; a courier of this name was closed.
    pub async fn send_couriers_out(&self) -> Result<(), Rejection> {
        if let Some(folder) = self.letters.folder.as_ref()
            && self.letters.reach_nobody()
        {
            let folder = folder.display();
            tracing::warn!(%folder, "letters are written to a folder and nobody gets any");
        }
        let transport = Arc::clone(&self.letters.transport);
        let courier = self.meters.while_making(|| self.letters.mail.courier(transport));
        self.runner.send_out(courier).await?;
        self.webhooks.send_out_all().await
    }

    /// The same, until it has gone well: a shop whose disk is full is open for reading.
    pub async fn keep_sending_out(self) {
        let mut every = tokio::time::interval(SENT_OUT_EVERY);
        while !self.is_closing() {
            every.tick().await;
            if self.send_couriers_out().await.is_ok() {
                break;
            }
        }
    }
}

/// Makes the tokens of links to new passwords under the shop's secret.
fn reset_tokens(secret: &SecretSlice<u8>) -> ResetToken {
    let tokens = Tokens::new(secret);
    Arc::new(move |user, expires_at, hash| {
        let token = tokens.reset(user, expires_at);
        (reset_hash(&token) == hash.0).then_some(token)
    })
}

fn smtp(server: &SmtpServer, clock: &Clock, kept_max: usize) -> Result<Arc<Smtp>, String> {
    let authorities = server.ca_file.as_ref().map(|path| {
        fs::read(path).map_err(|fault| format!("{} cannot be read: {fault}", path.display()))
    });
    let login = server.login.as_ref();
    let settings = SmtpSettings {
        host: server.host.clone(),
        port: server.port,
        security: match server.tls {
            SmtpTls::Required => Security::StartTls,
            SmtpTls::Implicit => Security::Tls,
            SmtpTls::None => Security::Clear,
        },
        authorities: authorities.transpose()?,
        login: login.map(|(name, password)| (name.clone(), SecretString::from(password.expose()))),
        patience: server.timeout,
        kept_max,
        tripping: TRIPPING,
    };
    Smtp::new(settings, clock.clone()).map(Arc::new).map_err(|fault| fault.to_string())
}

const SENT_OUT_EVERY: Duration = Duration::from_secs(5);
/// How long a letter lies in a folder.
const LETTER_DAYS_MAX: i64 = 30;
/// How many lie there.
const LETTERS_MAX: usize = 10_000;
const MILLIS_A_DAY: i64 = 86_400_000;
/// Where letters lie in the data directory.
const LETTERS: &str = "letters";
/// A few letters are under way at once and each may wait long, so few are enough to conclude.
const TRIPPING: Tripping = Tripping {
    calls_min: 4,
    failed_percent: 50,
    window: Duration::from_secs(120),
    open_first: Duration::from_secs(2),
    // Not longer than the courier waits at least: when it comes again, it is let through.
    open_max: Duration::from_secs(30),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscribers::backoff::pause;

    #[test]
    fn a_mail_server_that_comes_back_is_found_at_the_next_attempt() {
        for attempt in (7..).take(100) {
            assert!(pause(attempt, Duration::ZERO) >= TRIPPING.open_max, "nobody is asked yet");
        }
    }
}
