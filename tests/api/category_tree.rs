//! The tree of categories: one below the other, found by any slug it ever had.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
    wire::NOBODYS,
};

async fn adds(who: &Person, name: &str, parent: Option<&Value>) -> Value {
    let parent = parent.map(id);
    let body = json!({ "name": name, "description": "", "parentId": parent });
    who.post("/v1/product/createcategory", body).await.data()
}

async fn changes(who: &Person, category: &Value, body: Value) -> Reply {
    who.patch(&format!("/v1/product/updatecategory/{}", id(category)), body).await
}

async fn adds_product(who: &Person, name: &str, shelves: &[&Value]) -> Reply {
    let shelves: Vec<&str> = shelves.iter().map(|shelf| id(shelf)).collect();
    let body = json!({
        "name": name, "description": "", "price": 1, "stock": 1, "categoryIds": shelves,
    });
    who.post("/v1/product/createproduct", body).await
}

/// The names on the way to something.
fn way(shown: &Value) -> String {
    let crumbs = shown["breadcrumbs"].as_array().expect("a way").iter();
    crumbs.map(|crumb| text(&crumb["name"])).collect::<Vec<_>>().join(" > ")
}

fn names(list: &Reply) -> Vec<String> {
    let data = list.data();
    let shown = data.as_array().expect("a list").iter();
    shown.map(|one| text(&one["name"]).to_owned()).collect()
}

/// The tree as one line: `Food(Cheese(Soft) Tea)`.
fn outline(tree: &Value) -> String {
    let branch = |node: &Value| {
        let below = outline(&node["children"]);
        let name = text(&node["name"]);
        if below.is_empty() { name.to_owned() } else { format!("{name}({below})") }
    };
    let branches = tree.as_array().expect("branches").iter().map(branch);
    branches.collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn categories_stand_one_below_the_other_and_say_the_way_there() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let food = adds(&staff, "Food", None).await;
    let cheese = adds(&staff, "Cheese", Some(&food)).await;
    let soft = adds(&staff, "Soft & fresh", Some(&cheese)).await;
    adds(&staff, "Bread", Some(&food)).await;
    adds(&staff, "Books", None).await;
    assert_eq!(soft["parentId"], cheese["id"]);
    assert_eq!(soft["path"], "food/cheese/soft-and-fresh");
    assert_eq!(way(&soft), "Food > Cheese > Soft & fresh");
    let tree = visitor.get("/v1/product/categories/tree").await;
    assert_eq!(outline(&tree.data()), "Books Food(Bread Cheese(Soft & fresh))");
    assert_eq!(tree.data()[1]["children"][1]["path"], "food/cheese");
    let brie = adds_product(&staff, "Brie", &[&soft]).await.data();
    let path = format!("/v1/product/getproduct/{}", id(&brie));
    let seen = visitor.get(&path).await;
    assert_eq!(way(&seen.data()), "Food > Cheese > Soft & fresh");

    // The way to a product changes without the product.
    changes(&staff, &cheese, json!({ "name": "Fromage" })).await.data();
    let tag = seen.header("etag").to_owned();
    let again = visitor.get(&path).header("if-none-match", &tag).await;
    assert_eq!((again.status, way(&again.data())), (200, "Food > Fromage > Soft & fresh".into()));
    let tag = tree.header("etag").to_owned();
    let again = visitor.get("/v1/product/categories/tree").header("if-none-match", &tag).await;
    assert_eq!(outline(&again.data()), "Books Food(Bread Fromage(Soft & fresh))");
    let tag = again.header("etag").to_owned();
    let same = visitor.get("/v1/product/categories/tree").header("if-none-match", &tag).await;
    assert_eq!(same.status, 304);
    let below = visitor.get(&format!("/v1/product/getcategory/{}", id(&soft))).await.data();
    assert_eq!(way(&below), "Food > Fromage > Soft & fresh");
    let bodega = bodega.reopened();
    let tree = bodega.visitor().get("/v1/product/categories/tree").await;
    assert_eq!(outline(&tree.data()), "Books Food(Bread Fromage(Soft & fresh))");
}

#[actix_web::test]
async fn a_category_never_stands_below_itself() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let food = adds(&staff, "Food", None).await;
    let cheese = adds(&staff, "Cheese", Some(&food)).await;
    let soft = adds(&staff, "Soft", Some(&cheese)).await;
    for below in [&food, &cheese, &soft] {
        let moved = changes(&staff, &food, json!({ "parentId": id(below) })).await;
        moved.refused(409, "category_cycle");
    }
    let moved = changes(&staff, &food, json!({ "parentId": NOBODYS })).await;
    moved.refused(404, "not_found");
    let delete = format!("/v1/product/deletecategory/{}", id(&cheese));
    staff.delete(&delete).await.refused(409, "category_has_subcategories");
    // A part may become the top of what it was below.
    let top = changes(&staff, &cheese, json!({ "parentId": null })).await.data();
    assert_eq!((&top["parentId"], way(&top)), (&Value::Null, "Cheese".to_owned()));
    let moved = changes(&staff, &food, json!({ "parentId": id(&soft) })).await.data();
    assert_eq!(way(&moved), "Cheese > Soft > Food");

    let mut last = moved;
    for level in 4..=8 {
        last = adds(&staff, &format!("Level {level}"), Some(&last)).await;
    }
    let body = json!({ "name": "Level 9", "description": "", "parentId": id(&last) });
    staff.post("/v1/product/createcategory", body).await.refused(409, "category_too_deep");
    let other = adds(&staff, "Other", None).await;
    let too_deep = changes(&staff, &cheese, json!({ "parentId": id(&other) })).await;
    too_deep.refused(409, "category_too_deep");
}

#[actix_web::test]
async fn a_category_lists_what_stands_below_it_page_by_page() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let food = adds(&staff, "Food", None).await;
    let cheese = adds(&staff, "Cheese", Some(&food)).await;
    let soft = adds(&staff, "Soft", Some(&cheese)).await;
    let books = adds(&staff, "Books", None).await;
    let shelves: [&[&Value]; 5] = [&[&food], &[&cheese, &soft], &[&books], &[&soft], &[&cheese]];
    let mut wanted = Vec::new();
    let mut since = String::new();
    for number in 0..60 {
        let name = format!("Thing {number:02}");
        let shelf = shelves[number % shelves.len()];
        let added = adds_product(&staff, &name, shelf).await;
        since = added.header("x-position").to_owned();
        if !shelf.contains(&&books) {
            wanted.insert(0, name);
        }
    }
    for list in ["getproducts?category=food&limit=7", "getproductsbycategory/food?limit=7"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = visitor.get(&format!("/v1/product/{list}{cursor}")).await;
            seen.extend(names(&page));
            let next = page.json()["page"]["nextCursor"].as_str().map(str::to_owned);
            let Some(next) = next else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, wanted, "{list}");
    }
    let cheap = visitor.get("/v1/product/getproducts?category=cheese&sort=name&limit=3").await;
    assert_eq!(names(&cheap), ["Thing 01", "Thing 03", "Thing 04"]);
    let by_path = visitor.get("/v1/product/getproducts?category=food/cheese/soft&limit=2").await;
    assert_eq!(names(&by_path), ["Thing 58", "Thing 56"]);

    let found = |category: &str, since: &str| {
        let path = "/v1/product/searchproducts?query=thing&limit=1&facets=true";
        visitor.get(&format!("{path}&category={category}&since={since}"))
    };
    let total = |reply: &Reply| reply.json()["search"]["total"].clone();
    assert_eq!(total(&found("food", &since).await), 48);
    assert_eq!(total(&found("soft", &since).await), 24);
    assert_eq!(total(&found("books", &since).await), 12);
    let moved = changes(&staff, &cheese, json!({ "parentId": id(&books) })).await;
    let since = moved.header("x-position").to_owned();
    assert_eq!(total(&found("food", &since).await), 12);
    assert_eq!(total(&found("books", &since).await), 48);
}

#[actix_web::test]
async fn every_slug_a_category_ever_had_leads_to_it_at_once() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let tea = adds(&staff, "Tea", None).await;
    adds_product(&staff, "Sencha", &[&tea]).await;
    for name in ["Hot drinks", "Warm drinks", "Infusions"] {
        changes(&staff, &tea, json!({ "name": name })).await.data();
    }
    let bodega = bodega.reopened();
    let staff = Person { address: bodega.address, ..staff };
    for old in ["tea", "hot-drinks", "warm-drinks"] {
        let path = format!("/v1/product/getcategoriesbyslug/{old}");
        let moved = bodega.visitor().get(&path).await;
        assert_eq!(moved.status, 301, "{old}");
        assert_eq!(moved.header("location"), "/v1/product/getcategoriesbyslug/infusions");
        let path = format!("/v1/product/getproductsbycategory/{old}?limit=3");
        let moved = bodega.visitor().get(&path).await;
        assert_eq!(moved.status, 301, "{old}");
        let to = moved.header("location").to_owned();
        assert_eq!(to, "/v1/product/getproductsbycategory/infusions?limit=3");
        assert_eq!(names(&bodega.visitor().get(&to).await), ["Sencha"]);
        let path = format!("/v1/product/getproducts?category={old}");
        assert_eq!(names(&bodega.visitor().get(&path).await), ["Sencha"]);
    }
    // Nobody else gets an address that leads here.
    let other = adds(&staff, "Tea", None).await;
    assert_eq!(other["slug"], "tea-2");
    // A name that comes back takes its address back.
    changes(&staff, &tea, json!({ "name": "Hot drinks" })).await.data();
    let back = bodega.visitor().get("/v1/product/getcategoriesbyslug/hot-drinks").await;
    assert_eq!(back.status, 200);
    let moved = bodega.visitor().get("/v1/product/getcategoriesbyslug/infusions").await;
    assert_eq!(moved.header("location"), "/v1/product/getcategoriesbyslug/hot-drinks");
}

#[actix_web::test]
async fn the_demo_is_sorted_into_a_tree_and_each_thing_says_the_way_to_it() {
    let bodega = Bodega::open();
    bodega::demo::fill(&bodega.shop).await.expect("a filled shop");
    let visitor = bodega.visitor();
    let tree = outline(&visitor.get("/v1/product/categories/tree").await.data());
    assert!(tree.contains("Household("), "{tree}");
    assert!(tree.contains("Kitchen & Table(Cookware Knives & Boards Tableware)"), "{tree}");
    let slug = "/v1/product/getproductsbyslug/moka-pot-clasica";
    let pot = visitor.get(slug).await.data();
    let ways = pot["categoryIds"].as_array().expect("categories").len();
    assert_eq!((way(&pot), ways), ("Beverages > Coffee".to_owned(), 2));
    let page = visitor.get("/v1/product/getcategoriesbyslug/cookware").await.data();
    assert_eq!(way(&page), "Household > Kitchen & Table > Cookware");
    // What stands below is found from above, by filter and by the name of what is above it.
    let seq = bodega.shop.store().health().seq;
    for query in ["query=pot&category=household", "query=household+moka"] {
        let path = format!("/v1/product/searchproducts?{query}&since={seq}&limit=100");
        assert!(
            names(&visitor.get(&path).await).contains(&"Moka Pot Clásica".to_owned()),
            "{query}"
        );
    }
    let html = visitor.get("/category/kitchen-and-table").await;
    assert_eq!(html.status, 200);
    for below in ["Cookware", "Tableware"] {
        assert!(html.text().contains(below), "{below} is a shelf below");
    }
}
