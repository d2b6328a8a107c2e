//! The API over HTTP: what each operation of the contract does, and every way it says no.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod addresses;
mod admin_letters;
mod admin_more;
mod admin_pages;
mod admin_twice;
mod any_text;
mod auth;
mod bad_input;
mod by_hand;
mod card_testing;
mod carts;
mod categories;
mod category_tree;
mod contract;
mod events;
mod examples;
mod exchange;
mod headers;
mod idempotency;
mod inventory;
mod kept_pages;
mod keys;
mod letters;
mod links;
mod lookup;
mod mail_server;
mod metrics;
mod money;
mod openapi;
mod order_status;
mod orders;
mod pages;
mod payments;
mod product_lists;
mod products;
mod refunds;
mod refused_pages;
mod relevance;
mod search;
mod sitemap;
mod users;
mod webhooks;
