//! What a verification finds.

use std::fs;

use super::{
    super::{Kept, Key, RequestKey, Silent, StoredAnswer, testing::*},
    *,
};

fn verified(dir: &Path, checks: &[Box<dyn Check>]) -> VerifyReport {
    verify(dir, &jars(), options(), checks, &Silent).expect("a verification")
}

struct NobodyIsRich;

impl Check for NobodyIsRich {
    fn name(&self) -> &'static str {
        "nobody is rich"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut findings = Vec::new();
        for jar in reader.all::<Jar>() {
            let (id, jar) = jar?;
            if jar.state.coins > 100 {
                findings.push(Finding { what: "too many coins".into(), place: id.to_string() });
            }
        }
        Ok(findings)
    }
}

fn sound_shop() -> Shop {
    let shop = Shop::new();
    for number in 1..=30 {
        shop.labels(number, &format!("jar {}", number % 7)).expect("kept");
        shop.adds(number, 5).expect("kept");
    }
    shop.does(3, &[JarEvent::Broken]).expect("kept");
    let mut commit = commit_on(
        &shop.reader,
        shop.store.epoch(),
        jar(1),
        &[JarEvent::Labelled { label: "x".repeat(50_000) }],
    );
    commit.key = Some(RequestKey { scope: [1; 32], body: [2; 32], made: None });
    shop.store.submit(commit).1.wait().expect("kept");
    let answer = StoredAnswer { status: 201, headers: Vec::new(), body: vec![7; 40_000] };
    shop.store.keep_answer([1; 32], &answer);
    shop
}

#[test]
fn state_made_again_equals_the_live_state_byte_for_byte() {
    let folder = sound_shop().closed();
    let report = verified(folder.path(), &[Box::new(NobodyIsRich)]);
    assert_eq!(report.findings, []);
    assert_eq!(report.commits, 62);
    assert!(report.compared > 60);
    assert!(!folder.path().join("verify.tmp").exists());
}

#[test]
fn a_state_that_says_something_else_than_the_journal_is_found() {
    let folder = sound_shop().closed();
    let state = State::open(&folder.path().join("state")).expect("the state");
    let mut body = 99_u64.to_le_bytes().to_vec();
    body.extend(super::super::codec::encode(&Jar::default()).expect("encoded"));
    let writes = vec![
        (Key::record(Jar::TAG, &jar(5)), Some(body)),
        (jar_by_label("forged"), Some(vec![1])),
        (jars_by_coins(5, jar(6)), None),
    ];
    state.put(writes).expect("written");
    state.sync().expect("flushed");
    drop(state);
    let report = verified(folder.path(), &[]);
    let whats: Vec<&str> = report.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(whats.len(), 3, "{:?}", report.findings);
    assert!(whats.contains(&"it differs from the journal"));
    assert!(whats.contains(&"the journal knows nothing of it"));
    assert!(whats.contains(&"the state lacks it"));
}

#[test]
fn the_shops_own_checks_are_asked() {
    let shop = sound_shop();
    shop.adds(9, 200).expect("kept");
    let report = verified(shop.closed().path(), &[Box::new(NobodyIsRich)]);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].what, "nobody is rich: too many coins");
}

#[test]
fn damage_of_the_journal_is_a_finding() {
    let folder = sound_shop().closed();
    let segment = folder.path().join("journal").join(journal::segment::name_of(1));
    let mut bytes = fs::read(&segment).expect("a segment");
    bytes[500] ^= 1;
    fs::write(&segment, bytes).expect("damaged");
    let report = verified(folder.path(), &[]);
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].place.contains(&journal::segment::name_of(1)));
}
