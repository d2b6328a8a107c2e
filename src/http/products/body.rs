//! Bodies of products: what a new one is made of, and what an edit changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    actors::assortment::{StockedVariant, WantedChanges, WantedProduct},
    domain::{
        catalogue::{
            IMAGES_MAX, OPTIONS_MAX, PRODUCT_CATEGORIES_MAX, ProductEdit, ProductOption,
            VALUES_MAX, VARIANTS_MAX, WantedVariant,
        },
        ids::{CategoryId, ProductId, VariantId},
        money::{Currency, Money},
        quantity::QUANTITY_UNITS_MAX,
    },
    http::{
        fields::{
            Body, Digits, Faults, FieldFault, Fields, Kind, List, Place, Raw, Text, Whole, id,
            list, map_of, money, multiline, nullable, object, text, url, whole, yes_or_no,
        },
        media,
        problem::Problem,
    },
};

/// What a new product is made of.
pub struct CreateProductBody {
    name: String,
    description: String,
    price: Digits,
    stock: u32,
    category_ids: Vec<CategoryId>,
    images: Vec<String>,
    brand: Option<String>,
    sku: Option<String>,
    barcode: Option<String>,
    options: Vec<OptionBody>,
    variants: Vec<VariantBody>,
}

impl Body for CreateProductBody {
    fn read(fields: &mut Fields<'_>) -> CreateProductBody {
        let body = CreateProductBody {
            name: fields.required("name", text(1, NAME_LETTERS_MAX)),
            description: fields.required("description", multiline(0, DESCRIPTION_LETTERS_MAX)),
            price: fields.required("price", money()),
            stock: fields.required("stock", stock()),
            category_ids: fields.required("categoryIds", list(id(), 0, PRODUCT_CATEGORIES_MAX)),
            images: fields.or("images", images(), Vec::new()),
            brand: said(fields.optional("brand", nullable(brand())).flatten()),
            sku: fields.optional("sku", sku()),
            barcode: said(fields.optional("barcode", nullable(barcode())).flatten()),
            options: fields.or("options", options(), Vec::new()),
            variants: fields.or("variants", variants(), Vec::new()),
        };
        if !body.variants.is_empty() {
            refuse_twice(fields, body.sku.is_some(), body.barcode.is_some());
        }
        body
    }
}

impl CreateProductBody {
    /// The product that is wanted, priced in this currency.
    ///
    /// # Errors
    /// 400 at every price that is none in this currency.
    pub fn wanted(self, currency: Currency) -> Result<WantedProduct, Problem> {
        let mut prices = Prices::in_currency(currency);
        let price = prices.read(&self.price);
        let mut variants = prices.read_variants(self.variants);
        prices.must_be_sound()?;
        if variants.is_empty() {
            let (sku, barcode) = (self.sku, self.barcode);
            let only = WantedVariant { sku, barcode, ..WantedVariant::default() };
            variants.push(StockedVariant { wanted: only, on_hand: None });
        }
        for variant in &mut variants {
            variant.on_hand.get_or_insert(self.stock);
        }
        Ok(WantedProduct {
            name: self.name,
            description: self.description,
            price,
            category_ids: each_once(self.category_ids),
            images: self.images,
            brand: self.brand,
            options: self.options.into_iter().map(OptionBody::wanted).collect(),
            variants,
            handle: None,
            is_active: true,
        })
    }
}

/// What an edit changes; what is left out stays.
pub struct UpdateProductBody {
    /// Which product.
    pub id: ProductId,
    name: Option<String>,
    description: Option<String>,
    price: Option<Digits>,
    category_ids: Option<Vec<CategoryId>>,
    images: Option<Vec<String>>,
    brand: Option<Option<String>>,
    sku: Option<String>,
    barcode: Option<Option<String>>,
    options: Option<Vec<OptionBody>>,
    variants: Option<Vec<VariantBody>>,
    is_active: Option<bool>,
}

impl Body for UpdateProductBody {
    fn read(fields: &mut Fields<'_>) -> UpdateProductBody {
        let body = UpdateProductBody {
            id: fields.required("id", id()),
            name: fields.optional("name", text(1, NAME_LETTERS_MAX)),
            description: fields.optional("description", multiline(0, DESCRIPTION_LETTERS_MAX)),
            price: fields.optional("price", money()),
            category_ids: fields.optional("categoryIds", list(id(), 0, PRODUCT_CATEGORIES_MAX)),
            images: fields.optional("images", images()),
            brand: fields.optional("brand", nullable(brand())).map(said),
            sku: fields.optional("sku", sku()),
            barcode: fields.optional("barcode", nullable(barcode())).map(said),
            options: fields.optional("options", options()),
            variants: fields.optional("variants", variants()),
            is_active: fields.optional("isActive", yes_or_no()),
        };
        if body.variants.is_some() {
            refuse_twice(fields, body.sku.is_some(), body.barcode.is_some());
        }
        body
    }
}

impl UpdateProductBody {
    /// The same edit by somebody who knows which variant each of those in it is.
    #[must_use]
    pub fn knowing(mut self, known: &[Option<VariantId>]) -> UpdateProductBody {
        for (variant, id) in self.variants.iter_mut().flatten().zip(known) {
            variant.id = *id;
        }
        self
    }

    /// The changes that are wanted, priced in this currency.
    ///
    /// # Errors
    /// 400 at every price that is none in this currency.
    pub fn wanted(self, currency: Currency) -> Result<WantedChanges, Problem> {
        let mut prices = Prices::in_currency(currency);
        let price = self.price.as_ref().map(|price| prices.read(price));
        let variants = self.variants.map(|variants| prices.read_variants(variants));
        prices.must_be_sound()?;
        let options =
            self.options.map(|options| options.into_iter().map(OptionBody::wanted).collect());
        let edit = ProductEdit {
            description: self.description,
            price,
            category_ids: self.category_ids.map(each_once),
            images: self.images,
            brand: self.brand,
            is_active: self.is_active,
            sku: self.sku,
            barcode: self.barcode,
            options,
            ..ProductEdit::default()
        };
        Ok(WantedChanges { name: self.name, edit, variants, keeps_slug: false })
    }
}

struct OptionBody {
    name: String,
    values: Vec<String>,
}

impl Body for OptionBody {
    fn read(fields: &mut Fields<'_>) -> OptionBody {
        OptionBody {
            name: fields.required("name", text(1, OPTION_LETTERS_MAX)),
            values: fields.required("values", list(text(1, OPTION_LETTERS_MAX), 1, VALUES_MAX)),
        }
    }
}

impl OptionBody {
    fn wanted(self) -> ProductOption {
        ProductOption { name: self.name, values: self.values }
    }
}

struct VariantBody {
    /// Which one it is, where a page of the shop's own says so.
    id: Option<VariantId>,
    sku: Option<String>,
    options: BTreeMap<String, String>,
    price: Option<Digits>,
    stock: Option<u32>,
    images: Vec<String>,
    barcode: Option<String>,
}

impl Body for VariantBody {
    fn read(fields: &mut Fields<'_>) -> VariantBody {
        VariantBody {
            id: None,
            sku: fields.optional("sku", sku()),
            options: fields.required("options", map_of(text(1, OPTION_LETTERS_MAX), OPTIONS_MAX)),
            price: fields.optional("price", money()),
            stock: fields.optional("stock", stock()),
            images: fields.or("images", images(), Vec::new()),
            barcode: said(fields.optional("barcode", nullable(barcode())).flatten()),
        }
    }
}

/// Reads the prices of a body and gathers every fault in them.
struct Prices {
    currency: Currency,
    faults: Vec<FieldFault>,
}

impl Prices {
    fn in_currency(currency: Currency) -> Prices {
        Prices { currency, faults: Vec::new() }
    }

    fn read(&mut self, digits: &Digits) -> Money {
        digits.in_currency(self.currency).unwrap_or_else(|problem| {
            self.faults.extend_from_slice(problem.errors());
            Money::zero(self.currency)
        })
    }

    fn read_variants(&mut self, variants: Vec<VariantBody>) -> Vec<StockedVariant> {
        let mut stocked = Vec::with_capacity(variants.len());
        for VariantBody { id, sku, options, price, stock, images, barcode } in variants {
            let price = price.map(|price| self.read(&price));
            let wanted = WantedVariant { id, sku, options, price, images, barcode };
            stocked.push(StockedVariant { wanted, on_hand: stock });
        }
        stocked
    }

    fn must_be_sound(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::invalid(self.faults)) }
    }
}

/// A picture: an http(s) address, or one of the shop's own.
#[derive(Clone, Copy)]
struct Image;

impl Kind for Image {
    type Value = String;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<String> {
        let own = raw.text().ok().map(|text| text.trim().to_owned());
        match own.filter(|path| media::is_own(path)) {
            Some(path) => Some(path),
            None => url(URL_LETTERS_MAX).read(raw, at, faults),
        }
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn schema(&self) -> Value {
        let own = json!({ "type": "string", "pattern": media::OWN, "maxLength": URL_LETTERS_MAX });
        json!({ "anyOf": [url(URL_LETTERS_MAX).schema(), own] })
    }
}

fn images() -> List<Image> {
    list(Image, 0, IMAGES_MAX)
}

fn options() -> List<impl Kind<Value = OptionBody>> {
    list(object::<OptionBody>(), 0, OPTIONS_MAX)
}

fn variants() -> List<impl Kind<Value = VariantBody>> {
    list(object::<VariantBody>(), 0, VARIANTS_MAX)
}

fn stock() -> Whole<u32> {
    whole(0, QUANTITY_UNITS_MAX)
}

fn sku() -> Text {
    text(1, SKU_LETTERS_MAX)
}

fn barcode() -> Text {
    text(0, SKU_LETTERS_MAX)
}

/// With variants, what each has of its own is said there.
fn refuse_twice(fields: &mut Fields<'_>, sku: bool, barcode: bool) {
    for (name, is_said) in [("sku", sku), ("barcode", barcode)] {
        if is_said {
            fields.refuse(name, SAID_TWICE.0, SAID_TWICE.1);
        }
    }
}

fn brand() -> Text {
    text(0, BRAND_LETTERS_MAX)
}

/// An empty text is none.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn each_once(ids: Vec<CategoryId>) -> Vec<CategoryId> {
    let mut once = Vec::with_capacity(ids.len());
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    once
}

const SAID_TWICE: (&str, &str) = ("not_with_variants", "each variant has its own; name it there");
const NAME_LETTERS_MAX: usize = 200;
const DESCRIPTION_LETTERS_MAX: usize = 20_000;
const BRAND_LETTERS_MAX: usize = 100;
const SKU_LETTERS_MAX: usize = 64;
const OPTION_LETTERS_MAX: usize = 100;
const URL_LETTERS_MAX: usize = 2_000;
