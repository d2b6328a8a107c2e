//! The register: what is filed is found by the beginning of any of its words, newest first.

use tempfile::TempDir;

use super::*;
use crate::domain::ids::OrderId;

struct Desk {
    register: Register,
    filing: Filing,
    _dir: TempDir,
}

impl Desk {
    fn new() -> Desk {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (register, filing, standing) = Register::open(dir.path()).expect("a register");
        assert_eq!(standing, None);
        Desk { register, filing, _dir: dir }
    }

    fn files(&mut self, number: u8, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let at = Timestamp::from_millis(i64::from(number));
        let card = Card { filed: Filed::Order, id: [number; 16], at, texts };
        self.filing.put(&card).expect("room");
    }

    fn commits(&mut self, position: u64) {
        self.filing.commit(Some(Standing { position, timeline: 1 })).expect("room");
        self.register.show(position).expect("a page");
    }

    fn finds(&self, text: &str) -> Vec<u8> {
        self.finds_after(text, None, 100)
    }

    fn finds_after(&self, text: &str, after: Option<Spot>, limit: usize) -> Vec<u8> {
        let (from, to) = (None, None);
        let lookup = Lookup { filed: Filed::Order, text, from, to, after, limit };
        let found = self.register.look_up(&lookup).expect("a register");
        found.iter().map(|spot| spot.id::<OrderId>().bytes()[0]).collect()
    }
}

#[test]
fn a_card_is_found_by_the_beginning_of_any_of_its_words() {
    let mut desk = Desk::new();
    desk.files(1, &["1001", "ada.byron@example.com", "Ada Byron", "TEA-250"]);
    desk.files(2, &["1002", "zoe@example.com", "Zoë Müller-Ünal", "CUP-1"]);
    desk.files(3, &["11002", "ada@shop.test", "Adalbert Byrne", "TEA-500"]);
    desk.commits(7);
    for (text, found) in [
        ("1001", &[1][..]),
        ("#100", &[2, 1]),
        ("ada", &[3, 1]),
        ("ADA.byron@exa", &[1]),
        ("example.com", &[2, 1]),
        ("@shop.te", &[3]),
        ("z", &[2]),
        ("byr ad", &[3, 1]),
        ("byron ada", &[1]),
        ("muller", &[2]),
        ("zoe unal", &[2]),
        ("tea-2", &[1]),
        ("250", &[1]),
        ("tea byrne 11", &[3]),
        ("nobody", &[]),
        ("", &[]),
        ("  # ", &[]),
        ("\u{0}*\"", &[]),
    ] {
        assert_eq!(desk.finds(text), found, "by {text:?}");
    }
    let other =
        Lookup { filed: Filed::Customer, text: "ada", from: None, to: None, after: None, limit: 9 };
    assert_eq!(desk.register.look_up(&other).expect("a register"), []);
    assert_eq!(desk.register.position(), 7);
}

#[test]
fn a_card_that_is_filed_again_is_found_as_it_is_now() {
    let mut desk = Desk::new();
    desk.files(1, &["Ada Byron"]);
    desk.commits(1);
    desk.files(1, &["Erased"]);
    desk.commits(2);
    assert_eq!((desk.finds("ada"), desk.finds("erased")), (vec![], vec![1]));
    desk.filing.remove(Filed::Order, [1; 16]).expect("room");
    desk.commits(3);
    assert_eq!((desk.finds("erased"), desk.register.size().1), (vec![], 0));
}

#[test]
fn pages_follow_one_another_though_newer_cards_come_in() {
    let mut desk = Desk::new();
    (10..30).for_each(|number| desk.files(number, &["Smith"]));
    desk.commits(1);
    assert_eq!(desk.finds_after("smith", None, 3), [29, 28, 27]);
    let spot = Spot { at: 27, id: u128::from_be_bytes([27; 16]) };
    assert_eq!(Spot::from_bytes(&spot.bytes()), Some(spot));
    desk.files(40, &["Smith"]);
    desk.commits(2);
    assert_eq!(desk.finds_after("smith", Some(spot), 3), [26, 25, 24]);
    let (from, to) = (Some(Timestamp::from_millis(12)), Some(Timestamp::from_millis(14)));
    let lookup = Lookup { filed: Filed::Order, text: "smith", from, to, after: None, limit: 9 };
    assert_eq!(desk.register.look_up(&lookup).expect("a register").len(), 3);
}
