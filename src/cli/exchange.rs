//! What `bodega import` and `bodega export` are asked on the command line.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// `bodega import …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ImportCommand {
    /// Take products from a CSV file: of this shop's form, or of Shopify's
    #[command(after_help = IMPORT_HELP)]
    Products {
        /// The file
        file: PathBuf,
        /// Say what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Count stock of known variants as the file says; of new ones it is always taken
        #[arg(long)]
        set_stock: bool,
        /// Pass over products that are faulty, and take all others
        #[arg(long)]
        skip_faulty: bool,
        /// The form of the file [default: told by its titles]
        #[arg(long, value_name = "FORM")]
        format: Option<FileForm>,
    },
}

/// `bodega export …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ExportCommand {
    /// Write all products as CSV
    #[command(after_help = EXPORT_HELP)]
    Products {
        /// The file [default: standard output]
        file: Option<PathBuf>,
        /// The form of the file [default: bodega]
        #[arg(long, value_name = "FORM")]
        format: Option<FileForm>,
    },
}

/// The form of a file of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileForm {
    /// This shop's own
    Bodega,
    /// Shopify's product CSV
    Shopify,
}

const IMPORT_HELP: &str = "\
For a shop that is running, and for one that is stopped. A product is known by its handle, else by
the SKU of a variant; the same file twice changes nothing the second time, so what broke off is
taken up by the same command. Nothing is ever removed. docs/import.md explains the columns.

Examples:
  bodega import products goods.csv --dry-run
  bodega import products goods.csv
  bodega import products shopify-export.csv --skip-faulty --data-dir /srv/shop";

const EXPORT_HELP: &str = "\
For a shop that is running, and for one that is stopped. What a spreadsheet would take for a
formula is written as text.

Examples:
  bodega export products goods.csv
  bodega export products --format shopify > shopify.csv";
