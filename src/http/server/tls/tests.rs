//! A certificate and its key: read together, exchanged together, or not at all.

use std::fs;

use super::*;

/// The example of this name.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

fn files(certificate: &str, key: &str) -> TlsFiles {
    TlsFiles { certificate: example(certificate), key: example(key) }
}

#[test]
fn a_certificate_is_shown_with_its_own_key_only() {
    let sound = Certificate::read(files("first.certificate.pem", "first.key.pem"));
    assert!(sound.expect("a pair").server_config().is_ok());
    for (certificate, key, why) in [
        ("first.certificate.pem", "second.key.pem", "second.key.pem does not fit to "),
        ("first.certificate.pem", "nobody.pem", "nobody.pem: "),
        ("first.key.pem", "first.key.pem", "first.key.pem: there is no certificate in it"),
        ("first.certificate.pem", "first.certificate.pem", "first.certificate.pem: "),
        ("README.md", "first.key.pem", "README.md: there is no certificate in it"),
    ] {
        let refused = Certificate::read(files(certificate, key)).expect_err("no pair");
        assert!(refused.to_string().contains(why), "{refused}");
    }
}

#[test]
fn files_that_cannot_be_used_leave_the_old_certificate_in_use() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    let put = |from: &str, to: &str| {
        fs::copy(example(from), at(to)).expect("a copy");
    };
    put("first.certificate.pem", "certificate.pem");
    put("first.key.pem", "key.pem");
    let files = TlsFiles { certificate: at("certificate.pem"), key: at("key.pem") };
    let certificate = Certificate::read(files).expect("a pair");
    let shown = || certificate.shown.load().cert.clone();
    let first = shown();
    put("second.certificate.pem", "certificate.pem");
    certificate.read_again().expect_err("only half of the new pair is there");
    assert_eq!(shown(), first);
    put("second.key.pem", "key.pem");
    certificate.read_again().expect("a pair");
    assert_ne!(shown(), first);
}
