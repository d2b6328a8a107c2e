//! Those who follow an event stream in a benchmark: visitors before products, and an owner's page.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch::{self, Receiver},
};

/// Visitors, until this is dropped.
pub struct Listening {
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// So many visitors, each before the page of one of these products, all on one thread.
pub fn listening(address: SocketAddr, visitors: usize, products: &[String]) -> Listening {
    let (stop, told) = watch::channel(false);
    let (ready, is_ready) = mpsc::channel();
    let products = products.to_vec();
    let thread = thread::Builder::new().name(VISITORS.to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let visitors = (0..visitors).map(|number| {
                let product = products[number % products.len()].clone();
                tokio::spawn(looks_at(address, product, told.clone(), ready.clone()))
            });
            for visitor in visitors.collect::<Vec<_>>() {
                visitor.await.expect("a visitor");
            }
        });
    });
    for _ in 0..visitors {
        is_ready.recv().expect("a stream that begins");
    }
    Listening { stop, thread: Some(thread.expect("a thread")) }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _nobody_left = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("visitors who leave");
        }
    }
}

/// Follows the stock of a product, and reads what comes.
async fn looks_at(
    address: SocketAddr,
    product: String,
    mut stop: Receiver<bool>,
    ready: mpsc::Sender<()>,
) {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a listening server");
    let asked = stream_request(&format!("?products={product}"), None);
    stream.write_all(&asked).await.expect("a socket");
    let mut piece = [0; 4096];
    let first = stream.read(&mut piece).await.expect("an answer");
    assert!(piece[..first].starts_with(b"HTTP/1.1 200"), "a stream");
    ready.send(()).expect("somebody waits");
    loop {
        tokio::select! {
            read = stream.read(&mut piece) => assert!(read.expect("a socket") > 0, "it ended"),
            _ = stop.changed() => return,
        }
    }
}

/// A page that listens.
pub fn opened(address: SocketAddr, query: &str, token: Option<&str>) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("a listening server");
    stream.set_nodelay(true).expect("a socket");
    stream.write_all(&stream_request(query, token)).expect("a socket");
    let mut page = BufReader::new(stream);
    until(&mut page, "id: ");
    page
}

fn stream_request(query: &str, token: Option<&str>) -> Vec<u8> {
    let token = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
    format!("GET /v1/events/stream{query} HTTP/1.1\r\nhost: bench\r\n{token}\r\n").into_bytes()
}

/// Reads to the next event.
pub fn hears(page: &mut BufReader<TcpStream>) {
    until(page, "event: ");
}

fn until(page: &mut BufReader<TcpStream>, begins: &str) {
    let mut line = String::new();
    while !line.starts_with(begins) {
        line.clear();
        assert!(page.read_line(&mut line).expect("text") > 0, "the stream ended");
    }
}

/// The thread of visitors, at most 15 letters.
pub const VISITORS: &str = "visitors";
