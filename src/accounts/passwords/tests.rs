//! Passwords: what is kept of them, and what is told about them.

use super::*;

fn word(text: &str) -> SecretString {
    SecretString::from(text)
}

fn pool() -> Passwords {
    Passwords::start().expect("a pool")
}

#[tokio::test]
async fn a_password_opens_its_own_hash_and_no_other_does() {
    let pool = pool();
    let kept = pool.hash(word("correct horse battery")).await.expect("a hash");
    for (shown, opens) in [
        ("correct horse battery", true),
        ("Correct horse battery", false),
        ("correct horse battery ", false),
        ("", false),
    ] {
        let answer = pool.verify(word(shown), Some(kept.clone())).await;
        assert_eq!(answer, Ok(opens), "for `{shown}`");
    }
}

#[tokio::test]
async fn a_password_of_letters_beyond_ascii_opens_its_hash() {
    let pool = pool();
    let kept = pool.hash(word("пароль от магазина 🗝")).await.expect("a hash");
    assert_eq!(pool.verify(word("пароль от магазина 🗝"), Some(kept)).await, Ok(true));
}

#[test]
fn a_hash_is_argon2id_with_a_salt_of_its_own_and_does_not_hold_the_password() {
    let [one, other] = [(); 2].map(|()| hash(&word("correct horse battery")).expect("a hash"));
    assert_ne!(one, other);
    assert!(one.phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.phc());
    assert!(!one.phc().contains("horse"));
    assert_eq!(format!("{one:?}"), "PasswordHash(…)");
}

#[tokio::test]
async fn without_an_account_even_the_decoys_own_password_opens_nothing() {
    let pool = pool();
    for shown in ["nobody's password", "correct horse battery"] {
        assert_eq!(pool.verify(word(shown), None).await, Ok(false));
    }
}

#[test]
fn without_an_account_the_same_work_is_done() {
    let cost = |hash: &PasswordHash| {
        hash.phc().rsplitn(3, '$').last().expect("algorithm and cost").to_owned()
    };
    assert_eq!(cost(&pool().decoy), cost(&hash(&word("any")).expect("a hash")));
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_is_opened_by_nothing() {
    let pool = pool();
    for kept in ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$"] {
        let kept = PasswordHash::new(kept.to_owned());
        assert_eq!(pool.verify(word("plain"), Some(kept)).await, Ok(false));
    }
}

#[tokio::test]
async fn when_too_many_passwords_wait_the_answer_is_busy() {
    let (jobs, queue) = mpsc::sync_channel(0);
    let (decoy, waiting) = (PasswordHash::default(), Arc::default());
    let pool = Passwords { jobs, decoy, waiting };
    assert_eq!(pool.hash(word("any")).await, Err(PasswordFault::Busy));
    assert_eq!(pool.verify(word("any"), None).await, Err(PasswordFault::Busy));
    assert_eq!(pool.waiting(), 0, "who was sent away does not wait");
    drop(queue);
}

#[test]
fn what_everybody_tries_first_is_common_in_any_case() {
    for common in ["password", "PassWord", "12345678", "qwertyuiop"] {
        assert!(is_common(common), "{common}");
    }
    for uncommon in ["", "passwor", "correct horse battery", "password\n12345678"] {
        assert!(!is_common(uncommon), "{uncommon}");
    }
}

#[test]
fn the_list_of_common_passwords_holds_what_could_be_chosen() {
    for common in COMMON_PASSWORDS.lines() {
        assert!(common.chars().count() >= 8, "`{common}` is too short to be chosen");
        assert_eq!(common, common.to_lowercase(), "it is compared in lower case");
    }
}
