//! To do: what a shop still lacks before it can do its work, and where an admin sees to it.

use serde::Serialize;

use crate::{
    config::Purpose,
    http::answer::Answer,
    shop::Shop,
    store::{Order, keys},
};

/// Something the shop lacks.
#[derive(Debug, Serialize)]
pub(super) struct ToDoView {
    words: &'static str,
    /// Where it is seen to, if that is a page.
    path: Option<&'static str>,
    link: &'static str,
}

/// What this shop lacks; a demo lacks nothing.
///
/// # Errors
/// A fault of the store.
pub(super) fn to_do(shop: &Shop) -> Answer<Vec<ToDoView>> {
    let settings = &shop.settings;
    let payments = &settings.payments;
    if settings.purpose == Purpose::Demo {
        return Ok(Vec::new());
    }
    let is_empty = shop.reader.rows(&keys::products(), None, Order::Ascending, 1)?.is_empty();
    let lacks = [
        (is_empty, FIRST_PRODUCT),
        (is_empty, TERMS),
        (shop.letters.reach_nobody(), MAIL_SERVER),
        (payments.bank_transfer && !payments.shows_bank_transfer(), ACCOUNT),
        (settings.web.theme.is_none(), TEXTS),
    ];
    Ok(lacks.into_iter().filter_map(|(lacks, what)| lacks.then_some(what)).collect())
}

const FIRST_PRODUCT: ToDoView = ToDoView {
    words: "There is nothing to buy yet.",
    path: Some("/admin/products/new"),
    link: "Add the first product",
};
const TERMS: ToDoView = ToDoView {
    words: "Are its name, its address, its tax and the price of shipping as they should be?",
    path: Some("/admin/settings"),
    link: "Look at the settings",
};
const MAIL_SERVER: ToDoView = ToDoView {
    words: "Nobody gets any letter, not even the link to a new password: they are only written to \
            a folder. Name a mail server in the settings file: mail.transport and mail.smtp.",
    path: Some("/admin/letters"),
    link: "Read the letters",
};
const ACCOUNT: ToDoView = ToDoView {
    words: "No page offers to pay by bank, because nobody knows to which account. Name it in the \
            settings file as payments.bank_transfer_details, or say there that \
            payments.bank_transfer is false.",
    path: None,
    link: "",
};
const TEXTS: ToDoView = ToDoView {
    words: "Its terms, its imprint and what it says of privacy and returns are still to be \
            written: as texts in a theme folder, which web.theme of the settings file names.",
    path: Some("/pages/imprint"),
    link: "See what stands there",
};
