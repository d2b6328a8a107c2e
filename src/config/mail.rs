//! `[mail]`: how letters leave the shop, and from whom.
//!
//! Invariant: a password never travels in the clear beyond this machine.

use std::{path::PathBuf, time::Duration};

use super::{Secret, parsed, reading::Reading};

/// `[mail]`.
#[derive(Clone, Debug, PartialEq)]
pub struct MailSettings {
    /// How letters leave.
    pub transport: MailTransport,
    /// The folder they are written to, if they leave by that; unless chosen, in the data directory.
    pub folder: Option<PathBuf>,
    /// The server they are handed to, if they leave by that.
    pub smtp: Option<SmtpServer>,
    /// Whom they are from.
    pub from: Sender,
    /// A folder whose templates are used in place of the built-in ones.
    pub templates: Option<PathBuf>,
    /// Whether admins are told of each order.
    pub new_orders: bool,
}

/// How letters leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// Into a folder, a file each: nobody gets any.
    Folder,
    /// By a mail server.
    Smtp,
}

/// `[mail.smtp]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SmtpServer {
    /// Its name, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: SmtpTls,
    /// Certificates (PEM) that are trusted besides those of the machine.
    pub ca_file: Option<PathBuf>,
    /// Name and password, if it wants to know who hands in letters.
    pub login: Option<(String, Secret)>,
    /// How long one answer is waited for.
    pub timeout: Duration,
    /// How many letters are handed over at once.
    pub connections: usize,
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// In the clear at first; nothing is handed over before STARTTLS.
    Required,
    /// Encrypted from the first byte.
    Implicit,
    /// In the clear.
    None,
}

/// A mailbox, perhaps with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// What a reader sees; the shop's name unless chosen.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// Reads them.
pub(super) fn mail(read: &mut Reading<'_>) -> MailSettings {
    let transport = read.choice("mail.transport", "`folder` or `smtp`", &TRANSPORTS);
    let smtp = smtp(read, transport);
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let from = read.value_if_set("mail.from", FROM, sender);
    if transport == MailTransport::Smtp && from.is_none() {
        read.require("mail.from", FROM);
    }
    MailSettings {
        transport,
        folder: read.value_if_set("mail.folder", "a directory", path),
        smtp,
        from: from.unwrap_or(Sender { name: None, address: NOBODY.to_owned() }),
        templates: read.value_if_set("mail.templates", "a directory", path),
        new_orders: read.value("mail.new_orders", "`true` or `false`", parsed),
    }
}

fn smtp(read: &mut Reading<'_>, transport: MailTransport) -> Option<SmtpServer> {
    let host = read.value_if_set("mail.smtp.host", HOST, |text| is_host(text).then(|| text.into()));
    let tls = read.choice("mail.smtp.tls", "`required`, `implicit` or `none`", &TLS);
    let usual_port = match tls {
        SmtpTls::Required => SUBMISSION,
        SmtpTls::Implicit => SUBMISSIONS,
        SmtpTls::None => RELAY,
    };
    let port = read.number_if_set("mail.smtp.port", 1..=u16::MAX).unwrap_or(usual_port);
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let ca_file = read.value_if_set("mail.smtp.ca_file", "a file", path);
    let username = read.value_if_set("mail.smtp.username", "printable characters", word);
    let is_word = |text: &str| word(text).is_some();
    let password = read.secret_if_set("mail.smtp.password", "printable characters", is_word);
    let timeout = read.number("mail.smtp.timeout_ms", 50..=TIMEOUT_MILLIS_MAX);
    let connections = read.number("mail.smtp.connections", 1..=CONNECTIONS_MAX);
    if transport != MailTransport::Smtp {
        return None;
    }
    if username.is_some() && password.is_none() {
        read.require("mail.smtp.password", "set together with `mail.smtp.username`");
    }
    let Some(host): Option<String> = host else {
        read.require("mail.smtp.host", HOST);
        return None;
    };
    if tls == SmtpTls::None && username.is_some() && !is_here(&host) {
        let encrypted = "`required` or `implicit`: a password is not sent in the clear";
        read.require("mail.smtp.tls", encrypted);
    }
    let timeout = Duration::from_millis(timeout);
    let login = username.zip(password);
    Some(SmtpServer { host, port, tls, ca_file, login, timeout, connections })
}

/// `Corner shop <orders@shop.example>`, or only the address.
fn sender(text: &str) -> Option<Sender> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
        None => ("", text),
    };
    let is_plain =
        |text: &str| !text.chars().any(|sign| sign.is_control() || "<>\"".contains(sign));
    let (local, domain) = address.split_once('@')?;
    let fits = !local.is_empty()
        && is_host(domain)
        && !address.contains(char::is_whitespace)
        && is_plain(address)
        && is_plain(name)
        && text.len() <= SENDER_BYTES_MAX;
    let name = (!name.is_empty()).then(|| name.to_owned());
    fits.then(|| Sender { name, address: address.to_owned() })
}

fn word(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= WORD_BYTES_MAX;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn is_host(text: &str) -> bool {
    let is_letter = |sign: char| sign.is_ascii_alphanumeric() || "-.:".contains(sign);
    !text.is_empty() && text.len() <= HOST_BYTES_MAX && text.chars().all(is_letter)
}

fn is_here(host: &str) -> bool {
    ["127.0.0.1", "localhost", "::1"].contains(&host)
}

const TRANSPORTS: [(&str, MailTransport); 2] =
    [("folder", MailTransport::Folder), ("smtp", MailTransport::Smtp)];
const TLS: [(&str, SmtpTls); 3] =
    [("required", SmtpTls::Required), ("implicit", SmtpTls::Implicit), ("none", SmtpTls::None)];
const FROM: &str = "a mailbox, as `Corner shop <orders@shop.example>`";
const HOST: &str = "a host name or an address, when the transport is `smtp`";
/// Whom letters are from that nobody gets.
const NOBODY: &str = "shop@localhost";
/// The ports of RFC 8314 and RFC 5321.
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;
const RELAY: u16 = 25;
const SENDER_BYTES_MAX: usize = 254;
const WORD_BYTES_MAX: usize = 255;
const HOST_BYTES_MAX: usize = 253;
/// Longer than this no courier waits for one answer.
const TIMEOUT_MILLIS_MAX: u64 = 50_000;
/// As many letters as a courier holds that are not recorded.
const CONNECTIONS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_mailbox_on_one_line() {
        let named = |name: &str, address: &str| Sender {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address: address.to_owned(),
        };
        for (text, wanted) in [
            ("orders@shop.example", named("", "orders@shop.example")),
            ("Corner shop <a@b.example>", named("Corner shop", "a@b.example")),
            ("\"Shop, the\" <a@b.example>", named("Shop, the", "a@b.example")),
        ] {
            assert_eq!(sender(text), Some(wanted), "{text}");
        }
        for bad in ["", "shop", "@b.example", "a@", "a@b.example\r\nBcc: x@y.example", "a b@c.d"] {
            assert_eq!(sender(bad), None, "{bad:?}");
        }
    }
}
