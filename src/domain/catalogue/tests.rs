//! Products, variants, categories and slugs: scripts, and random edits against what must stay.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::{
    aggregate::Aggregate,
    ids::{CategoryId, Identity, VariantId},
    money::{Currency, Money},
    time::{Stamp, Timestamp},
};

fn id<I: Identity>(word: &str) -> I {
    let mut bytes = [0; 16];
    bytes.iter_mut().rev().zip(word.bytes().rev()).for_each(|(byte, letter)| *byte = letter);
    I::from_bytes(bytes)
}

fn usd(minor: i64) -> Money {
    Money::of(minor, Currency::USD).expect("an amount")
}

fn fresh(count: usize) -> Vec<VariantId> {
    (0..count).map(|number| id(&format!("fresh{number}"))).collect()
}

/// A colour and its variants, as `red:TEA-R blue:TEA-B`; a dash stands for no SKU.
fn wanted(words: &str) -> Vec<WantedVariant> {
    let one = |word: &str| {
        let (colour, sku) = word.split_once(':').expect("`colour:SKU`");
        WantedVariant {
            sku: (sku != "-").then(|| sku.to_owned()),
            options: BTreeMap::from([("colour".to_owned(), colour.to_owned())]),
            ..WantedVariant::default()
        }
    };
    words.split_whitespace().map(one).collect()
}

fn colours(words: &str) -> Vec<ProductOption> {
    let values: BTreeSet<&str> =
        words.split_whitespace().filter_map(|word| word.split(':').next()).collect();
    let values = values.into_iter().map(str::to_owned).collect();
    vec![ProductOption { name: "colour".into(), values }]
}

fn tea() -> NewProduct {
    let variants = Product::default().match_variants("tea", vec![], vec![id("tea")]);
    NewProduct {
        product: id("tea"),
        name: "Tea".into(),
        description: "Leaves".into(),
        price: usd(3_99),
        slug: "tea".into(),
        category_ids: vec![],
        images: vec![],
        brand: None,
        options: vec![],
        variants: variants.expect("one variant"),
    }
}

fn coloured(words: &str) -> NewProduct {
    let ids = fresh(words.split_whitespace().count());
    let variants = Product::default().match_variants("tea", wanted(words), ids);
    NewProduct { options: colours(words), variants: variants.expect("variants"), ..tea() }
}

fn added(wanted: NewProduct) -> Product {
    let mut product = Product::default();
    let events = product.add(wanted).expect("a new product");
    take(&mut product, events);
    product
}

#[track_caller]
fn take(product: &mut Product, events: Vec<ProductEvent>) {
    events.iter().for_each(|event| product.apply(event, &Stamp::default()));
    assert_eq!(product.check(), Ok(()));
}

fn renamed(name: &str) -> ProductEdit {
    ProductEdit { naming: Some((name.to_owned(), slug_of(name))), ..ProductEdit::default() }
}

/// Which id each variant has, as `red fresh0, blue fresh1`.
fn shown(variants: &[Variant]) -> String {
    let one = |variant: &Variant| {
        let colour = variant.options.get("colour").map_or("-", String::as_str);
        let bytes = variant.id.bytes();
        let name = String::from_utf8_lossy(&bytes).trim_start_matches('\0').to_owned();
        format!("{colour} {name}")
    };
    variants.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_slug_is_readable_ascii() {
    for (name, slug) in [
        ("Green Tea", "green-tea"),
        ("Salt & Pepper", "salt-and-pepper"),
        ("R&D", "r-and-d"),
        ("  Crème  brûlée! ", "creme-brulee"),
        ("Чай", "chai"),
        ("!!!", "item"),
        ("", "item"),
    ] {
        assert_eq!(slug_of(name), slug, "of {name:?}");
    }
    assert_eq!(slug_of(&"a".repeat(300)).len(), SLUG_CHARS_MAX);
    assert_eq!(slug_of(&format!("{} b", "a".repeat(119))), "a".repeat(119));
}

#[test]
fn things_of_one_name_are_numbered() {
    assert_eq!(numbered("tea", 1), "tea");
    assert_eq!(numbered("tea", 2), "tea-2");
    let long = numbered(&"a".repeat(SLUG_CHARS_MAX), 10);
    assert_eq!(long.len(), SLUG_CHARS_MAX);
    assert!(long.ends_with("a-10"));
}

#[test]
fn names_are_compared_without_case_and_spacing() {
    assert_eq!(fold_name("  Green   TEA "), fold_name("green tea"));
}

#[test]
fn a_simple_product_has_one_variant_with_a_made_sku() {
    let product = added(tea());
    let only = product.only_variant().expect("one variant");
    assert_eq!(product.variants[&only].sku, "TEA-00746561");
    assert_eq!(product.pick_variant(None), Ok(only));
    assert_eq!(product.default_variant(), only);
    assert_eq!(product.unit_price(only), usd(3_99));
    assert_eq!(product.pick_variant(Some(id("x"))), Err(CatalogueRefusal::UnknownVariant));
}

#[test]
fn of_several_variants_one_must_be_named() {
    let product = added(coloured("red:TEA-R blue:TEA-B"));
    assert_eq!(product.pick_variant(None), Err(CatalogueRefusal::VariantRequired));
    assert_eq!(product.pick_variant(Some(id("fresh1"))), Ok(id("fresh1")));
    assert_eq!(product.default_variant(), id("fresh0"));
    let sku = ProductEdit { sku: Some("NEW".into()), ..ProductEdit::default() };
    assert_eq!(product.edit(sku), Err(CatalogueRefusal::VariantRequired));
}

#[test]
fn a_variant_with_its_own_price_costs_that() {
    let mut wanted = coloured("red:TEA-R blue:TEA-B");
    wanted.variants[1].price = Some(usd(4_50));
    let product = added(wanted);
    assert_eq!(product.unit_price(id("fresh0")), usd(3_99));
    assert_eq!(product.unit_price(id("fresh1")), usd(4_50));
}

#[test]
fn a_variant_keeps_its_id_while_its_sku_or_its_choice_is_wanted() {
    let product = added(coloured("red:TEA-R blue:TEA-B"));
    for (wants, expected) in [
        ("red:TEA-R blue:TEA-B", "red fresh0, blue fresh1"),
        ("blue:TEA-B red:TEA-R", "blue fresh1, red fresh0"),
        ("red:- blue:-", "red fresh0, blue fresh1"),
        ("rose:TEA-R", "rose fresh0"),
        ("red:OTHER", "red fresh0"),
        ("red:TEA-B blue:TEA-R", "red fresh1, blue fresh0"),
        ("green:- red:-", "green new, red fresh0"),
        ("red:TEA-B blue:-", "red fresh1, blue new"),
    ] {
        let matched = product.match_variants("tea", wanted(wants), vec![id("new"), id("newer")]);
        assert_eq!(shown(&matched.expect("variants")), expected, "of {wants}");
    }
    let kept = product.match_variants("tea", wanted("red:-"), vec![]).expect("no new one");
    assert_eq!(kept[0].sku, "TEA-R");
}

#[test]
fn options_and_variants_must_fit_together() {
    let words = "red:TEA-R blue:TEA-B";
    let option = |name: &str| ProductOption { name: name.into(), values: vec!["x".into()] };
    let why = |spoil: &dyn Fn(&mut NewProduct)| {
        let mut product = coloured(words);
        spoil(&mut product);
        match Product::default().add(product) {
            Err(refusal) => refusal.to_string(),
            Ok(_) => "fine".to_owned(),
        }
    };
    assert_eq!(why(&|_| ()), "fine");
    assert_eq!(why(&|new| new.variants.clear()), "a product has at least one variant");
    assert_eq!(why(&|new| new.options.clear()), "a variant chooses one value of each option");
    assert_eq!(
        why(&|new| new.options.push(option("size"))),
        "a variant chooses one value of each option"
    );
    assert_eq!(why(&|new| new.options.push(option("colour"))), "two options have the same name");
    assert_eq!(
        why(&|new| new.options = ["a", "b", "c", "d"].map(option).to_vec()),
        "a product has at most 3 options"
    );
    assert_eq!(
        why(&|new| new.options[0].values.push("red".into())),
        "an option has values, each once"
    );
    assert_eq!(
        why(&|new| new.variants[1].options = new.variants[0].options.clone()),
        "two variants have the same options"
    );
    assert_eq!(why(&|new| new.variants[1].sku = "TEA-R".into()), "two variants have the same sku");
    assert_eq!(why(&|new| new.variants[1].sku.clear()), "a variant has a sku");
    assert_eq!(
        why(&|new| new.variants[0].price = Some(Money::zero("JPY".parse().expect("yen")))),
        "all prices of a product are in one currency"
    );
    assert_eq!(why(&|new| new.price = usd(-1)), "a price cannot be negative");
    assert_eq!(why(&|new| new.images = vec![String::new(); IMAGES_MAX + 1]), "too many images");
    assert_eq!(
        why(&|new| new.category_ids = vec![id("c"); CATEGORIES_MAX + 1]),
        "too many categories"
    );
}

#[test]
fn a_product_has_at_most_a_hundred_variants() {
    let many: String = (0..=VARIANTS_MAX).map(|number| format!("c{number}:- ")).collect();
    let matched = |wants: Vec<WantedVariant>| {
        Product::default().match_variants("tea", wants, fresh(VARIANTS_MAX + 1))
    };
    assert!(matched(wanted(&many)[..VARIANTS_MAX].to_vec()).is_ok());
    assert_eq!(
        matched(wanted(&many)),
        Err(CatalogueRefusal::InvalidVariants("a product has at most 100 variants"))
    );
}

#[test]
fn an_edit_leaves_an_event_for_each_thing_that_changed() {
    let product = added(tea());
    assert_eq!(product.edit(ProductEdit::default()), Ok(vec![]));
    let edit = ProductEdit {
        naming: Some(("Black Tea".into(), "black-tea".into())),
        price: Some(usd(3_99)),
        brand: Some(Some("Ceylon".into())),
        category_ids: Some(vec![id::<CategoryId>("tea")]),
        is_active: Some(false),
        sku: Some("BLACK".into()),
        ..ProductEdit::default()
    };
    let events = product.edit(edit).expect("an edit");
    let names: Vec<String> = events
        .iter()
        .map(|event| serde_json::to_value(event).expect("json"))
        .filter_map(|event| event.as_object()?.keys().next().cloned())
        .collect();
    let expected = [
        "product_renamed",
        "product_described",
        "product_recategorised",
        "variants_changed",
        "product_deactivated",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_price_stays_in_its_currency() {
    let yen = Money::of(500, "JPY".parse().expect("yen")).expect("an amount");
    let edit = ProductEdit { price: Some(yen), ..ProductEdit::default() };
    assert_eq!(added(tea()).edit(edit), Err(CatalogueRefusal::CurrencyMismatch));
}

#[test]
fn old_slugs_lead_on_and_come_back_with_their_name() {
    let mut product = added(tea());
    for name in ["Black Tea", "Green Tea", "Tea"] {
        let events = product.edit(renamed(name)).expect("a name");
        take(&mut product, events);
    }
    assert_eq!(product.slug, "tea");
    assert_eq!(product.old_slugs, ["black-tea", "green-tea"]);
}

#[test]
fn the_last_twenty_slugs_lead_on() {
    let mut product = added(tea());
    for number in 0..30 {
        let events = product.edit(renamed(&format!("Tea {number}"))).expect("a name");
        take(&mut product, events);
    }
    assert_eq!(product.old_slugs.len(), OLD_SLUGS_MAX);
    assert_eq!(product.old_slugs.first().map(String::as_str), Some("tea-9"));
}

#[test]
fn adding_twice_is_adding_once_and_a_removed_product_stays_away() {
    let mut product = added(tea());
    assert_eq!(product.add(tea()), Ok(vec![]));
    let other = NewProduct { description: "Dust".into(), ..tea() };
    assert_eq!(product.add(other), Err(CatalogueRefusal::AlreadyAdded));
    let gone = product.remove().expect("a product");
    take(&mut product, gone);
    assert!(!product.exists());
    assert_eq!(product.remove(), Err(CatalogueRefusal::UnknownProduct));
    assert_eq!(product.add(tea()), Err(CatalogueRefusal::UnknownProduct));
    assert_eq!(product.edit(renamed("Tea 2")), Err(CatalogueRefusal::UnknownProduct));
    assert_eq!(product.pick_variant(None), Err(CatalogueRefusal::UnknownProduct));
}

#[test]
fn a_category_is_removed_when_it_is_empty() {
    let mut category = Category::default();
    let new = NewCategory {
        category: id("drinks"),
        name: "Drinks".into(),
        description: String::new(),
        slug: "drinks".into(),
        parent: None,
    };
    let decide = |category: &mut Category, events: Vec<CategoryEvent>| {
        events.iter().for_each(|event| category.apply(event, &Stamp::default()));
        events.len()
    };
    let events = category.add(new.clone()).expect("new");
    assert_eq!(decide(&mut category, events), 1);
    assert_eq!(category.add(new.clone()), Ok(vec![]));
    let other = NewCategory { name: "Food".into(), ..new.clone() };
    assert_eq!(category.add(other), Err(CatalogueRefusal::AlreadyAdded));
    let events = category.change("Drinks".into(), "Wet".into(), "drinks".into()).expect("words");
    assert_eq!(decide(&mut category, events), 1);
    assert_eq!(category.change("Drinks".into(), "Wet".into(), "drinks".into()), Ok(vec![]));
    assert_eq!(category.remove(1, 0), Err(CatalogueRefusal::CategoryInUse));
    assert_eq!(category.remove(0, 1), Err(CatalogueRefusal::CategoryHasSubcategories));
    let events = category.remove(0, 0).expect("an empty shelf");
    assert_eq!(decide(&mut category, events), 1);
    assert_eq!(category.remove(0, 0), Err(CatalogueRefusal::UnknownCategory));
    assert_eq!(category.add(new), Err(CatalogueRefusal::UnknownCategory));
}

#[test]
fn a_category_moves_anywhere_but_below_itself() {
    let mut pots = Category {
        id: id("pots"),
        name: "Pots".into(),
        slug: "pots".into(),
        ..Category::default()
    };
    let above = |names: &[&str]| names.iter().map(|name| id(name)).collect::<Vec<CategoryId>>();
    let events = pots.move_below(&above(&["kitchen", "house"]), 2).expect("room");
    assert_eq!(events, [CategoryEvent::CategoryMoved { parent: Some(id("kitchen")) }]);
    events.iter().for_each(|event| pots.apply(event, &Stamp::default()));
    assert_eq!(pots.move_below(&above(&["kitchen", "house"]), 2), Ok(vec![]), "already so");
    let cycle = Err(CatalogueRefusal::CategoryCycle);
    assert_eq!(pots.move_below(&above(&["pots"]), 0), cycle);
    assert_eq!(pots.move_below(&above(&["lids", "pots", "kitchen"]), 0), cycle);
    let deep = above(&["g", "f", "e", "d", "c", "b", "a"]);
    assert!(pots.move_below(&deep, 0).is_ok(), "the eighth level is the last");
    assert_eq!(pots.move_below(&deep, 1), Err(CatalogueRefusal::CategoryTooDeep));
    assert_eq!(pots.move_below(&[], 7).map(|events| events.len()), Ok(1));
    assert_eq!(Category::default().move_below(&[], 0), Err(CatalogueRefusal::UnknownCategory));
}

const COLOURS: [&str; 4] = ["red", "blue", "green", "rose"];

/// A set of distinct variants: each colour at most once, with one of a few SKUs or none.
fn some_variants() -> impl Strategy<Value = String> {
    prop::collection::btree_map(0..COLOURS.len(), 0..6_u8, 1..4).prop_map(|chosen| {
        let mut skus = BTreeSet::new();
        let word = |(colour, sku): (usize, u8)| {
            let own = sku > 0 && skus.insert(sku);
            let sku = if own { format!("S{sku}") } else { "-".to_owned() };
            format!("{}:{sku}", COLOURS[colour])
        };
        chosen.into_iter().map(word).collect::<Vec<_>>().join(" ")
    })
}

proptest! {
    #[test]
    fn no_edit_takes_a_wanted_sku_from_its_variant_and_the_same_events_give_the_same_product(
        first in some_variants(),
        edits in prop::collection::vec((some_variants(), 0..5_u8), 0..30),
    ) {
        let mut product = Product::default();
        let mut history = product.add(coloured(&first)).expect("a new product");
        take(&mut product, history.clone());
        for (number, (words, name)) in edits.into_iter().enumerate() {
            let ids = (0..4).map(|nth| id(&format!("{number}-{nth}"))).collect();
            let variants = product.match_variants("tea", wanted(&words), ids).expect("variants");
            for want in wanted(&words) {
                let mut known = product.variants.values();
                let before = known.find(|known| want.sku.as_ref() == Some(&known.sku));
                let after = variants.iter().find(|new| new.options == want.options).expect("it");
                prop_assert!(before.is_none_or(|before| before.id == after.id));
            }
            let edit = ProductEdit {
                options: Some(colours(&words)),
                variants: Some(variants),
                ..renamed(&format!("Tea {name}"))
            };
            let events = product.edit(edit).expect("what was matched fits together");
            history.extend(events.clone());
            take(&mut product, events);
            prop_assert!(!product.old_slugs.contains(&product.slug));
            prop_assert!(product.old_slugs.len() <= OLD_SLUGS_MAX);
        }
        let mut again = Product::default();
        for event in &history {
            let line = serde_json::to_string(event).expect("json");
            again.apply(&serde_json::from_str(&line).expect("an event"), &Stamp::default());
        }
        prop_assert_eq!(again, product);
    }

    #[test]
    fn any_name_has_a_slug_that_is_its_own_slug(name in "\\PC{0,200}", number in 0..1000_u64) {
        let slug = numbered(&slug_of(&name), number);
        prop_assert!(!slug.is_empty() && slug.len() <= SLUG_CHARS_MAX);
        prop_assert!(slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')));
        prop_assert_eq!(slug_of(&slug), slug);
    }
}

#[test]
fn a_change_moves_the_time_of_a_product() {
    let mut product = added(tea());
    let later = Stamp { at: Timestamp::from_millis(7), ..Stamp::default() };
    let events = product.edit(renamed("Chai")).expect("a name");
    events.iter().for_each(|event| product.apply(event, &later));
    assert_eq!((product.created_at, product.updated_at), (Timestamp::from_millis(0), later.at));
}
