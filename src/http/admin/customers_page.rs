//! Customers: who has an account, what they ordered, which role they have; everything about one
//! of them in a file, and their erasure.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::json;

use super::{
    order_list::RowView as OrderRowView,
    order_page::Seen,
    parts::{DoneQuery, MomentView, PagesView, address, cursor_in, framed, paging, words_in},
    said::Said,
};
use crate::{
    domain::{
        ids::UserId,
        users::{Address, Role, User},
    },
    http::{
        access::{Admin, Caller},
        answer::{Answer, Page},
        call::{CallAsking, CallOn, NoBody, Origin},
        cursor::{PAGE_ENTRIES_MAX, Paging},
        fields::{Body, Fields},
        idempotency::Made,
        limits::Class,
        orders::listing::{everything_of, orders_of},
        pages::{Filled, FormView, PageAnswer, words},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
        users::{ROLES, RoleBody, UserView, UsersQuery, account, change_role, erase_user, sought},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let one = "/admin/customers/{id}";
    vec![
        op(Method::GET, "/admin/customers", Reads, "List accounts to staff", list),
        op(Method::GET, one, Reads, "Show an account to staff", show),
        op(Method::GET, "/admin/customers/{id}/data.json", Reads, "Give all data of one", export),
        op(Method::POST, "/admin/customers/{id}/role", Writes, "Give another role", give_role)
            .again(led_back),
        op(Method::POST, "/admin/customers/{id}/erase", Writes, "Erase an account", erase),
    ]
}

async fn list(shop: Shop, who: Admin, call: CallAsking<ListQuery>) -> Answer<PageAnswer> {
    let ListQuery { q, role, cursor, done } = call.query;
    let frame = framed(&shop, *who, &call.from, "Customers")?;
    let paging = paging(cursor);
    let wanted = Some(q.clone()).filter(|q| !q.is_empty());
    let query = UsersQuery { wanted, role: Role::named(&role), paging: paging.clone() };
    let page = sought(&shop, query).await?;
    let filters = [("q", q.as_str()), ("role", role.as_str())];
    let view = ListView {
        pages: PagesView::of(&address("/admin/customers", &filters), &paging, &page),
        rows: page.items.iter().map(|user| RowView::of(&shop, user)).collect(),
        q,
        role,
        done: done.done,
    };
    frame.show("admin/customers.html", &view)
}

async fn show(shop: Shop, who: Admin, call: CallAsking<DoneQuery, UserId>) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, call.path, Said::done(call.query.done))
}

async fn give_role(
    shop: Shop,
    who: Admin,
    call: CallOn<UserId, Filled<Seen<RoleBody>>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let (Filled { read, typed }, call) = call.apart();
    let done = async {
        let Seen { version, body } = read.map_err(Problem::invalid)?;
        change_role(shop.clone(), who, call.with(body).having_seen(version)).await
    };
    match done.await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/customers/{id}?done=saved"))),
        Err(problem) => shown(&shop, *who, &from, id, Said::refused(typed, problem, &[])?),
    }
}

async fn erase(
    shop: Shop,
    who: Admin,
    call: CallOn<UserId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    match erase_user(shop.clone(), who, call.with(NoBody)).await {
        Ok(_) => Ok(PageAnswer::to("/admin/customers?done=erased")),
        Err(problem) => {
            let said = Said::refused(BTreeMap::new(), problem, &[])?;
            shown(&shop, *who, &from, id, said)
        }
    }
}

/// Everything the shop knows of a person, as the API would tell them.
async fn export(shop: Shop, _: Admin, call: CallOn<UserId>) -> Answer<PageAnswer> {
    let user = account(&shop, call.path)?;
    let orders = everything_of(&shop, user.id, EXPORTED_MAX)?;
    let addresses = user.addresses.values().map(|address| {
        let fields = &address.fields;
        json!({
            "id": address.id, "isDefault": address.is_default, "fullName": fields.full_name,
            "phone": fields.phone, "street": fields.street, "city": fields.city,
            "state": fields.state, "country": fields.country, "postalCode": fields.postal_code,
        })
    });
    let sessions = user.sessions.values().map(|session| json!({ "device": session.device }));
    let cart = crate::http::carts::shown_of(&shop, user.id)?;
    let data = json!({
        "account": UserView::of(&user),
        "phoneNumber": user.phone,
        "addresses": addresses.collect::<Vec<_>>(),
        "sessions": sessions.collect::<Vec<_>>(),
        "cart": cart,
        "orders": orders,
    });
    let bytes = serde_json::to_vec_pretty(&data).map_err(Problem::fault)?;
    let name = format!("customer-{}-{}.json", user.id, words::date(shop.clock.now(), &shop.zone));
    Ok(PageAnswer::file("application/json", name, bytes.into()))
}

async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let user: UserId = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(PageAnswer::to(format!("/admin/customers/{user}")))
}

fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: UserId,
    mut said: Said,
) -> Answer<PageAnswer> {
    let user = account(shop, id)?;
    let (frame, form) = said.on(framed(shop, who, from, &user.username)?);
    let paging = Paging { limit: PAGE_ENTRIES_MAX, cursor: None };
    let orders: Page<OrderRowView> =
        orders_of(shop, user.id, &paging, |order| Ok(OrderRowView::of(shop, order)))?;
    let view = CustomerView {
        user: RowView::of(shop, &user),
        version: crate::http::users::version_of(&user),
        phone: user.phone.clone().unwrap_or_default(),
        addresses: user.addresses.values().map(lines_of).collect(),
        sessions: user.sessions.len(),
        has_more: orders.next_cursor.is_some(),
        orders: orders.items,
        roles: ROLES.iter().map(|(name, role)| (*name, role_words(*role))).collect(),
        is_self: user.id == who.user,
        form,
        done: said.done,
    };
    frame.show("admin/customer.html", &view)
}

fn lines_of(address: &Address) -> Vec<String> {
    let at = &address.fields;
    let town = format!("{} {}", at.postal_code, at.city);
    let lines = [&at.full_name, &at.street, &town, &at.state, &at.country, &at.phone];
    lines.into_iter().filter(|line| !line.trim().is_empty()).cloned().collect()
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Admin => "Admin",
        Role::InventoryManager => "Inventory manager",
        Role::Customer => "Customer",
    }
}

struct ListQuery {
    q: String,
    role: String,
    cursor: Option<String>,
    done: DoneQuery,
}

impl Body for ListQuery {
    fn read(fields: &mut Fields<'_>) -> ListQuery {
        ListQuery {
            q: words_in(fields, "q"),
            role: words_in(fields, "role"),
            cursor: cursor_in(fields),
            done: DoneQuery::read(fields),
        }
    }
}

#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
    q: String,
    role: String,
    pages: PagesView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    role_words: &'static str,
    since: MomentView,
}

impl RowView {
    fn of(shop: &Shop, user: &User) -> RowView {
        RowView {
            id: user.id.to_string(),
            name: user.username.clone(),
            email: user.email.clone(),
            role: user.role.name(),
            role_words: role_words(user.role),
            since: MomentView::of(shop, user.created_at),
        }
    }
}

#[derive(Serialize)]
struct CustomerView {
    user: RowView,
    version: u64,
    phone: String,
    addresses: Vec<Vec<String>>,
    sessions: usize,
    orders: Vec<OrderRowView>,
    has_more: bool,
    roles: Vec<(&'static str, &'static str)>,
    is_self: bool,
    form: FormView,
    done: Option<&'static str>,
}

/// The newest orders in a file of one customer's data.
const EXPORTED_MAX: usize = 2_000;
