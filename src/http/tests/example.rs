//! Notes: a resource as others write it, and a shop just large enough for it.
//!
//! | Method | Path                 | Does                | Who       |
//! |--------|----------------------|---------------------|-----------|
//! | POST   | /v1/notes            | keeps a note        | customers |
//! | GET    | /v1/notes            | lists notes         | public    |
//! | GET    | /v1/notes/{id}       | shows one           | public    |
//! | PATCH  | /v1/notes/{id}       | changes one         | staff     |
//! | DELETE | /v1/notes/{id}       | removes one         | admins    |

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    accounts::Means,
    clock::Clock,
    domain::{
        ids::{Identity, OrderId, SessionId, UserId},
        money::{Currency, Money},
        time::Timestamp,
        users::Role,
    },
    http::{
        access::{Admin, Caller, Customer, Identify, Public, Staff, Unauthenticated},
        answer::{Answer, Cached, Page, REVALIDATE},
        call::{Call, CallAsking, CallOn},
        cursor::{Cursors, Paging},
        etag::ETag,
        fields::{Body, Digits, Fields, money, text},
        health::{self, Health, Report},
        idempotency::{Answers, Made, Seen, StoredAnswer},
        limits::Class,
        problem::Problem,
        table::{Operation, op},
        views::{Amount, Id, MessageView, Time},
    },
};

pub fn operations() -> Vec<Operation<Shop>> {
    let mut all = vec![
        op(Method::POST, "/v1/notes", Class::Writes, "Keep a note", keep).again(show_again),
        op(Method::GET, "/v1/notes", Class::Reads, "List notes", list),
        op(Method::GET, "/v1/notes/{id}", Class::Reads, "Show a note", show),
        op(Method::PATCH, "/v1/notes/{id}", Class::Writes, "Change a note", change),
        op(Method::DELETE, "/v1/notes/{id}", Class::Writes, "Remove a note", remove),
        op(Method::POST, "/v1/notes/break", Class::Writes, "Break", break_down),
        op(Method::POST, "/v1/notes/pay", Class::Orders, "Pay", pay),
        op(Method::POST, "/v1/notes/token", Class::Credentials, "Give a token", token).secret(),
        op(Method::POST, "/v1/notes/wait", Class::Writes, "Wait to be let go", wait),
    ];
    all.extend(health::operations());
    all
}

async fn keep(shop: Shop, who: Customer, call: Call<NoteBody>) -> Answer<NoteView> {
    let price = call.body.price.map(|price| price.in_currency(Currency::USD)).transpose()?;
    let note = Note { text: call.body.text, price, owner: who.user, version: 1 };
    let id: OrderId = shop.clock.new_id();
    shop.notes.lock().expect("sound").insert(id, note.clone());
    if let Some(key) = call.key {
        let made = Made { kind: "note".to_owned(), id: id.to_string() };
        let seen = Seen { body: key.body, made: Some(made) };
        shop.memory.seen.lock().expect("sound").insert(key.scope, seen);
    }
    Ok(shop.view(id, note))
}

async fn show_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<NoteView> {
    let id: OrderId = made.id.parse().map_err(Problem::fault)?;
    shop.find(id).map(|note| shop.view(id, note))
}

async fn list(shop: Shop, _: Public, call: CallAsking<Paging>) -> Answer<Page<NoteView>> {
    let limit = usize::try_from(call.query.limit).unwrap_or(usize::MAX);
    let after = shop.cursors.start("notes", &call.query)?;
    let notes = shop.notes.lock().expect("sound");
    let mut rest = notes
        .iter()
        .filter(|(id, _)| after.as_ref().is_none_or(|after| id.bytes()[..] > after[..]))
        .map(|(id, note)| (*id, note.clone()));
    let items: Vec<(OrderId, Note)> = rest.by_ref().take(limit).collect();
    let last = items.last().filter(|_| rest.next().is_some()).map(|(id, _)| *id);
    Ok(Page {
        next_cursor: last.map(|last| shop.cursors.seal("notes", &last.bytes())),
        items: items.into_iter().map(|(id, note)| shop.view(id, note)).collect(),
        limit: call.query.limit,
    })
}

async fn show(shop: Shop, _: Public, call: CallOn<OrderId>) -> Answer<Cached<NoteView>> {
    let note = shop.find(call.path)?;
    let etag = ETag::of_version(note.version);
    Ok(Cached { etag, control: REVALIDATE, answer: shop.view(call.path, note) })
}

async fn change(shop: Shop, _: Staff, call: CallOn<OrderId, NoteBody>) -> Answer<NoteView> {
    let mut note = shop.find(call.path)?;
    call.from.if_match().check(note.version)?;
    note.version += 1;
    note.text = call.body.text;
    shop.notes.lock().expect("sound").insert(call.path, note.clone());
    Ok(shop.view(call.path, note))
}

async fn remove(shop: Shop, _: Admin, call: CallOn<OrderId>) -> Answer<MessageView> {
    shop.find(call.path)?;
    shop.notes.lock().expect("sound").remove(&call.path);
    Ok(MessageView { message: "Note removed" })
}

async fn break_down(_: Shop, _: Public, _: Call) -> Answer<MessageView> {
    panic!("the secret of the house")
}

async fn pay(shop: Shop, _: Public, call: Call) -> Answer<MessageView> {
    if let Some(key) = call.key {
        let seen = Seen { body: key.body, made: None };
        shop.memory.seen.lock().expect("sound").insert(key.scope, seen);
    }
    let declined = "the card was declined";
    Err(Problem::refusal(StatusCode::PAYMENT_REQUIRED, "payment_declined", declined)
        .with("declineCode", "insufficient_funds"))
}

async fn token(shop: Shop, _: Public, call: Call) -> Answer<MessageView> {
    if let Some(key) = call.key {
        let seen = Seen { body: key.body, made: None };
        shop.memory.seen.lock().expect("sound").insert(key.scope, seen);
    }
    Ok(MessageView { message: "a token" })
}

async fn wait(shop: Shop, _: Public, _: Call) -> Answer<MessageView> {
    shop.gate.notified().await;
    Ok(MessageView { message: "waited" })
}

struct NoteBody {
    text: String,
    price: Option<Digits>,
}

impl Body for NoteBody {
    fn read(fields: &mut Fields<'_>) -> NoteBody {
        NoteBody {
            text: fields.required("text", text(1, 5000)),
            price: fields.optional("price", money()),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NoteView {
    id: Id<OrderId>,
    text: String,
    price: Option<Amount>,
    created_at: Time,
}

/// What the example asks.
pub type Shop = Arc<Notes>;

#[derive(Clone)]
pub struct Note {
    pub text: String,
    pub price: Option<Money>,
    pub owner: UserId,
    pub version: u64,
}

pub struct Notes {
    pub notes: Mutex<BTreeMap<OrderId, Note>>,
    pub clock: Clock,
    pub cursors: Cursors,
    pub memory: Memory,
    pub gate: tokio::sync::Notify,
    pub not_ready: Option<&'static str>,
}

#[derive(Default)]
pub struct Memory {
    pub seen: Mutex<HashMap<[u8; 32], Seen>>,
    pub kept: Mutex<HashMap<[u8; 32], StoredAnswer>>,
}

impl Notes {
    pub fn new() -> Notes {
        Notes {
            notes: Mutex::default(),
            clock: Clock::stopped_at(Timestamp::from_millis(1_700_000_000_000)),
            cursors: Cursors::new([7; 32]),
            memory: Memory::default(),
            gate: tokio::sync::Notify::new(),
            not_ready: None,
        }
    }

    fn find(&self, id: OrderId) -> Result<Note, Problem> {
        self.notes.lock().expect("sound").get(&id).cloned().ok_or_else(Problem::not_found)
    }

    fn view(&self, id: OrderId, note: Note) -> NoteView {
        let created_at = Time(self.clock.now());
        NoteView { id: Id(id), text: note.text, price: note.price.map(Amount), created_at }
    }
}

impl Health for Shop {
    fn health(&self) -> Report {
        Report { not_ready: self.not_ready, neighbours: BTreeMap::new() }
    }
}

impl Identify for Notes {
    fn identify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        let (role, byte) = match token {
            "ada" => (Role::Customer, 1),
            "ivy" => (Role::InventoryManager, 2),
            "root" => (Role::Admin, 3),
            "old" => return Err(Unauthenticated::Expired),
            _ => return Err(Unauthenticated::Invalid),
        };
        let (user, session) = (UserId::from_bytes([byte; 16]), SessionId::from_bytes([byte; 16]));
        Ok(Caller { user, role, means: Means::Session(session) })
    }
}

impl Answers for Notes {
    fn request(&self, scope: &[u8; 32]) -> Result<Option<Seen>, Problem> {
        Ok(self.memory.seen.lock().expect("sound").get(scope).cloned())
    }
    fn answer(&self, scope: &[u8; 32]) -> Result<Option<StoredAnswer>, Problem> {
        Ok(self.memory.kept.lock().expect("sound").get(scope).cloned())
    }
    fn keep(&self, scope: [u8; 32], answer: StoredAnswer) {
        self.memory.kept.lock().expect("sound").insert(scope, answer);
    }
    fn position(&self) -> u64 {
        0
    }
}
