//! The signing secret: made once, read back, refused when it cannot be trusted.

use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;

use super::*;

/// A directory whose file `secret` holds these bytes under these permissions.
fn a_directory_with(bytes: &[u8], mode: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(FILE);
    fs::write(&path, bytes).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
    dir
}

fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).expect("random bytes");
    bytes
}

#[test]
fn the_first_start_makes_a_secret_and_later_ones_find_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let made = signing_secret(dir.path()).expect("a secret");
    let found = signing_secret(dir.path()).expect("a secret");
    assert_eq!(made.expose_secret(), found.expose_secret());
    assert_eq!(made.expose_secret().len(), 32);
    let mode = fs::metadata(dir.path().join(FILE)).expect("a file").mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!dir.path().join(UNFINISHED).exists());
}

#[test]
fn every_shop_has_a_secret_of_its_own() {
    let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
    let one = signing_secret(one.expect("a directory").path()).expect("a secret");
    let other = signing_secret(other.expect("a directory").path()).expect("a secret");
    assert_ne!(one.expose_secret(), other.expose_secret());
}

#[test]
fn half_a_secret_of_a_crash_is_never_used() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join(UNFINISHED), b"half").expect("a file");
    let made = signing_secret(dir.path()).expect("a secret");
    assert_eq!(made.expose_secret().len(), 32);
}

#[test]
fn a_secret_of_the_owners_choice_is_used() {
    let chosen = random_bytes(100);
    let dir = a_directory_with(&chosen, 0o400);
    assert_eq!(signing_secret(dir.path()).expect("a secret").expose_secret(), chosen);
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
        let dir = a_directory_with(&random_bytes(32), mode);
        let refused = signing_secret(dir.path()).expect_err("open to others");
        assert!(matches!(refused, SecretFault::Exposed(_)), "{mode:o}: {refused}");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    for weak in [vec![], random_bytes(31), random_bytes(4097), vec![0; 32], b"ab".repeat(20)] {
        let dir = a_directory_with(&weak, 0o600);
        let refused = signing_secret(dir.path()).expect_err("weak");
        assert!(matches!(refused, SecretFault::Weak(_)), "{} bytes: {refused}", weak.len());
    }
}

#[test]
fn what_is_not_a_file_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join(FILE)).expect("a directory");
    let refused = signing_secret(dir.path()).expect_err("a directory");
    assert!(matches!(refused, SecretFault::NotAFile(_)), "{refused}");
}

#[test]
fn a_missing_directory_is_told() {
    let refused = signing_secret(Path::new("missing/var")).expect_err("no directory");
    assert!(refused.to_string().starts_with("missing/var/secret cannot be used"), "{refused}");
}

#[test]
fn the_secret_does_not_print() {
    let dir = a_directory_with(b"0123456789abcdef0123456789abcdef", 0o600);
    let secret = signing_secret(dir.path()).expect("a secret");
    assert!(!format!("{secret:?}").contains("48"), "{secret:?}");
}
