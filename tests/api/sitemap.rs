//! Site map: every page that search engines shall know, in parts, each product in one of them.

use bodega::http::storefront::sitemap::{begins, products};
use serde_json::json;

use crate::support::{Bodega, wares::id};

#[actix_web::test]
async fn the_site_map_names_what_is_for_sale_and_no_more() {
    let chosen = [("shop.public_url", "https://shop.example")];
    let bodega = Bodega::with(&chosen);
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let tea = manager.adds_product("Green tea", "3.99", 10).await;
    let hidden = manager.adds_product("Hidden tea", "3.99", 10).await;
    let hide = json!({ "id": id(&hidden), "isActive": false });
    manager.patch("/v1/product/updateproduct", hide).await.data();
    let kitchen = json!({ "name": "Kitchen", "description": "" });
    let kitchen = manager.post("/v1/product/createcategory", kitchen).await.data();
    let pots = json!({ "name": "Pots", "description": "", "parentId": id(&kitchen) });
    manager.post("/v1/product/createcategory", pots).await.data();
    let parts = visitor.get("/sitemap.xml").await;
    assert_eq!(parts.header("content-type"), "application/xml; charset=utf-8");
    assert_eq!(parts.header("cache-control"), "public, max-age=3600");
    let part = |name: &str| format!("<loc>https://shop.example/sitemaps/{name}.xml</loc>");
    assert_eq!(parts.text().matches("<loc>").count(), 2);
    assert!(parts.text().contains(&part("pages")) && parts.text().contains(&part("products-1")));
    let pages = visitor.get("/sitemaps/pages.xml").await;
    for path in ["/", "/category/kitchen", "/category/pots", "/pages/terms"] {
        let said = format!("<loc>https://shop.example{path}</loc>");
        assert!(pages.text().contains(&said), "{path}: {}", pages.text());
    }
    let listed = visitor.get("/sitemaps/products-1.xml").await;
    assert!(listed.text().contains("https://shop.example/product/green-tea</loc><lastmod>2"));
    assert_eq!(listed.text().matches("<url>").count(), 1, "{}", listed.text());
    for gone in ["products-0.xml", "products-2.xml", "products-x.xml", "products-1", "none.xml"] {
        visitor.get(&format!("/sitemaps/{gone}")).await.refused(404, "not_found");
    }
    manager.delete(&format!("/v1/product/deleteproduct/{}", id(&tea))).await.data();
    let listed = visitor.get("/sitemaps/products-1.xml").await;
    assert_eq!(listed.text().matches("<url>").count(), 0, "{}", listed.text());
}

#[actix_web::test]
async fn each_product_is_in_one_part_however_small_parts_are() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    assert!(begins(&bodega.shop.reader, 1).expect("parts").is_empty(), "no part is empty");
    for number in 0..7 {
        manager.adds_product(&format!("Tea {number}"), "3.99", 10).await;
    }
    let reader = &bodega.shop.reader;
    for (a_part, parts) in [(1, 7), (2, 4), (3, 3), (7, 1), (8, 1), (100, 1)] {
        let begins = begins(reader, a_part).expect("parts");
        assert_eq!(begins.len(), parts, "{a_part}");
        let mut slugs = Vec::new();
        for begin in &begins {
            let part = products(reader, begin.as_ref(), a_part).expect("a part");
            assert!(part.len() <= a_part);
            slugs.extend(part.into_iter().map(|(slug, _)| slug));
        }
        let wanted: Vec<String> = (0..7).map(|number| format!("tea-{number}")).collect();
        assert_eq!(slugs, wanted, "{a_part}");
    }
}
