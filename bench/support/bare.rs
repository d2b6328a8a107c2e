//! The framework alone, to set beside the shop.

use std::{net::SocketAddr, sync::mpsc, thread};

/// Serves the same bytes for every request: what the framework alone can do.
pub fn serve_bare(body: Vec<u8>) -> SocketAddr {
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        actix::System::new().block_on(async move {
            let body = bytes::Bytes::from(body);
            let server = actix_web::HttpServer::new(move || {
                let body = body.clone();
                actix_web::App::new().default_service(actix_web::web::to(move || {
                    let body = body.clone();
                    async move {
                        actix_web::HttpResponse::Ok().content_type("application/json").body(body)
                    }
                }))
            })
            .workers(thread::available_parallelism().map_or(1, usize::from))
            .bind("127.0.0.1:0")
            .expect("a free port");
            ready.send(server.addrs()[0]).expect("somebody waits");
            server.run().await.expect("a server that ends well");
        });
    });
    is_ready.recv().expect("a server that starts")
}
