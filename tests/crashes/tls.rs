//! TLS: the real binary with a certificate from files, and with another one while it runs.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bodega::{clock::Clock, domain::time::Timestamp};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs,
    pki_types::ServerName,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::support::process::{DEMO, Serving, run_in, verify};

/// A directory with the first certificate and its key.
struct Papers {
    dir: tempfile::TempDir,
}

impl Papers {
    fn new() -> Papers {
        let papers = Papers { dir: tempfile::tempdir().expect("a temporary directory") };
        papers.exchange("first");
        papers
    }

    fn exchange(&self, name: &str) {
        for part in ["certificate", "key"] {
            let from = example(&format!("{name}.{part}.pem"));
            fs::copy(from, self.path(part)).expect("a copy");
        }
    }

    fn path(&self, part: &str) -> PathBuf {
        self.dir.path().join(format!("{part}.pem"))
    }

    /// The settings that use them, beside those of every test.
    fn chosen<R>(&self, with: impl FnOnce(&[(&str, &str)]) -> R) -> R {
        let (certificate, key) = (self.path("certificate"), self.path("key"));
        let text = |path: &PathBuf| path.to_str().expect("a path in UTF-8").to_owned();
        let (certificate, key) = (text(&certificate), text(&key));
        let mut chosen = DEMO.to_vec();
        chosen.push(("BODEGA_HTTP__TLS__CERTIFICATE", &certificate));
        chosen.push(("BODEGA_HTTP__TLS__KEY", &key));
        with(&chosen)
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(example(&format!("{name}.certificate.pem"))).expect("a PEM")
}

/// What the shop answers to somebody who trusts nobody but this certificate.
fn asked(address: SocketAddr, trusted: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(trusted)).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(client, stream);
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // The server may close without saying so in TLS; what was read counts.
        Err(fault) if fault.kind() != std::io::ErrorKind::UnexpectedEof => return Err(fault),
        Ok(_) | Err(_) => {}
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn the_shop_speaks_tls_and_takes_a_new_certificate_while_it_runs() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let papers = Papers::new();
    let serving = papers.chosen(|chosen| Serving::start_with(&dir, chosen));
    assert!(serving.ready.contains("https://"), "{}", serving.ready);
    let answer = asked(serving.address, "first").expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("live"), "{answer}");
    asked(serving.address, "second").expect_err("nobody vouches for another certificate");

    papers.exchange("second");
    serving.hang_up();
    let watch = Clock::of_machine(Timestamp::default());
    while asked(serving.address, "second").is_err() {
        assert!(watch.running() < PATIENCE, "the new certificate is never shown");
    }
    asked(serving.address, "first").expect_err("the old certificate is shown no more");
    serving.stop();
    verify(&dir);
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start_and_is_found_by_a_check() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let papers = Papers::new();
    fs::copy(example("second.key.pem"), papers.path("key")).expect("a copy");
    for command in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ended = papers.chosen(|chosen| run_in(command, &dir, chosen));
        assert_eq!(ended.code, Some(78), "{ended:?}");
        assert!(ended.err.contains("does not fit to"), "{ended:?}");
    }
    let half = [("BODEGA_HTTP__TLS__KEY", "/etc/key.pem")];
    let ended = run_in(&["config", "check"], &dir, &half);
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert!(ended.err.contains("set together with `http.tls.certificate`"), "{ended:?}");
}

/// A machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);
