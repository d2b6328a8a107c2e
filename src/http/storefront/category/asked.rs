//! Asked: what a list is asked for in its address, and what of that cannot be meant so.
//!
//! Invariant: no slip in a filter costs the list: the filter is left out, and shown with its fault.

use std::collections::BTreeMap;

use serde::Serialize;

use super::encoded;
use crate::{
    http::{
        answer::Answer,
        cursor::Paging,
        fields::{Body, Faults, FieldFault, Fields, loose, read_form},
        pages::words,
        search::SearchFields,
    },
    search::SearchRequest,
    shop::Shop,
};

/// What a list is asked for.
pub(super) struct ListQuery {
    pub(super) text: String,
    pub(super) fields: SearchFields,
    pub(super) typed: Typed,
    /// What was left out because it cannot be meant so, by field.
    pub(super) faults: BTreeMap<String, FaultView>,
    cursor: Option<String>,
}

/// A filter that was left out.
#[derive(Clone, Serialize)]
pub(super) struct FaultView {
    typed: String,
    words: String,
}

/// The same as it was typed, to be shown again.
#[derive(Clone, Serialize)]
pub(super) struct Typed {
    pub(super) q: String,
    pub(super) brand: String,
    pub(super) min_price: String,
    pub(super) max_price: String,
    pub(super) in_stock: bool,
    pub(super) options: String,
    pub(super) sort: String,
}

impl Body for ListQuery {
    fn read(fields: &mut Fields<'_>) -> ListQuery {
        let text = fields.or("q", loose(QUERY_LETTERS_MAX), String::new());
        let cursor = fields.optional("cursor", loose(QUERY_LETTERS_MAX));
        let mut filters = BTreeMap::new();
        for name in FILTERS {
            let said = fields.or(name, loose(QUERY_LETTERS_MAX), String::new());
            let said = if name.ends_with("Price") { words::plain_amount(&said) } else { said };
            if !said.is_empty() {
                filters.insert(name.to_owned(), said);
            }
        }
        let mut faults = Faults::default();
        let read = read_form(&filters, &mut faults);
        let again = |name: &str| filters.get(name).cloned().unwrap_or_default();
        let typed = Typed {
            q: text.clone(),
            brand: again("brand"),
            min_price: again("minPrice"),
            max_price: again("maxPrice"),
            in_stock: again("inStock") == "true",
            options: again("options"),
            sort: again("sort"),
        };
        let mut query = ListQuery { text, fields: read, typed, faults: BTreeMap::new(), cursor };
        query.leave_out(&faults.into_vec());
        query
    }
}

impl ListQuery {
    /// The search that is meant; what cannot be meant so is left out of it.
    pub(super) fn request(&mut self, shop: &Shop) -> Answer<SearchRequest> {
        let paging = Paging { limit: ENTRIES, cursor: self.cursor.clone() };
        match self.fields.request(shop, self.text.clone(), &paging, true) {
            Err(problem) if !problem.errors().is_empty() => {
                self.leave_out(problem.errors());
                self.fields.request(shop, self.text.clone(), &paging, true)
            }
            done => done,
        }
    }

    fn leave_out(&mut self, faults: &[FieldFault]) {
        let ListQuery { fields, typed, faults: told, .. } = self;
        for fault in faults {
            let name = fault.pointer.trim_start_matches('/');
            let was = match name {
                "category" => fields.category.take().unwrap_or_default(),
                "brand" => take_both(&mut fields.brand, &mut typed.brand),
                "minPrice" => take_both(&mut fields.min_price, &mut typed.min_price),
                "maxPrice" => take_both(&mut fields.max_price, &mut typed.max_price),
                "options" => take_both(&mut fields.options, &mut typed.options),
                "sort" => std::mem::take(&mut typed.sort),
                _ => String::new(),
            };
            let view = FaultView { typed: was, words: fault.detail.clone() };
            told.entry(name.to_owned()).or_insert(view);
        }
    }

    /// What is chosen, as the parameters of an address.
    pub(super) fn chosen(&self) -> BTreeMap<&'static str, String> {
        let Typed { q, brand, min_price, max_price, in_stock, options, sort } = self.typed.clone();
        let in_stock = if in_stock { "true" } else { "" }.to_owned();
        let all = [
            ("q", q),
            ("brand", brand),
            ("minPrice", min_price),
            ("maxPrice", max_price),
            ("inStock", in_stock),
            ("options", options),
            ("sort", sort),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The address of this list with one thing chosen otherwise; nothing chosen: taken back.
    pub(super) fn with(&self, path: &str, name: &'static str, value: &str) -> String {
        let mut chosen = self.chosen();
        chosen.remove(name);
        if !value.is_empty() {
            chosen.insert(name, value.to_owned());
        }
        let pairs: Vec<String> =
            chosen.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}

/// Takes a filter away; what was typed of it.
fn take_both<T>(read: &mut Option<T>, typed: &mut String) -> String {
    *read = None;
    std::mem::take(typed)
}

/// The parameters that narrow a list down or order it.
const FILTERS: [&str; 7] =
    ["category", "brand", "minPrice", "maxPrice", "inStock", "options", "sort"];
const ENTRIES: u32 = 24;
const QUERY_LETTERS_MAX: usize = 2_000;
