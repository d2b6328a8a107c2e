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
//! | POST   | /admin/orders/{id}/capture           | takes what is set aside            | admins |
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
//! | GET    | /admin/categories                    | shows the tree of categories       | staff  |
//! | POST   | /admin/categories                    | adds one                           | staff  |
//! | GET    | /admin/categories/{id}               | shows one to be changed            | staff  |
//! | POST   | /admin/categories/{id}               | changes it                         | staff  |
//! | POST   | /admin/categories/{id}/remove        | removes it                         | staff  |
//! | GET    | /admin/stock                         | lists stock                        | staff  |
//! | GET    | /admin/stock/{id}                    | shows the stock of a SKU           | staff  |
//! | POST   | /admin/stock/{id}                    | adjusts, counts, sets aside        | staff  |
//! | GET    | /admin/customers                     | lists accounts                     | admins |
//! | GET    | /admin/customers/{id}                | shows one                          | admins |
//! | GET    | /admin/customers/{id}/data.json      | gives all data of one              | admins |
//! | POST   | /admin/customers/{id}/role           | gives another role                 | admins |
//! | POST   | /admin/customers/{id}/erase          | erases a person                    | admins |
//! | GET    | /admin/keys                          | lists API keys                     | admins |
//! | POST   | /admin/keys                          | makes one, shown this one time     | admins |
//! | POST   | /admin/keys/{id}/revoke              | revokes one                        | admins |
//! | GET    | /admin/settings                      | shows the shop's settings          | admins |
//! | POST   | /admin/settings                      | changes them                       | admins |
//! | GET    | /admin/webhooks                      | lists webhook endpoints            | admins |
//! | POST   | /admin/webhooks                      | adds one, secret shown this once   | admins |
//! | GET    | /admin/webhooks/{id}                 | shows what was sent to one         | admins |
//! | POST   | /admin/webhooks/{id}/switch          | switches it on or off              | admins |
//! | POST   | /admin/webhooks/{id}/remove          | removes it                         | admins |
//! | POST   | /admin/webhooks/{id}/replay          | sends old events again             | admins |
//! | POST   | /admin/resend/{id}/{deliveryId}      | sends one again                    | admins |
//! | GET    | /admin/letters                       | lists letters                      | admins |
//! | GET    | /admin/letters/{id}                  | shows one                          | admins |
//! | GET    | /admin/letters/{id}/page             | its own page, for a frame          | admins |
//! | POST   | /admin/letters/{id}/resend           | has it sent again                  | admins |
//! | GET    | /admin/letters/kinds/{name}          | shows a kind with made-up facts    | admins |
//! | GET    | /admin/letters/kinds/{name}/{number} | the page of such a letter          | admins |
//! | POST   | /admin/letters/kinds/{name}/test     | sends one to try it                | admins |
//! | GET    | /admin/system                        | shows how the machinery is         | admins |
//! | POST   | /admin/couriers/{id}/pause           | lets a courier rest                | admins |
//! | POST   | /admin/couriers/{id}/resume          | lets one go on                     | admins |
//! | POST   | /admin/deliveries/{id}/resend        | has a delivery made again          | admins |
//! | GET    | /setup                               | asks for the first admin           | token  |
//! | POST   | /setup                               | makes the first admin              | token  |
//!
//! Invariant: a page asks what the operation of the API asks, through the same function; it
//! decides nothing.

mod about;
mod charts;
mod customers_page;
mod deeds;
pub mod figures;
mod keys_page;
mod letter_view;
mod letters_page;
mod order_list;
mod order_page;
mod order_view;
mod outcomes;
mod overtaken;
mod overview;
mod parts;
mod product_bulk;
mod product_editor;
mod product_form;
mod product_list;
mod refund_page;
mod said;
mod settings_page;
pub mod setup_page;
mod shelves_page;
mod stock_list;
mod stock_page;
mod system_page;
mod to_do;
mod webhooks_page;

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
    all.extend(shelves_page::operations());
    all.extend(stock_list::operations());
    all.extend(stock_page::operations());
    all.extend(customers_page::operations());
    all.extend(keys_page::operations());
    all.extend(settings_page::operations());
    all.extend(webhooks_page::operations());
    all.extend(letters_page::operations());
    all.extend(system_page::operations());
    all.extend(setup_page::operations());
    all_pages(all)
}
