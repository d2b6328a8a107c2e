//! Metrics: who may read them, and that they count what happened.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Bodega, Person, wares::id};

async fn key(owner: &Person, scope: &str) -> Person {
    let wish = json!({ "name": "numbers", "scopes": [scope] });
    let key = owner.post("/v1/api-keys", wish).await.data();
    Person { access: key["secret"].as_str().map(str::to_owned), ..owner.clone() }
}

#[actix_web::test]
async fn numbers_are_for_staff_keys_with_the_scope_and_known_networks() {
    let bodega = Bodega::open();
    let (owner, manager) = (bodega.owner().await, bodega.manager().await);
    bodega.visitor().get("/metrics").await.refused(401, "authentication_required");
    bodega.customer("ada").await.get("/metrics").await.refused(403, "forbidden");
    let without = key(&owner, "orders:read").await;
    without.get("/metrics").await.refused(401, "authentication_required");
    for who in [&owner, &manager, &key(&owner, "metrics:read").await] {
        let reply = who.get("/metrics").await;
        assert_eq!(reply.status, 200);
        assert!(reply.header("content-type").starts_with("text/plain"), "for Prometheus");
    }
    let near = Bodega::with(&[("metrics.allowed_addresses", r#"["127.0.0.0/8"]"#)]);
    assert_eq!(near.visitor().get("/metrics").await.status, 200);
    let far = Bodega::with(&[("metrics.allowed_addresses", r#"["192.0.2.0/24"]"#)]);
    far.visitor().get("/metrics").await.refused(401, "authentication_required");
}

#[actix_web::test]
async fn what_happened_is_counted_by_route_and_status() {
    let bodega = Bodega::open();
    let (owner, manager) = (bodega.owner().await, bodega.manager().await);
    manager.adds_product("Tea", "3.99", 3).await;
    let visitor = bodega.visitor();
    for _ in 0..3 {
        visitor.get("/v1/product/getproducts").await;
    }
    visitor.get("/v1/product/getproduct/none").await.refused(404, "not_found");
    visitor.get("/somewhere/<script>").await;
    let text = owner.get("/metrics").await.text().to_owned();
    let has = |line: &str| assert!(text.lines().any(|is| is == line), "{line} is not in\n{text}");
    let requests = |route: &str, status: u16, count: u32| {
        let labels = format!("route=\"{route}\",method=\"GET\",status=\"{status}\"");
        has(&format!("bodega_http_requests_total{{{labels}}} {count}"));
    };
    requests("/v1/product/getproducts", 200, 3);
    requests("/v1/product/getproduct/{id}", 404, 1);
    requests("other", 404, 1);
    assert!(!text.contains("script"), "a stranger's words are no label");
    has("bodega_http_request_seconds_count{route=\"/v1/product/getproducts\",method=\"GET\"} 3");
    has("bodega_store_writable 1");
    has("bodega_owner_waiting_messages{owner=\"catalogue\"} 0");
    for counted in [
        "bodega_store_batch_commits_count ",
        "bodega_store_sync_seconds_count ",
        "bodega_store_journal_bytes ",
        "bodega_store_table_bytes ",
        "bodega_disk_free_bytes ",
        "bodega_cache_hits_total{cache=\"records\"} ",
        "bodega_owner_wait_seconds_count{owner=\"catalogue\"} ",
    ] {
        let line = text.lines().find(|line| line.starts_with(counted));
        assert!(line.is_some(), "{counted} is not in\n{text}");
    }
}

/// The values of a label in the lines of a metric.
fn labelled<'a>(text: &'a str, metric: &str, label: &str) -> BTreeSet<&'a str> {
    let begins = format!("{metric}{{");
    let value = |line: &'a str| {
        let behind = line.strip_prefix(&begins)?.split_once(&format!("{label}=\""))?.1;
        behind.split('"').next()
    };
    text.lines().filter_map(value).collect()
}

#[actix_web::test]
async fn no_owner_is_left_out_of_the_queues() {
    let bodega = Bodega::open();
    let text = bodega.owner().await.get("/metrics").await.text().to_owned();
    // Each owner counts its restarts from the moment it is there.
    let owners = labelled(&text, "bodega_owner_restarts_total", "owner");
    assert!(owners.is_superset(&BTreeSet::from(["books", "news", "orders", "payments"])));
    assert_eq!(labelled(&text, "bodega_owner_waiting_messages", "owner"), owners);
    let has = |line: &str| assert!(text.lines().any(|is| is == line), "{line} is not in\n{text}");
    has("bodega_passwords_waiting 0");
    has("bodega_store_waiting_commits 0");
    let followers = labelled(&text, "bodega_courier_lag_commits", "courier");
    assert!(followers.is_superset(&BTreeSet::from(["search", "register", "streams"])), "{text}");
}

#[actix_web::test]
async fn every_cache_counts_what_it_had_and_what_it_had_not() {
    let bodega = Bodega::open();
    let (owner, visitor) = (bodega.owner().await, bodega.visitor());
    let tea = owner.adds_product("Tea", "3.99", 3).await;
    bodega.shop.search.knows(bodega.shop.store().health().seq).await;
    let (one, list) = (format!("/v1/product/getproduct/{}", id(&tea)), "/v1/product/getproducts");
    for path in [one.as_str(), list, "/v1/product/searchproducts?query=tea", "/product/tea"] {
        for _ in 0..3 {
            assert_eq!(visitor.get(path).await.status, 200, "{path}");
        }
    }
    let text = owner.get("/metrics").await.text().to_owned();
    let has = |line: &str| assert!(text.lines().any(|is| is == line), "{line} is not in\n{text}");
    for cache in ["product_answers", "product_lists", "search_answers", "pages"] {
        has(&format!("bodega_cache_hits_total{{cache=\"{cache}\"}} 2"));
        has(&format!("bodega_cache_misses_total{{cache=\"{cache}\"}} 1"));
    }
    // The text of the product that was shown alone stands in the list and among what was found.
    has("bodega_cache_misses_total{cache=\"product_texts\"} 1");
    has("bodega_cache_misses_total{cache=\"search_words\"} 1");
    for counted in ["hits", "misses"] {
        let caches = labelled(&text, &format!("bodega_cache_{counted}_total"), "cache");
        let all = ["records", "product_answers", "product_texts", "product_lists", "pages"];
        let all = BTreeSet::from(all).into_iter().chain([
            "search_answers",
            "search_suggestions",
            "search_words",
        ]);
        assert_eq!(caches, all.collect::<BTreeSet<_>>());
    }
}

#[test]
fn every_number_is_explained_and_every_explanation_has_its_number() {
    let named = |text: &'static str, quote: char| -> BTreeSet<&'static str> {
        let quoted = text.split(quote).skip(1).step_by(2);
        quoted.filter(|word| word.starts_with("bodega_") && !word.contains(['{', ' '])).collect()
    };
    let source = include_str!("../../src/meters.rs").split("#[cfg(test)]").next().expect("source");
    let numbers = named(source, '"');
    assert!(numbers.len() > 20, "{numbers:?}");
    assert_eq!(named(include_str!("../../docs/metrics.md"), '`'), numbers);
}
