//! Product form: what is typed, and the body it stands for.

use super::*;
use crate::domain::{
    catalogue::{ProductOption, WantedVariant},
    ids::Identity,
};

fn typed(fields: &[(&str, &str)]) -> ProductForm {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ProductForm::typed(&fields.collect())
}

#[test]
fn a_form_stands_for_the_body_of_a_product_with_options() {
    let mut form = typed(&[
        ("name", "Shirt"),
        ("price", "20"),
        ("option-0-name", "Size"),
        ("option-0-values", "S, M,"),
        ("option-2-name", "Colour"),
        ("option-2-values", "red"),
        ("row-3-value-0", "S"),
        ("row-3-value-2", "red"),
        ("row-3-stock", "4"),
        ("row-4-remove", "yes"),
        ("row-4-sku", "GONE"),
    ]);
    form.combine(&Product::default());
    let body = form.to_create();
    assert_eq!(body["options"][1], json!({ "name": "Colour", "values": ["red"] }));
    let both = |size: &str| json!({ "Size": size, "Colour": "red" });
    assert_eq!(body["variants"][0], json!({ "options": both("S"), "barcode": "", "stock": 4 }));
    assert_eq!(body["variants"][1], json!({ "options": both("M"), "barcode": "", "stock": 0 }));
    assert_eq!(body["variants"].as_array().map(Vec::len), Some(2));
    let fault = FieldFault::new("/variants/1/options/Colour", "too_long", "");
    assert_eq!(form.placed(vec![fault])[0].pointer, "/row-1-value-1");
}

#[test]
fn a_plain_product_has_one_sku_and_one_stock() {
    let form = typed(&[("name", "Tea"), ("row-0-sku", "TEA"), ("row-0-stock", "x")]);
    let body = form.to_create();
    assert_eq!((&body["sku"], &body["stock"]), (&json!("TEA"), &json!("x")));
    assert!(body.get("variants").is_none() && body.get("price").is_none());
}

#[test]
fn what_gets_an_option_keeps_its_variant_and_what_loses_a_value_goes() {
    let value = |name: &str, values: &[&str]| ProductOption {
        name: name.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let ids = vec![VariantId::from_bytes([1; 16]), VariantId::from_bytes([2; 16])];
    let wanted = ["S", "M"].map(|size| WantedVariant {
        options: BTreeMap::from([("Size".to_owned(), size.to_owned())]),
        ..WantedVariant::default()
    });
    let nothing = Product::default();
    let variants = nothing.match_variants("shirt", wanted.to_vec(), ids.clone()).expect("variants");
    let shirt = Product {
        options: vec![value("Size", &["S", "M"])],
        variants: variants.into_iter().map(|variant| (variant.id, Box::new(variant))).collect(),
        ..Product::default()
    };
    let combined = |options: &[(&str, &str)]| {
        let mut form = ProductForm::of(&shirt);
        let option = |(name, values): &(&str, &str)| OptionForm {
            name: (*name).to_owned(),
            values: (*values).to_owned(),
        };
        form.options = options.iter().map(option).collect();
        form.combine(&shirt);
        let rows = form.rows.iter().filter(|row| !row.known.is_empty());
        let kept: Vec<String> = rows.map(|row| row.values.join("/")).collect();
        (kept.join(" "), form.going(&shirt))
    };
    for (options, kept, going) in [
        (&[("Size", "S,M")][..], "S M", vec![]),
        (&[("Cut", "S,M")], "S M", vec![]),
        (&[("Size", "Small,M,L")], "Small M", vec![]),
        (&[("Size", "M,L")], "M", vec![ids[0]]),
        (&[("Size", "M,S")], "M S", vec![]),
        (&[("Size", "S,M"), ("Colour", "red,blue")], "S/red M/red", vec![]),
        (&[("Colour", "red,blue"), ("Size", "S,M")], "red/S red/M", vec![]),
    ] {
        assert_eq!(combined(options), (kept.to_owned(), going), "{options:?}");
    }
}
