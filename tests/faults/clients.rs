//! Clients: those that come in too many, are slow, or send what no client should.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::{
    buyers::Crowd,
    support::{
        dice::Dice,
        process::{Serving, verify},
        till::{Customer, Till, order_of},
        wire::{Client, Request},
    },
};

#[test]
fn a_shop_without_file_descriptors_goes_on_when_some_are_free() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 60, 2);
    let serving = Serving::start(&dir);
    let at = serving.address;
    let mut known = Client::with_token(at, &till.customers[0].token);
    buys(&mut known, &till, 0, "before");
    limit_files(&serving, FILES);
    let sockets = (0..SOCKETS).filter_map(|_| TcpStream::connect(at).ok());
    let sockets: Vec<TcpStream> = sockets.collect();
    // Who is connected already is served, and what is sold is kept.
    for turn in 0..5 {
        buys(&mut known, &till, 0, &format!("meanwhile {turn}"));
    }
    let mut stranger = TcpStream::connect(at).expect("the operating system takes it in");
    stranger.set_read_timeout(Some(Duration::from_millis(300))).expect("a socket");
    stranger.write_all(b"GET /health/live HTTP/1.1\r\nhost: shop\r\n\r\n").expect("a socket");
    let mut byte = [0];
    assert!(stranger.read(&mut byte).is_err(), "there is no descriptor left for it");
    drop(sockets);
    stranger.set_read_timeout(Some(STUCK_AFTER)).expect("a socket");
    assert_eq!(stranger.read(&mut byte).expect("an answer"), 1, "it is served after all");
    buys(&mut Client::with_token(at, &till.customers[1].token), &till, 1, "after");
    assert_eq!(till.shelf(at, &till.products[0]), (60 - 7, 0));
    serving.kill();
    let serving = Serving::start(&dir);
    assert_eq!(till.orders(serving.address).len(), 7);
    serving.stop();
    verify(&dir);
}

#[test]
fn slow_clients_hold_up_nobody_else() {
    let mut dice = Dice::thrown_in("slow_clients");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    let serving = Serving::start(&dir);
    let at = serving.address;
    let mut slow: Vec<TcpStream> = (0..SLOW).map(|number| half_a_request(at, number)).collect();
    let token = crowd.till.customers[0].token.clone();
    crowd.buy_until(at, &mut dice, || {
        for turn in 0..100 {
            // A byte now and then, so that they are not silent either.
            let one = &mut slow[turn * 7 % SLOW];
            let _ = one.write(b"x");
            let mut quick = Client::with_token(at, &token);
            quick.ask(&Request::get("/v1/cart/getcart")).expect(200);
            quick.ask(&Request::get("/health/ready")).expect(200);
        }
        // Who never comes to the end of a head is sent away.
        let head = &mut slow[0];
        head.set_read_timeout(Some(STUCK_AFTER)).expect("a socket");
        let mut rest = Vec::new();
        let _ = head.read_to_end(&mut rest);
        let said = String::from_utf8_lossy(&rest);
        assert!(rest.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
        serving.kill();
    });
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn what_no_client_should_send_is_refused_and_costs_nothing() {
    let mut dice = Dice::thrown_in("what_no_client_should_send");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    let serving = Serving::start(&dir);
    let at = serving.address;
    let (before, mut worst) = (resident_kib(&serving), Vec::new());
    for round in 0..20 {
        for raw in raws(&crowd.till.customers[0], &crowd.till.products[0]) {
            let said = sent_raw(at, &raw);
            for line in said.split("HTTP/1.1 ").skip(1) {
                let status: u16 = line[..3].parse().unwrap_or(0);
                if !(400..500).contains(&status) {
                    let shown = String::from_utf8_lossy(&raw[..raw.len().min(200)]).into_owned();
                    worst.push(format!("{status} for {shown:?} in round {round}"));
                }
            }
        }
    }
    assert!(worst.is_empty(), "\n{}", worst.join("\n"));
    let grown = resident_kib(&serving).saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "memory grew by {grown} KiB");
    crowd.buy_until(at, &mut dice, || serving.kill());
    crowd.must_find_all_they_were_told(&dir);
}

/// What smugglers and broken programs send. Each is refused as a whole, or the line is closed.
fn raws(customer: &Customer, product: &str) -> Vec<Vec<u8>> {
    let head = format!(
        "POST /v1/cart/addtocart HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\n",
        customer.token
    );
    let body = format!("{{\"productId\":\"{product}\",\"quantity\":1}}");
    let length = body.len();
    let inner = "GET /v1/orders HTTP/1.1\r\nhost: shop\r\n\r\n";
    let with = |headers: &str, body: &str| format!("{head}{headers}\r\n{body}").into_bytes();
    let of = |body: Vec<u8>| {
        let mut raw = with(&format!("content-length: {}\r\n", body.len()), "");
        raw.extend(body);
        raw
    };
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let doubled = format!("{{\"productId\":\"{product}\",\"quantity\":1,\"quantity\":2}}");
    let mut all = vec![
        with(&format!("content-length: {length}\r\ncontent-length: 0\r\n"), &body),
        with(&format!("content-length: {length}, {length}\r\n"), &body),
        with(&format!("content-length: +{length}\r\n"), &body),
        with("content-length: -1\r\n", &body),
        with("content-length: 99999999999999999999999\r\n", &body),
        with(&format!("content-length: 0x{length:x}\r\n"), &body),
        with(
            &format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
            &format!("0\r\n\r\n{inner}"),
        ),
        with("transfer-encoding: xchunked\r\n", &body),
        with("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
        with("transfer-encoding: chunked\r\n", "zz\r\nnonsense\r\n"),
        with("transfer-encoding: chunked\r\n", "ffffffffffffffffff\r\nx\r\n"),
        with(&format!("content-length : {length}\r\n"), &body),
        with(&format!("x: a\r\n folded: b\r\ncontent-length: {length}\r\n"), &body),
        with("x: \0\r\n", ""),
        with(&format!("x: {}\r\n", "y".repeat(300_000)), ""),
        (0..2_000).fold(head.clone(), |head, n| format!("{head}h{n}: v\r\n")).into_bytes(),
        format!("GET /{} HTTP/1.1\r\nhost: shop\r\n\r\n", "a".repeat(200_000)).into_bytes(),
        b"GET / HTTP/9.9\r\nhost: shop\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, is this TLS?".to_vec(),
        b"GET /v1/product/getproducts\0 HTTP/1.1\r\nhost: shop\r\n\r\n".to_vec(),
        of(vec![b'x'; 3 << 20]),
        of(deep.into_bytes()),
        of(doubled.into_bytes()),
        of(b"{\"productId\":\"\xff\xfe\",\"quantity\":1}".to_vec()),
        of(format!("{{\"productId\":\"{product}\\u0000\",\"quantity\":1}}").into_bytes()),
    ];
    for number in ["1e2", "1.0", "-1", "4294967297", "99999999999999999999", "NaN", "01", "\"1\""] {
        let body = format!("{{\"productId\":\"{product}\",\"quantity\":{number}}}");
        if !LENIENT.contains(&number) {
            all.push(of(body.into_bytes()));
        }
    }
    all
}

/// Sends it and reads whatever comes back until the line is closed.
fn sent_raw(at: SocketAddr, raw: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(STUCK_AFTER)).expect("a socket");
    // It may be refused before all of it was sent.
    let _ = stream.write_all(raw);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

/// Two kinds of slowness: a head that never ends, and a body that never comes.
fn half_a_request(at: SocketAddr, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(at).expect("it listens");
    let begun = match number % 3 {
        0 | 1 => "GET /v1/product/getproducts HTTP/1.1\r\nhost: shop\r\nx-slow: ".to_owned(),
        _ => "POST /v1/auth/login HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
              content-length: 9000\r\n\r\n{"
            .to_owned(),
    };
    stream.write_all(begun.as_bytes()).expect("it listens");
    stream
}

fn buys(client: &mut Client, till: &Till, customer: usize, key: &str) {
    let wish = order_of(&till.customers[customer], &till.products[0], 1, "pm_card_visa");
    client.ask(&wish.under(key)).expect(201);
}

fn limit_files(serving: &Serving, files: u64) {
    let pid = i32::try_from(serving.id()).ok().and_then(Pid::from_raw);
    let limit = Rlimit { current: Some(files), maximum: Some(FILES) };
    prlimit(pid, Resource::Nofile, limit).expect("our own child");
}

fn resident_kib(serving: &Serving) -> u64 {
    let status = Path::new("/proc").join(serving.id().to_string()).join("status");
    let status = std::fs::read_to_string(status).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a figure");
    line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("a figure")
}

/// Descriptors for everything; an open shop has a good part of them in use.
const FILES: u64 = 64;
const SOCKETS: usize = 80;
const SLOW: usize = 300;
/// Numbers that are written as text are taken for what they say.
const LENIENT: &[&str] = &["1.0", "\"1\""];
const GROWTH_KIB_MAX: u64 = 48 * 1024;
const STUCK_AFTER: Duration = Duration::from_secs(30);
