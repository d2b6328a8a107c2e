//! Admin: the pages that staff run the shop with; one file a page.
//!
//! | Method | Path                                 | Does                               | Who    |
//! |--------|--------------------------------------|------------------------------------|--------|
//! | GET    | /admin                               | shows what is to be done           | staff  |
//! | GET    | /admin/orders                        | lists orders                       | admins |
//! | GET    | /admin/orders.csv                    | the same, for a spreadsheet        | admins |
//! | POST   | /admin/orders/ship                   | ships several                      | admins |
//! | GET    | /admin/orders/{id}                   | shows an order                     | admins |
//! | POST   | /admin/orders/{id}/status            | receipt, shipping, delivery        | admins |
//! | POST   | /admin/orders/{id}/cancel            | cancels it                         | admins |
//! | GET    | /admin/orders/{id}/refund            | asks what shall go back            | admins |
//! | POST   | /admin/orders/{id}/refund            | tells what will happen, then does  | admins |
//! | POST   | /admin/orders/{id}/retry/{refundId}  | tries a refused refund again       | admins |
//! | POST   | /admin/orders/{id}/payout/{refundId} | notes that it was paid out by hand | admins |
//! | GET    | /admin/products                      | lists products                     | staff  |
//! | POST   | /admin/products/bulk                 | changes several                    | staff  |
//! | GET    | /admin/products/new                  | asks for a new product             | staff  |
//! | POST   | /admin/products/new                  | adds it                            | staff  |
//! | GET    | /admin/products/{id}                 | shows a product to be changed      | staff  |
//! | POST   | /admin/products/{id}                 | changes it                         | staff  |
//! | POST   | /admin/products/{id}/remove          | takes it off the shelves           | staff  |
//!
//! Invariant: a page asks what the operation of the API asks, through the same function; it
//! decides nothing.

mod charts;
pub mod figures;
mod order_list;
mod order_page;
mod order_view;
mod overview;
mod parts;
mod product_bulk;
mod product_editor;
mod product_form;
mod product_list;
mod refund_page;

use super::{pages::all_pages, table::Operation};
use crate::shop::Shop;

/// The operations of the admin.
pub fn operations() -> Vec<Operation<Shop>> {
    let mut all = overview::operations();
    all.extend(order_list::operations());
    all.extend(order_page::operations());
    all.extend(refund_page::operations());
    all.extend(product_list::operations());
    all.extend(product_bulk::operations());
    all.extend(product_editor::operations());
    all_pages(all)
}
