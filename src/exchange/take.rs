//! Taking: wares of a file looked at, or taken into the shop, a batch at a time.
//!
//! Invariant: safe to repeat. Each ware is compared with the shop just before it is changed, and
//! the change holds only for the version that was compared: nothing is overwritten that somebody
//! else did meanwhile, and nothing is added twice.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::{
    Field, RowFault, Ware,
    compare::{Change, Eye, Looked, Plan, Trouble, refused},
};
use crate::{
    actors::{
        Rejection,
        catalogue::AddCategory,
        inventory::{Stocktaking, TakeStock},
    },
    domain::{
        catalogue::{CATEGORIES_MAX, CatalogueRefusal, fold_name},
        ids::CategoryId,
        refusal::Refusal,
        time::Who,
    },
    shop::Shop,
    store::keys,
};

/// Wares that are looked at or taken together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The wares.
    pub wares: Vec<Ware>,
    /// Whether to change anything.
    pub takes: bool,
    /// Whether stock of what is there already is set, too.
    pub sets_stock: bool,
}

/// What a ware came to, or would come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The line it begins on.
    pub line: u64,
    /// What the product is called, if that is known.
    pub name: String,
    /// In one word.
    pub kind: OutcomeKind,
    /// What changes, in words.
    pub told: Vec<String>,
    /// What differs and stays all the same, in words.
    pub left: Vec<String>,
    /// What is wrong.
    pub faults: Vec<RowFault>,
}

/// What a ware came to, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// A product is new.
    New,
    /// A product changed.
    Changed,
    /// Nothing was to be done.
    Same,
    /// It is faulty; nothing is done.
    Faulty,
}

/// Looks at these wares or takes them. Safe to repeat.
///
/// # Errors
/// The shop is busy, closing or broken; some of them may be taken then.
pub async fn take(shop: &Shop, batch: &Batch, who: Who) -> Result<Vec<Outcome>, Rejection> {
    if batch.takes {
        let eye = Eye::of(shop, batch.sets_stock)?;
        for ware in &batch.wares {
            // Most stand where others stand already.
            if eye.stands_on_new_shelves(ware)? {
                make_categories(shop, ware, who).await?;
            }
        }
    }
    let mut outcomes: Vec<Option<Outcome>> = batch.wares.iter().map(|_| None).collect();
    // Two lines may speak of one product: then one after the other.
    let mut open: Vec<usize> = (0..batch.wares.len()).collect();
    while !open.is_empty() {
        let (mut now, mut later, mut met) = (Vec::new(), Vec::new(), BTreeSet::new());
        let eye = Eye::of(shop, batch.sets_stock)?;
        for at in open {
            let meant = batch.wares.get(at).and_then(|ware| eye.find(ware).ok().flatten());
            match meant.map(|product| product.state.id) {
                Some(id) if !met.insert(id) => later.push(at),
                Some(_) | None => now.push(at),
            }
        }
        let wares = now.iter().filter_map(|at| Some((*at, batch.wares.get(*at)?)));
        let taken =
            wares.map(|(at, ware)| async move { (at, take_one(shop, ware, batch, who).await) });
        for (at, outcome) in join_all(taken).await {
            if let Some(place) = outcomes.get_mut(at) {
                *place = Some(outcome?);
            }
        }
        open = later;
    }
    Ok(outcomes.into_iter().flatten().collect())
}

async fn take_one(shop: &Shop, ware: &Ware, batch: &Batch, who: Who) -> Result<Outcome, Rejection> {
    let mut pause = PAUSE;
    for tries_left in (0..TRIES_MAX).rev() {
        let eye = Eye::of(shop, batch.sets_stock)?;
        let Looked { name, plan, mut told, left, missing } = match eye.look(ware) {
            Ok(looked) => looked,
            Err(Trouble::Store(fault)) => return Err(fault.into()),
            Err(Trouble::Faults(faults)) => return Ok(faulty(ware, faults)),
        };
        let new = missing.iter().map(|path| format!("new category {}", path.join(" > ")));
        told.extend(new);
        let kind = match &plan {
            Plan::Add(_) => OutcomeKind::New,
            Plan::Nothing if missing.is_empty() => OutcomeKind::Same,
            Plan::Change(_) | Plan::Nothing => OutcomeKind::Changed,
        };
        if batch.takes {
            match carried_out(shop, plan, who).await {
                Ok(true) => {}
                // Somebody was quicker: once more from the beginning.
                Ok(false) => continue,
                // Perhaps it is on its way all the same, from here or from somebody else: then
                // nobody can see it yet, and yet what it is called is taken.
                Err(Failed::Rejected(no))
                    if matches!(no, Rejection::Busy | Rejection::Late)
                        || tries_left > 0 && is_taken(&no) =>
                {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                    continue;
                }
                Err(Failed::Rejected(Rejection::Refused(refusal))) => {
                    return Ok(faulty(ware, vec![said(ware, &refusal)]));
                }
                Err(Failed::Rejected(other)) => return Err(other),
                Err(Failed::Counting(line, refusal)) => {
                    let fault = RowFault::at(line, Field::Stock, refusal.to_string());
                    return Ok(faulty(ware, vec![fault]));
                }
            }
        }
        let faults = Vec::new();
        return Ok(Outcome { line: ware.line, name, kind, told, left, faults });
    }
    Err(Rejection::Busy)
}

/// Why a plan could not be carried out.
enum Failed {
    Rejected(Rejection),
    /// The stock that this line says was refused.
    Counting(u64, Refusal),
}

impl From<Rejection> for Failed {
    fn from(rejection: Rejection) -> Failed {
        Failed::Rejected(rejection)
    }
}

/// Does it; `false` if the product is not any more what was looked at.
async fn carried_out(shop: &Shop, plan: Plan, who: Who) -> Result<bool, Failed> {
    match plan {
        Plan::Nothing => Ok(true),
        Plan::Add(wanted) => {
            shop.assortment.add(*wanted, shop.intent(who)).await?;
            Ok(true)
        }
        Plan::Change(change) => {
            let Change { product, seen, changes, stock } = *change;
            if let Some(changes) = changes {
                let edited =
                    shop.assortment.edit(product, changes, Some(seen), shop.intent(who)).await?;
                if edited.is_none() {
                    return Ok(false);
                }
            }
            for (variant, units, line) in stock {
                let asked = Stocktaking::Update {
                    on_hand: Some(units),
                    is_active: None,
                    low_stock_threshold: None,
                };
                let counted = TakeStock { variant, asked };
                match shop.desks.inventory.ask(counted, shop.intent(who)).await {
                    Ok(_) => {}
                    Err(Rejection::Refused(refusal)) => {
                        return Err(Failed::Counting(line, refusal));
                    }
                    Err(other) => return Err(other.into()),
                }
            }
            Ok(true)
        }
    }
}

/// Makes the categories a ware stands in that are not there yet, from the top. A ware that is
/// faulty makes none.
async fn make_categories(shop: &Shop, ware: &Ware, who: Who) -> Result<(), Rejection> {
    let Ok(looked) = Eye::of(shop, false)?.look(ware) else { return Ok(()) };
    for path in looked.missing {
        let mut parent: Option<CategoryId> = None;
        for name in path {
            let held = shop.reader.row(&keys::category_by_name(&fold_name(&name)))?;
            if let Some(known) = held.and_then(|value| keys::held_by(&value)) {
                parent = Some(known);
                continue;
            }
            if shop.shelves.tree()?.len() >= CATEGORIES_MAX {
                return Ok(());
            }
            let category = shop.clock.new_id();
            let add = AddCategory { category, name, description: String::new(), parent };
            match shop.desks.catalogue.ask(add, shop.intent(who)).await {
                Ok(added) => parent = Some(added.id),
                // The ware says so when its turn comes: the category is not there.
                Err(Rejection::Refused(_)) => return Ok(()),
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

fn faulty(ware: &Ware, faults: Vec<RowFault>) -> Outcome {
    let name = ware.name.clone().or_else(|| ware.handle.clone()).unwrap_or_default();
    let (told, left) = (Vec::new(), Vec::new());
    Outcome { line: ware.line, name, kind: OutcomeKind::Faulty, told, left, faults }
}

fn said(ware: &Ware, refusal: &Refusal) -> RowFault {
    if let Refusal::Catalogue(refusal) = refusal {
        return refused(ware, refusal);
    }
    RowFault::of_line(ware.line, refusal.to_string())
}

fn is_taken(rejection: &Rejection) -> bool {
    let Rejection::Refused(Refusal::Catalogue(refusal)) = rejection else { return false };
    matches!(refusal, CatalogueRefusal::NameTaken | CatalogueRefusal::SkuTaken)
}

/// How often a ware is compared again because somebody else was quicker.
const TRIES_MAX: usize = 20;
/// Before a busy shop is asked again, at first and at most.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
