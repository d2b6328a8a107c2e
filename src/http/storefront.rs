//! Storefront: the pages that customers see; one file a page.
//!
//! | Method | Path                       | Does                                | Who    |
//! |--------|----------------------------|-------------------------------------|--------|
//! | GET    | /                          | shows the shop's home page          | public |
//! | GET    | /product/{slug}            | shows a product                     | public |
//! | GET    | /sign-in                   | asks who it is                      | public |
//! | POST   | /sign-in                   | signs in                            | public |
//! | POST   | /sign-out                  | signs out                           | public |
//! | GET    | /assets/{version}/{name}   | gives a style, a script, a drawing  | public |

pub mod assets;
mod cards;
mod home;
mod product;
pub mod sign_in;

use super::{pages::all_pages, table::Operation};
use crate::shop::Shop;

/// The operations of the storefront.
pub fn operations() -> Vec<Operation<Shop>> {
    let mut all = home::operations();
    all.extend(product::operations());
    all.extend(sign_in::operations());
    let mut all = all_pages(all);
    all.extend(assets::operations());
    all
}
