//! Which receivers are spoken to, and which are not.

use super::*;

fn post(reach: Reach) -> LetterPost {
    LetterPost::new(reach).expect("a client")
}

#[test]
fn only_encrypted_addresses_outside_are_fit_unless_all_are_allowed() {
    use UnfitUrl::{HoldsCredentials, NotAnUrl, NotEncrypted, Private};
    for (url, expected) in [
        ("https://hooks.example/bodega", Ok(())),
        ("https://hooks.example:8443/bodega?x=1", Ok(())),
        ("https://8.8.8.8/", Ok(())),
        ("http://hooks.example/", Err(NotEncrypted)),
        ("https://127.0.0.1/", Err(Private)),
        ("https://0x7f.1/", Err(Private)),
        ("https://2130706433/", Err(Private)),
        ("https://[::1]/", Err(Private)),
        ("https://[::ffff:10.0.0.1]/", Err(Private)),
        ("https://169.254.169.254/latest/", Err(Private)),
        ("https://localhost/", Err(Private)),
        ("https://LOCALHOST./", Err(Private)),
        ("https://any.localhost/", Err(Private)),
        ("https://user@hooks.example/", Err(HoldsCredentials)),
        ("https://user:word@hooks.example/", Err(HoldsCredentials)),
        ("ftp://hooks.example/", Err(NotAnUrl)),
        ("hooks.example", Err(NotAnUrl)),
        ("https://", Err(NotAnUrl)),
    ] {
        assert_eq!(post(Reach::Public).judge(url), expected, "{url}");
        let inside = matches!(expected, Err(Private | NotEncrypted)).then_some(Ok(()));
        assert_eq!(post(Reach::Anywhere).judge(url), inside.unwrap_or(expected), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_not_spoken_to() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    listener.set_nonblocking(true).expect("no waiting");
    // The judging resolver itself, by a name that is always there and stands for loopback.
    let resolved = Judging { reach: Reach::Public }.resolve("localhost".parse().expect("a name"));
    assert!(resolved.await.is_err_and(|error| error.is::<AllPrivate>()));
    let resolved = Judging { reach: Reach::Anywhere }.resolve("localhost".parse().expect("a name"));
    assert!(resolved.await.is_ok_and(|mut found| found.all(|address| address.ip().is_loopback())));
    // And in the client: the judgement of the address is passed by, as if the name were public.
    let http = LetterPost::new(Reach::Public).expect("a client").http;
    let sent = http.post(format!("http://localhost:{port}/")).body("x").send().await;
    let words = sent.map(|_| ()).map_err(|error| words_of(&error));
    assert_eq!(words, Err(PRIVATE));
    let nobody = listener.accept().expect_err("nobody came");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn who_wants_to_be_left_alone_may_say_so_in_seconds_or_by_a_date() {
    let noon = "Mon, 30 Nov 2026 12:00:00 GMT";
    for (said, date, wanted) in [
        ("120", "", Some(120)),
        (" 120 ", noon, Some(120)),
        ("Mon, 30 Nov 2026 12:02:00 GMT", noon, Some(120)),
        ("Mon, 30 Nov 2026 11:59:00 GMT", noon, None),
        ("Mon, 30 Nov 2026 12:02:00 GMT", "", None),
        ("Mon, 30 Nov 2026 12:02:00 GMT", "noon", None),
        ("Fri, 04 Dec 2026 12:00:00 GMT", noon, Some(86_400)),
        ("99999999", noon, Some(86_400)),
        ("-1", noon, None),
        ("soon", noon, None),
        ("", noon, None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, said.parse().expect("a header"));
        headers.insert(DATE, date.parse().expect("a header"));
        assert_eq!(retry_after(&headers), wanted.map(Duration::from_secs), "{said:?}, {date:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new()), None);
}
