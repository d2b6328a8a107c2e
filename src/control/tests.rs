//! Control: a conversation, and everything that can stand in its way.

use std::{cell::Cell, pin::pin};

use secrecy::ExposeSecret;

use super::*;

fn a_directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn create_admin(password: &str) -> ControlRequest {
    ControlRequest::CreateAdmin {
        email: "ada@shop.example".to_owned(),
        username: "ada".to_owned(),
        password: SecretString::from(password),
    }
}

/// A shop that says what it was asked.
async fn echo(request: ControlRequest) -> ControlAnswer {
    match request {
        ControlRequest::CreateAdmin { email, username, password } => {
            refused(&format!("{email} {username}"), password.expose_secret())
        }
        ControlRequest::ResetPassword { email, password } => {
            refused(&email, password.expose_secret())
        }
        ControlRequest::Status
        | ControlRequest::Reconcile { .. }
        | ControlRequest::Reconciled
        | ControlRequest::Import { .. }
        | ControlRequest::Export { .. } => ControlAnswer::Done,
    }
}

/// Runs `ask` on a thread of its own while `socket` is served.
async fn meanwhile<T: Send + 'static>(
    socket: &ControlSocket,
    ask: impl FnOnce() -> T + Send + 'static,
) -> T {
    tokio::select! {
        never = socket.serve(echo) => match never {},
        answer = tokio::task::spawn_blocking(ask) => answer.expect("an answer"),
    }
}

/// Sends these bytes as they are; the line that comes back.
fn send(dir: &Path, bytes: Vec<u8>) -> impl FnOnce() -> String + Send + 'static {
    let place = Place::of(dir).expect("a place");
    move || String::from_utf8(ask(&place, &bytes).expect("an answer")).expect("text")
}

#[tokio::test]
async fn a_running_shop_answers_what_it_is_asked() {
    let dir = a_directory();
    let socket = ControlSocket::open(dir.path()).expect("a socket");
    let path = dir.path().to_owned();
    let answers = meanwhile(&socket, move || {
        let reset = ControlRequest::ResetPassword {
            email: "bob@shop.example".to_owned(),
            password: SecretString::from("pass\nword"),
        };
        [create_admin("häslich \"x\""), reset, ControlRequest::Status]
            .map(|request| call(&path, &request).expect("an answer"))
    });
    let expected = [
        refused("ada@shop.example ada", "häslich \"x\""),
        refused("bob@shop.example", "pass\nword"),
        ControlAnswer::Done,
    ];
    assert_eq!(answers.await, expected);
}

#[tokio::test]
async fn only_the_owner_may_open_the_socket() {
    let dir = a_directory();
    let _socket = ControlSocket::open(dir.path()).expect("a socket");
    let about = fs::metadata(dir.path().join(SOCKET)).expect("a socket");
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_shop_that_does_not_run_is_told_apart() {
    let dir = a_directory();
    let not_running = |path: &Path| {
        let fault = call(path, &ControlRequest::Status).expect_err("nobody answers");
        assert!(matches!(fault, ControlFault::NotRunning(_)), "{fault}");
    };
    not_running(dir.path());
    not_running(&dir.path().join("missing"));
    drop(net::UnixListener::bind(dir.path().join(SOCKET)).expect("a socket"));
    not_running(dir.path());
    drop(ControlSocket::open(dir.path()).expect("a socket"));
    assert!(!dir.path().join(SOCKET).exists(), "a shop that stops takes its socket away");
    not_running(dir.path());
}

#[tokio::test]
async fn the_sockets_of_a_dead_process_are_replaced() {
    let dir = a_directory();
    for name in [SOCKET, UNFINISHED] {
        drop(net::UnixListener::bind(dir.path().join(name)).expect("a socket"));
    }
    let socket = ControlSocket::open(dir.path()).expect("a socket");
    let path = dir.path().to_owned();
    let answer = meanwhile(&socket, move || call(&path, &ControlRequest::Status)).await;
    assert_eq!(answer.expect("an answer"), ControlAnswer::Done);
    assert!(!dir.path().join(UNFINISHED).exists());
}

#[tokio::test]
async fn a_file_of_the_same_name_is_left_alone() {
    let dir = a_directory();
    fs::write(dir.path().join(SOCKET), "precious").expect("a file");
    let fault = ControlSocket::open(dir.path()).expect_err("no socket");
    assert!(matches!(fault, ControlFault::NotASocket(_)), "{fault}");
    assert_eq!(fs::read(dir.path().join(SOCKET)).expect("a file"), b"precious");
}

#[tokio::test]
async fn a_directory_with_a_long_path_has_a_socket_too() {
    let dir = a_directory();
    let deep = dir.path().join("d".repeat(120)).join("e".repeat(120));
    fs::create_dir_all(&deep).expect("a directory");
    let socket = ControlSocket::open(&deep).expect("a socket");
    assert!(deep.join(SOCKET).exists());
    let path = deep.clone();
    let answer = meanwhile(&socket, move || call(&path, &ControlRequest::Status)).await;
    assert_eq!(answer.expect("an answer"), ControlAnswer::Done);
    drop(socket);
    assert!(!deep.join(SOCKET).exists());
}

#[test]
fn a_request_too_long_is_not_even_sent() {
    let dir = a_directory();
    let fault =
        call(dir.path(), &create_admin(&"x".repeat(REQUEST_BYTES_MAX))).expect_err("too long");
    assert!(matches!(fault, ControlFault::TooLarge), "{fault}");
}

#[tokio::test]
async fn a_request_too_long_is_refused() {
    let dir = a_directory();
    let socket = ControlSocket::open(dir.path()).expect("a socket");
    let answer = meanwhile(&socket, send(dir.path(), vec![b' '; REQUEST_BYTES_MAX + 1])).await;
    assert!(answer.contains("request_too_large"), "{answer}");
    let mut longest = vec![b' '; REQUEST_BYTES_MAX - 9];
    longest.extend_from_slice(b"\"status\"\n");
    let answer = meanwhile(&socket, send(dir.path(), longest)).await;
    assert_eq!(answer, "\"done\"\n");
}

#[tokio::test]
async fn a_request_nobody_knows_is_refused_without_repeating_it() {
    let dir = a_directory();
    let socket = ControlSocket::open(dir.path()).expect("a socket");
    for unknown in [
        "\"hunter2\"\n",
        "{\"create_admin\": \"hunter2\"}\n",
        "{\"reset_password\": {\"email\": \"a\", \"password\": \"hunter2\", \"x\": 1}}\n",
        "hunter2\n",
        "\"status\" \"status\"\n",
    ] {
        let answer = meanwhile(&socket, send(dir.path(), unknown.into())).await;
        assert!(answer.contains("unknown_request"), "{answer}");
        assert!(!answer.contains("hunter2"), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_given_up() {
    let (shop, mut command) = UnixStream::pair().expect("a pair of sockets");
    converse(shop, &echo, Duration::ZERO).await;
    let mut answer = Vec::new();
    command.read_to_end(&mut answer).await.expect("the end");
    assert!(answer.is_empty());
}

#[tokio::test]
async fn a_connection_that_only_looks_in_is_no_request() {
    let (shop, command) = UnixStream::pair().expect("a pair of sockets");
    drop(command);
    let asked = Cell::new(false);
    let handler = |_| {
        asked.set(true);
        async { ControlAnswer::Done }
    };
    exchange(shop, &handler).await.expect("no fault");
    assert!(!asked.get());
}

#[tokio::test]
async fn a_silent_connection_does_not_keep_others_waiting() {
    let dir = a_directory();
    let socket = ControlSocket::open(dir.path()).expect("a socket");
    let path = dir.path().to_owned();
    let answer = meanwhile(&socket, move || {
        let silent = || net::UnixStream::connect(path.join(SOCKET)).expect("a connection");
        let _silent: Vec<_> = (1..CONNECTIONS_MAX).map(|_| silent()).collect();
        call(&path, &ControlRequest::Status)
    });
    assert_eq!(answer.await.expect("an answer"), ControlAnswer::Done);
}

#[tokio::test]
async fn further_connections_wait_until_one_has_ended() {
    let dir = a_directory();
    let socket = ControlSocket::open(dir.path()).expect("a socket");
    let connect = || async { UnixStream::connect(dir.path().join(SOCKET)).await };
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        silent.push(connect().await.expect("a connection"));
    }
    let mut waiting = connect().await.expect("a connection");
    waiting.write_all(b"\"status\"\n").await.expect("a request");
    let mut serving = pin!(socket.serve(echo));
    tokio::select! { never = &mut serving => match never {}, () = a_thousand_turns() => {} }
    let unanswered = waiting.try_read(&mut [0; 1]).expect_err("no answer yet").kind();
    assert_eq!(unanswered, io::ErrorKind::WouldBlock);
    silent.pop();
    let mut answer = String::new();
    tokio::select! {
        never = &mut serving => match never {},
        read = waiting.read_to_string(&mut answer) => drop(read.expect("an answer")),
    }
    assert_eq!(answer, "\"done\"\n");
}

/// Lets everything that can go on go on.
async fn a_thousand_turns() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_password_does_not_print() {
    let request = create_admin("hunter2");
    assert!(!format!("{request:?}").contains("hunter2"));
}
