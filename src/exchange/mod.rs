//! Exchange: products as rows of a CSV file, in and out, of a running shop or a stopped one.
//!
//! Invariant: the same file twice changes nothing the second time, so that whatever breaks off is
//! taken up by doing it again. What a file says is looked over as a whole before anything of it is
//! done; each product is then one piece, there as it shall be or as it was.
//!
//! The road in: `table` takes a file apart, `columns` says what its columns mean, `gather` makes
//! wares of rows, `compare` says what would change, `take` does it. The road out is `export`.

mod cells;
mod columns;
mod compare;
mod export;
mod formula;
mod gather;
mod html;
mod merge;
mod table;
mod take;
mod told;

use serde::{Deserialize, Serialize};

pub use cells::{joined, split};
pub use columns::{Field, Form, Header};
pub use export::{ExportPage, ExportStep, header_row, page as export_page};
pub use gather::{Sheet, sheet_of};
pub use take::{Batch, Outcome, OutcomeKind, take};

/// A product as a file wants it; what is missing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ware {
    /// The line it begins on.
    pub line: u64,
    /// Its name in addresses.
    pub handle: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What is said about it.
    pub description: Option<String>,
    /// Who makes it; empty is nobody.
    pub brand: Option<String>,
    /// Where it stands, each as the names on the way there.
    pub categories: Option<Vec<Vec<String>>>,
    /// What it costs, in digits.
    pub price: Option<String>,
    /// Its pictures.
    pub images: Option<Vec<String>>,
    /// Whether it is for sale.
    pub is_active: Option<bool>,
    /// What one can choose.
    pub option_names: Vec<String>,
    /// Its variants, at least one.
    pub variants: Vec<WareVariant>,
    /// Whether it is told as Shopify does: one category of all, and a price for each variant,
    /// where here only those have one that differ from the product's.
    #[serde(default)]
    pub is_shopifys: bool,
}

/// A variant as a file wants it; what is missing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WareVariant {
    /// Its line.
    pub line: u64,
    /// Its stock-keeping number.
    pub sku: Option<String>,
    /// The number of its bar code; empty is none.
    pub barcode: Option<String>,
    /// The chosen value of each option, in their order.
    pub values: Vec<String>,
    /// Its own price, in digits; empty is the product's.
    pub price: Option<String>,
    /// Units to begin with, or as counted.
    pub stock: Option<u32>,
    /// Its own pictures.
    pub images: Option<Vec<String>>,
}

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowFault {
    /// The line.
    pub line: u64,
    /// What the column means; nothing, if it is about the whole line.
    pub field: Option<Field>,
    /// What is wrong, in words.
    pub detail: String,
}

impl RowFault {
    fn at(line: u64, field: Field, detail: impl Into<String>) -> RowFault {
        RowFault { line, field: Some(field), detail: detail.into() }
    }

    fn of_line(line: u64, detail: impl Into<String>) -> RowFault {
        RowFault { line, field: None, detail: detail.into() }
    }
}
