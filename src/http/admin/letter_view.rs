//! Letter view: a letter in words: what it is, for whom, about what, and what became of it.

use serde::Serialize;

use super::{
    about::{AboutView, LEFT},
    parts::{MomentView, TagView},
};
use crate::{
    domain::{ids::UserId, users::User},
    http::{
        answer::Answer,
        mail::{LetterView, ReadView},
        pages::FormView,
    },
    shop::Shop,
};

/// A letter in a list.
#[derive(Serialize)]
pub(super) struct RowView {
    id: String,
    kind: String,
    reader: String,
    about: AboutView,
    state: TagView,
    attempts: u32,
    error: Option<String>,
    at: MomentView,
    /// When it is tried again.
    due: Option<MomentView>,
    /// Whether it makes sense to send it again: it is not on its way just now.
    is_done: bool,
}

/// A letter as it is read.
#[derive(Serialize)]
pub(super) struct LetterPageView {
    letter: RowView,
    to: Option<String>,
    subject: String,
    text: String,
    unwritable: Option<String>,
    form: FormView,
    done: Option<&'static str>,
}

impl RowView {
    /// This letter.
    ///
    /// # Errors
    /// A fault of the store.
    pub(super) fn of(shop: &Shop, letter: &LetterView) -> Answer<RowView> {
        Ok(RowView {
            id: letter.id.0.to_string(),
            kind: kind_words(&letter.template),
            reader: reader_words(shop, &letter.reader)?,
            about: AboutView::of(shop, &letter.about)?,
            state: state_tag(shop, letter.state),
            attempts: letter.attempts,
            error: letter.error.clone(),
            at: MomentView::of(shop, letter.updated_at.0),
            due: letter.due_at.map(|due| MomentView::of(shop, due.0)),
            is_done: letter.state != "WAITING",
        })
    }
}

impl LetterPageView {
    /// This letter, with an empty form.
    ///
    /// # Errors
    /// A fault of the store.
    pub(super) fn of(
        shop: &Shop,
        read: ReadView,
        form: FormView,
        done: Option<&'static str>,
    ) -> Answer<LetterPageView> {
        Ok(LetterPageView {
            letter: RowView::of(shop, &read.letter)?,
            to: read.to,
            subject: read.subject.unwrap_or_default(),
            text: read.text.unwrap_or_default(),
            unwritable: read.unwritable,
            form,
            done,
        })
    }
}

/// What a kind of letter is called: `order_confirmation` is `Order confirmation`, and
/// `staff_new_order` is `To staff: new order`.
pub(super) fn kind_words(name: &str) -> String {
    if let Some(what) = name.strip_prefix("staff_") {
        return format!("To staff: {}", what.replace('_', " "));
    }
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// For whom a letter is.
fn reader_words(shop: &Shop, reader: &str) -> Answer<String> {
    Ok(match reader {
        "customer" => "the customer".to_owned(),
        "owner" => "the owner of the account".to_owned(),
        "old" => "the old address".to_owned(),
        "new" => "the new address".to_owned(),
        staff => match staff.parse::<UserId>() {
            Ok(id) => {
                let user = shop.reader.get::<User>(id)?.state;
                if user.exists() { user.username.clone() } else { LEFT.to_owned() }
            }
            Err(_) => staff.to_owned(),
        },
    })
}

fn state_tag(shop: &Shop, state: &str) -> TagView {
    match state {
        "DELIVERED" if shop.letters.reach_nobody() => {
            TagView { words: "Written to the folder", tone: "warn" }
        }
        "DELIVERED" => TagView { words: "Sent", tone: "good" },
        "WAITING" => TagView { words: "Waits", tone: "warn" },
        "DEAD" => TagView { words: "Given up", tone: "bad" },
        _ => TagView { words: "Unknown", tone: "" },
    }
}
