//! Scopes: what an API key with each of them may call, on one page.
//!
//! Invariant: an operation that is not here can be called by no key, unless everybody may. So
//! what only a person may do (their password, sessions, cart and account, and making keys) stays
//! closed without being named, and so does whatever is new.

use actix_web::http::Method;

use crate::domain::api_keys::Scope;

/// (scope, method, paths)
const OPENED: &[(Scope, Method, &[&str])] = &[
    (
        Scope::CatalogueRead,
        Method::GET,
        &[
            "/v1/product/getproducts",
            "/v1/product/getproduct/{id}",
            "/v1/product/getproductsbyslug/{slug}",
            "/v1/product/getavailableproducts",
            "/v1/product/getproductsbycategory/{slug}",
            "/v1/product/getcategories",
            "/v1/product/categories/tree",
            "/v1/product/export",
            "/v1/product/getcategory/{id}",
            "/v1/product/getcategoriesbyslug/{slug}",
        ],
    ),
    (
        Scope::CatalogueWrite,
        Method::POST,
        &["/v1/product/createproduct", "/v1/product/createcategory", "/v1/product/import"],
    ),
    (
        Scope::CatalogueWrite,
        Method::PATCH,
        &["/v1/product/updateproduct", "/v1/product/updatecategory/{id}"],
    ),
    (
        Scope::CatalogueWrite,
        Method::DELETE,
        &["/v1/product/deleteproduct/{id}", "/v1/product/deletecategory/{id}"],
    ),
    (
        Scope::StockRead,
        Method::GET,
        &[
            "/v1/inventory/getinventoryforproduct/{id}",
            "/v1/inventory/getavailableproducts",
            "/v1/inventory/ledger/{productId}",
            "/v1/inventory/low-stock",
        ],
    ),
    (
        Scope::StockWrite,
        Method::POST,
        &[
            "/v1/inventory/createinventory",
            "/v1/inventory/addstock",
            "/v1/inventory/reducestock",
            "/v1/inventory/reservestock",
            "/v1/inventory/releasestock",
        ],
    ),
    (Scope::StockWrite, Method::PATCH, &["/v1/inventory/updateinventory/{productId}"]),
    (
        Scope::OrdersRead,
        Method::GET,
        &["/v1/orders/all", "/v1/orders/{id}", "/v1/orders/{id}/timeline"],
    ),
    (Scope::OrdersWrite, Method::PATCH, &["/v1/orders/{id}/cancel", "/v1/orders/{id}/status"]),
    (Scope::OrdersWrite, Method::POST, &["/v1/orders/{id}/refunds"]),
    (Scope::EventsRead, Method::GET, &["/v1/events", "/v1/events/stream"]),
    (
        Scope::WebhooksRead,
        Method::GET,
        &[
            "/v1/webhook-endpoints",
            "/v1/webhook-endpoints/{id}",
            "/v1/webhook-endpoints/{id}/deliveries",
            "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}",
        ],
    ),
    (
        Scope::WebhooksWrite,
        Method::POST,
        &[
            "/v1/webhook-endpoints",
            "/v1/webhook-endpoints/{id}/secret",
            "/v1/webhook-endpoints/{id}/replay",
            "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/resend",
        ],
    ),
    (Scope::WebhooksWrite, Method::PATCH, &["/v1/webhook-endpoints/{id}"]),
    (Scope::WebhooksWrite, Method::DELETE, &["/v1/webhook-endpoints/{id}"]),
    (Scope::MetricsRead, Method::GET, &["/metrics"]),
    (Scope::CustomersRead, Method::GET, &["/v1/users/getusers", "/v1/users/getuser/{id}"]),
];

/// The scope a key needs for an operation; none: no key may call it.
pub fn of(method: &Method, path: &str) -> Option<Scope> {
    let opened = |(_, its_method, paths): &&(Scope, Method, &[&str])| {
        its_method == method && paths.contains(&path)
    };
    OPENED.iter().find(opened).map(|(scope, _, _)| *scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Gateway, http::wiring::operations};

    #[test]
    fn every_line_opens_an_operation_that_is_there() {
        let table = operations(Gateway::Demo);
        for (scope, method, paths) in OPENED {
            for path in *paths {
                let found = table.iter().find(|op| op.method == *method && op.path == *path);
                let found = found.unwrap_or_else(|| panic!("there is no {method} {path}"));
                assert_eq!(found.scope, Some(*scope), "{method} {path} is opened twice");
            }
        }
    }
}
