//! Terms of the store as a whole.

use std::os::unix::fs::PermissionsExt;

use super::{testing::*, *};

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let shop = Shop::new();
    shop.adds(1, 5).expect("kept");
    shop.labels(1, "rent").expect("kept");
    shop.adds(2, 7).expect("kept");
    assert_eq!(shop.coins(1), 5);

    let (shop, report) = shop.reopened();
    assert_eq!(report.rebuilt, None);
    assert_eq!(report.torn, None);
    assert_eq!((shop.coins(1), shop.coins(2), shop.coins(3)), (5, 7, 0));
    let found = shop.reader.row(&jar_by_label("rent")).expect("a row");
    assert_eq!(found, Some(vec![1; 16]));
    assert_eq!(shop.reader.get::<Jar>(jar(1)).expect("a jar").version, 2);
}

#[test]
fn a_second_process_on_the_same_folder_is_refused_at_once() {
    let shop = Shop::new();
    let second = open(shop.folder.path()).map(|_| ());
    assert!(matches!(second, Err(StoreFault::Locked { .. })), "{second:?}");
    shop.adds(1, 1).expect("the first is unharmed");
}

#[test]
fn the_folder_is_closed_to_others() {
    let shop = Shop::new();
    let mode = std::fs::metadata(shop.folder.path()).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_request_is_recognised_until_it_is_forgotten() {
    let shop = Shop::new();
    let made = Some(Made { kind: "jar".into(), id: jar(1).to_string() });
    let request = RequestKey { scope: [1; 32], body: [2; 32], made };
    let mut commit = commit_on(&shop.reader, shop.store.epoch(), jar(1), &[JarEvent::Broken]);
    commit.key = Some(request.clone());
    shop.store.submit(commit).1.wait().expect("kept");
    let answer = StoredAnswer { status: 201, headers: Vec::new(), body: b"made".to_vec() };
    shop.store.keep_answer([1; 32], &answer);
    let at_once = shop.reader.answer(&[1; 32]).expect("readable");
    assert_eq!(at_once.as_ref(), Some(&answer), "a quick repetition is answered alike");
    shop.adds(2, 1).expect("kept");

    let (shop, _) = shop.reopened();
    let found = shop.reader.request(&[1; 32]).expect("readable");
    assert_eq!(found.map(|kept| kept.request), Some(request));
    assert_eq!(shop.reader.answer(&[1; 32]).expect("readable"), Some(answer));

    let mut commit = commit_on(&shop.reader, shop.store.epoch(), jar(3), &[JarEvent::Broken]);
    commit.forget_keys = vec![[1; 32]];
    shop.store.submit(commit).1.wait().expect("kept");
    assert_eq!(shop.reader.request(&[1; 32]).expect("readable"), None);
    assert_eq!(shop.reader.answer(&[1; 32]).expect("readable"), None);
}

#[test]
fn who_follows_the_journal_reads_every_commit_once() {
    let shop = Shop::new();
    shop.adds(1, 1).expect("kept");
    shop.adds(2, 2).expect("kept");
    let mut follower = shop.store.follow(1);
    let read = |follower: &mut Follower| -> Vec<String> {
        let entries = follower.read(10).expect("entries");
        let written = |entry: &Entry| Written::read(entry.seq, &entry.payload).expect("readable");
        entries.iter().map(|entry| written(entry).changes[0].events.get().to_owned()).collect()
    };
    assert_eq!(read(&mut follower), [r#"[{"coins_added":{"coins":2}}]"#]);
    assert!(read(&mut follower).is_empty());
    shop.adds(3, 3).expect("kept");
    assert_eq!(read(&mut follower), [r#"[{"coins_added":{"coins":3}}]"#]);
}

#[test]
fn a_line_of_the_journal_reads_as_agreed() {
    let shop = Shop::new();
    let mut commit =
        commit_on(&shop.reader, 1, jar(1), &[JarEvent::CoinsAdded { coins: 1 }, JarEvent::Broken]);
    commit.key = Some(RequestKey { scope: [0xab; 32], body: [0; 32], made: None });
    commit.forget_keys = vec![[1; 32]];
    shop.store.submit(commit).1.wait().expect("kept");
    let entry = shop.store.follow(0).read(1).expect("entries").remove(0);
    let line = String::from_utf8(entry.payload).expect("text");
    let (ab, zero, one) = ("ab".repeat(32), "00".repeat(32), "01".repeat(32));
    let key = format!(r#"{{"scope":"{ab}","body":"{zero}","made":null}}"#);
    let id = "01010101-0101-0101-0101-010101010101";
    let events = r#"[{"coins_added":{"coins":1}},"broken"]"#;
    let changes = format!(r#"[{{"kind":"jar","id":"{id}","version":1,"events":{events}}}]"#);
    let head = r#"{"at":1000,"who":"shop""#;
    assert_eq!(
        line,
        format!("{head},\"key\":{key},\"forget\":\"{one}\",\"changes\":{changes}}}\n")
    );
}

#[test]
fn a_first_start_is_quick_and_leaves_a_small_journal() {
    let shop = Shop::new();
    let first = shop.folder.path().join("journal").join(journal::segment::name_of(1));
    assert_eq!(std::fs::metadata(first).expect("a segment").len(), 4 << 20);
    assert_eq!(shop.store.health().journal_bytes, 0);
    assert_eq!(shop.store.now_floor(), Timestamp::default());
    shop.adds(1, 1).expect("kept");
    assert_eq!(shop.store.now_floor(), Timestamp::from_millis(1_000));
}

#[test]
fn damage_in_an_old_part_of_the_journal_is_found_while_the_shop_goes_on() {
    let small = StoreOptions { segment_bytes: 16 << 10, sealed_bytes_read_max: 0, ..options() };
    let shop = Shop::with(small.clone());
    for number in 1..=60 {
        shop.labels(number, &"much ".repeat(100)).expect("kept");
    }
    let folder = shop.closed();
    let journal = journal::dir_of(folder.path());
    let segments = journal::segment::list(&journal).expect("segments");
    assert!(segments.len() > 2, "{segments:?}");
    let (_, oldest) = &segments[0];
    let mut bytes = std::fs::read(oldest).expect("a segment");
    bytes[1_000] ^= 1;
    std::fs::write(oldest, bytes).expect("written");

    let (store, _) = Store::open(folder.path(), jars(), small, &Silent).expect("it opens");
    let found = (0..LOOKS_MAX).find_map(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(1));
        store.health().damage
    });
    assert!(matches!(found, Some(StoreFault::Damaged { .. })), "{found:?}");
    let reader = store.reader();
    let commit = commit_on(&reader, store.epoch(), jar(1), &[JarEvent::CoinsAdded { coins: 1 }]);
    store.submit(commit).1.wait().expect("the state holds what it needs");
}

/// More milliseconds than a small journal takes to be read in the background.
const LOOKS_MAX: u32 = 30_000;
