//! Scripts: a body, and what is said about it.

use secrecy::ExposeSecret;

use super::*;
use crate::domain::{ids::ProductId, money::Currency, quantity::Quantity};

#[derive(Debug)]
struct LineBody {
    product: ProductId,
    quantity: Quantity,
}

impl Body for LineBody {
    fn read(fields: &mut Fields<'_>) -> LineBody {
        LineBody {
            product: fields.required("product", id()),
            quantity: fields.required("quantity", quantity(999)),
        }
    }
}

#[derive(Debug)]
struct OrderBody {
    name: String,
    note: Option<String>,
    count: Option<u32>,
    price: Option<Digits>,
    lines: Option<Vec<LineBody>>,
    options: Option<std::collections::BTreeMap<String, String>>,
    brand: Option<Option<String>>,
    color: Option<u8>,
    active: bool,
}

impl Body for OrderBody {
    fn read(fields: &mut Fields<'_>) -> OrderBody {
        OrderBody {
            name: fields.required("name", text(1, 5)),
            note: fields.optional("note", multiline(0, 20)),
            count: fields.optional("count", whole(0, 1000)),
            price: fields.optional("price", money()),
            lines: fields.optional("lines", list(object::<LineBody>(), 0, 3)),
            options: fields.optional("options", map_of(text(1, 5), 2)),
            brand: fields.optional("brand", nullable(text(1, 5))),
            color: fields.optional("color", choice(&[("RED", 1), ("BLUE", 2)])),
            active: fields.or("active", yes_or_no(), true),
        }
    }
}

fn read<B: Body>(body: &[u8]) -> Result<B, String> {
    let mut faults = Faults::default();
    let read = read_body::<B>(body, &mut faults).map_err(|refused| refused.code().to_owned())?;
    said(faults).map_or(Ok(read), Err)
}

fn said(faults: Faults) -> Option<String> {
    let faults: Vec<String> = faults
        .into_vec()
        .into_iter()
        .map(|fault| format!("{} {}", fault.pointer, fault.code).trim_start().to_owned())
        .collect();
    (!faults.is_empty()).then(|| faults.join(", "))
}

/// A body, `=>`, and what is said about it: on one line, or with the arrow on the next.
#[track_caller]
fn check(script: &str) {
    let mut line = String::new();
    for part in script.lines().map(str::trim).filter(|part| !part.is_empty()) {
        line = if part.starts_with("=>") { line + " " + part } else { part.to_owned() };
        let Some((body, expected)) = line.split_once("=>") else { continue };
        let said = read::<OrderBody>(body.trim().as_bytes()).err();
        assert_eq!(said.as_deref().unwrap_or("fine"), expected.trim(), "{line}");
    }
}

#[test]
fn all_faults_of_a_body_are_told_at_once() {
    check(
        r#"{}                                                  => /name required
           {"name":"","count":-1,"color":"GREEN","active":1}
           => /name too_short, /count too_small, /color not_a_choice, /active wrong_type
           {"name":"tea","lines":[{"quantity":0},{"product":1,"quantity":1}]}
           => /lines/0/product required, /lines/0/quantity too_small, /lines/1/product wrong_type
           {"name":"tea","options":{"a":"","b/c":3}}
           => /options/a too_short, /options/b~1c wrong_type"#,
    );
}

#[test]
fn fields_that_are_unknown_or_given_twice_are_refused() {
    check(
        r#"{"name":"tea","size":1}             => /size unknown_field
           {"name":"tea","name":"tea"}         => /name duplicate_field
           {"name":"tea","na\u006de":"tea"}    => /name duplicate_field
           {"name":"tea","x":1,"x":2}          => /x unknown_field, /x duplicate_field
           {"name":"tea","options":{"a":"b","a":"b"}} => /options/a duplicate_field
           {"name":"tea","lines":[{"product":"x","quantity":1,"price":0}]}
           => /lines/0/price unknown_field"#,
    );
}

#[test]
fn whole_numbers_are_written_plainly() {
    check(
        r#"{"name":"tea","count":0}       => fine
           {"name":"tea","count":1000}    => fine
           {"name":"tea","count":-0}      => fine
           {"name":"tea","count":1001}    => /count too_large
           {"name":"tea","count":-1}      => /count too_small
           {"name":"tea","count":1.5}     => /count not_a_whole_number
           {"name":"tea","count":1.0}     => /count not_a_whole_number
           {"name":"tea","count":1e2}     => /count not_a_whole_number
           {"name":"tea","count":1e400}   => /count not_a_whole_number
           {"name":"tea","count":99999999999999999999999999999999999999999999}  => /count too_large
           {"name":"tea","count":-99999999999999999999999999999999999999999999} => /count too_small
           {"name":"tea","count":"1"}     => /count wrong_type
           {"name":"tea","count":null}    => /count wrong_type
           {"name":"tea","count":01}      => malformed_json
           {"name":"tea","count":NaN}     => malformed_json"#,
    );
}

#[test]
fn amounts_are_digits_as_number_or_text() {
    check(
        r#"{"name":"tea","price":19.99}      => fine
           {"name":"tea","price":"19.99"}    => fine
           {"name":"tea","price":0}          => fine
           {"name":"tea","price":-0.00}      => fine
           {"name":"tea","price":-1}         => /price too_small
           {"name":"tea","price":1e2}        => /price not_an_amount
           {"name":"tea","price":1e400}      => /price not_an_amount
           {"name":"tea","price":"1."}       => /price not_an_amount
           {"name":"tea","price":" 1"}       => /price not_an_amount
           {"name":"tea","price":""}         => /price not_an_amount
           {"name":"tea","price":"١"}        => /price not_an_amount
           {"name":"tea","price":99999999999999999999999999999999} => /price too_large
           {"name":"tea","price":true}       => /price wrong_type"#,
    );
}

#[test]
fn an_amount_gets_its_currency_later_and_then_its_decimals_count() {
    let in_currency = |price: &str, code: &str| {
        let body = format!(r#"{{"name":"tea","price":{price}}}"#);
        let price = read::<OrderBody>(body.as_bytes()).expect("fine").price.expect("a price");
        let currency: Currency = code.parse().expect("a currency");
        match price.in_currency(currency) {
            Ok(money) => money.to_string(),
            Err(problem) => format!("{} {}", problem.errors()[0].pointer, problem.errors()[0].code),
        }
    };
    assert_eq!(in_currency("0.1", "USD"), "0.10");
    assert_eq!(in_currency("\"1.234\"", "KWD"), "1.234");
    assert_eq!(in_currency("1.234", "USD"), "/price too_many_decimals");
    assert_eq!(in_currency("1.5", "JPY"), "/price too_many_decimals");
    assert_eq!(in_currency("9999999999999999999", "USD"), "/price too_large");
}

#[test]
fn texts_are_trimmed_and_counted_in_code_points() {
    let name = |body: &str| read::<OrderBody>(body.as_bytes()).map(|body| body.name);
    assert_eq!(name(r#"{"name":"  tea "}"#).as_deref(), Ok("tea"));
    assert_eq!(name(r#"{"name":"😀😀😀😀😀"}"#).as_deref(), Ok("😀😀😀😀😀"));
    check(
        r#"{"name":"   "}              => /name too_short
           {"name":"123456"}           => /name too_long
           {"name":"a\u0000b"}         => /name invalid_text
           {"name":"a\nb"}             => /name invalid_text
           {"name":"a\u009fb"}         => /name invalid_text
           {"name":"\ud800"}           => /name invalid_text
           {"name":["tea"]}            => /name wrong_type
           {"name":"tea","note":"a\nb\tc"}  => fine
           {"name":"tea","note":"a\u0000"}  => /note invalid_text
           {"name":"tea","note":""}         => fine"#,
    );
}

#[test]
fn what_is_no_json_object_is_refused() {
    check(
        r#"                 => body_required
           {                => malformed_json
           {"name":"tea"} x => malformed_json
           {'name':'tea'}   => malformed_json
           {"\ud800":1}     => malformed_json
           []               => wrong_type
           null             => wrong_type
           "name"           => wrong_type"#,
    );
    assert_eq!(read::<OrderBody>(b"{\"name\":\"\xff\"}").err().as_deref(), Some("invalid_utf8"));
}

#[test]
fn depth_and_length_cost_nothing_and_are_refused() {
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(20_000), close.repeat(20_000));
        read::<OrderBody>(format!(r#"{{"name":{open}1{close}}}"#).as_bytes()).err()
    };
    assert_eq!(deep("[", "]").as_deref(), Some("/name wrong_type"));
    let members: Vec<String> = (0..9_000).map(|index| format!(r#""{index}":1"#)).collect();
    let many = format!("{{{}}}", members.join(","));
    let said = read::<OrderBody>(many.as_bytes()).expect_err("nothing of it is known");
    assert_eq!(said.split(", ").count(), FAULTS_MAX);
}

#[test]
fn what_is_no_id_becomes_one_that_nobody_has() {
    let body = br#"{"name":"tea","lines":[{"product":"nonsense","quantity":3}]}"#;
    let lines = read::<OrderBody>(body).expect("fine").lines.expect("lines");
    assert_eq!(lines[0].product.to_string(), "00000000-0000-0000-0000-000000000000");
    assert_eq!(lines[0].quantity.units(), 3);
}

#[test]
fn a_field_can_be_left_out_emptied_or_set() {
    let brand = |body: &str| read::<OrderBody>(body.as_bytes()).expect("fine").brand;
    assert_eq!(brand(r#"{"name":"tea"}"#), None);
    assert_eq!(brand(r#"{"name":"tea","brand":null}"#), Some(None));
    assert_eq!(brand(r#"{"name":"tea","brand":"x"}"#), Some(Some("x".to_owned())));
    let body = read::<OrderBody>(
        br#"{"name":"tea","active":false,"color":"BLUE","note":"x","count":2,"options":{"a":"b"}}"#,
    )
    .expect("fine");
    assert!(!body.active);
    assert_eq!((body.color, body.note.as_deref(), body.count), (Some(2), Some("x"), Some(2)));
    assert_eq!(body.options.expect("options")["a"], "b");
}

struct AccountBody {
    email: String,
    password: secrecy::SecretString,
    site: Option<String>,
    tags: Option<Vec<String>>,
}

impl Body for AccountBody {
    fn read(fields: &mut Fields<'_>) -> AccountBody {
        let no_spaces = |text: &String| match text.contains(' ') {
            true => Err(("has_space", "holds a space")),
            false => Ok(()),
        };
        let account = AccountBody {
            email: fields.required("email", email()),
            password: fields.required("password", password()),
            site: fields.optional("site", url(100)),
            tags: fields.optional("tags", list(text(1, 9).such_that(no_spaces), 0, 3)),
        };
        if account.site.is_some() && account.tags.is_none() {
            fields.refuse("tags", "required", "goes with a site");
        }
        account
    }
}

#[test]
fn emails_secrets_and_addresses_are_checked_for_their_form() {
    let said = |email: &str, password: &str, rest: &str| {
        let body = format!(r#"{{"email":"{email}","password":"{password}"{rest}}}"#);
        read::<AccountBody>(body.as_bytes()).err().unwrap_or_default()
    };
    for good in ["a@b.co", "first.last+tag@sub.example.org", "ümlaut@bücher.example"] {
        assert_eq!(said(good, "long enough", ""), "", "{good}");
    }
    for bad in ["a", "@b.co", "a@", "a@b", "a b@c.de", "a@b..c", "a@-b.c", ".a@b.c", "a@b@c.de"] {
        assert_eq!(said(bad, "long enough", ""), "/email invalid_email", "{bad}");
    }
    assert_eq!(said("a@b.co", "short", ""), "/password too_short");
    assert_eq!(said("a@b.co", &"x".repeat(129), ""), "/password too_long");
    assert_eq!(said("a@b.co", r"pass\u0000word", ""), "/password invalid_text");
    let site = r#","site":"https://tea.example/x","tags":["a"]"#;
    assert_eq!(said("a@b.co", "long enough", site), "");
    let script = r#","site":"javascript:alert(1)","tags":["a b"]"#;
    assert_eq!(said("a@b.co", "long enough", script), "/site invalid_url, /tags/0 has_space");
    let alone = r#","site":"https://tea.example""#;
    assert_eq!(said("a@b.co", "long enough", alone), "/tags required");
}

#[test]
fn a_secret_is_taken_as_it_is_and_does_not_print() {
    let body = read::<AccountBody>(br#"{"email":" a@b.co ","password":"  spaced  "}"#).ok();
    let body = body.expect("fine");
    assert_eq!(body.email, "a@b.co");
    assert_eq!(body.password.expose_secret(), "  spaced  ");
    assert!(!format!("{:?}", body.password).contains("spaced"));
}

#[test]
fn query_parameters_are_fields_too() {
    let read = |query: &str| {
        let mut faults = Faults::default();
        let read = read_query::<OrderBody>(query, &mut faults);
        let read = read.map_err(|refused| refused.code().to_owned())?;
        said(faults).map_or(Ok(read), Err)
    };
    let body = read("name=t+%C3%A9&count=7&active=false&price=1.5").expect("fine");
    assert_eq!((body.name.as_str(), body.count, body.active), ("t é", Some(7), false));
    assert_eq!(read("name=a&count=1e2").err().as_deref(), Some("/count not_a_whole_number"));
    assert_eq!(read("name=a&nme=a").err().as_deref(), Some("/nme unknown_parameter"));
    assert_eq!(read("name=a&name=b").err().as_deref(), Some("/name duplicate_field"));
    assert_eq!(read("name=%00").err().as_deref(), Some("/name invalid_text"));
    assert_eq!(read("name=%ff").err().as_deref(), Some("malformed_query"));
    assert_eq!(read("name=%zz&").ok().map(|body| body.name).as_deref(), Some("%zz"));
}

#[test]
fn the_same_definition_is_the_schema() {
    let schema = schema_of::<LineBody>();
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "properties": {
                "product": { "type": "string", "format": "uuid" },
                "quantity": { "type": "integer", "minimum": 1, "maximum": 999 },
            },
            "required": ["product", "quantity"],
            "additionalProperties": false,
        })
    );
    let order = schema_of::<OrderBody>();
    assert_eq!(order["required"], json!(["name"]));
    assert_eq!(order["properties"]["name"]["maxLength"], 5);
    assert_eq!(order["properties"]["lines"]["items"], schema);
    assert_eq!(order["properties"]["color"]["enum"], json!(["RED", "BLUE"]));
}
