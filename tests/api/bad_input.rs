//! Bad input: whatever is sent, it is refused by name, and nothing is changed.

mod field;
mod writes;

use actix_web::http::Method;
use bodega::{
    config::Gateway,
    http::{call::Form, wiring},
};
use serde_json::json;

use self::{field::Field, writes::writes};
use crate::support::{Bodega, Reply, wire::NOBODYS};

/// Refused by name, as the client's fault.
#[track_caller]
fn is_refused(answer: &Reply, what: &str) {
    let (status, body) = (answer.status, answer.text());
    assert!((400..500).contains(&status), "{} {what}: {status} {body}", answer.asked);
    assert!(answer.json()["code"].is_string(), "{} {what}: {body}", answer.asked);
}

fn commits(bodega: &Bodega) -> u64 {
    bodega.shop.store().health().seq
}

#[actix_web::test]
async fn a_faulty_field_is_refused_and_nothing_is_changed() {
    let bodega = Bodega::open();
    let writes = writes(&bodega).await;
    let before = commits(&bodega);
    for write in &writes {
        for (pointer, field) in &write.fields {
            for json in field.bad() {
                let answer = write.sent(write.with(pointer, &json)).await;
                let shown: String = json.chars().take(60).collect();
                is_refused(&answer, &format!("{pointer} = {shown}"));
                let wanted = if matches!(field, Field::Id) { [400, 404] } else { [400, 400] };
                assert!(
                    wanted.contains(&answer.status),
                    "{} {pointer} = {shown}: {}",
                    answer.asked,
                    answer.text()
                );
                assert_eq!(commits(&bodega), before, "{} {pointer} = {shown}", answer.asked);
            }
        }
    }
}

#[actix_web::test]
async fn an_unknown_or_doubled_field_is_refused() {
    let bodega = Bodega::open();
    let writes = writes(&bodega).await;
    let before = commits(&bodega);
    for write in &writes {
        let mut more = write.body.clone();
        more["__proto__"] = json!({ "isAdmin": true });
        let answer = write.sent(more.to_string()).await;
        let unknown = ("/__proto__".to_owned(), "unknown_field".to_owned());
        assert!(answer.faults().contains(&unknown), "{}: {}", answer.asked, answer.text());
        let text = write.body.to_string();
        let Some((name, value)) = write.body.as_object().and_then(|fields| fields.iter().next())
        else {
            continue;
        };
        let twice = format!("{},\"{name}\":{value}}}", &text[..text.len() - 1]);
        let answer = write.sent(twice).await;
        let doubled = (format!("/{name}"), "duplicate_field".to_owned());
        assert!(answer.faults().contains(&doubled), "{}: {}", answer.asked, answer.text());
    }
    assert_eq!(commits(&bodega), before);
}

#[actix_web::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let bodega = Bodega::open();
    let writes = writes(&bodega).await;
    let before = commits(&bodega);
    let deep = |open: &str, depth: usize| open.repeat(depth);
    let bodies: Vec<(bytes::Bytes, u16, &str)> = vec![
        ("[]".into(), 400, "validation_failed"),
        ("null".into(), 400, "validation_failed"),
        ("7".into(), 400, "validation_failed"),
        (r#""text""#.into(), 400, "validation_failed"),
        ("{".into(), 400, "malformed_json"),
        ("{}}".into(), 400, "malformed_json"),
        ("{'name': 1}".into(), 400, "malformed_json"),
        (r#"{"name": 1,}"#.into(), 400, "malformed_json"),
        (r#"{"name": NaN}"#.into(), 400, "malformed_json"),
        (r#"{"name": 01}"#.into(), 400, "malformed_json"),
        ("{\"name\": \"a\u{0}\"}".into(), 400, "malformed_json"),
        (" \n".into(), 400, "body_required"),
        (vec![b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}'].into(), 400, "invalid_utf8"),
        (vec![0xc3, 0x28].into(), 400, "invalid_utf8"),
        (vec![0; 100].into(), 400, "malformed_json"),
        (deep("[", 30_000).into(), 400, "malformed_json"),
        (deep("{\"a\":", 10_000).into(), 400, "malformed_json"),
    ];
    for write in &writes {
        for (body, status, code) in &bodies {
            write.sent(body.clone()).await.refused(*status, code);
        }
    }
    assert_eq!(commits(&bodega), before);
}

#[actix_web::test]
async fn depth_costs_nothing_and_grants_nothing() {
    let bodega = Bodega::open();
    let writes = writes(&bodega).await;
    let before = commits(&bodega);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for write in &writes {
        for (pointer, _) in write.fields.iter().take(3) {
            is_refused(&write.sent(write.with(pointer, &deep)).await, pointer);
        }
    }
    assert_eq!(commits(&bodega), before);
}

#[actix_web::test]
async fn a_body_of_another_type_or_size_is_refused_everywhere() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let before = commits(&bodega);
    let table = wiring::operations(Gateway::Demo);
    for operation in table.iter().filter(|operation| operation.form == Form::Json) {
        let path: Vec<&str> = operation
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { NOBODYS } else { part })
            .collect();
        let ask = || owner.asks(operation.method.clone(), &path.join("/"));
        for foreign in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/jsonp",
            "text/json",
            "",
        ] {
            let answer = ask().bytes(foreign, "{}").await;
            answer.refused(415, "unsupported_media_type");
            assert_eq!(answer.header("accept"), "application/json");
        }
        let bytes_max = operation.body_bytes_max;
        let padded = |bytes: usize| format!("{{{}}}", " ".repeat(bytes - 2));
        let answer = ask().bytes("application/json", padded(bytes_max + 1)).await;
        answer.refused(413, "body_too_large");
        let largest = ask().bytes("application/json", padded(bytes_max)).await;
        assert_ne!(largest.status, 413, "{}", largest.asked);
        is_refused(&ask().bytes("application/json; charset=utf-8", "{").await, "half a body");
    }
    let small = table.iter().filter(|operation| operation.body_bytes_max == 64 * 1024).count();
    assert!(small > table.len() / 2, "64 KiB is the rule");
    assert_eq!(commits(&bodega), before);
}

#[actix_web::test]
async fn no_path_and_no_query_breaks_a_read() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    owner.adds_product("Tea", "3.99", 1).await;
    let before = commits(&bodega);
    let long = "x".repeat(4000);
    let odd = [
        "%00",
        "%FF",
        "%C3%28",
        "..%2F..%2Fsecret",
        "%2e%2e",
        "a%20b",
        "%F0%9F%8D%B5",
        "'--",
        "%25",
        "null",
        "0",
        "-1",
        "{id}",
        &long,
    ];
    let queries = [
        "limit=",
        "limit=-1",
        "limit=1e9",
        "limit=99999999999999999999",
        "limit=%00",
        "cursor=",
        "cursor=%00",
        "cursor=AAAAAAAAAAAAAAAAAAAAAAAA",
        "nonsense=1",
        "%FF=1",
        "=",
        "limit=%FF",
        "__proto__=1",
        "limit[]=1",
    ];
    for operation in wiring::operations(Gateway::Demo) {
        if operation.method != Method::GET {
            continue;
        }
        if operation.path.contains('{') {
            for part in odd {
                if part == "%2e%2e" && !operation.path.starts_with("/v1") {
                    // The client goes one folder up by itself, and there is a page.
                    continue;
                }
                let path: Vec<&str> = operation
                    .path
                    .split('/')
                    .map(|name| if name.starts_with('{') { part } else { name })
                    .collect();
                let answer = owner.get(&path.join("/")).await;
                if operation.is_page {
                    assert!(answer.status < 500, "{}: {}", answer.asked, answer.status);
                } else {
                    answer.refused(404, "not_found");
                }
            }
        } else if !matches!(operation.path, "/api" | "/docs") {
            for query in queries {
                let answer = owner.get(&format!("{}?{query}", operation.path)).await;
                if operation.is_page {
                    assert!(answer.status < 500, "{}: {}", answer.asked, answer.status);
                    continue;
                }
                is_refused(&answer, query);
                assert_eq!(answer.status, 400, "{}: {}", answer.asked, answer.text());
            }
        }
    }
    assert_eq!(commits(&bodega), before);
}
