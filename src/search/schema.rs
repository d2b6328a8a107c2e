//! Schema: what the index holds of a product, and how its fields weigh.
//!
//! Invariant: one field of terms, in which a term's frequency in a document is the level of the
//! weightiest field it stands in, so that one posting list answers for all of them. A change of
//! anything here raises [`SCHEMA_VERSION`] and costs one rebuild.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use tantivy::{
    TantivyDocument, Term,
    schema::{
        FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
    },
    tokenizer::{PreTokenizedString, Token},
};

use super::{figures::Figures, words::Words};
use crate::domain::{
    catalogue::fold_name,
    ids::{CategoryId, Identity, ProductId},
    time::Timestamp,
};

/// A product as it can be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findable {
    /// Which product.
    pub product: ProductId,
    /// Its name.
    pub name: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// What is said about it.
    pub description: String,
    /// The numbers of its variants: SKUs and bar codes.
    pub skus: Vec<String>,
    /// Where it stands, with the categories above, each with its name.
    pub categories: Vec<(CategoryId, String)>,
    /// What can be chosen: option and value.
    pub options: Vec<(String, String)>,
    /// The same of its variants that can be ordered.
    pub options_in_stock: Vec<(String, String)>,
    /// What each of its variants is, where several options are to be chosen.
    pub choices: Vec<Choice>,
    /// What tells these variants from others, if it has several.
    pub available: u64,
    /// Its price in minor units: that of its cheapest variant.
    pub price_minor: i64,
    /// By how much its dearest variant is dearer.
    pub price_spread: i64,
    /// Whether any of it can be ordered.
    pub in_stock: bool,
    /// How well it sells, in steps that grow with it: see [`sales_step`].
    pub sales_step: u64,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What is chosen with a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Option and value.
    pub values: Vec<(String, String)>,
    /// Whether it can be ordered.
    pub in_stock: bool,
}

impl Findable {
    /// What changes often of it.
    pub fn figures(&self) -> Figures {
        let Findable { price_minor, price_spread, available, in_stock, sales_step, .. } = *self;
        Figures { price_minor, price_spread, available, in_stock, sales_step }
    }

    /// What tells all else of it from what it was before. Another compiler may say another number
    /// of the same: that costs an entry that is written again as it is.
    pub fn print(&self) -> u64 {
        let Findable { product, name, brand, description, skus, .. } = self;
        let Findable { categories, options, price_spread, created_at, .. } = self;
        let mut hasher = DefaultHasher::new();
        (product, name, brand, description, skus).hash(&mut hasher);
        (categories, options, price_spread, created_at).hash(&mut hasher);
        (&self.options_in_stock, &self.choices, self.available).hash(&mut hasher);
        hasher.finish()
    }
}

impl Choice {
    fn label(&self) -> String {
        let labels = self.values.iter().map(|(option, value)| option_label(option, value));
        labels.collect::<Vec<_>>().join(CHOICE_BREAK)
    }
}

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub id: Field,
    pub terms: Field,
    pub phrases: Field,
    pub skus: Field,
    pub category: Field,
    pub brand: Field,
    pub option: Field,
    id_high: Field,
    id_low: Field,
    price: Field,
    spread: Field,
    option_in_stock: Field,
    choice_in_stock: Field,
    choice_gone: Field,
    available: Field,
    in_stock: Field,
    sales: Field,
    created: Field,
    length: Field,
    print: Field,
    name: [Field; 3],
}

/// The names of the columns that are read by number.
pub(super) const ID_HIGH: &str = "id_high";
pub(super) const ID_LOW: &str = "id_low";
pub(super) const PRICE: &str = "price";
pub(super) const SPREAD: &str = "spread";
pub(super) const IN_STOCK: &str = "in_stock";
pub(super) const SALES: &str = "sales";
pub(super) const CREATED: &str = "created";
pub(super) const LENGTH: &str = "length";
pub(super) const PRINT: &str = "print";
pub(super) const NAME: [&str; 3] = ["name_0", "name_1", "name_2"];
pub(super) const CATEGORY: &str = "category";
pub(super) const BRAND: &str = "brand";
pub(super) const OPTION: &str = "option";
pub(super) const OPTION_IN_STOCK: &str = "option_in_stock";
pub(super) const CHOICE_IN_STOCK: &str = "choice_in_stock";
pub(super) const CHOICE_GONE: &str = "choice_gone";
pub(super) const AVAILABLE: &str = "available";

/// The schema and its fields.
pub(super) fn schema() -> (Schema, Columns) {
    let mut builder = Schema::builder();
    let indexing = |record| {
        let indexing = TextFieldIndexing::default().set_tokenizer("raw").set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing.set_index_option(record))
    };
    let facet = || STRING.set_fast("raw");
    let label = || TextOptions::default().set_fast("raw");
    let columns = Columns {
        id: builder.add_bytes_field("id", INDEXED),
        terms: builder.add_text_field("terms", indexing(IndexRecordOption::WithFreqs)),
        phrases: builder
            .add_text_field("phrases", indexing(IndexRecordOption::WithFreqsAndPositions)),
        skus: builder.add_text_field("skus", indexing(IndexRecordOption::Basic)),
        category: builder.add_text_field(CATEGORY, facet()),
        brand: builder.add_text_field(BRAND, facet()),
        option: builder.add_text_field(OPTION, facet()),
        id_high: builder.add_u64_field(ID_HIGH, FAST),
        id_low: builder.add_u64_field(ID_LOW, FAST),
        price: builder.add_i64_field(PRICE, FAST),
        spread: builder.add_i64_field(SPREAD, FAST),
        option_in_stock: builder.add_text_field(OPTION_IN_STOCK, facet()),
        choice_in_stock: builder.add_text_field(CHOICE_IN_STOCK, label()),
        choice_gone: builder.add_text_field(CHOICE_GONE, label()),
        available: builder.add_u64_field(AVAILABLE, FAST),
        in_stock: builder.add_u64_field(IN_STOCK, FAST),
        sales: builder.add_u64_field(SALES, FAST),
        created: builder.add_i64_field(CREATED, FAST),
        length: builder.add_u64_field(LENGTH, FAST),
        print: builder.add_u64_field(PRINT, FAST),
        name: NAME.map(|name| builder.add_u64_field(name, FAST)),
    };
    (builder.build(), columns)
}

impl Columns {
    /// The term that names a product.
    pub fn term_of(&self, product: ProductId) -> Term {
        Term::from_field_bytes(self.id, &product.bytes())
    }

    /// A product as a document.
    pub fn document(&self, found: &Findable, words: &mut Words) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let id = found.product.bytes();
        document.add_bytes(self.id, &id);
        let (high, low) = halves(found.product);
        document.add_u64(self.id_high, high);
        document.add_u64(self.id_low, low);
        let levels = levels_of(found, words);
        document.add_pre_tokenized_text(self.terms, repeated(&levels));
        document.add_pre_tokenized_text(self.phrases, positioned(found, words));
        found.skus.iter().for_each(|sku| document.add_text(self.skus, sku_term(sku)));
        for (category, _) in &found.categories {
            document.add_text(self.category, category.to_string());
        }
        if let Some(brand) = &found.brand {
            document.add_text(self.brand, brand);
        }
        for (option, value) in &found.options {
            document.add_text(self.option, option_label(option, value));
        }
        for (option, value) in &found.options_in_stock {
            document.add_text(self.option_in_stock, option_label(option, value));
        }
        for choice in &found.choices {
            let field = if choice.in_stock { self.choice_in_stock } else { self.choice_gone };
            document.add_text(field, choice.label());
        }
        document.add_u64(self.available, found.available);
        document.add_i64(self.price, found.price_minor);
        document.add_i64(self.spread, found.price_spread);
        document.add_u64(self.in_stock, u64::from(found.in_stock));
        document.add_u64(self.sales, found.sales_step);
        document.add_i64(self.created, found.created_at.millis());
        document.add_u64(self.print, found.print());
        let length = words.split(&found.name).len().min(NAME_WORDS_MAX);
        document.add_u64(self.length, u64::try_from(length).unwrap_or(u64::MAX));
        for (field, part) in self.name.into_iter().zip(name_parts(&words.folded(&found.name))) {
            document.add_u64(field, part);
        }
        document
    }
}

/// A product's id as two numbers.
pub(super) fn halves(product: ProductId) -> (u64, u64) {
    let id = u128::from_be_bytes(product.bytes());
    let part = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    (part(id >> 64), part(id))
}

/// The product with these halves of an id.
pub(super) fn whole(high: u64, low: u64) -> ProductId {
    ProductId::from_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
}

/// The beginning of a name as numbers in the order of names.
pub(super) fn name_parts(folded: &str) -> [u64; 3] {
    let mut bytes = [0; 24];
    for (to, from) in bytes.iter_mut().zip(folded.bytes()) {
        *to = from;
    }
    std::array::from_fn(|part| {
        bytes[part * 8..part * 8 + 8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    })
}

/// A SKU as it is compared: case, spaces and dashes do not count.
pub(super) fn sku_term(sku: &str) -> String {
    sku.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// An option and its value, as one label.
pub(super) fn option_label(option: &str, value: &str) -> String {
    format!("{option}{OPTION_BREAK}{value}")
}

/// How well something sells, in steps of about a fifth: what sells twice as much is four steps
/// on. So a product is indexed again some ninety times in its life, not at each sale.
pub fn sales_step(units_sold: u64) -> u64 {
    let Some(bits) = units_sold.checked_ilog2() else { return 0 };
    let bits = u64::from(bits);
    let fraction = if bits >= 2 { units_sold >> (bits - 2) & 3 } else { 0 };
    1 + bits * 4 + fraction
}

/// The terms of a product, each with the level of the weightiest field it stands in.
fn levels_of(found: &Findable, words: &mut Words) -> BTreeMap<String, usize> {
    let mut levels = BTreeMap::new();
    let mut add = |text: &str, level: usize, words: &mut Words| {
        let split = words.split(text);
        let mut before: Option<&str> = None;
        for word in &split {
            raise(&mut levels, &word.text, level);
            if let Some(stem) = words.stem_term(&word.text) {
                raise(&mut levels, &stem, level);
            }
            // "250 g" is also looked for as "250g".
            let number = before.filter(|before| before.bytes().all(|byte| byte.is_ascii_digit()));
            if let Some(number) = number.filter(|_| word.text.len() <= UNIT_LETTERS_MAX) {
                raise(&mut levels, &format!("{number}{}", word.text), level);
            }
            before = Some(&word.text);
        }
    };
    add(&found.description, LEVEL_DESCRIPTION, words);
    found.options.iter().for_each(|(_, value)| add(value, LEVEL_OPTION, words));
    found.categories.iter().for_each(|(_, name)| add(name, LEVEL_CATEGORY, words));
    found.skus.iter().for_each(|sku| add(sku, LEVEL_SKU, words));
    if let Some(brand) = &found.brand {
        add(brand, LEVEL_BRAND, words);
    }
    add(&found.name, LEVEL_NAME, words);
    found.skus.iter().for_each(|sku| raise(&mut levels, &sku_term(sku), LEVEL_SKU));
    levels
}

fn raise(levels: &mut BTreeMap<String, usize>, term: &str, level: usize) {
    if term.is_empty() {
        return;
    }
    let known = levels.entry(term.to_owned()).or_default();
    *known = level.max(*known);
}

fn repeated(levels: &BTreeMap<String, usize>) -> PreTokenizedString {
    let token = |text: &String| Token { text: text.clone(), position: 0, ..Token::default() };
    let tokens = levels.iter().flat_map(|(text, level)| std::iter::repeat_n(token(text), *level));
    PreTokenizedString { text: String::new(), tokens: tokens.collect() }
}

/// Name, brand and description, so far apart that no phrase reaches from one into the next.
fn positioned(found: &Findable, words: &mut Words) -> PreTokenizedString {
    let mut tokens = Vec::new();
    let mut position = 0;
    let brand = found.brand.as_deref().unwrap_or_default();
    for text in [found.name.as_str(), brand, found.description.as_str()] {
        for word in words.split(text) {
            tokens.push(Token { text: word.text, position, ..Token::default() });
            position += 1;
        }
        position += PHRASE_GAP;
    }
    PreTokenizedString { text: String::new(), tokens }
}

/// A brand as it is compared.
pub(super) fn fold_label(label: &str) -> String {
    fold_name(label)
}

/// Raised with everything here that changes.
pub(super) const SCHEMA_VERSION: u32 = 5;
/// Between an option's name and its value.
pub(super) const OPTION_BREAK: char = '\u{1f}';
/// Between the options of a choice.
pub(super) const CHOICE_BREAK: &str = "\u{1e}";
pub(super) const LEVEL_DESCRIPTION: usize = 1;
pub(super) const LEVEL_OPTION: usize = 2;
pub(super) const LEVEL_CATEGORY: usize = 3;
pub(super) const LEVEL_SKU: usize = 4;
pub(super) const LEVEL_BRAND: usize = 5;
pub(super) const LEVEL_NAME: usize = 6;
/// What a term is worth by its level; nothing at 0.
pub(super) const LEVEL_POINTS: [u32; 7] = [0, 6, 12, 20, 24, 28, 40];
const NAME_WORDS_MAX: usize = 255;
const UNIT_LETTERS_MAX: usize = 3;
const PHRASE_GAP: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sells_twice_as_much_is_four_steps_on() {
        assert_eq!([0, 1, 2, 4, 5, 8, 16].map(sales_step), [0, 1, 5, 9, 10, 13, 17]);
        let mut before = 0;
        for units in 0..5_000 {
            assert!(sales_step(units) >= before, "at {units}");
            before = sales_step(units);
        }
        assert!(sales_step(u64::MAX) < 260);
    }

    #[test]
    fn a_term_counts_where_it_weighs_most() {
        let found = Findable {
            name: "Oat Milk".to_owned(),
            brand: Some("Milk & Co".to_owned()),
            description: "Creamy oat drink, 250 ml".to_owned(),
            skus: vec!["OAT-1L".to_owned()],
            ..Findable::default()
        };
        let levels = levels_of(&found, &mut Words::of("en"));
        let level = |term: &str| levels.get(term).copied();
        assert_eq!(level("milk"), Some(LEVEL_NAME));
        assert_eq!(level("co"), Some(LEVEL_BRAND));
        assert_eq!(level("oat1l"), Some(LEVEL_SKU));
        assert_eq!(level("250ml"), Some(LEVEL_DESCRIPTION));
        assert_eq!(level("tea"), None);
    }

    #[test]
    fn an_id_comes_back_from_its_halves() {
        let id = ProductId::from_bytes(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        let (high, low) = halves(id);
        assert_eq!(whole(high, low), id);
    }
}
