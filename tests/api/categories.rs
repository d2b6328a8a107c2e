//! Categories: the shelves that products stand on.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
    wire::NOBODYS,
};

async fn adds(who: &Person, name: &str) -> Reply {
    who.post("/v1/product/createcategory", json!({ "name": name, "description": "" })).await
}

async fn changes(who: &Person, category: &Value, body: Value) -> Reply {
    who.patch(&format!("/v1/product/updatecategory/{}", id(category)), body).await
}

async fn deletes(who: &Person, category: &Value) -> Reply {
    who.delete(&format!("/v1/product/deletecategory/{}", id(category))).await
}

#[actix_web::test]
async fn a_category_is_found_by_id_by_slug_and_in_the_list() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let answer = adds(&manager, "Tea & Coffee").await;
    insta::assert_snapshot!(answer.shown(), @r#"
    201
    {
      "data": {
        "_id": "[id]",
        "breadcrumbs": [
          {
            "id": "[id]",
            "name": "Tea & Coffee",
            "slug": "tea-and-coffee"
          }
        ],
        "createdAt": "[time]",
        "description": "",
        "id": "[id]",
        "name": "Tea & Coffee",
        "parentId": null,
        "path": "tea-and-coffee",
        "slug": "tea-and-coffee",
        "updatedAt": "[time]"
      },
      "statusCode": 201
    }
    "#);
    let drinks = answer.data();
    assert_eq!(drinks["id"], drinks["_id"]);
    let by_id = visitor.get(&format!("/v1/product/getcategory/{}", id(&drinks))).await;
    assert_eq!(by_id.data(), drinks);
    let by_slug = visitor.get("/v1/product/getcategoriesbyslug/tea-and-coffee").await;
    assert_eq!(by_slug.data(), drinks);
    adds(&manager, "Bread").await.data();
    adds(&manager, "apples").await.data();
    let list = visitor.get("/v1/product/getcategories").await.data();
    let names: Vec<&str> =
        list.as_array().expect("a list").iter().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["apples", "Bread", "Tea & Coffee"]);
    for missing in [
        format!("/v1/product/getcategory/{NOBODYS}"),
        "/v1/product/getcategory/nonsense".to_owned(),
        "/v1/product/getcategoriesbyslug/cheese".to_owned(),
        "/v1/product/getproductsbycategory/cheese".to_owned(),
    ] {
        visitor.get(&missing).await.refused(404, "not_found");
    }
    let empty = visitor.get("/v1/product/getproductsbycategory/bread").await;
    assert_eq!(empty.data(), json!([]));
}

#[actix_web::test]
async fn two_categories_have_no_name_in_common() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = adds(&manager, "Tea").await.data();
    adds(&manager, " TEA ").await.refused(409, "category_name_taken");
    let other = adds(&manager, "Tea!").await.data();
    assert_eq!(text(&other["slug"]), "tea-2");
    let same = changes(&manager, &other, json!({ "name": "tea" })).await;
    same.refused(409, "category_name_taken");
    let described = changes(&manager, &tea, json!({ "name": "Tea", "description": "Hot" })).await;
    assert_eq!(text(&described.data()["description"]), "Hot");
}

#[actix_web::test]
async fn a_renamed_category_has_another_slug() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let tea = adds(&manager, "Tea").await.data();
    let path = format!("/v1/product/getcategory/{}", id(&tea));
    let seen = visitor.get(&path).await;
    let renamed = changes(&manager, &tea, json!({ "name": "Hot drinks" })).await.data();
    assert_eq!(text(&renamed["slug"]), "hot-drinks");
    assert_eq!(visitor.get(&path).await.data(), renamed);
    let late = manager
        .patch(&format!("/v1/product/updatecategory/{}", id(&tea)), json!({ "name": "Other" }))
        .header("if-match", seen.header("etag"))
        .await;
    late.refused(412, "precondition_failed");
    let known = visitor.get(&path).await.header("etag").to_owned();
    assert_eq!(visitor.get(&path).header("if-none-match", &known).await.status, 304);
}

#[actix_web::test]
async fn a_category_is_removed_when_nothing_stands_in_it() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let drinks = adds(&manager, "Drinks").await.data();
    let body = json!({
        "name": "Tea", "description": "", "price": 1, "stock": 1, "categoryIds": [id(&drinks)],
    });
    let tea = manager.post("/v1/product/createproduct", body).await.data();
    deletes(&manager, &drinks).await.refused(409, "category_in_use");
    let empty = json!({ "id": id(&tea), "categoryIds": [] });
    manager.patch("/v1/product/updateproduct", empty).await.data();
    let gone = deletes(&manager, &drinks).await.data();
    let wanted =
        json!({ "success": true, "message": "Category deleted", "deletedId": id(&drinks) });
    assert_eq!(gone, wanted);
    deletes(&manager, &drinks).await.refused(404, "not_found");
    changes(&manager, &drinks, json!({ "name": "Other" })).await.refused(404, "not_found");
    adds(&manager, "Drinks").await.data();
}

#[actix_web::test]
async fn a_deleted_product_stands_in_no_category() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let drinks = adds(&manager, "Drinks").await.data();
    let body = json!({
        "name": "Tea", "description": "", "price": 1, "stock": 1, "categoryIds": [id(&drinks)],
    });
    let tea = manager.post("/v1/product/createproduct", body).await.data();
    manager.delete(&format!("/v1/product/deleteproduct/{}", id(&tea))).await.data();
    deletes(&manager, &drinks).await.data();
}
