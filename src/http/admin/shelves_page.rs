//! Categories: the tree of shelves, and one of them to be changed.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::json;

use super::{
    overtaken::{Overtaken, version_in},
    parts::{DoneQuery, body_of, framed},
    said::Said,
};
use crate::{
    domain::{
        catalogue::{Category, CategoryNode, CategoryTree},
        ids::CategoryId,
    },
    http::{
        access::{Caller, Staff},
        answer::Answer,
        call::{Call, CallAsking, CallOn, NoBody, NoPath, NoQuery, Origin},
        categories::{create_category, delete_category, found, update_category},
        idempotency::Made,
        limits::Class,
        pages::{Filled, FormView, PageAnswer},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
    store::Versioned,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (all, one) = ("/admin/categories", "/admin/categories/{id}");
    vec![
        op(Method::GET, all, Reads, "Show categories to staff", list),
        op(Method::POST, all, Writes, "Add a category from a form", add)
            .takes_bytes(BODY_BYTES_MAX)
            .again(led_back),
        op(Method::GET, one, Reads, "Show a category to be changed", show),
        op(Method::POST, one, Writes, "Change a category from a form", change)
            .takes_bytes(BODY_BYTES_MAX)
            .again(led_back),
        op(Method::POST, "/admin/categories/{id}/remove", Writes, "Remove a category", remove),
    ]
}

async fn list(shop: Shop, who: Staff, call: CallAsking<DoneQuery>) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, None, Said::done(call.query.done))
}

async fn show(
    shop: Shop,
    who: Staff,
    call: CallAsking<DoneQuery, CategoryId>,
) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, Some(call.path), Said::done(call.query.done))
}

async fn add(shop: Shop, who: Staff, call: Call<Filled<Nothing>>) -> Answer<PageAnswer> {
    let (typed, from) = (call.body.typed, call.from.clone());
    let done = async {
        let body = body_of(&typed_json(&typed)).map_err(Problem::invalid)?;
        let call = Call { path: NoPath, query: NoQuery, body, key: call.key, from: call.from };
        create_category(shop.clone(), who, call).await
    };
    match done.await {
        Ok(_) => Ok(PageAnswer::to("/admin/categories?done=added")),
        Err(problem) => shown(&shop, *who, &from, None, Said::refused(typed, problem, &ABOUT)?),
    }
}

async fn change(
    shop: Shop,
    who: Staff,
    call: CallOn<CategoryId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, typed, from) = (call.path, call.body.typed, call.from.clone());
    let version = version_in(&typed);
    let done = async {
        let body = body_of(&typed_json(&typed)).map_err(Problem::invalid)?;
        let from = call.from.having_seen(version);
        let call = Call { path: id, query: NoQuery, body, key: call.key, from };
        update_category(shop.clone(), who, call).await
    };
    match done.await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/categories/{id}?done=saved"))),
        Err(problem) => shown(&shop, *who, &from, Some(id), Said::refused(typed, problem, &ABOUT)?),
    }
}

async fn remove(
    shop: Shop,
    who: Staff,
    call: CallOn<CategoryId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    match delete_category(shop.clone(), who, call.with(NoBody)).await {
        Ok(_) => Ok(PageAnswer::to("/admin/categories?done=removed")),
        Err(problem) => {
            let said = Said::refused(BTreeMap::new(), problem, &ABOUT)?;
            shown(&shop, *who, &from, Some(id), said)
        }
    }
}

async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let category: CategoryId = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(PageAnswer::to(format!("/admin/categories/{category}")))
}

/// The body that the form stands for; no parent chosen is the top.
fn typed_json(typed: &BTreeMap<String, String>) -> serde_json::Value {
    let text = |name: &str| typed.get(name).map_or("", |text| text.trim());
    let mut json = json!({ "description": text("description"), "parentId": null });
    if typed.contains_key("name") {
        json["name"] = json!(text("name"));
    }
    if !text("parentId").is_empty() {
        json["parentId"] = json!(text("parentId"));
    }
    json
}

fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: Option<CategoryId>,
    mut said: Said,
) -> Answer<PageAnswer> {
    let tree = shop.shelves.tree()?;
    let known = id.map(|id| found(shop, id)).transpose()?;
    let title = known.as_ref().map_or("Categories", |known| known.state.name.as_str()).to_owned();
    let is_overtaken = said.is_overtaken();
    let (frame, form) = said.on(framed(shop, who, from, &title)?);
    let one = known.map(|known| {
        let category: &Category = &known.state;
        let overtaken = is_overtaken.then(|| overtaken(&tree, &known, &form.typed));
        let version = version_in(&form.typed).filter(|_| is_overtaken).unwrap_or(known.version);
        OneView {
            id: category.id.to_string(),
            version,
            overtaken,
            name: category.name.clone(),
            description: category.description.clone(),
            slug: category.slug.clone(),
            parent: category.parent.map(|parent| parent.to_string()).unwrap_or_default(),
        }
    });
    // Nothing stands below itself.
    let barred = id.map(|id| tree.with_all_below(id)).unwrap_or_default();
    let mut rows = Vec::new();
    for node in tree.top() {
        push(&tree, node, 0, &mut rows);
    }
    let parents = rows.iter().filter(|row| !barred.contains(&row.category)).map(|row| ParentView {
        id: row.id.clone(),
        words: format!("{}{}", "— ".repeat(row.level), row.name),
    });
    let view = ShelvesView { parents: parents.collect(), rows, one, form, done: said.done };
    frame.show("admin/categories.html", &view)
}

/// Where what was typed differs from what the shop has by now.
fn overtaken(
    tree: &CategoryTree,
    known: &Versioned<Category>,
    typed: &BTreeMap<String, String>,
) -> Overtaken {
    let typed = |name: &str| typed.get(name).cloned().unwrap_or_default();
    let name = |id: CategoryId| tree.get(id).map_or_else(String::new, |node| node.name.clone());
    let category: &Category = &known.state;
    let below = category.parent.map(name).unwrap_or_default();
    let all = [
        ("Name", category.name.clone(), typed("name")),
        ("Below", below, typed("parentId").parse().map(name).unwrap_or_default()),
        ("Description", category.description.clone(), typed("description")),
    ];
    Overtaken::by(known.version, all)
}

fn push(tree: &CategoryTree, node: &CategoryNode, level: usize, rows: &mut Vec<RowView>) {
    rows.push(RowView {
        category: node.id,
        id: node.id.to_string(),
        name: node.name.clone(),
        slug: node.slug.clone(),
        level,
    });
    for below in tree.right_below(node) {
        push(tree, below, level + 1, rows);
    }
}

#[derive(Serialize)]
struct ShelvesView {
    rows: Vec<RowView>,
    parents: Vec<ParentView>,
    /// The one that is changed; nothing, where all are shown.
    one: Option<OneView>,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct RowView {
    #[serde(skip)]
    category: CategoryId,
    id: String,
    name: String,
    slug: String,
    level: usize,
}

#[derive(Serialize)]
struct ParentView {
    id: String,
    words: String,
}

#[derive(Serialize)]
struct OneView {
    id: String,
    version: u64,
    overtaken: Option<Overtaken>,
    name: String,
    description: String,
    slug: String,
    parent: String,
}

/// (refusal, the field it is about)
const ABOUT: [(&str, &str); 1] = [("category_name_taken", "name")];
/// A description all of whose letters are percent-encoded.
const BODY_BYTES_MAX: usize = 128 * 1024;
