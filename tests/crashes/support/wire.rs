//! A client as plain as can be: HTTP/1.1 with keep-alive over one socket, JSON both ways.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::{Value, json};

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub replayed: bool,
    pub closes: bool,
    /// Seconds after which to ask again, if it says so.
    pub retry_after: Option<u64>,
    pub body: Value,
}

impl Reply {
    /// What the answer is about.
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    /// The order it is about, also when it is a refusal.
    pub fn order(&self) -> Option<String> {
        let id = self.data()["id"].as_str().or(self.body["orderId"].as_str());
        id.map(str::to_owned)
    }

    /// The reply, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// A request that can be sent again as it was.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub key: Option<String>,
    pub body: Option<Value>,
}

impl Request {
    pub fn get(path: &str) -> Request {
        Request { method: "GET", path: path.to_owned(), key: None, body: None }
    }

    pub fn post(path: &str, body: Value) -> Request {
        Request { method: "POST", path: path.to_owned(), key: None, body: Some(body) }
    }

    pub fn patch(path: &str) -> Request {
        Request { method: "PATCH", path: path.to_owned(), key: None, body: None }
    }

    pub fn under(mut self, key: impl Into<String>) -> Request {
        self.key = Some(key.into());
        self
    }
}

/// One customer's connection; opened when it is needed.
pub struct Client {
    pub address: SocketAddr,
    pub token: Option<String>,
    open: Option<BufReader<TcpStream>>,
}

impl Client {
    pub fn at(address: SocketAddr) -> Client {
        Client { address, token: None, open: None }
    }

    pub fn with_token(address: SocketAddr, token: &str) -> Client {
        Client { token: Some(token.to_owned()), ..Client::at(address) }
    }

    /// Sends a request and reads the whole answer. An error means that nobody knows whether it
    /// was carried out.
    pub fn send(&mut self, request: &Request) -> io::Result<Reply> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        stream.get_mut().write_all(&self.written(request))?;
        let reply = read(&mut stream)?;
        if !reply.closes {
            self.open = Some(stream);
        }
        Ok(reply)
    }

    /// Sends a request that must be answered.
    #[track_caller]
    pub fn ask(&mut self, request: &Request) -> Reply {
        self.send(request).unwrap_or_else(|fault| panic!("{}: {fault}", request.path))
    }

    fn written(&self, request: &Request) -> Vec<u8> {
        let Request { method, path, key, body } = request;
        let body = body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        if let Some(token) = &self.token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        if let Some(key) = key {
            head += &format!("idempotency-key: {key}\r\n");
        }
        if !body.is_empty() {
            head += "content-type: application/json\r\n";
        }
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let status = line(stream)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut reply = Reply {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        replayed: false,
        closes: false,
        retry_after: None,
        body: json!(null),
    };
    let mut length = 0;
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => {
                length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            Some(("idempotent-replayed", _)) => reply.replayed = true,
            Some(("retry-after", value)) => reply.retry_after = value.trim().parse().ok(),
            Some(("connection", value)) => reply.closes = value.trim() == "close",
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    if !body.is_empty() {
        reply.body = serde_json::from_slice(&body)?;
    }
    Ok(reply)
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 || !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// A shop that has not answered by then is stuck.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
