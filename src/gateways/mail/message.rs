//! Message: a letter in the form in which it travels (RFC 5322, MIME).
//!
//! Invariant: the same letter gives the same bytes, and nothing in a header can end its line.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

use super::{Letter, Mailbox};

/// Why a letter cannot be written, in words without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The address is none.
    #[error("the address is not one that mail can be sent to")]
    NoAddress,
    /// Something in a header is more than a line.
    #[error("its {0} is not a line of printable text")]
    NoLine(&'static str),
    /// It says nothing, or too much.
    #[error("its {0} is empty or too long")]
    Size(&'static str),
    /// The message could not be put together.
    #[error("it could not be put together")]
    Form,
}

/// The message of a letter.
///
/// # Errors
/// Something in it cannot stand in a message.
pub fn message_of(letter: &Letter) -> Result<Message, Unwritable> {
    let subject = line(&letter.subject, "subject", SUBJECT_LETTERS_MAX)?;
    let (from, to) = (mailbox(&letter.from)?, mailbox(&letter.to)?);
    for (what, body) in [("text", &letter.text), ("page", &letter.html)] {
        if body.trim().is_empty() || body.len() > BODY_BYTES_MAX {
            return Err(Unwritable::Size(what));
        }
    }
    let millis = u64::try_from(letter.written_at.millis()).unwrap_or_default();
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let body = MultiPart::alternative()
        .boundary(format!("part-{}", letter.id))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    let message = Message::builder()
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())))
        .from(from)
        .to(to)
        .subject(subject)
        .date(UNIX_EPOCH + Duration::from_millis(millis))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    message.multipart(body).map_err(|_| Unwritable::Form)
}

fn mailbox(mailbox: &Mailbox) -> Result<lettre::message::Mailbox, Unwritable> {
    let address = mailbox.address.as_str();
    if address.chars().any(|sign| sign.is_control() || sign.is_whitespace()) {
        return Err(Unwritable::NoAddress);
    }
    let address: Address = address.parse().map_err(|_| Unwritable::NoAddress)?;
    let name = mailbox.name.as_deref().map(|name| line(name, "name", NAME_LETTERS_MAX));
    Ok(lettre::message::Mailbox::new(name.transpose()?, address))
}

/// A line of printable text.
fn line(text: &str, what: &'static str, letters_max: usize) -> Result<String, Unwritable> {
    let breaks = |sign: char| sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}');
    if text.chars().any(breaks) {
        return Err(Unwritable::NoLine(what));
    }
    let fits = !text.trim().is_empty() && text.chars().count() <= letters_max;
    if fits { Ok(text.trim().to_owned()) } else { Err(Unwritable::Size(what)) }
}

const SUBJECT_LETTERS_MAX: usize = 250;
const NAME_LETTERS_MAX: usize = 200;
/// An order of 200 lines is well below.
const BODY_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn letter() -> Letter {
        let mailbox = |name: &str, address: &str| Mailbox {
            name: Some(name.to_owned()),
            address: address.to_owned(),
        };
        Letter {
            id: "018f-1".to_owned(),
            from: mailbox("Corner shop", "shop@shop.example"),
            to: mailbox("Ada Lovelace", "ada@example.com"),
            written_at: Timestamp::from_millis(1_780_000_000_000),
            subject: "Your order 7 is confirmed".to_owned(),
            text: "Thank you: 3,99 €\n.\nA line with a dot above.".to_owned(),
            html: "<p>Thank you: 3,99 €</p>".to_owned(),
        }
    }

    fn written(letter: &Letter) -> Result<String, Unwritable> {
        let message = message_of(letter)?;
        Ok(String::from_utf8(message.formatted()).expect("a message is ASCII"))
    }

    #[test]
    fn a_letter_is_written_as_the_same_bytes_each_time() {
        let text = written(&letter()).expect("a letter");
        assert_eq!(text, written(&letter()).expect("a letter"));
        assert!(text.is_ascii(), "{text}");
        for line in [
            "Message-ID: <018f-1@shop.example>\r\n",
            "From: \"Corner shop\" <shop@shop.example>\r\n",
            "To: \"Ada Lovelace\" <ada@example.com>\r\n",
            "Subject: Your order 7 is confirmed\r\n",
            "Date: Thu, 28 May 2026 20:26:40 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    #[test]
    fn no_header_can_be_added_from_inside_a_letter() {
        for evil in ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\r y", "x\u{2028}y"]
        {
            let subject = Letter { subject: evil.to_owned(), ..letter() };
            assert_eq!(written(&subject), Err(Unwritable::NoLine("subject")));
            let mut named = letter();
            named.to.name = Some(evil.to_owned());
            assert_eq!(written(&named), Err(Unwritable::NoLine("name")));
            let mut addressed = letter();
            addressed.to.address = format!("ada@example.com{evil}");
            assert_eq!(written(&addressed), Err(Unwritable::NoAddress));
        }
    }

    #[test]
    fn a_name_in_any_script_stays_one_mailbox() {
        for name in ["Größe, Ää", "株式会社", "\"quoted\" <evil@example.com>", "a;b,c@d"] {
            let mut named = letter();
            named.to.name = Some(name.to_owned());
            let text = written(&named).expect("a letter");
            let parsed = mail_parser::MessageParser::default().parse(text.as_bytes());
            let parsed = parsed.expect("a message");
            let to: Vec<_> = parsed.to().expect("a reader").iter().collect();
            assert_eq!(to.len(), 1, "{text}");
            assert_eq!(to[0].address(), Some("ada@example.com"), "{text}");
            assert_eq!(to[0].name(), Some(name), "{text}");
        }
    }

    #[test]
    fn an_empty_letter_is_none() {
        for (what, empty) in [
            ("subject", Letter { subject: " ".to_owned(), ..letter() }),
            ("text", Letter { text: "\n".to_owned(), ..letter() }),
            ("page", Letter { html: String::new(), ..letter() }),
        ] {
            assert_eq!(written(&empty), Err(Unwritable::Size(what)));
        }
    }
}
