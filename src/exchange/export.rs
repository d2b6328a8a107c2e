//! Export: products as rows, in our form or in Shopify's, a page at a time.
//!
//! Invariant: what is written is read back as it is. A cell that a spreadsheet would take for a
//! formula is written as text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Field, Form,
    cells::{LIST, PATH, joined},
    columns::{OURS, SHOPIFYS},
    formula::guarded,
    html::html_of,
};
use crate::{
    domain::{
        catalogue::{CategoryTree, Product, Variant},
        ids::CategoryId,
        inventory::Ledger,
    },
    shop::Shop,
    store::{Key, Order, StoreFault, keys},
};

/// What page of an export is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportStep {
    /// In which form.
    pub form: Form,
    /// Behind which row of the shop's list of products, in hexadecimal; from the beginning if
    /// nothing.
    pub after: Option<String>,
}

/// Some products of an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportPage {
    /// Their rows.
    pub text: String,
    /// How many products these are.
    pub products: u64,
    /// Where the next page begins; nothing at the end.
    pub next: Option<String>,
    /// With the first page: how many products there are.
    #[serde(default)]
    pub all: Option<u64>,
}

/// The first line of an export.
pub fn header_row(form: Form) -> String {
    let titles = titles_of(form).into_iter().map(|(title, _)| capitalised(form, title));
    written([titles.collect::<Vec<String>>()])
}

/// The next products of an export, in the order in which they were added.
///
/// # Errors
/// A fault of the store.
pub fn page(shop: &Shop, step: &ExportStep) -> Result<ExportPage, StoreFault> {
    let after = step.after.as_ref().and_then(|text| hex::decode(text).ok());
    let after = after.map(|bytes| Key::from_bytes(&bytes));
    let tree = shop.shelves.tree()?;
    let list = keys::products();
    let listed = shop.reader.rows(&list, after.as_ref(), Order::Ascending, PRODUCTS_AT_ONCE)?;
    let (mut text, mut products, mut last) = (String::new(), 0, None);
    let is_full = listed.len() == PRODUCTS_AT_ONCE;
    let mut is_cut = false;
    for (key, _) in listed {
        if text.len() > PAGE_BYTES {
            is_cut = true;
            break;
        }
        let product = shop.reader.get::<Product>(key.last_id().unwrap_or_default())?.state;
        if product.exists() {
            let stock = stock_of(shop, &product)?;
            text.push_str(&written(rows_of(&product, &tree, &stock, step.form)));
            products += 1;
        }
        last = Some(key);
    }
    let next = last.filter(|_| is_full || is_cut).map(|key| hex::encode(key.as_bytes()));
    let all = step.after.is_none().then(|| count(shop)).transpose()?;
    Ok(ExportPage { text, products, next, all })
}

fn count(shop: &Shop) -> Result<u64, StoreFault> {
    let (list, mut after, mut count) = (keys::products(), None, 0);
    loop {
        let rows = shop.reader.rows(&list, after.as_ref(), Order::Ascending, ROWS_AT_ONCE)?;
        count += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        match rows.into_iter().last() {
            Some((key, _)) => after = Some(key),
            None => return Ok(count),
        }
    }
}

fn stock_of(shop: &Shop, product: &Product) -> Result<Vec<u32>, StoreFault> {
    let on_hand = |variant: &&Variant| Ok(shop.reader.get::<Ledger>(variant.id)?.state.on_hand);
    product.variants_in_order().iter().map(on_hand).collect()
}

/// The rows of a product: one a variant, and in Shopify's form one for each further picture.
fn rows_of(product: &Product, tree: &CategoryTree, stock: &[u32], form: Form) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut push = |cells: BTreeMap<Field, String>| {
        let cell = |(_, field): (&str, Field)| cells.get(&field).cloned().unwrap_or_default();
        rows.push(titles_of(form).into_iter().map(cell).collect());
    };
    for (at, variant) in product.variants_in_order().into_iter().enumerate() {
        let mut cells = BTreeMap::from([(Field::Handle, product.slug.clone())]);
        if at == 0 {
            add_product(&mut cells, product, tree, form);
        }
        let options = OPTION_FIELDS.into_iter().zip(&product.options);
        for ((name, value), option) in options {
            if at == 0 {
                cells.insert(name, option.name.clone());
            }
            cells.insert(value, variant.options.get(&option.name).cloned().unwrap_or_default());
        }
        if product.options.is_empty() && form == Form::Shopify {
            cells.insert(Field::Option1Name, "Title".to_owned());
            cells.insert(Field::Option1Value, "Default Title".to_owned());
        }
        let own = variant.price.filter(|price| *price != product.price);
        let price = match form {
            Form::Bodega => own.map(|price| price.to_string()).unwrap_or_default(),
            Form::Shopify => variant.price.unwrap_or(product.price).to_string(),
        };
        cells.extend([
            (Field::Sku, variant.sku.clone()),
            (Field::Barcode, variant.barcode.clone().unwrap_or_default()),
            (Field::Stock, stock.get(at).copied().unwrap_or_default().to_string()),
            (Field::VariantPrice, price),
            (Field::VariantImages, pictures(&variant.images, form)),
        ]);
        push(cells);
    }
    if form == Form::Shopify {
        for image in product.images.iter().skip(1) {
            let handle = (Field::Handle, product.slug.clone());
            push(BTreeMap::from([handle, (Field::Images, image.clone())]));
        }
    }
    rows
}

fn add_product(
    cells: &mut BTreeMap<Field, String>,
    product: &Product,
    tree: &CategoryTree,
    form: Form,
) {
    let description = match form {
        Form::Bodega => product.description.clone(),
        Form::Shopify => html_of(&product.description),
    };
    let ids: &[CategoryId] = &product.category_ids;
    let categories = match form {
        Form::Bodega => {
            let places: Vec<String> = ids.iter().map(|id| path_of(*id, tree)).collect();
            joined(&places, LIST, " | ")
        }
        Form::Shopify => {
            let first = ids.iter().find_map(|id| tree.get(*id));
            first.map(|node| node.name.clone()).unwrap_or_default()
        }
    };
    let status = if product.is_active { "active" } else { "draft" };
    cells.extend([
        (Field::Name, product.name.clone()),
        (Field::Description, description),
        (Field::Brand, product.brand.clone().unwrap_or_default()),
        (Field::Categories, categories),
        (Field::Price, product.price.to_string()),
        (Field::Images, pictures(&product.images, form)),
        (Field::Active, product.is_active.to_string()),
        (Field::Status, status.to_owned()),
    ]);
}

fn path_of(id: CategoryId, tree: &CategoryTree) -> String {
    let names: Vec<String> = tree.path_to(id).iter().map(|node| node.name.clone()).collect();
    joined(&names, PATH, " > ")
}

/// In Shopify's form a cell holds one picture; the others stand in rows of their own.
fn pictures(images: &[String], form: Form) -> String {
    match form {
        Form::Bodega => joined(images, LIST, " | "),
        Form::Shopify => images.first().cloned().unwrap_or_default(),
    }
}

fn titles_of(form: Form) -> Vec<(&'static str, Field)> {
    match form {
        Form::Bodega => OURS.to_vec(),
        // As it was exported for many years, which every tool reads.
        Form::Shopify => {
            let is_known = |(title, _): &&(&str, Field)| *title != "product category";
            SHOPIFYS.iter().filter(is_known).take(SHOPIFY_COLUMNS).copied().collect()
        }
    }
}

fn capitalised(form: Form, title: &str) -> String {
    match form {
        Form::Bodega => title.replace(' ', "_"),
        Form::Shopify => {
            let word = |word: &str| match word {
                "(html)" => "(HTML)".to_owned(),
                "sku" => "SKU".to_owned(),
                _ => word
                    .chars()
                    .take(1)
                    .flat_map(char::to_uppercase)
                    .chain(word.chars().skip(1))
                    .collect(),
            };
            title.split(' ').map(word).collect::<Vec<String>>().join(" ")
        }
    }
}

/// Rows as lines of a file.
fn written(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| guarded(cell).into_owned());
        writer.write_record(cells.collect::<Vec<String>>()).expect("memory takes everything");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).unwrap_or_default()
}

const OPTION_FIELDS: [(Field, Field); 3] = [
    (Field::Option1Name, Field::Option1Value),
    (Field::Option2Name, Field::Option2Value),
    (Field::Option3Name, Field::Option3Value),
];
/// The columns of Shopify's form that are written: those before its newer titles.
const SHOPIFY_COLUMNS: usize = 19;
/// Products of one page, and bytes after which it ends.
const PRODUCTS_AT_ONCE: usize = 200;
const PAGE_BYTES: usize = 1 << 20;
/// Rows of the list of products that are counted at once.
const ROWS_AT_ONCE: usize = 4_096;
