//! Server: the listening socket, its time-outs and its end.
//!
//! HTTP/1.1, plain or within TLS. Told to stop by its handle it accepts nothing new, finishes what
//! was accepted, and lets go of what is not finished in time. It hears no signal: with one of its
//! own it would end the owners before what is under way was written. Who takes nothing of an answer
//! for a while loses the connection: an answer that is not taken would hold its memory and its
//! place.

pub mod tls;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{
    App, Error, HttpRequest, HttpServer,
    body::MessageBody,
    dev::{Server, Service, ServiceFactory, ServiceRequest, ServiceResponse},
    http::header,
    middleware::{Compress, Condition},
    web,
};
use socket2::SockRef;

use self::tls::{Certificate, TlsFault};
use super::{edge, limits::SWEEP_SECONDS, pipeline::Pipeline};

/// How the server listens.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where.
    pub listen: SocketAddr,
    /// How many threads answer.
    pub workers: usize,
    /// Which other web pages may call; none by default.
    pub cors_origins: Vec<String>,
    /// Connections a worker has at most.
    pub connections_max: usize,
    /// How long a client may take nothing of what waits for it.
    pub stalled_for_max: Duration,
    /// The certificate to speak TLS with; plain HTTP without one.
    pub tls: Option<Certificate>,
}

impl ServerSettings {
    /// Listens there, with a thread for each processor.
    pub fn at(listen: SocketAddr) -> ServerSettings {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        ServerSettings {
            listen,
            workers,
            cors_origins: Vec::new(),
            connections_max: CONNECTIONS_MAX,
            stalled_for_max: STALLED_FOR_MAX,
            tls: None,
        }
    }
}

/// It cannot listen there.
#[derive(Debug, thiserror::Error)]
pub enum CannotListen {
    /// Somebody else does.
    #[error("cannot listen on {address}: the port is in use by another program")]
    InUse {
        /// Where.
        address: SocketAddr,
    },
    /// The system says no.
    #[error("cannot listen on {address}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsFault),
}

/// A server whose socket is open, and which answers once it is driven.
pub struct Listening {
    /// Where it listens, with the real port.
    pub address: SocketAddr,
    /// The server; await it.
    pub server: Server,
}

/// Opens the socket.
///
/// # Errors
/// If it cannot listen there.
pub fn listen<S>(
    pipeline: Arc<Pipeline<S>>,
    settings: &ServerSettings,
) -> Result<Listening, CannotListen>
where
    S: Clone + Send + Sync + 'static,
{
    let address = settings.listen;
    let origins = settings.cors_origins.clone();
    let swept = Arc::clone(&pipeline);
    let secure = settings.tls.as_ref().map(Certificate::server_config).transpose()?;
    let server = HttpServer::new(move || app(Arc::clone(&pipeline), origins.clone()))
        .workers(settings.workers.max(1))
        .max_connections(settings.connections_max)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEADER_TIME_MAX)
        .client_disconnect_timeout(DISCONNECT_TIME_MAX)
        .shutdown_timeout(SHUTDOWN_SECONDS_MAX)
        .disable_signals();
    let bound = socket_at(settings).and_then(|socket| match secure {
        Some(config) => server.listen_rustls_0_23(socket, config),
        None => server.listen(socket),
    });
    let bound = bound.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            CannotListen::InUse { address }
        } else {
            CannotListen::Refused { address, source }
        }
    })?;
    let address = bound.addrs().first().copied().unwrap_or(address);
    actix_web::rt::spawn(sweep(swept));
    if let Some(certificate) = settings.tls.clone() {
        actix_web::rt::spawn(tls::read_again_on_hangup(certificate));
    }
    Ok(Listening { address, server: bound.run() })
}

/// The socket to listen on. What is said of it here holds for every connection it accepts.
fn socket_at(settings: &ServerSettings) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(settings.listen)?;
    let socket = SockRef::from(&listener);
    socket.set_tcp_user_timeout(Some(settings.stalled_for_max))?;
    socket.listen(UNACCEPTED_MAX)?;
    Ok(listener)
}

/// The application of one worker.
pub fn app<S>(
    pipeline: Arc<Pipeline<S>>,
    cors_origins: Vec<String>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
>
where
    S: Clone + 'static,
{
    let (named, is_secure) = (Arc::clone(&pipeline), pipeline.is_secure());
    let handler = move |request: HttpRequest, payload: web::Payload| {
        let pipeline = Arc::clone(&pipeline);
        async move {
            let mut answer = pipeline.serve(request, payload.into_inner()).await;
            edge::spare_small(&mut answer);
            answer
        }
    };
    App::new()
        .default_service(web::to(handler))
        .wrap(Compress::default())
        .wrap(Condition::new(!cors_origins.is_empty(), cors(&cors_origins)))
        .wrap_fn(move |request, next| {
            let trace = edge::enter(&request, named.traces());
            let answer = next.call(request);
            async move {
                let mut answer = answer.await?;
                edge::leave(&mut answer, &trace);
                if is_secure {
                    edge::keep_to_tls(&mut answer);
                }
                Ok(answer)
            }
        })
}

fn cors(origins: &[String]) -> Cors {
    let closed = Cors::default()
        .allowed_methods(["GET", "POST", "PATCH", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH])
        .allowed_header("idempotency-key")
        .allowed_header("x-idempotency-key")
        .expose_headers(["etag", "x-request-id", "retry-after", "ratelimit", "ratelimit-policy"])
        .max_age(CORS_SECONDS);
    origins.iter().fold(closed, |cors, origin| cors.allowed_origin(origin))
}

async fn sweep<S>(pipeline: Arc<Pipeline<S>>) {
    let mut every = tokio::time::interval(Duration::from_secs(SWEEP_SECONDS));
    loop {
        every.tick().await;
        pipeline.limits().sweep();
    }
}

const CONNECTIONS_MAX: usize = 10_000;
/// Connections that wait to be accepted; the system may have a lower limit of its own.
const UNACCEPTED_MAX: i32 = 2048;
/// A page that cannot be sent on for so long has nobody in front of it.
const STALLED_FOR_MAX: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
const DISCONNECT_TIME_MAX: Duration = Duration::from_secs(2);
const SHUTDOWN_SECONDS_MAX: u64 = 10;
const CORS_SECONDS: usize = 600;

#[cfg(test)]
mod tests;
