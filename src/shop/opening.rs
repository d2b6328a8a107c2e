//! Opening: the shop's own settings as they are at its first start, and where it is from each on.

use crate::{
    actors::{
        Rejection,
        settings::{EditShop, OpenShop},
    },
    domain::{
        settings::{Opening, ShopEdit},
        time::Who,
    },
};

use super::Shop;

impl Shop {
    /// Writes what is chosen; repeated, it changes nothing.
    pub(super) async fn write_first_settings(&self) -> Result<(), Rejection> {
        let chosen = &self.settings.shop;
        let opening = Opening {
            name: chosen.name.clone(),
            currency: chosen.currency,
            tax_rate: chosen.tax_rate,
            shipping_flat: chosen.shipping_flat,
            public_url: self.settings.public_url(self.settings.listen),
        };
        let opened = self.desks.settings.ask(OpenShop { opening }, self.intent(Who::Shop)).await?;
        // An address that was chosen holds from its start on; the rest are first values. One that
        // leads nowhere was nobody's choice.
        let leads_nowhere = EVERYWHERE.iter().any(|host| opened.public_url.contains(host));
        let moved = leads_nowhere.then(|| self.settings.public_url(self.settings.listen));
        let moved = chosen.public_url.clone().or(moved).filter(|url| *url != opened.public_url);
        if let Some(url) = moved {
            let edit = ShopEdit { public_url: Some(url), ..ShopEdit::default() };
            let moved = self.desks.settings.ask(EditShop { edit }, self.intent(Who::Shop)).await;
            if let Err(error) = moved {
                tracing::warn!(%error, "the shop keeps its former address until the next start");
            }
        }
        Ok(())
    }
}

/// What a shop that listened everywhere was once said to be found at.
const EVERYWHERE: [&str; 2] = ["//0.0.0.0", "//[::]"];
