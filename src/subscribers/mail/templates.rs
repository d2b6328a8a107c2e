//! Templates: what each letter says, as text and as a page.
//!
//! Each letter is two files of the same name, `.txt` (whose first line is the subject) and
//! `.html`; what they share begins with an underscore. A folder may hold other versions of any of
//! them. Invariant: whatever a page is given is escaped, and a name nobody gave is a fault and not
//! an empty place. A letter of a folder that cannot be written is found when the shop opens.

use std::{borrow::Cow, fs, io, path::Path};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, syntax::SyntaxConfig};
use rust_embed::RustEmbed;

use super::fixtures;

/// A kind of letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    /// Somebody has an account now.
    Welcome,
    /// A device signed in that never did before.
    NewLogin,
    /// The link to a new password.
    PasswordForgotten,
    /// A new password was set by the link, or by the shop.
    PasswordReset,
    /// A new password was chosen.
    PasswordChanged,
    /// Another email belongs to the account: to both.
    EmailChanged,
    /// The account is gone.
    AccountDeleted,
    /// An order is placed and will be paid later.
    OrderReceived,
    /// An order is paid.
    OrderConfirmation,
    /// A payment was refused.
    PaymentFailed,
    /// A payment waits for the customer.
    PaymentNeedsAction,
    /// An order is on its way.
    OrderShipped,
    /// An order has arrived.
    OrderDelivered,
    /// An order is cancelled.
    OrderCancelled,
    /// Money goes back.
    OrderRefunded,
    /// To staff: an order came in.
    StaffNewOrder,
    /// To staff: a cardholder disputes a charge.
    StaffDispute,
    /// To staff: few units are left.
    StaffLowStock,
    /// To staff: something could not be delivered and was given up.
    StaffDeadLetter,
    /// To staff: a webhook endpoint is told nothing any more.
    StaffWebhookOff,
}

impl Template {
    /// Its name: of its files, and of deliveries of it.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(template, _)| *template == self);
        named.map_or("", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Template> {
        NAMES.iter().find(|(_, its)| *its == name).map(|(template, _)| *template)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Template> {
        NAMES.iter().map(|(template, _)| *template)
    }
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As a page.
    pub html: String,
}

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTemplate {
    /// A file cannot be read.
    #[error("{file} cannot be read: {fault}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        fault: io::Error,
    },
    /// It is no template.
    #[error("{0}")]
    Wrong(String),
}

#[derive(RustEmbed)]
#[folder = "data/letters"]
struct BuiltIn;

/// Every letter's templates.
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The built-in ones, with those of a folder in their place.
    ///
    /// # Errors
    /// A file of the folder cannot be read, is no template, or needs what no letter has.
    pub fn open(folder: Option<&Path>) -> Result<Templates, BadTemplate> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("only how blocks end differs from the usual"));
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        for name in BuiltIn::iter() {
            let file = BuiltIn::get(&name).map(|file| file.data).unwrap_or_default();
            let built_in = String::from_utf8_lossy(&file).into_owned();
            let own = folder.map(|folder| own_version(&folder.join(&*name))).transpose()?;
            let source = own.flatten().unwrap_or(built_in);
            environment
                .add_template_owned(Cow::into_owned(name), source)
                .map_err(|fault| BadTemplate::Wrong(words_of(&fault)))?;
        }
        let templates = Templates { environment };
        if folder.is_some() {
            for template in Template::all() {
                for facts in fixtures::of(template) {
                    templates.write(template, facts).map_err(BadTemplate::Wrong)?;
                }
            }
        }
        Ok(templates)
    }

    /// Writes a letter from its facts.
    ///
    /// # Errors
    /// Which line of which template cannot be written, without the content.
    pub fn write(&self, template: Template, facts: Value) -> Result<Written, String> {
        let said = self.rendered(template, "txt", &facts)?;
        let (subject, text) = said.split_once('\n').unwrap_or((&said, ""));
        let subject = subject
            .strip_prefix(SUBJECT)
            .ok_or_else(|| format!("{}.txt does not begin with `{SUBJECT}`", template.name()))?;
        Ok(Written {
            subject: subject.trim().to_owned(),
            text: format!("{}\n", text.trim()),
            html: self.rendered(template, "html", &facts)?,
        })
    }

    fn rendered(&self, template: Template, kind: &str, facts: &Value) -> Result<String, String> {
        let name = format!("{}.{kind}", template.name());
        let found = self.environment.get_template(&name).map_err(|fault| words_of(&fault))?;
        found.render(facts).map_err(|fault| words_of(&fault))
    }
}

fn own_version(path: &Path) -> Result<Option<String>, BadTemplate> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(BadTemplate::Unreadable { file: path.display().to_string(), fault }),
    }
}

/// What is wrong and where, without what the letter is about.
fn words_of(fault: &minijinja::Error) -> String {
    let place = fault.name().unwrap_or("a template");
    let line = fault.line().map(|line| format!(" line {line}")).unwrap_or_default();
    let detail = fault.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{place}{line}: {}{detail}", fault.kind())
}

const NAMES: [(Template, &str); 20] = [
    (Template::Welcome, "welcome"),
    (Template::NewLogin, "new_login"),
    (Template::PasswordForgotten, "password_forgotten"),
    (Template::PasswordReset, "password_reset"),
    (Template::PasswordChanged, "password_changed"),
    (Template::EmailChanged, "email_changed"),
    (Template::AccountDeleted, "account_deleted"),
    (Template::OrderReceived, "order_received"),
    (Template::OrderConfirmation, "order_confirmation"),
    (Template::PaymentFailed, "payment_failed"),
    (Template::PaymentNeedsAction, "payment_needs_action"),
    (Template::OrderShipped, "order_shipped"),
    (Template::OrderDelivered, "order_delivered"),
    (Template::OrderCancelled, "order_cancelled"),
    (Template::OrderRefunded, "order_refunded"),
    (Template::StaffNewOrder, "staff_new_order"),
    (Template::StaffDispute, "staff_dispute"),
    (Template::StaffLowStock, "staff_low_stock"),
    (Template::StaffDeadLetter, "staff_dead_letter"),
    (Template::StaffWebhookOff, "staff_webhook_off"),
];
/// What the first line of a letter's text begins with.
const SUBJECT: &str = "Subject: ";

#[cfg(test)]
mod tests;
