//! Pipeline: the way of every request, in one place and one order.
//!
//! Trace · address · limit by address · who is it · may they · limit by account · type and size
//! of the body · reading it all · idempotency · the handler · the answer. A form of a page is read
//! also when it is refused before that, so that it can be offered again. Invariant: a handler
//! that changes something runs to its end even if the client hangs up or the time is up, and
//! holds its idempotency key until then.

mod body;
mod caller;
mod shown;
mod watch;

use std::{any::Any, borrow::Cow, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{self, HeaderName, HeaderValue},
};
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::timeout;

use self::{
    body::read_bytes,
    shown::{shown, wants_page},
    watch::{Seen, Watch},
};
use super::{
    access::{Caller, Identify},
    address::client_address,
    call::Form,
    idempotency::{
        Admission, Answers, InFlight, RequestKey, Ticket, answer_lost, is_stored, key_in, marked,
        replayed, scoped, stored,
    },
    limits::{Class, LimitSettings, Limits, Standing},
    pages::{Faced, Pages, form},
    problem::{Problem, TOO_SLOW},
    router::{Found, Router},
    table::{Incoming, Operation, Work},
    trace::{Trace, Traces},
};
use crate::{
    clock::Clock,
    config::LogRequests,
    meters::Meters,
    traceparent::{self, TraceId},
};

/// All that the way of a request needs; one for all workers.
pub struct Pipeline<S> {
    shop: S,
    router: Router<S>,
    identify: Arc<dyn Identify>,
    pages: Option<Arc<dyn Pages>>,
    answers: Arc<dyn Answers>,
    limits: Limits,
    traces: Traces,
    in_flight: InFlight,
    key_secret: [u8; 32],
    trusted_hops: usize,
    is_secure: bool,
    clock: Clock,
    watch: Watch,
}

/// What a pipeline is wired to, besides the shop that its handlers ask.
pub struct Wiring {
    /// Tells who a token belongs to.
    pub identify: Arc<dyn Identify>,
    /// Knows people by their cookies, and shows them problems as pages.
    pub pages: Option<Arc<dyn Pages>>,
    /// Remembers requests and their answers.
    pub answers: Arc<dyn Answers>,
    /// What time it is.
    pub clock: Clock,
    /// How many requests are too many.
    pub limits: LimitSettings,
    /// What request keys and the bodies under them are hashed with; another one forgets them.
    pub key_secret: [u8; 32],
    /// How many proxies of our own stand in front.
    pub trusted_hops: usize,
    /// Whether the shop is reached by TLS alone.
    pub is_secure: bool,
    /// Where requests are counted.
    pub meters: Meters,
    /// Which of them are logged.
    pub logged: LogRequests,
}

/// A request as far as it has come.
struct Visit<'a> {
    request: &'a HttpRequest,
    address: IpAddr,
    trace: &'a Trace,
    body: Bytes,
    caller: Option<Caller>,
    standing: Option<Standing>,
    route: Option<usize>,
}

impl<S> Pipeline<S> {
    /// Routes to these operations, which ask this shop.
    pub fn new(shop: S, operations: Vec<Operation<S>>, wiring: Wiring) -> Pipeline<S> {
        let Wiring { identify, pages, answers, clock, limits, key_secret, trusted_hops, .. } =
            wiring;
        let watch = Watch::new(wiring.meters, wiring.logged, &operations);
        Pipeline {
            shop,
            router: Router::new(operations),
            identify,
            pages,
            answers,
            traces: Traces::new(&clock),
            limits: Limits::new(&limits, clock.clone()),
            clock,
            watch,
            in_flight: InFlight::default(),
            key_secret,
            trusted_hops,
            is_secure: wiring.is_secure,
        }
    }

    /// Whether browsers shall ask for the shop by TLS alone.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// What names requests.
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// What counts requests.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl Visit<'_> {
    fn faced(&self) -> Faced<'_> {
        let Visit { request, trace, ref body, caller, .. } = *self;
        Faced { request, trace, body, caller }
    }
}

impl<S: Clone + 'static> Pipeline<S> {
    /// Answers a request, whatever happens.
    pub async fn serve(self: Arc<Self>, request: HttpRequest, payload: Payload) -> HttpResponse {
        let came_in = self.clock.running();
        let trace = request.extensions().get::<Trace>().cloned();
        let trace = trace.unwrap_or_else(|| self.traces.of(request.headers()));
        let address = client_address(request.peer_addr(), request.headers(), self.trusted_hops);
        let mut visit = Visit {
            request: &request,
            address,
            trace: &trace,
            body: Bytes::new(),
            caller: None,
            standing: None,
            route: None,
        };
        let answer = Arc::clone(&self).answer(&mut visit, payload).await;
        let mut answer = answer.unwrap_or_else(|problem| {
            let is_page = self.is_page(visit.route, &request);
            let pages = self.pages.as_deref().filter(|_| is_page);
            // It is a page for whoever is signed in, though nobody may have been asked yet.
            let known = || pages?.caller(request.headers())?.ok();
            visit.caller = visit.caller.or_else(known);
            shown(problem, &visit.faced(), pages)
        });
        if answer.status().is_success() && !request.method().is_safe() {
            // Whoever searches from here on finds what was just written.
            let position = HeaderValue::from(self.answers.position());
            answer.headers_mut().insert(HeaderName::from_static(POSITION), position);
        }
        self.watch.note(&Seen {
            route: visit.route,
            method: request.method(),
            status: answer.status(),
            took: self.clock.running().saturating_sub(came_in),
            caller: visit.caller,
            trace: &trace,
        });
        if let Some(standing) = visit.standing {
            let headers = answer.headers_mut();
            let name = HeaderName::from_static;
            headers.insert(name("ratelimit-policy"), standing.policy_header());
            headers.insert(name("ratelimit"), standing.limit_header());
        }
        answer
    }

    async fn answer(
        self: Arc<Self>,
        visit: &mut Visit<'_>,
        payload: Payload,
    ) -> Result<HttpResponse, Problem> {
        let request = visit.request;
        let (index, params) = match self.router.find(request.method(), request.path()) {
            Found::Operation(index, params) => (index, params),
            Found::OtherMethods(allowed) => {
                self.count_address(visit, Class::Reads)?;
                let page = self.router.page_above(request.method(), request.path());
                let page = page.ok_or_else(|| Problem::method_not_allowed(&allowed))?;
                let led = (header::LOCATION, page);
                return Ok(HttpResponse::SeeOther().insert_header(led).finish());
            }
            Found::Nothing => {
                self.count_address(visit, Class::Reads)?;
                return Err(Problem::not_found());
            }
        };
        visit.route = Some(index);
        let operation = &self.router.operations()[index];
        let admitted = self.admitted(operation, visit);
        if admitted.is_ok() || operation.form == Form::Page {
            // What somebody typed is not lost because they were too fast, or their session has
            // ended meanwhile.
            visit.body = read_bytes(operation, request, payload).await?;
        }
        admitted?;
        if let Some(pages) = self.pages.as_ref().filter(|_| operation.form == Form::Page) {
            pages.must_be_own(request, &visit.body)?;
        }
        let body = visit.body.clone();
        let key = self.key(operation, visit)?;
        let incoming = || Incoming {
            request,
            status: operation.status,
            params: &params,
            body: body.clone(),
            address: visit.address,
            trace: visit.trace,
            caller: visit.caller,
            key,
            is_page: operation.is_page,
        };
        let work = (operation.prepare)(self.shop.clone(), incoming())?;
        let Some(key) = key else {
            return self.clone().run(index, work, visit, None).await;
        };
        // Whoever clicks twice sees what the first click came to.
        let patience = if operation.form == Form::Page { HANDLER_TIME_MAX } else { Duration::ZERO };
        match self.in_flight.admit_within(patience, key, &*self.answers).await? {
            Admission::Run(ticket) => self.clone().run(index, work, visit, Some(ticket)).await,
            Admission::Replay(stored) => Ok(replayed(stored)),
            Admission::Again(ticket, made) => {
                let (again, made) = operation.again.as_ref().zip(made).ok_or_else(answer_lost)?;
                let work = again(self.shop.clone(), made, incoming());
                self.clone().run(index, work, visit, Some(ticket)).await.map(marked)
            }
        }
    }

    /// Lets somebody in who is not too fast, is known, and may.
    fn admitted(&self, operation: &Operation<S>, visit: &mut Visit<'_>) -> Result<(), Problem> {
        self.count_address(visit, operation.class)?;
        visit.caller = self.identified(operation, visit.request)?;
        self.count_account(visit, operation.class)
    }

    fn count_address(&self, visit: &mut Visit<'_>, class: Class) -> Result<(), Problem> {
        count(visit, self.limits.spend_address(class, visit.address))
    }

    /// Whether problems are shown as pages: those of a page, and an address that is nothing, to
    /// a browser.
    fn is_page(&self, route: Option<usize>, request: &HttpRequest) -> bool {
        match route {
            Some(index) => self.router.operations()[index].is_page,
            None => wants_page(request),
        }
    }

    fn count_account(&self, visit: &mut Visit<'_>, class: Class) -> Result<(), Problem> {
        let Some(caller) = visit.caller else { return Ok(()) };
        count(visit, self.limits.spend_account(class, caller.user))
    }

    fn key(
        &self,
        operation: &Operation<S>,
        visit: &Visit<'_>,
    ) -> Result<Option<RequestKey>, Problem> {
        let request = visit.request;
        let key = match operation.form {
            Form::Page => form::key_in(&visit.body).map(Cow::Owned),
            Form::Ignored | Form::Json | Form::Bytes => {
                key_in(request.method(), request.headers())?.map(Cow::Borrowed)
            }
        };
        let Some(key) = key else { return Ok(None) };
        let route = (request.method(), operation.path);
        let asked = (request.path(), request.query_string(), &visit.body[..]);
        Ok(Some(scoped(&self.key_secret, &key, visit.caller, visit.address, route, asked)))
    }

    /// Does the work. What changes something is on its own from here, so that it ends well
    /// whoever is still listening; a read ends with its listener.
    async fn run(
        self: Arc<Self>,
        index: usize,
        work: Work,
        visit: &Visit<'_>,
        ticket: Option<Ticket>,
    ) -> Result<HttpResponse, Problem> {
        let work = AssertUnwindSafe(work).catch_unwind();
        if !self.router.operations()[index].is_write() {
            return match timeout(HANDLER_TIME_MAX, work).await {
                Ok(ended) => sound(ended),
                Err(_) => Err(too_slow()),
            };
        }
        let (request, trace) = (visit.request.clone(), visit.trace.clone());
        let (body, caller) = (visit.body.clone(), visit.caller);
        let work = traceparent::within(TraceId::new(trace.as_str()), work);
        let task = actix_web::rt::spawn(async move {
            match (sound(work.await), ticket) {
                (answer, None) => answer,
                (answer, Some(ticket)) => {
                    let answer = answer.unwrap_or_else(|no| {
                        let is_page = self.router.operations()[index].is_page;
                        let pages = self.pages.as_deref().filter(|_| is_page);
                        let (request, trace, body) = (&request, &trace, &body);
                        shown(no, &Faced { request, trace, body, caller }, pages)
                    });
                    Ok(self.settled(index, answer, &ticket))
                }
            }
        });
        match timeout(HANDLER_TIME_MAX, task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ended)) => Err(Problem::fault(ended)),
            Err(_) => Err(too_slow()),
        }
    }

    /// Keeps an answer that is worth it, before its key is free.
    fn settled(&self, index: usize, answer: HttpResponse, ticket: &Ticket) -> HttpResponse {
        let operation = &self.router.operations()[index];
        if operation.is_secret || !is_stored(answer.status(), operation.is_page) {
            return answer;
        }
        let (answer, kept) = stored(answer);
        if let Some(kept) = kept {
            self.answers.keep(ticket.scope(), kept);
        }
        answer
    }
}

/// Notes how the client stands, and refuses if that is badly.
fn count(visit: &mut Visit<'_>, standing: Option<Standing>) -> Result<(), Problem> {
    let Some(standing) = standing else { return Ok(()) };
    let wait = standing.wait_seconds;
    visit.standing = Some(standing.or_stricter(visit.standing.take()));
    wait.map_or(Ok(()), |seconds| Err(Problem::too_many_requests(seconds)))
}

fn sound(
    ended: Result<Result<HttpResponse, Problem>, Box<dyn Any + Send>>,
) -> Result<HttpResponse, Problem> {
    ended.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<&str>()
            .map(|words| (*words).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Problem::fault(format!("a handler panicked: {}", words.unwrap_or_default())))
    })
}

fn too_slow() -> Problem {
    Problem::busy(TOO_SLOW)
}

/// The header in which a position of the journal travels.
pub const POSITION: &str = "x-position";
/// A handler that has not answered by then is answered for.
const HANDLER_TIME_MAX: Duration = Duration::from_secs(30);
