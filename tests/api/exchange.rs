//! Products as CSV: what goes in, what comes out, and that nothing is ever there twice.

use bodega::exchange::{ExportStep, Form, export_page};
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
};

const OURS: &str = "\
handle,name,description,brand,categories,price,images,active,option1_name,option1_value,sku,\
barcode,stock,variant_price
brie,Brie,\"Soft,
and mild\",Laiterie,Food > Cheese | Gifts,4.50,https://example.com/brie.png,true,,,BRIE-1,\
4006381333931,7,
shirt,Shirt,Plain,,,20.00,,true,Size,S,SHIRT-S,,3,
shirt,,,,,,,,,M,SHIRT-M,,4,22.00
draft,Not yet,,,,1.00,,false,,,,,0,
";

async fn takes(who: &Person, file: &str, how: &str) -> Reply {
    let path = format!("/v1/product/import?{how}");
    who.asks(actix_web::http::Method::POST, &path).bytes("text/csv", file.to_owned()).await
}

async fn file_of(who: &Person, form: &str) -> String {
    let file = who.get(&format!("/v1/product/export?format={form}")).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    file.text().to_owned()
}

/// New, changed, the same and faulty.
fn counts(report: &Reply) -> [u64; 4] {
    let data = report.data();
    ["new", "changed", "same", "faulty"].map(|kind| data[kind].as_u64().expect("a count"))
}

async fn by_slug(who: &Person, slug: &str) -> Value {
    who.get(&format!("/v1/product/getproductsbyslug/{slug}")).await.data()
}

#[actix_web::test]
async fn a_file_goes_in_once_and_comes_out_as_it_is() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let looked = takes(&staff, OURS, "dryRun=true").await;
    assert_eq!((counts(&looked), &looked.data()["done"]), ([3, 0, 0, 0], &json!(false)));
    assert_eq!(looked.data()["products"][0]["changes"][1], "new category Food > Cheese");
    assert_eq!(staff.get("/v1/product/getcategories").await.data(), json!([]));
    let taken = takes(&staff, OURS, "").await;
    assert_eq!((counts(&taken), &taken.data()["done"]), ([3, 0, 0, 0], &json!(true)));
    let brie = by_slug(&staff, "brie").await;
    assert_eq!(brie["description"], "Soft,\nand mild");
    assert_eq!((&brie["barcode"], &brie["stock"]), (&json!("4006381333931"), &json!(7)));
    assert_eq!(brie["breadcrumbs"][0]["name"], "Food");
    assert_eq!(brie["categoryIds"].as_array().map(Vec::len), Some(2));
    let shirt = by_slug(&staff, "shirt").await;
    assert_eq!(shirt["options"], json!([{ "name": "Size", "values": ["S", "M"] }]));
    assert_eq!(shirt["variants"][1]["price"], json!(22.00));
    assert_eq!(by_slug(&staff, "draft").await["isActive"], false);

    assert_eq!(counts(&takes(&staff, OURS, "").await), [0, 0, 3, 0], "the second time");
    for form in ["bodega", "shopify"] {
        let file = file_of(&staff, form).await;
        let again = takes(&staff, &file, "dryRun=true").await;
        // Shopify's form has room for one category, which is the first: the others stay.
        assert_eq!(counts(&again), [0, 0, 3, 0], "{form}: {}\n{file}", again.text());
    }
    let all = staff.get("/v1/product/getproducts?status=all").await.data();
    assert_eq!(all.as_array().map(Vec::len), Some(3));
}

#[actix_web::test]
async fn a_file_that_is_sent_twice_at_once_goes_in_once() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let lines = (0..300).map(|number| format!("Thing {number},1.00\n"));
    let file = std::iter::once("name,price\n".to_owned()).chain(lines).collect::<String>();
    let (one, other) = tokio::join!(takes(&staff, &file, ""), takes(&staff, &file, ""));
    let (one, other) = (counts(&one), counts(&other));
    assert_eq!([one[0] + other[0], one[3] + other[3]], [300, 0], "{one:?} and {other:?}");
}

#[actix_web::test]
async fn the_first_page_of_an_export_says_how_many_products_there_are() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let lines = (0..250).map(|number| format!("Thing {number},1.00\n"));
    let file = format!("name,price\n{}", lines.collect::<String>());
    assert_eq!(counts(&takes(&staff, &file, "").await), [250, 0, 0, 0]);
    let (mut all, mut products, mut after) = (Vec::new(), 0, None);
    loop {
        let step = ExportStep { form: Form::Bodega, after };
        let page = export_page(&bodega.shop, &step).expect("a page");
        all.push(page.all);
        products += page.products;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((all, products), (vec![Some(250), None], 250));
}

#[actix_web::test]
async fn a_file_changes_what_it_says_and_nothing_else() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    takes(&staff, OURS, "").await.data();
    // By SKU alone: the price is that of the variant, where there are several.
    let prices = "sku;price\nBRIE-1;5.00\nSHIRT-M;23.00\n";
    let looked = takes(&staff, prices, "dryRun=true").await;
    let changes = looked.data()["products"].clone();
    assert_eq!(changes[0]["changes"], json!(["price 4.50 → 5.00"]));
    assert_eq!(changes[1]["changes"], json!(["price of SHIRT-M 22.00 → 23.00"]));
    assert_eq!(counts(&takes(&staff, prices, "").await), [0, 2, 0, 0]);
    let shirt = by_slug(&staff, "shirt").await;
    assert_eq!((&shirt["price"], &shirt["variants"][1]["price"]), (&json!(20.0), &json!(23.0)));
    assert_eq!(by_slug(&staff, "brie").await["brand"], "Laiterie");

    // A name changes, the address stays; an empty cell empties; a variant is added.
    let more = "\
handle,name,brand,option1_name,option1_value,sku,stock
brie,Brie de Meaux,,,,BRIE-1,
shirt,Shirt,,Size,L,SHIRT-L,9
";
    assert_eq!(counts(&takes(&staff, more, "").await), [0, 2, 0, 0]);
    let brie = by_slug(&staff, "brie").await;
    assert_eq!((&brie["name"], &brie["brand"]), (&json!("Brie de Meaux"), &Value::Null));
    let shirt = by_slug(&staff, "shirt").await;
    let skus: Vec<&str> = shirt["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|one| text(&one["sku"]))
        .collect();
    assert_eq!(skus, ["SHIRT-S", "SHIRT-M", "SHIRT-L"]);
    assert_eq!(shirt["stock"], 16);
}

#[actix_web::test]
async fn stock_that_was_sold_since_is_not_put_back_by_a_file() {
    let bodega = Bodega::open();
    let (staff, ada) = (bodega.manager().await, bodega.customer("ada").await);
    takes(&staff, OURS, "").await.data();
    let brie = by_slug(&staff, "brie").await;
    ada.buys(&brie, 2).await;
    let again = takes(&staff, OURS, "").await;
    assert_eq!(counts(&again), [0, 0, 3, 0]);
    assert_eq!(
        again.data()["products"][0]["left"],
        json!(["stock of BRIE-1 is 5, the file says 7"])
    );
    assert_eq!(by_slug(&staff, "brie").await["stock"], 5);
    let counted = takes(&staff, OURS, "setStock=true").await;
    assert_eq!(counts(&counted), [0, 1, 2, 0]);
    assert_eq!(by_slug(&staff, "brie").await["stock"], 7);
    assert_eq!(staff.stock_of(&brie).await, (7, 0, 7));
    let _ = id(&brie);
}

#[actix_web::test]
async fn a_faulty_file_changes_nothing_and_says_where_it_is_faulty() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    takes(&staff, OURS, "").await.data();
    let faults = async |file: &str| -> Vec<String> {
        let report = takes(&staff, file, "").await.data();
        assert_eq!(report["done"], false, "{report}");
        let list = report["faults"].as_array().expect("a list").iter();
        list.map(|fault| text(fault).to_owned()).collect()
    };
    let file = "name,price,sku,stock\nTea,3.00,TEA-1,5\nCoffee,cheap,COF-1,1\nCocoa,1.00,TEA-1,x\n";
    let told = faults(file).await;
    assert_eq!(
        told[..2],
        [
            "line 4, column 3 (sku): has the sku of line 2",
            "line 4, column 4 (stock): is not a whole number"
        ]
    );
    assert!(
        told[2].starts_with("line 3, column 2 (price): "),
        "of what can be read, too: {told:?}"
    );
    let file =
        "name,price,sku\nTea,3.00,TEA-1\nCoffee,cheap,COF-1\nBRIE,2.00,BRIE-1\n,1.00,NONE-1\n";
    let told = faults(file).await;
    assert!(told[0].starts_with("line 3, column 2 (price): "), "{told:?}");
    assert_eq!(
        told[1..],
        ["line 5, column 3 (sku): no such product is there yet, and a new one needs a name"]
    );
    assert_eq!(
        faults("name,prize\nTea,1\n").await,
        ["line 1: column 2: there is no column `prize`"]
    );
    assert_eq!(faults("").await.len(), 1);
    assert_eq!(faults("handle,sku\nshirt,BRIE-1\n").await.len(), 1);
    staff.get("/v1/product/getproductsbyslug/tea").await.refused(404, "not_found");
    let passed = takes(&staff, "name,price\nTea,3.00\nCoffee,cheap\n", "skipFaulty=true").await;
    assert_eq!((counts(&passed), &passed.data()["done"]), ([1, 0, 0, 1], &json!(true)));
    assert_eq!(by_slug(&staff, "tea").await["name"], "Tea");
    let file = "name,price,stock\nCocoa,1.00,x\nMate,2.00,3\n";
    let passed = takes(&staff, file, "skipFaulty=true").await;
    assert_eq!(counts(&passed), [1, 0, 0, 1], "also of cells that cannot be read");
    assert_eq!(by_slug(&staff, "mate").await["stock"], 3);
}

#[actix_web::test]
async fn what_another_shop_exported_is_taken_as_it_is_meant() {
    let file = "\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,\
Option1 Value,Variant SKU,Variant Grams,Variant Inventory Qty,\
Variant Price,Variant Barcode,Image Src,Image Position,Gift Card,Status
mug,Mug,<p>For <b>tea</b> &amp; more</p>,Kiln,Home > Kitchen > Mugs,,cup,TRUE,Title,\
Default Title,MUG-1,300,12,9.00,,https://example.com/mug.png,1,FALSE,active
mug,,,,,,,,,,,,,,,https://example.com/mug-2.png,2,,
tee,Tee,,Loom,,Clothes,,TRUE,Size,S,TEE-S,,-2,15.00,,,,FALSE,active
tee,,,,,,,,,M,TEE-M,,4,16.00,,,,,
old,Old thing,,,,,,FALSE,Title,Default Title,OLD-1,,0,1.00,,,,FALSE,archived
";
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let taken = takes(&staff, file, "").await;
    assert_eq!(counts(&taken), [3, 0, 0, 0], "{}", taken.text());
    let mug = by_slug(&staff, "mug").await;
    assert_eq!((&mug["description"], &mug["options"]), (&json!("For tea & more"), &json!([])));
    assert_eq!(mug["images"].as_array().map(Vec::len), Some(2));
    assert_eq!(mug["breadcrumbs"][0]["name"], "Mugs");
    let tee = by_slug(&staff, "tee").await;
    assert_eq!((&tee["price"], &tee["variants"][1]["price"]), (&json!(15.0), &json!(16.0)));
    assert_eq!((&tee["variants"][0]["stock"], &tee["stock"]), (&json!(0), &json!(4)));
    assert_eq!(by_slug(&staff, "old").await["isActive"], false);
    assert_eq!(counts(&takes(&staff, file, "").await), [0, 0, 3, 0]);
    let again = takes(&staff, &file_of(&staff, "shopify").await, "").await;
    assert_eq!(counts(&again), [0, 0, 3, 0], "{}", again.text());
}

#[actix_web::test]
async fn what_went_out_for_another_shop_changes_nothing_when_it_comes_back() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let mut shelves = Vec::new();
    for name in ["Gifts", "Cards"] {
        let wish = json!({ "name": name, "description": "" });
        let made = staff.post("/v1/product/createcategory", wish).await.data();
        shelves.push(id(&made).to_owned());
    }
    for (name, prices) in [("Card", ["10.00", "90.00"]), ("Voucher", ["10.00", "10.00"])] {
        let variant = |at: usize| {
            let size = ["small", "large"][at];
            json!({ "options": { "Size": size }, "price": prices[at], "stock": 1 })
        };
        let body = json!({
            "name": name, "description": "", "price": "50.00", "stock": 0, "categoryIds": shelves,
            "options": [{ "name": "Size", "values": ["small", "large"] }],
            "variants": [variant(0), variant(1)],
        });
        staff.post("/v1/product/createproduct", body).await.data();
    }
    staff.adds_product("Tea", "4.00", 5).await;
    let file = file_of(&staff, "shopify").await;
    let again = takes(&staff, &file, "dryRun=true").await;
    assert_eq!(counts(&again), [0, 0, 3, 0], "{}", again.text());
    let dearer = file.replace("4.00", "5.00").replace("90.00", "95.00");
    assert_eq!(counts(&takes(&staff, &dearer, "").await), [0, 2, 1, 0]);
    assert_eq!(by_slug(&staff, "tea").await["price"], 5.0);
    let card = by_slug(&staff, "card").await;
    assert_eq!((&card["price"], &card["variants"][1]["price"]), (&json!(50.0), &json!(95.0)));
    assert_eq!(card["categoryIds"].as_array().map(Vec::len), Some(2), "{card}");
}

#[actix_web::test]
async fn no_cell_that_comes_out_is_a_formula() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    for name in ["=1+1", "+49", "-5 degrees", "@home", "'=quoted"] {
        let body = json!({
            "name": name, "description": name, "price": 1, "stock": 0, "categoryIds": [],
        });
        staff.post("/v1/product/createproduct", body).await.data();
    }
    let file = file_of(&staff, "bodega").await;
    let dangerous = ["=", "+", "-", "@"];
    let cells = file.lines().flat_map(|line| line.split(','));
    let found: Vec<&str> = cells
        .filter(|cell| dangerous.iter().any(|sign| cell.trim_matches('"').starts_with(sign)))
        .collect();
    assert_eq!(found, [""; 0]);
    assert_eq!(counts(&takes(&staff, &file, "").await), [0, 0, 5, 0]);
}
