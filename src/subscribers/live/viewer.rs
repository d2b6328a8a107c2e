//! Viewer: what somebody may see of what happens, decided once for every way of telling them.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::{
    domain::ids::{ApiKeyId, CartId, ProductId, UserId},
    subscribers::public::{self, Concerned, PublicEvent, types::Patterns},
};

/// Somebody who listens.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// Whether they are staff, who see everything.
    pub is_staff: bool,
    /// Who they are, if they are signed in.
    pub user: Option<UserId>,
    /// The key they came in with, if they are a program.
    pub key: Option<ApiKeyId>,
    /// A guest's cart that they hold.
    pub cart: Option<CartId>,
    /// Products whose stock they follow.
    pub products: BTreeSet<ProductId>,
    /// What they want of what they may see.
    pub types: Patterns,
}

impl Viewer {
    /// Whether anything that happens to this kind may be told to them: most is not, and is not
    /// even read for them.
    pub fn hears_of(&self, kind: &str) -> bool {
        let may_see = match kind {
            _ if self.is_staff => public::is_public(kind),
            "order" => self.user.is_some(),
            "cart" => self.user.is_some() || self.cart.is_some(),
            "ledger" => !self.products.is_empty(),
            _ => false,
        };
        may_see && self.types.take_kind(kind)
    }

    /// What they may see of an event: its data, or nothing at all.
    pub fn sees<'e>(&self, event: &'e PublicEvent, whose: &Concerned) -> Option<&'e RawValue> {
        if !self.types.take(event.name) {
            return None;
        }
        if self.is_staff {
            return Some(&event.data);
        }
        let is = |known: bool| known.then_some(());
        let is_theirs = is(event.is_for_customers).and_then(|()| {
            let by_account = self.user.is_some() && self.user == whose.user;
            let by_cart = self.cart.is_some() && self.cart == whose.cart;
            is(by_account || by_cart)
        });
        if is_theirs.is_some() {
            return Some(&event.data);
        }
        let follows = whose.product.is_some_and(|product| self.products.contains(&product));
        event.in_brief.as_deref().filter(|_| follows)
    }
}
