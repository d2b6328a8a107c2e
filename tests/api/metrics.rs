//! Metrics: who may read them, and that they count what happened.

use serde_json::json;

use crate::support::{Bodega, Person};

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
        "bodega_store_cache_hits_total ",
        "bodega_owner_wait_seconds_count{owner=\"catalogue\"} ",
    ] {
        let line = text.lines().find(|line| line.starts_with(counted));
        assert!(line.is_some(), "{counted} is not in\n{text}");
    }
}
