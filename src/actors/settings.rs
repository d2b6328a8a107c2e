//! The settings actor: owner of the shop's own name, currency, tax and shipping.
//!
//! Rules live in [`crate::domain::settings`].

use std::sync::Arc;

use crate::domain::{
    ids::ShopId,
    settings::{Opening, Shop, ShopEdit},
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Opens the shop with its first settings, unless it is open already. Safe to send twice.
#[derive(Debug)]
pub struct OpenShop {
    /// The first settings.
    pub opening: Opening,
}

impl Request for OpenShop {
    type Value = Arc<Shop>;
}

/// Says which words mean the same to those who search. Safe to send twice.
#[derive(Debug)]
pub struct ChangeSynonyms {
    /// Groups of words; those of one group mean the same.
    pub synonyms: Vec<Vec<String>>,
}

impl Request for ChangeSynonyms {
    type Value = Arc<Shop>;
}

/// Changes some of the settings. Safe to send twice.
#[derive(Debug)]
pub struct EditShop {
    /// What shall change.
    pub edit: ShopEdit,
}

impl Request for EditShop {
    type Value = Arc<Shop>;
}

/// The only writer of the settings.
pub struct Settings;

impl Owner for Settings {
    const NAME: &'static str = "settings";
}

impl Answers<OpenShop> for Settings {
    fn answer(&mut self, msg: OpenShop, work: &mut Work<'_>) -> Result<Arc<Shop>, Rejection> {
        let shop = work.get::<Shop>(ShopId::default())?;
        if shop.exists() {
            return Ok(shop);
        }
        let events = shop.open(msg.opening)?;
        work.change::<Shop>(ShopId::default(), events)
    }
}

impl Answers<ChangeSynonyms> for Settings {
    fn answer(&mut self, msg: ChangeSynonyms, work: &mut Work<'_>) -> Result<Arc<Shop>, Rejection> {
        let events = work.get::<Shop>(ShopId::default())?.set_synonyms(msg.synonyms)?;
        work.change::<Shop>(ShopId::default(), events)
    }
}

impl Answers<EditShop> for Settings {
    fn answer(&mut self, msg: EditShop, work: &mut Work<'_>) -> Result<Arc<Shop>, Rejection> {
        let shop = work.versioned::<Shop>(ShopId::default())?;
        work.must_be_seen(shop.version)?;
        let events = shop.state.edit(msg.edit)?;
        work.change::<Shop>(ShopId::default(), events)
    }
}
