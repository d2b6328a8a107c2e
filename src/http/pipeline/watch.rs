//! Watching: what is counted and logged of every request, once its answer is there.
//!
//! Invariant: no body, token, address or query is ever logged. The counters of a route are made
//! when it is first met with a status and then only touched.

use std::{sync::OnceLock, time::Duration};

use actix_web::http::{Method, StatusCode};
use metrics::{Counter, Histogram};

use crate::{
    accounts::Means,
    config::LogRequests,
    http::{access::Caller, table::Operation, trace::Trace},
    meters::{Meters, REQUEST_SECONDS, REQUESTS},
};

/// Watches the requests of all routes.
pub(super) struct Watch {
    meters: Meters,
    logged: LogRequests,
    /// One for each operation, and at the end one for what is none.
    routes: Vec<Route>,
}

/// What is known of a request when it has been answered.
pub(super) struct Seen<'a> {
    /// The operation's place in the table, if it was one.
    pub route: Option<usize>,
    pub method: &'a Method,
    pub status: StatusCode,
    pub took: Duration,
    pub caller: Option<Caller>,
    pub trace: &'a Trace,
}

struct Route {
    method: Method,
    path: &'static str,
    seconds: Histogram,
    by_status: [OnceLock<Counter>; STATUSES.len() + 1],
}

impl Watch {
    pub fn new<S>(meters: Meters, logged: LogRequests, operations: &[Operation<S>]) -> Watch {
        let known = operations.iter().map(|operation| (operation.method.clone(), operation.path));
        // Whatever a stranger asks for is one route: a name of theirs must not become a label.
        let routes = known.chain([(Method::GET, OTHER)]);
        let routes =
            meters.while_making(|| routes.map(|(method, path)| Route::new(method, path)).collect());
        Watch { meters, logged, routes }
    }

    /// Counts a request, and logs it if that is wanted.
    pub fn note(&self, seen: &Seen<'_>) {
        let place = seen.route.unwrap_or(self.routes.len() - 1);
        let Some(route) = self.routes.get(place) else { return };
        route.seconds.record(seen.took.as_secs_f64());
        route.counter(seen.status, &self.meters).increment(1);
        let is_plain_read = seen.status.as_u16() < 400 && seen.method.is_safe();
        match self.logged {
            LogRequests::None => {}
            LogRequests::Changes if is_plain_read => {}
            LogRequests::Changes | LogRequests::All => log(route.path, seen),
        }
    }
}

impl Route {
    fn new(method: Method, path: &'static str) -> Route {
        let labels = [("route", path.to_owned()), ("method", method.to_string())];
        let seconds = metrics::histogram!(REQUEST_SECONDS, &labels);
        Route { method, path, seconds, by_status: [const { OnceLock::new() }; STATUSES.len() + 1] }
    }

    fn counter(&self, status: StatusCode, meters: &Meters) -> &Counter {
        let code = status.as_u16();
        let place = STATUSES.iter().position(|known| *known == code).unwrap_or(STATUSES.len());
        self.by_status[place].get_or_init(|| {
            let status = STATUSES.get(place).map_or("other".to_owned(), u16::to_string);
            let route = ("route", self.path.to_owned());
            let labels = [route, ("method", self.method.to_string()), ("status", status)];
            meters.while_making(|| metrics::counter!(REQUESTS, &labels))
        })
    }
}

fn log(route: &str, seen: &Seen<'_>) {
    let micros = u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX);
    let user = seen.caller.map(|caller| tracing::field::display(caller.user));
    let key = seen.caller.and_then(|caller| match caller.means {
        Means::Key { id, .. } => Some(tracing::field::display(id)),
        Means::Session(_) => None,
    });
    tracing::info!(
        request.id = seen.trace.as_str(),
        user.id = user,
        key.id = key,
        method = seen.method.as_str(),
        route,
        status = seen.status.as_u16(),
        duration_us = micros,
        "answered"
    );
}

/// The route of all that is no operation.
const OTHER: &str = "other";
/// Statuses that are counted each for itself; all others together.
const STATUSES: [u16; 21] = [
    200, 201, 202, 204, 301, 302, 303, 304, 400, 401, 402, 403, 404, 405, 409, 412, 413, 415, 422,
    429, 503,
];
