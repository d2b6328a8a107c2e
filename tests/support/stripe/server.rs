//! The double's server: real HTTP, idempotency keys, and trouble on the way.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    body::SizedStream,
    http::{Method, StatusCode},
    rt::System,
    web,
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    Inner, SECRET_KEY,
    faults::Fault,
    ledger::{Answer, Form, Kept},
    letters,
};

pub type Started = (SocketAddr, oneshot::Sender<()>, thread::JoinHandle<()>);

/// Starts the server and the postman on a thread of their own.
pub fn start(inner: Arc<Inner>) -> Started {
    let (opened, open) = mpsc::channel();
    let (stop, told) = oneshot::channel();
    let thread = thread::spawn(move || {
        System::new().block_on(async move {
            let shared = web::Data::from(Arc::clone(&inner));
            let server = HttpServer::new(move || {
                App::new().app_data(shared.clone()).default_service(web::to(answer))
            })
            .workers(1)
            .max_connections(20_000)
            .backlog(4096)
            .disable_signals()
            .bind("127.0.0.1:0")
            .expect("a port");
            let address = server.addrs()[0];
            let server = server.run();
            let handle = server.handle();
            actix_web::rt::spawn(server);
            let postman = actix_web::rt::spawn(letters::deliver(inner));
            opened.send(address).expect("a test that waits");
            let _dropped_or_told = told.await;
            postman.abort();
            handle.stop(false).await;
        });
    });
    (open.recv().expect("a double"), stop, thread)
}

async fn answer(inner: web::Data<Inner>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let path = request.path().to_owned();
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer != Some(SECRET_KEY) {
        let error = json!({ "type": "invalid_request_error", "message": "Invalid API Key" });
        return shown((401, json!({ "error": error })), false);
    }
    assert!(header("stripe-version").is_some(), "{path}: no version is named");
    let is_post = request.method() == Method::POST;
    let text = if is_post { body } else { Bytes::from(request.query_string().to_owned()) };
    let form = read(&text);
    let key = header("idempotency-key").map(str::to_owned);
    let fault = {
        let mut ledger = inner.ledger.lock().expect("a ledger");
        ledger.calls += 1;
        ledger.notices(&path);
        ledger.parent = header("traceparent").map(str::to_owned);
        let seed = ledger.seed(&path, &form);
        inner.trouble.lock().expect("trouble").draw(seed)
    };
    match fault {
        Fault::ResetBefore => return broken_off(),
        Fault::Unavailable => return shown((503, json!({ "error": { "type": "api" } })), false),
        Fault::TooMany => return shown((429, refused("rate_limit")), false),
        Fault::Conflict => return shown((409, refused("lock_timeout")), false),
        Fault::None
        | Fault::ResetAfter
        | Fault::ErrorBefore
        | Fault::ErrorAfter
        | Fault::Garbage
        | Fault::Late(_) => {}
    }
    let (told, is_replay) = match (is_post, key) {
        (false, _) => (inner.ledger.lock().expect("a ledger").get(&path, &form), false),
        (true, None) => (inner.ledger.lock().expect("a ledger").post(&path, &form), false),
        (true, Some(key)) => match once(&inner, &path, &form, key, fault) {
            Ok(told) => told,
            Err(refused) => return shown(refused, false),
        },
    };
    if fault.is_heard() {
        inner.ledger.lock().expect("a ledger").tells_of(&told.1);
    }
    match fault {
        Fault::ResetAfter => broken_off(),
        Fault::Garbage => HttpResponse::Ok().body("<html>no JSON</html>"),
        Fault::Late(millis) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            shown(told, is_replay)
        }
        Fault::ErrorBefore | Fault::ErrorAfter if !is_post => shown((500, refused("api")), false),
        Fault::None
        | Fault::ErrorBefore
        | Fault::ErrorAfter
        | Fault::ResetBefore
        | Fault::Unavailable
        | Fault::TooMany
        | Fault::Conflict => shown(told, is_replay),
    }
}

/// Does what is asked once under a key, and answers the same for ever: faults, too.
fn once(
    inner: &Inner,
    path: &str,
    form: &Form,
    key: String,
    fault: Fault,
) -> Result<(Answer, bool), Answer> {
    let mut ledger = inner.ledger.lock().expect("a ledger");
    let asked = format!("{path} {form:?}");
    match ledger.keys.get(&key) {
        Some(kept) if kept.asked != asked => {
            let error = json!({ "type": "idempotency_error", "message": "Other parameters." });
            return Err((400, json!({ "error": error })));
        }
        Some(Kept { answer: Some(answer), .. }) => return Ok((answer.clone(), true)),
        Some(Kept { answer: None, .. }) => return Err((409, refused("idempotency_key_in_use"))),
        None => {}
    }
    let told = match fault {
        Fault::ErrorBefore => (500, refused("api")),
        Fault::ErrorAfter => {
            let _lost = ledger.post(path, form);
            (500, refused("api"))
        }
        Fault::None
        | Fault::ResetBefore
        | Fault::ResetAfter
        | Fault::Unavailable
        | Fault::TooMany
        | Fault::Conflict
        | Fault::Garbage
        | Fault::Late(_) => ledger.post(path, form),
    };
    // What is wrong with the parameters is found before the key is looked at.
    if !matches!(told.0, 400 | 404) {
        ledger.keys.insert(key, Kept { asked, answer: Some(told.clone()) });
    }
    Ok((told, false))
}

fn shown((status, body): Answer, is_replay: bool) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    answer.insert_header(("request-id", "req_x"));
    if is_replay {
        answer.insert_header(("idempotent-replayed", "true"));
    }
    if status == 500 && is_replay {
        answer.insert_header(("stripe-should-retry", "false"));
    }
    answer.json(body)
}

/// An answer that promises more than comes before the connection ends.
fn broken_off() -> HttpResponse {
    let end = stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]);
    HttpResponse::Ok().content_type("application/json").body(SizedStream::new(1000, end))
}

fn refused(kind: &str) -> Value {
    json!({ "error": { "type": format!("{kind}_error"), "message": "Not now." } })
}

fn read(text: &[u8]) -> Form {
    let text = format!("http://x/?{}", String::from_utf8_lossy(text));
    let url: reqwest::Url = text.parse().expect("a query");
    let mut form = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        let before = form.insert(name.clone().into_owned(), value.into_owned());
        assert!(before.is_none() || name.ends_with("[]"), "{name} is sent twice");
    }
    form
}
