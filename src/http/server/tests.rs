//! A real socket.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use super::*;
use crate::http::{limits::LimitSettings, tests};

fn somewhere() -> ServerSettings {
    let mut settings = ServerSettings::at(SocketAddr::from(([127, 0, 0, 1], 0)));
    settings.workers = 1;
    settings
}

fn listening(settings: &ServerSettings) -> Result<Listening, CannotListen> {
    listen(tests::pipeline(&tests::shop(), LimitSettings::default()), settings)
}

/// Sends these bytes and reads until the server hangs up.
async fn exchanged(address: SocketAddr, sent: String) -> String {
    let talk = move || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(sent.as_bytes())?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard)?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&heard).into_owned())
    };
    let heard = actix_web::rt::task::spawn_blocking(talk).await.expect("a talk");
    heard.expect("a connection")
}

#[actix_web::test]
async fn a_server_answers_on_the_port_it_tells_and_stops_when_told() {
    let Listening { address, server } = listening(&somewhere()).expect("a free port");
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let ask = |line: &str, rest: &str| {
        format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{rest}")
    };
    let live = exchanged(address, ask("GET /health/live", "\r\n")).await;
    assert!(live.starts_with("HTTP/1.1 200 OK"), "{live}");
    assert!(live.ends_with(r#"{"statusCode":200,"data":{"status":"live"}}"#), "{live}");
    let head = exchanged(address, ask("HEAD /health/live", "\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.ends_with("\r\n\r\n"), "{head}");
    let keep = "authorization: Bearer ada\r\ncontent-type: application/json\r\n";
    let empty = exchanged(address, ask("POST /v1/notes", &format!("{keep}\r\n"))).await;
    assert!(empty.contains("body_required"), "{empty}");
    let chunked =
        format!("{keep}transfer-encoding: chunked\r\n\r\nc\r\n{{\"text\":\"x\"}}\r\n0\r\n\r\n");
    let chunked = exchanged(address, ask("POST /v1/notes", &chunked)).await;
    assert!(chunked.starts_with("HTTP/1.1 201 Created"), "{chunked}");
    let huge = format!("{keep}content-length: 99999999\r\n\r\n");
    let huge = exchanged(address, ask("POST /v1/notes", &huge)).await;
    assert!(huge.starts_with("HTTP/1.1 413"), "{huge}");
    handle.stop(true).await;
    running.await.expect("it ends").expect("it ends well");
}

#[actix_web::test]
async fn a_port_that_is_in_use_is_said_plainly() {
    let first = listening(&somewhere()).expect("a free port");
    let mut settings = somewhere();
    settings.listen = first.address;
    let refused = listening(&settings).err().expect("the port is taken");
    let address = first.address;
    let plain = format!("cannot listen on {address}: the port is in use by another program");
    assert_eq!(refused.to_string(), plain);
}
