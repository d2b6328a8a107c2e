//! Gathering: wares made of a file's lines; each line is a variant, or a further picture.
//!
//! Invariant: what is said of a product twice is said alike, and no two products of a file have
//! a name, a handle or a SKU in common. What can be seen to be wrong without a shop is told here.

use std::collections::{BTreeSet, HashMap};

use super::{
    Field, Form, Header, RowFault, Ware, WareVariant,
    cells::{self, LIST, PATH},
    html::text_of,
    table::{FAULTS_MAX, Line, table_of},
};
use crate::domain::{
    catalogue::{IMAGES_MAX, PRODUCT_CATEGORIES_MAX, VARIANTS_MAX, fold_name, slug_of},
    quantity::QUANTITY_UNITS_MAX,
};

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its columns.
    pub header: Header,
    /// Its sound products, in their order.
    pub wares: Vec<Ware>,
    /// How many lines there are.
    pub lines: usize,
    /// How many products are faulty.
    pub faulty: usize,
    /// What is wrong with them, each with its place in words.
    pub faults: Vec<String>,
}

/// Reads a file. Its form is told by its titles, unless it is said.
///
/// # Errors
/// It is no such file, or more is wrong with it than is told; each fault with its place in words.
pub fn sheet_of(bytes: &[u8], form: Option<Form>) -> Result<Sheet, Vec<String>> {
    let plainly = |faults: Vec<RowFault>| -> Vec<String> {
        faults.iter().map(|fault| format!("line {}: {}", fault.line, fault.detail)).collect()
    };
    let table = table_of(bytes).map_err(plainly)?;
    let header = Header::read(&table.titles, form).map_err(plainly)?;
    let lines = table.lines.len();
    let mut gathering = Gathering {
        header: &header,
        wares: Vec::new(),
        places: HashMap::new(),
        faults: Vec::new(),
        faulty: BTreeSet::new(),
    };
    for line in &table.lines {
        gathering.take(line);
        if gathering.faults.len() >= FAULTS_MAX {
            break;
        }
    }
    gathering.must_be_distinct();
    let Gathering { wares, faults, faulty, .. } = gathering;
    let faults: Vec<String> = faults.iter().map(|fault| header.told(fault)).collect();
    if faults.len() >= FAULTS_MAX {
        return Err(faults);
    }
    let sound = (0..).zip(wares).filter(|(at, _)| !faulty.contains(at)).map(|(_, ware)| ware);
    let mut wares: Vec<Ware> = sound.collect();
    if header.form == Form::Shopify {
        wares.iter_mut().for_each(as_ours);
    }
    Ok(Sheet { header, wares, lines, faulty: faulty.len(), faults })
}

struct Gathering<'a> {
    header: &'a Header,
    wares: Vec<Ware>,
    /// Where the ware of each handle is.
    places: HashMap<String, usize>,
    faults: Vec<RowFault>,
    /// Where the wares are that are faulty.
    faulty: BTreeSet<usize>,
}

impl Gathering<'_> {
    fn take(&mut self, line: &Line) {
        let before = self.faults.len();
        let at = self.add(line);
        if self.faults.len() > before {
            self.faulty.insert(at);
        }
    }

    /// Adds a line to its ware; where that is.
    fn add(&mut self, line: &Line) -> usize {
        let mut row = Row { header: self.header, line, faults: &mut self.faults };
        let key = row.key();
        let known = key.as_ref().and_then(|key| self.places.get(key)).copied();
        match known {
            Some(at) => {
                let ware = &mut self.wares[at];
                row.must_agree_with(ware);
                row.add_to(ware);
                at
            }
            None => {
                let mut ware = row.ware();
                row.add_to(&mut ware);
                if let Some(key) = key {
                    self.places.insert(key, self.wares.len());
                }
                self.wares.push(ware);
                self.wares.len() - 1
            }
        }
    }

    fn must_be_distinct(&mut self) {
        let (mut names, mut skus) = (HashMap::new(), HashMap::new());
        for (at, ware) in self.wares.iter().enumerate() {
            let known = self.faults.len();
            let name = ware.name.as_deref().filter(|name| !name.is_empty()).map(fold_name);
            if let Some(before) = name.and_then(|name| names.insert(name, ware.line)) {
                let detail = format!("has the name of the product in line {before}");
                self.faults.push(RowFault::at(ware.line, Field::Name, detail));
            }
            for variant in &ware.variants {
                let sku = variant.sku.clone();
                if let Some(before) = sku.and_then(|sku| skus.insert(sku, variant.line)) {
                    let detail = format!("has the sku of line {before}");
                    self.faults.push(RowFault::at(variant.line, Field::Sku, detail));
                }
            }
            if ware.variants.is_empty() {
                let detail = "no line of this product is a variant";
                self.faults.push(RowFault::of_line(ware.line, detail));
            }
            if ware.variants.len() > VARIANTS_MAX {
                let detail = format!("the product has more than {VARIANTS_MAX} variants");
                self.faults.push(RowFault::of_line(ware.line, detail));
            }
            if self.faults.len() > known {
                self.faulty.insert(at);
            }
        }
        self.faults.sort();
        self.faults.truncate(FAULTS_MAX);
    }
}

/// One line on its way into a ware.
struct Row<'a> {
    header: &'a Header,
    line: &'a Line,
    faults: &'a mut Vec<RowFault>,
}

impl<'a> Row<'a> {
    /// The text of a field; nothing if there is no such column.
    fn cell(&self, field: Field) -> Option<&'a str> {
        let at = self.header.place_of(field)?;
        Some(self.line.cells.get(at).map_or("", |cell| cell.trim()))
    }

    /// The text of a field that says something.
    fn said(&self, field: Field) -> Option<&'a str> {
        self.cell(field).filter(|cell| !cell.is_empty())
    }

    fn read<T>(&mut self, field: Field, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.cell(field)?;
        read(text).map_err(|detail| self.note(field, detail)).ok()
    }

    fn read_said<T>(
        &mut self,
        field: Field,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.said(field)?;
        read(text).map_err(|detail| self.note(field, detail)).ok()
    }

    fn note(&mut self, field: Field, detail: impl Into<String>) {
        self.faults.push(RowFault::at(self.line.number, field, detail));
    }

    /// What lines of one product have in common; a line of a product of its own has nothing.
    fn key(&self) -> Option<String> {
        let handle = self.said(Field::Handle).map(slug_of);
        handle.or_else(|| self.said(Field::Name).map(|name| format!("name {}", fold_name(name))))
    }

    /// The product that begins with this line.
    fn ware(&mut self) -> Ware {
        let is_shopifys = self.header.form == Form::Shopify;
        let description = |text: &str| {
            let words = if is_shopifys { text_of(text) } else { text.to_owned() };
            cells::text(&words, DESCRIPTION_LETTERS_MAX)
        };
        let status = self.read_said(Field::Status, cells::yes);
        let active = self.read_said(Field::Active, cells::yes);
        let names = [Field::Option1Name, Field::Option2Name, Field::Option3Name];
        let option_names: Vec<String> = names
            .into_iter()
            .filter_map(|field| self.read_said(field, |text| cells::line(text, OPTION_LETTERS_MAX)))
            .collect();
        Ware {
            line: self.line.number,
            handle: self.read_said(Field::Handle, |text| cells::line(text, NAME_LETTERS_MAX)),
            name: self.read_said(Field::Name, |text| cells::line(text, NAME_LETTERS_MAX)),
            description: self.read(Field::Description, description),
            brand: self.read(Field::Brand, |text| cells::line(text, BRAND_LETTERS_MAX)),
            categories: self.categories(),
            price: self.read_said(Field::Price, |text| cells::line(text, PRICE_LETTERS_MAX)),
            images: self.read(Field::Images, images),
            is_active: match (status, active) {
                (Some(status), active) => Some(status && active.unwrap_or(true)),
                (None, active) => active,
            },
            option_names,
            variants: Vec::new(),
            is_shopifys: self.header.form == Form::Shopify,
        }
    }

    fn categories(&mut self) -> Option<Vec<Vec<String>>> {
        let taxonomy =
            self.said(Field::Taxonomy).filter(|_| self.said(Field::Categories).is_none());
        if let Some(taxonomy) = taxonomy {
            // Its last name alone: the way there is that of another shop.
            return Some(
                cells::split(taxonomy, PATH).pop().map(|name| vec![name]).into_iter().collect(),
            );
        }
        self.read(Field::Categories, |text| {
            let places = cells::split(text, LIST);
            if places.len() > PRODUCT_CATEGORIES_MAX {
                return Err(format!("is more than {PRODUCT_CATEGORIES_MAX} categories"));
            }
            let path = |place: &String| -> Result<Vec<String>, String> {
                let names = cells::split(place, PATH);
                names.iter().map(|name| cells::line(name, NAME_LETTERS_MAX)).collect()
            };
            places.iter().map(path).collect()
        })
    }

    /// Whether the line is a variant, or only shows a further picture of its product.
    fn is_variant(&self, ware: &Ware) -> bool {
        let fields =
            [Field::Sku, Field::Barcode, Field::Option1Value, Field::VariantPrice, Field::Stock];
        ware.variants.is_empty() && self.header.form == Form::Bodega
            || ware.line == self.line.number
            || fields.into_iter().any(|field| self.said(field).is_some())
    }

    /// Adds the line's variant and pictures.
    fn add_to(&mut self, ware: &mut Ware) {
        let is_first = ware.line == self.line.number;
        if self.header.form == Form::Shopify && !is_first {
            let more = self.read_said(Field::Images, images).unwrap_or_default();
            let known = ware.images.get_or_insert_default();
            let fresh: Vec<String> = more.into_iter().filter(|url| !known.contains(url)).collect();
            known.extend(fresh);
            known.truncate(IMAGES_MAX);
        }
        if !self.is_variant(ware) {
            return;
        }
        let values = [Field::Option1Value, Field::Option2Value, Field::Option3Value];
        let values: Vec<String> = values
            .into_iter()
            .take(ware.option_names.len())
            .filter_map(|field| self.read_said(field, |text| cells::line(text, OPTION_LETTERS_MAX)))
            .collect();
        if values.len() < ware.option_names.len() {
            self.note(Field::Option1Value, "names no value of each option");
        }
        let first_unnamed = self.said(Field::Option1Value).filter(|_| ware.option_names.is_empty());
        if first_unnamed.is_some() {
            self.note(Field::Option1Name, "an option with a value has a name");
        }
        let variant = WareVariant {
            line: self.line.number,
            sku: self.read_said(Field::Sku, |text| cells::line(text, SKU_LETTERS_MAX)),
            barcode: self.read(Field::Barcode, |text| cells::line(text, SKU_LETTERS_MAX)),
            values,
            price: self.read(Field::VariantPrice, |text| cells::line(text, PRICE_LETTERS_MAX)),
            stock: self.read_said(Field::Stock, |text| cells::units(text, QUANTITY_UNITS_MAX)),
            images: self.read(Field::VariantImages, images),
        };
        ware.variants.push(variant);
    }

    /// What a later line says of the product is what its first line said.
    fn must_agree_with(&mut self, ware: &Ware) {
        let same = [
            (Field::Name, ware.name.as_deref()),
            (Field::Brand, ware.brand.as_deref()),
            (Field::Price, ware.price.as_deref()),
            (Field::Option1Name, ware.option_names.first().map(String::as_str)),
        ];
        for (field, before) in same {
            let differs = self.said(field).is_some_and(|said| Some(said) != before);
            if differs {
                let line = ware.line;
                self.note(field, format!("says something else of the product than line {line}"));
            }
        }
    }
}

/// Shopify's way of saying things as ours, as far as that can be told without the shop.
fn as_ours(ware: &mut Ware) {
    let default = ware.variants.len() == 1
        && ware.option_names == ["Title"]
        && ware.variants[0].values == ["Default Title"];
    if default {
        ware.option_names.clear();
        ware.variants[0].values.clear();
    }
    let first = ware.variants.first().and_then(|variant| variant.price.clone());
    ware.price = first.filter(|price| !price.is_empty());
}

fn images(text: &str) -> Result<Vec<String>, String> {
    let images = cells::split(text, LIST);
    if images.len() > IMAGES_MAX {
        return Err(format!("is more than {IMAGES_MAX} pictures"));
    }
    let is_picture = |image: &String| {
        let is_url = image.starts_with("https://") || image.starts_with("http://");
        let is_clean =
            !image.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        is_clean && image.len() <= URL_LETTERS_MAX && (is_url || crate::http::media::is_own(image))
    };
    match images.iter().find(|image| !is_picture(image)) {
        Some(other) => Err(format!("`{other}` is no address of a picture")),
        None => Ok(images),
    }
}

const NAME_LETTERS_MAX: usize = 200;
const DESCRIPTION_LETTERS_MAX: usize = 20_000;
const BRAND_LETTERS_MAX: usize = 100;
const SKU_LETTERS_MAX: usize = 64;
const OPTION_LETTERS_MAX: usize = 100;
const PRICE_LETTERS_MAX: usize = 24;
const URL_LETTERS_MAX: usize = 2_000;
