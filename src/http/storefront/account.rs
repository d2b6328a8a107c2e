//! Account: the own orders, addresses, profile, password and sessions.

mod views;

use actix_web::http::Method;

use self::views::{
    AccountView, AddressView, AddressesView, OrderRowView, OrdersView, ProfileView, SessionView,
};
use super::sign_in::Nothing;
use crate::{
    actors::{
        addresses::{AddAddress, ChangeAddress, RemoveAddress},
        users::CloseSession,
    },
    domain::{
        ids::{AddressId, OrderId, SessionId},
        orders::Order,
        users::Session,
    },
    http::{
        access::Person,
        addresses::CreateBody,
        answer::Answer,
        auth::{self, ChangePasswordBody},
        call::{Call, CallAsking, CallOn},
        cursor::Paging,
        fields::{Body, Fields, id, loose, yes_or_no},
        idempotency::RequestKey,
        limits::Class,
        listing::Rows,
        pages::{Filled, FormView, Frame, PageAnswer, cookies::CookieNames},
        problem::Problem,
        table::{Operation, op},
        users::{self, UpdateBody, account},
    },
    shop::Shop,
    store::{self, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Credentials, Reads, Writes};
    let (get, post) = (|| Method::GET, || Method::POST);
    vec![
        op(get(), "/account", Reads, "Show the account", show),
        op(get(), "/account/orders", Reads, "Show the own orders", show_orders),
        op(get(), "/account/addresses", Reads, "Show the address book", show_addresses),
        op(post(), "/account/addresses", Writes, "Add or change an address", save_address),
        op(post(), "/account/addresses/{id}/remove", Writes, "Remove an address", remove_address),
        op(get(), "/account/profile", Reads, "Show the profile", show_profile),
        op(post(), "/account/profile", Credentials, "Change the profile", change_profile),
        op(post(), "/account/password", Credentials, "Change the password", change_password),
        op(post(), "/account/sessions/{id}/end", Writes, "End a session", end_session),
        op(post(), "/account/delete", Writes, "Delete the account", delete).secret(),
    ]
}

async fn show(shop: Shop, who: Person, call: Call) -> Answer<PageAnswer> {
    let paging = Paging { limit: ORDERS_FIRST, cursor: None };
    let (orders, next) = orders_of(&shop, &who, &paging)?;
    let user = account(&shop, who.user)?;
    let addresses = user.address_book();
    let view = AccountView {
        orders,
        has_more: next.is_some(),
        address: addresses.first().map(|address| AddressView::of(address)),
    };
    frame(&shop, &who, &call.from, "Your account")?.show("storefront/account.html", &view)
}

async fn show_orders(shop: Shop, who: Person, call: CallAsking<Paging>) -> Answer<PageAnswer> {
    let paging = Paging { limit: ORDERS_ON_A_PAGE, ..call.query };
    let (orders, next) = orders_of(&shop, &who, &paging)?;
    let next_path = next.map(|cursor| format!("/account/orders?cursor={cursor}"));
    let view = OrdersView { orders, next_path };
    frame(&shop, &who, &call.from, "Your orders")?.show("storefront/orders.html", &view)
}

async fn show_addresses(
    shop: Shop,
    who: Person,
    call: CallAsking<EditQuery>,
) -> Answer<PageAnswer> {
    let frame = frame(&shop, &who, &call.from, "Your addresses")?;
    let form = frame.form();
    let user = account(&shop, who.user)?;
    let edited = call.query.edit.and_then(|id| user.addresses.get(&id));
    let form = match edited {
        Some(address) => form.with(AddressView::of(address).typed()),
        None => form,
    };
    addresses(&shop, &who, frame, form)
}

async fn save_address(shop: Shop, who: Person, call: Call<Filled<SaveBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let saved = async {
        let SaveBody { address, body } = read.map_err(Problem::invalid)?;
        let CreateBody { fields, standing } = body;
        let user = who.user;
        match address {
            None => {
                let address = shop.clock.new_id();
                let add = AddAddress { user, address, fields, standing };
                shop.desks.users.ask(add, intent).await?;
            }
            Some(address) => {
                let edit = Box::new(|_| fields);
                let change = ChangeAddress { user, address, edit, standing };
                shop.desks.users.ask(change, intent).await?;
            }
        }
        Ok(())
    };
    match saved.await {
        Ok(()) => Ok(PageAnswer::to("/account/addresses")),
        Err(problem) => {
            let frame = refused(&shop, &who, &call.from, "Your addresses", &problem)?;
            let form = frame.form().with(typed).refused(&problem, &[]);
            addresses(&shop, &who, frame, form)
        }
    }
}

async fn remove_address(
    shop: Shop,
    who: Person,
    call: CallOn<AddressId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let remove = RemoveAddress { user: who.user, address: call.path };
    shop.desks.users.ask(remove, shop.intent(who.as_cause())).await?;
    Ok(PageAnswer::to("/account/addresses"))
}

async fn show_profile(shop: Shop, who: Person, call: Call) -> Answer<PageAnswer> {
    let frame = frame(&shop, &who, &call.from, "Your profile")?;
    let form = frame.form();
    profile(&shop, &who, frame, form, "")
}

async fn change_profile(
    shop: Shop,
    who: Person,
    call: Call<Filled<UpdateBody>>,
) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let changed = async {
        let body = read.map_err(Problem::invalid)?;
        users::change(&shop, &who.caller, body, intent).await
    };
    match changed.await {
        Ok(_) => Ok(PageAnswer::to("/account/profile")),
        Err(problem) => {
            let frame = refused(&shop, &who, &call.from, "Your profile", &problem)?;
            let about = [
                ("email_taken", "email"),
                ("username_taken", "username"),
                ("wrong_password", "password"),
            ];
            let form = frame.form().with(typed).refused(&problem, &about);
            profile(&shop, &who, frame, form, "profile")
        }
    }
}

async fn change_password(
    shop: Shop,
    who: Person,
    call: Call<Filled<ChangePasswordBody>>,
) -> Answer<PageAnswer> {
    let changed = async {
        let body = call.body.read.map_err(Problem::invalid)?;
        auth::change(&shop, who, body, call.key).await
    };
    match changed.await {
        Ok(()) => Ok(PageAnswer::to("/account/profile")),
        Err(problem) => {
            let frame = refused(&shop, &who, &call.from, "Your profile", &problem)?;
            let about = [("wrong_password", "oldPassword"), ("same_password", "newPassword")];
            let form = frame.form().refused(&problem, &about);
            profile(&shop, &who, frame, form, "password")
        }
    }
}

async fn end_session(
    shop: Shop,
    who: Person,
    call: CallOn<SessionId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let close = CloseSession { user: who.user, session: call.path };
    shop.desks.users.ask(close, shop.intent(who.as_cause())).await?;
    Ok(PageAnswer::to("/account/profile"))
}

async fn delete(shop: Shop, who: Person, call: Call<Filled<DeleteBody>>) -> Answer<PageAnswer> {
    let deleted = async {
        let DeleteBody { is_sure } = call.body.read.map_err(Problem::invalid)?;
        if !is_sure {
            let detail = "tick the box to say that you are sure";
            return Err(Problem::invalid_field("/sure", "required", detail));
        }
        users::erase(&shop, who.user, who.as_cause()).await
    };
    match deleted.await {
        Ok(_) => {
            let names = CookieNames::of(&shop, call.from.headers());
            Ok(PageAnswer::to("/").with_cookie(names.unset(names.session)).forgetting())
        }
        Err(problem) => {
            let frame = refused(&shop, &who, &call.from, "Your profile", &problem)?;
            let form = frame.form().refused(&problem, &[]);
            profile(&shop, &who, frame, form, "delete")
        }
    }
}

fn frame(
    shop: &Shop,
    who: &Person,
    from: &crate::http::call::Origin,
    title: &str,
) -> Answer<Frame> {
    Ok(Frame::of(shop, Some(who.caller), from)?.titled(title).private())
}

/// The frame of a page that is shown again because of a refusal; a fault is none.
fn refused(
    shop: &Shop,
    who: &Person,
    from: &crate::http::call::Origin,
    title: &str,
    problem: &Problem,
) -> Answer<Frame> {
    let status = problem.status();
    if status.is_client_error() {
        Ok(frame(shop, who, from, title)?.answered(status))
    } else {
        Err(Problem::busy("this could not be done just now; nothing was changed"))
    }
}

fn addresses(shop: &Shop, who: &Person, frame: Frame, form: FormView) -> Answer<PageAnswer> {
    let user = account(shop, who.user)?;
    let addresses = user.address_book().into_iter().map(AddressView::of).collect();
    frame.show("storefront/addresses.html", &AddressesView { addresses, form })
}

fn profile(
    shop: &Shop,
    who: &Person,
    frame: Frame,
    form: FormView,
    about: &'static str,
) -> Answer<PageAnswer> {
    let user = account(shop, who.user)?;
    let now = shop.clock.now();
    let mut open: Vec<&Session> =
        user.sessions.values().filter(|session| now < session.expires_at).collect();
    open.sort_by_key(|session| std::cmp::Reverse((session.last_used_at, session.id)));
    let view = ProfileView {
        username: user.username.clone(),
        email: user.email.clone(),
        sessions: open.into_iter().map(|open| SessionView::of(shop, open, who.session)).collect(),
        form,
        about,
    };
    frame.show("storefront/profile.html", &view)
}

fn orders_of(
    shop: &Shop,
    who: &Person,
    paging: &Paging,
) -> Answer<(Vec<OrderRowView>, Option<String>)> {
    let name = format!("own orders of {}", who.user);
    let rows = Rows::all(name, keys::orders_of(who.user), store::Order::Descending);
    let page = rows.page(&shop.reader, &shop.cursors, paging, |key, _| {
        let Some(id) = key.last_id::<OrderId>() else { return Ok(None) };
        let order = shop.reader.get::<Order>(id)?.state;
        Ok(order.exists().then(|| OrderRowView::of(shop, &order)))
    })?;
    Ok((page.items, page.next_cursor))
}

struct EditQuery {
    edit: Option<AddressId>,
}

impl Body for EditQuery {
    fn read(fields: &mut Fields<'_>) -> EditQuery {
        EditQuery { edit: fields.optional("edit", id()) }
    }
}

/// An address to be kept: a new one, or another text of one that is there.
struct SaveBody {
    address: Option<AddressId>,
    body: CreateBody,
}

impl Body for SaveBody {
    fn read(fields: &mut Fields<'_>) -> SaveBody {
        let address = fields.optional("address", id());
        SaveBody { address, body: CreateBody::typed(fields) }
    }
}

struct DeleteBody {
    is_sure: bool,
}

impl Body for DeleteBody {
    fn read(fields: &mut Fields<'_>) -> DeleteBody {
        let _where_from = fields.optional("about", loose(10));
        DeleteBody { is_sure: fields.or("sure", yes_or_no(), false) }
    }
}

const ORDERS_FIRST: u32 = 3;
const ORDERS_ON_A_PAGE: u32 = 20;
