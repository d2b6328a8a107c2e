//! Adds products as a patient client does, also on a machine that is busy with other things.

use std::time::Duration;

use bodega::{
    actors::{Rejection, assortment::WantedProduct},
    domain::{catalogue::fold_name, ids::ProductId, time::Who},
    shop::Shop,
    store::keys,
};

/// Adds a product. What took too long may have been done all the same: then it is found by its
/// name, once it can be seen.
pub async fn added(shop: &Shop, wanted: WantedProduct) -> ProductId {
    let name = keys::product_by_name(&fold_name(&wanted.name));
    let mut may_be_there = false;
    loop {
        match shop.assortment.add(wanted.clone(), shop.intent(Who::Shop)).await {
            Ok(product) => return product.id,
            Err(Rejection::Busy) => may_be_there = true,
            Err(other) if !may_be_there => panic!("{other}"),
            Err(_) => {
                let held = shop.reader.row(&name).expect("a row");
                if let Some(id) = held.and_then(|value| keys::held_by(&value)) {
                    return id;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

const PAUSE: Duration = Duration::from_millis(50);
