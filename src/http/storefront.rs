//! Storefront: the pages that customers see; one file a page.
//!
//! | Path                                   | Shows or does                    | Who       |
//! |----------------------------------------|----------------------------------|-----------|
//! | /                                      | the home page                    | public    |
//! | /category/{slug}, /search              | what there is, narrowed down     | public    |
//! | /product/{slug}                        | a product                        | public    |
//! | /cart, /cart/lines                     | the cart                         | public    |
//! | /cart/add, /cart/set, /cart/remove     | what is done to it               | signed in |
//! | /checkout                              | the checkout; places an order    | signed in |
//! | /orders/{id}, …/pay, …/cancel, …/again | an order, and what can be done   | signed in |
//! | /account, /account/…                   | orders, addresses, profile       | signed in |
//! | /sign-in, /sign-out, /register         | who it is                        | public    |
//! | /forgot-password, /reset-password      | a new password by a mailed link  | public    |
//! | /pages/{name}                          | a text of the shop               | public    |
//! | /sitemap.xml, /sitemaps/…, /robots.txt | what engines fetch               | public    |
//! | /assets/…                              | styles and scripts               | public    |

mod account;
pub mod assets;
mod cards;
mod cart;
mod category;
mod checkout;
mod home;
pub mod kept;
mod order;
mod product;
mod register;
pub mod sign_in;
pub mod sitemap;
mod texts;
mod told;

use super::{pages::all_pages, table::Operation};
use crate::shop::Shop;

/// The operations of the storefront.
pub fn operations() -> Vec<Operation<Shop>> {
    let mut all = home::operations();
    all.extend(category::operations());
    all.extend(product::operations());
    all.extend(cart::operations());
    all.extend(checkout::operations());
    all.extend(order::operations());
    all.extend(account::operations());
    all.extend(sign_in::operations());
    all.extend(register::operations());
    all.extend(texts::operations());
    let mut all = all_pages(all);
    all.extend(sitemap::operations());
    all.extend(texts::operations_for_engines());
    all.extend(assets::operations());
    all
}
