//! Any text: whatever is typed, on whatever road of search, is answered and is nobody's fault.

use proptest::{
    prelude::{Just, Strategy, any, prop},
    prop_oneof,
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::json;

use crate::support::{Bodega, Person, wares::VISA};

/// Where a text is looked for, and the parameter it is in.
const ROADS: [(&str, &str); 8] = [
    ("/v1/product/searchproducts?facets=true", "query"),
    ("/v1/product/suggest", "query"),
    ("/v1/product/getproducts", "q"),
    ("/v1/product/getproducts?status=all", "q"),
    ("/v1/search", "query"),
    ("/v1/orders/all", "q"),
    ("/v1/users/getusers", "q"),
    ("/search", "q"),
];

/// What people, programs and those who mean harm have typed.
fn known_texts() -> Vec<String> {
    let plain = [
        "",
        " ",
        "*",
        "?",
        "\"",
        "\"tea",
        "\"\"",
        "\"a\"b\"c\"d\"",
        "a AND (b OR",
        "name:tea^9~ +must -not",
        "[1 TO *]",
        "\\",
        "%",
        "%25%00",
        "\u{0}",
        "tea\u{0}",
        "\u{1}tea",
        "\u{7f}\u{1b}[31m",
        "\u{202e}txt.exe",
        "\u{200f}\u{200e}\u{feff}",
        "שלום עולם",
        "مرحبا بالعالم",
        "緑茶と抹茶",
        "🫖🫖🫖",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "e\u{301}\u{302}\u{303}\u{304}",
        "ﬁﬂ ß İı ǆ",
        "<script>alert(1)</script>",
        "';DROP TABLE products;--",
        "../../etc/passwd",
        "#1001",
        "ada@example.com",
        "\t\r\n\u{b}\u{c}",
    ];
    let long = [
        "x".repeat(10_000),
        "word ".repeat(2_000),
        (0..3_000).map(|number| format!("w{number} ")).collect(),
        "\"".repeat(10_000),
        "\u{301}".repeat(3_000),
        "ש".repeat(2_500),
        "🫖 ".repeat(1_500),
        "a*".repeat(5_000),
    ];
    plain.map(str::to_owned).into_iter().chain(long).collect()
}

/// Texts of letters of any kind, of words of the shop, and of what looks like an operator.
fn strange_texts(count: usize) -> Vec<String> {
    let pieces = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::collection::vec(any::<char>(), 1..20).prop_map(String::from_iter),
        Just("tea".to_owned()),
        Just("gren".to_owned()),
        Just(" ".to_owned()),
        Just("\"".to_owned()),
        Just("\u{0}".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("ada@".to_owned()),
    ];
    let texts = prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| texts.new_tree(&mut runner).expect("a text").current()).collect()
}

async fn asks(who: &Person, road: (&str, &str), text: &str) {
    let (path, parameter) = road;
    let base = format!("http://shop{path}");
    let mut url: reqwest::Url = base.parse().expect("an address");
    url.query_pairs_mut().append_pair(parameter, text);
    let asked = format!("{}?{}", url.path(), url.query().expect("a query"));
    let answer = who.get(&asked).await;
    // What is longer than an address may be is refused as such.
    let is_answered = [200, 400, 414, 431].contains(&answer.status);
    assert!(is_answered, "{}: {path} of {text:?}", answer.status);
    // Search takes anything; a list may say what is wrong with its filter.
    if parameter == "query" && text.len() <= SHORT {
        assert_eq!(answer.status, 200, "{path} of {text:?}: {}", answer.text());
    }
    if answer.status == 400 && path.starts_with("/v1/") {
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{parameter}"), "{text:?}");
    }
}

#[actix_web::test]
async fn whatever_is_typed_on_whatever_road_is_no_fault_of_the_shop() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Green Tea", "3.99", 5).await;
    let to = ada.has_address().await;
    ada.orders(&to, &tea, 1, VISA).await.data();
    for text in known_texts().into_iter().chain(strange_texts(STRANGE)) {
        for road in ROADS {
            asks(&owner, road, &text).await;
        }
    }
    assert!(!bodega.shop.search.is_damaged() && !bodega.shop.register.is_damaged());
    let found = owner.get("/v1/product/searchproducts?query=gren+te").await;
    assert_eq!(found.json()["search"]["total"], 1, "it goes on as if nothing had been");
    let orders = owner.get("/v1/orders/all?q=ada").await.data();
    assert_eq!(orders.as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn a_position_nobody_has_reached_yet_is_not_waited_for() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    staff.adds_product("Green Tea", "3.99", 5).await;
    let newest = bodega.shop.store().health().seq;
    let path = format!("/v1/product/searchproducts?query=tea&since={}", i64::MAX);
    assert_eq!(visitor.get(&path).await.json()["search"]["total"], json!(1));
    let wanted = *bodega.shop.search.wanted().borrow();
    assert!(wanted <= newest, "{wanted} would have the index hurried for ever");
}

const STRANGE: usize = 40;
/// Any address may be as long as this many letters make it.
const SHORT: usize = 400;
