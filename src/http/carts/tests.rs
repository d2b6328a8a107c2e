//! Carts over a demo shop.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{shown::is_there, *};
use crate::{
    domain::{ids::Identity, time::Who},
    http::orders::tests::world::{Person, World, with},
};

async fn deletes(world: &World, who: &Person, path: &str) -> Value {
    world.asks(Method::DELETE, path, &who.token, None, "").await.data()
}

fn line(number: u8, product: u8) -> CartLine {
    CartLine {
        product: ProductId::from_bytes([product; 16]),
        variant: VariantId::from_bytes([number; 16]),
        quantity: 1,
        added_at: Timestamp::default(),
    }
}

#[test]
fn a_line_is_meant_by_its_product_or_by_its_variant() {
    let lines = [line(1, 1), line(2, 2), line(3, 2)];
    let lines = lines.map(|line| (line.variant, line)).into();
    let cart = Cart { lines, ..Cart::default() };
    let meant = |product: u8, named: Option<u8>| {
        let named = named.map(|named| VariantId::from_bytes([named; 16]));
        let meant = line_meant(&cart, ProductId::from_bytes([product; 16]), named);
        meant.map(|id| id.bytes()[0]).map_err(|no| no.status().as_u16())
    };
    assert_eq!((meant(1, None), meant(2, Some(3)), meant(1, Some(1))), (Ok(1), Ok(3), Ok(1)));
    assert_eq!((meant(2, None), meant(3, None), meant(1, Some(2))), (Err(400), Err(404), Err(404)));
}

#[test]
fn what_left_the_catalogue_is_not_shown() {
    let shown = |product: &Product| is_there(product, VariantId::from_bytes([1; 16]));
    let mut product = Product { name: "Tea".to_owned(), ..Product::default() };
    assert!(!shown(&product), "its variant is gone");
    product.variants.insert(VariantId::from_bytes([1; 16]), Default::default());
    assert!(shown(&product));
    product.deleted = true;
    assert!(!shown(&product));
}

#[actix_web::test]
async fn a_cart_is_filled_changed_and_cleared() {
    let world = World::new().await;
    let ada = &world.ada;
    let tea = world.sells("Tea", 333, 5, &[]).await;
    let empty = world.gets(ada, "/v1/cart/getcart").await.data();
    assert_eq!(
        (&empty["id"], &empty["items"], empty["subtotal"].to_string()),
        (&Value::Null, &json!([]), "0.0".to_owned())
    );
    let add = json!({ "productId": tea.to_string(), "quantity": 2 });
    world.posts(ada, "/v1/cart/addtocart", add.clone()).await.data();
    let said = world.posts(ada, "/v1/cart/addtocart", add.clone()).await;
    let cart = said.data();
    assert_eq!(said.status, 201);
    assert_eq!(
        (&cart["items"][0]["quantity"], &cart["items"][0]["available"]),
        (&json!(4), &json!(5))
    );
    assert_eq!(
        (cart["subtotal"].to_string(), &cart["currency"]),
        ("13.32".to_owned(), &json!("USD"))
    );
    let more = world.posts(ada, "/v1/cart/addtocart", add).await;
    assert_eq!(
        (more.no(), &more.json()["available"]),
        ((409, "insufficient_stock".to_owned()), &json!(5))
    );
    let path = format!("/v1/cart/updatecartitem/{tea}");
    let said = world.patches(ada, &path, json!({ "quantity": 1 })).await;
    assert_eq!(said.data()["items"][0]["quantity"], 1);
    let said = world.patches(ada, &path, json!({ "quantity": 1, "productId": "x" })).await;
    assert_eq!(said.faults(), ["/productId mismatch"]);
    assert_eq!(world.patches(ada, &path, json!({ "quantity": 1000 })).await.status, 400);
    assert_eq!(world.patches(&world.bob, &path, json!({ "quantity": 1 })).await.status, 404);
    assert_eq!(
        world.patches(ada, &path, json!({ "quantity": 0 })).await.data()["items"],
        json!([])
    );
    let remove = format!("/v1/cart/removecartitem/{tea}");
    assert_eq!(deletes(&world, ada, &remove).await["items"], json!([]));
    assert_eq!(deletes(&world, &world.bob, &remove).await["id"], Value::Null);
    let cleared = deletes(&world, ada, "/v1/cart/clearcart").await;
    assert_eq!(cleared, json!({ "message": "Cart cleared" }));
}

#[actix_web::test]
async fn a_product_in_several_variants_takes_the_one_that_is_named() {
    let world = World::new().await;
    let ada = &world.ada;
    let shirt = world.sells("Shirt", 2000, 5, &["S", "M"]).await;
    let add = json!({ "productId": shirt.to_string(), "quantity": 1 });
    let said = world.posts(ada, "/v1/cart/addtocart", add).await;
    assert_eq!(said.no(), (400, "variant_required".to_owned()));
    let product = world.shop.reader.get::<Product>(shirt).expect("a product").state;
    let variants: Vec<_> = product.variants_in_order().iter().map(|variant| variant.id).collect();
    for variant in &variants {
        let add = json!({
            "productId": shirt.to_string(), "variantId": variant.to_string(), "quantity": 1,
        });
        world.posts(ada, "/v1/cart/addtocart", add).await.data();
    }
    let path = format!("/v1/cart/updatecartitem/{shirt}");
    assert_eq!(world.patches(ada, &path, json!({ "quantity": 2 })).await.status, 400);
    let named = format!("{path}?variantId={}", variants[1]);
    let cart = world.patches(ada, &named, json!({ "quantity": 2 })).await.data();
    assert_eq!(cart["subtotal"].to_string(), "60.0");
    let remove = format!("/v1/cart/removecartitem/{shirt}?variantId={}", variants[0]);
    assert_eq!(deletes(&world, ada, &remove).await["subtotal"].to_string(), "40.0");
}

#[actix_web::test]
async fn an_order_buys_the_cart_without_what_left_the_catalogue() {
    let world = World::new().await;
    let ada = &world.ada;
    let (tea, pot) =
        (world.sells("Tea", 333, 5, &[]).await, world.sells("Pot", 2000, 5, &[]).await);
    for product in [tea, pot] {
        let add = json!({ "productId": product.to_string(), "quantity": 1 });
        world.posts(ada, "/v1/cart/addtocart", add).await.data();
    }
    world.shop.assortment.remove(pot, world.shop.intent(Who::Shop)).await.expect("a removal");
    let cart = world.gets(ada, "/v1/cart/getcart").await.data();
    assert_eq!(
        (cart["items"].as_array().map(Vec::len), cart["subtotal"].to_string()),
        (Some(1), "3.33".to_owned())
    );
    let mut body = with("visa");
    body["shippingAddressId"] = json!(ada.address);
    let order = world.posts(ada, "/v1/orders", body).await.data();
    assert_eq!(
        (&order["status"], order["subtotal"].to_string()),
        (&json!("PAID"), "3.33".to_owned())
    );
    let cart = world.gets(ada, "/v1/cart/getcart").await.data();
    assert_eq!(cart["items"], json!([]));
}
