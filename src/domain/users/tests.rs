//! Accounts, sessions and address books as scripts, and random histories against small models.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::ids::Identity;

/// A user, and a clock that moves when the script says so.
struct Desk {
    user: User,
    at: Timestamp,
    history: Vec<(UserEvent, Stamp)>,
}

impl Desk {
    fn stranger() -> Desk {
        Desk { user: User::default(), at: Timestamp::default(), history: vec![] }
    }

    fn with_ada() -> Desk {
        let mut desk = Desk::stranger();
        let made = desk.user.register(ada()).expect("a new account");
        desk.take(made);
        desk
    }

    fn take(&mut self, events: Vec<UserEvent>) {
        let stamp = Stamp { at: self.at, ..Stamp::default() };
        for event in events {
            self.user.apply(&event, &stamp);
            self.history.push((event, stamp));
        }
        assert_eq!(self.user.check(), Ok(()));
    }

    fn refresh(&mut self, device: &str, generation: u32) -> Result<u32, UserRefusal> {
        let expires_at = self.at.plus_millis(SESSION_MILLIS);
        let refreshed = self.user.refresh(id(device), generation, self.at, expires_at);
        self.take(refreshed.events);
        refreshed.generation
    }

    fn decide(&mut self, words: &[&str]) -> Result<(), UserRefusal> {
        let (user, at) = (&self.user, self.at);
        let events = match words {
            ["wait", seconds] => {
                self.at = at.plus_millis(seconds.parse::<i64>().expect("seconds") * 1000);
                vec![]
            }
            ["sign-in", device] => {
                user.open_session(id(device), device, "::1", at.plus_millis(SESSION_MILLIS))?
            }
            ["sign-out", device] => user.close_session(id(device))?,
            ["refresh", device, generation] => {
                return self.refresh(device, generation.parse().expect("a number")).map(drop);
            }
            ["password", text] => user.change_password(hash(text), None)?,
            ["password", text, "keep", device] => {
                user.change_password(hash(text), Some(id(device)))?
            }
            ["forgot", token] => user.request_reset(token_hash(token), at.plus_minutes(30))?,
            ["reset", token, text] => user.reset_password(token_hash(token), at, hash(text))?,
            ["set", text] => user.set_password(hash(text))?,
            ["profile", username, email] => {
                user.change_profile((*username).into(), (*email).into(), None)?
            }
            ["role", name, "of", admins] => {
                let role = Role::named(name).expect("a role");
                user.change_role(role, admins.parse().expect("a number"))?
            }
            ["erase", "orders", orders, "admins", admins] => {
                let number = |word: &str| word.parse().expect("a number");
                user.erase(number(orders), number(admins))?
            }
            ["add", what] => user.add_address(id(what), place(what), Standing::Ordinary)?,
            ["add", what, "default"] => {
                user.add_address(id(what), place(what), Standing::Default)?
            }
            ["add", what, "at", street] => {
                user.add_address(id(what), place(street), Standing::Ordinary)?
            }
            ["move", what, street] => {
                user.change_address(id(what), place(street), Standing::Ordinary)?
            }
            ["default", what] => {
                let fields = user.addresses.get(&id(what)).map(|there| there.fields.clone());
                user.change_address(id(what), fields.unwrap_or_default(), Standing::Default)?
            }
            ["remove", what] => user.remove_address(id(what))?,
            _ => panic!("unknown command `{words:?}`"),
        };
        self.take(events);
        Ok(())
    }

    /// Sessions as `phone 1`, addresses as `home*`, in their order.
    fn shown(&self) -> String {
        let sessions = self.user.sessions.values();
        let sessions = sessions.map(|session| format!("{} {}", session.device, session.generation));
        let book = self.user.address_book().into_iter();
        let book = book.map(|address| {
            format!("{}{}", address.fields.street, if address.is_default { "*" } else { "" })
        });
        let shown: Vec<String> = sessions.chain(book).collect();
        if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
    }
}

/// Runs a script of `command => outcome` lines against Ada's new account.
#[track_caller]
fn check(script: &str) -> Desk {
    let mut desk = Desk::with_ada();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let outcome = match desk.decide(&words) {
            Ok(()) => desk.shown(),
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
    desk
}

fn ada() -> Registration {
    Registration {
        user: id("ada"),
        username: "Ada".into(),
        email: " Ada@Example.com".into(),
        phone: Some("+44 20".into()),
        password: hash("first"),
        role: Role::Customer,
    }
}

fn id<I: Identity>(word: &str) -> I {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(word.bytes()).for_each(|(byte, letter)| *byte = letter);
    I::from_bytes(bytes)
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id${text}"))
}

fn token_hash(text: &str) -> TokenHash {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(text.bytes()).for_each(|(byte, letter)| *byte = letter);
    TokenHash(bytes)
}

fn place(street: &str) -> AddressFields {
    AddressFields { street: street.into(), ..AddressFields::default() }
}

#[test]
fn registering_twice_is_registering_once() {
    let desk = Desk::with_ada();
    assert_eq!(desk.user.email_folded, "ada@example.com");
    assert_eq!(desk.user.register(ada()), Ok(vec![]));
    let other = Registration { username: "Bob".into(), ..ada() };
    assert_eq!(desk.user.register(other), Err(UserRefusal::AlreadyRegistered));
}

#[test]
fn only_an_admin_gives_roles() {
    let refused = Err(UserRefusal::RoleNotAllowed);
    assert_eq!(Role::may_grant(None, Role::Customer), Ok(()));
    assert_eq!(Role::may_grant(None, Role::Admin), refused);
    assert_eq!(Role::may_grant(Some(Role::InventoryManager), Role::InventoryManager), refused);
    assert_eq!(Role::may_grant(Some(Role::Admin), Role::InventoryManager), Ok(()));
}

#[test]
fn a_refresh_token_is_exchanged_for_the_next() {
    check(
        "sign-in phone       => phone 0
         refresh phone 0     => phone 1
         refresh phone 1     => phone 2
         refresh tablet 0    => this sign-in has ended
         sign-out phone      => nothing
         refresh phone 2     => this sign-in has ended
         sign-out phone      => no such session",
    );
}

#[test]
fn a_lost_answer_is_forgiven_for_ten_seconds() {
    check(
        "sign-in phone       => phone 0
         refresh phone 0     => phone 1
         wait 10             => phone 1
         refresh phone 0     => phone 1
         refresh phone 1     => phone 2
         wait 11             => phone 2
         refresh phone 1     => this sign-in was used twice and has been ended
         refresh phone 2     => this sign-in has ended",
    );
}

#[test]
fn an_older_token_ends_its_session_at_once_and_no_other() {
    check(
        "sign-in phone       => phone 0
         sign-in laptop      => laptop 0, phone 0
         refresh phone 0     => laptop 0, phone 1
         refresh phone 1     => laptop 0, phone 2
         refresh phone 0     => this sign-in was used twice and has been ended
         refresh phone 2     => this sign-in has ended
         refresh laptop 0    => laptop 1",
    );
}

#[test]
fn a_token_the_shop_has_not_made_yet_is_refused() {
    check(
        "sign-in phone       => phone 0
         refresh phone 1     => this sign-in has ended
         refresh phone 0     => phone 1",
    );
}

#[test]
fn a_session_ends_by_itself_unless_it_is_used() {
    check(
        "sign-in phone       => phone 0
         wait 99             => phone 0
         refresh phone 0     => phone 1
         wait 99             => phone 1
         refresh phone 1     => phone 2
         wait 100            => phone 2
         refresh phone 2     => this sign-in has ended",
    );
}

#[test]
fn the_session_unused_for_longest_makes_room() {
    let mut desk = Desk::with_ada();
    for device in 0..SESSIONS_MAX {
        desk.decide(&["sign-in", &format!("d{device}")]).expect("room");
        desk.decide(&["wait", "1"]).expect("time");
    }
    desk.decide(&["refresh", "d0", "0"]).expect("a live session");
    desk.decide(&["sign-in", "phone"]).expect("room is made");
    desk.decide(&["sign-in", "phone"]).expect("it is there already");
    assert_eq!(desk.user.sessions.len(), SESSIONS_MAX);
    let gone = id::<SessionId>("d1");
    assert!(!desk.user.sessions.contains_key(&gone), "d1 was unused for longest");
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    check(
        "sign-in phone              => phone 0
         sign-in laptop             => laptop 0, phone 0
         password new keep phone    => phone 0
         password newer             => nothing
         sign-in phone              => phone 0
         set newest                 => nothing",
    );
}

#[test]
fn a_reset_link_works_once_and_not_for_long() {
    let desk = check(
        "reset r1 new        => this link is invalid or has expired
         sign-in phone       => phone 0
         forgot r1           => phone 0
         forgot r2           => phone 0
         reset r1 new        => this link is invalid or has expired
         reset r2 new        => nothing
         reset r2 newer      => this link is invalid or has expired
         forgot r3           => nothing
         wait 1800           => nothing
         reset r3 newer      => this link is invalid or has expired
         forgot r4           => nothing
         wait 1799           => nothing
         reset r4 newest     => nothing
         forgot r5           => nothing
         password last       => nothing
         reset r5 newest     => this link is invalid or has expired",
    );
    assert_eq!(desk.user.password, hash("last"));
}

#[test]
fn a_reset_link_dies_with_the_mailbox_it_went_to() {
    check(
        "forgot r1                   => nothing
         profile Ada ADA@example.com => nothing
         forgot r2                   => nothing
         profile Ada ada@other.org   => nothing
         reset r2 new                => this link is invalid or has expired",
    );
}

#[test]
fn the_last_admin_stays() {
    check(
        "role ADMIN of 0            => nothing
         role CUSTOMER of 0         => the last admin cannot go
         erase orders 0 admins 0    => the last admin cannot go
         role CUSTOMER of 1         => nothing
         role CUSTOMER of 0         => nothing",
    );
}

#[test]
fn an_erased_user_leaves_nothing_personal() {
    let desk = check(
        "sign-in phone              => phone 0
         add home                   => phone 0, home*
         forgot r1                  => phone 0, home*
         erase orders 1 admins 0    => there are paid orders still to be shipped
         erase orders 0 admins 0    => nothing
         erase orders 0 admins 0    => no such user
         sign-in phone              => no such user
         add home                   => no such user
         reset r1 new               => this link is invalid or has expired",
    );
    let nobody = User {
        id: id("ada"),
        created_at: desk.user.created_at,
        updated_at: desk.user.updated_at,
        deleted: true,
        ..User::default()
    };
    assert_eq!(desk.user, nobody);
    assert_eq!(desk.user.register(ada()), Err(UserRefusal::UnknownUser));
}

#[test]
fn the_first_address_is_the_default() {
    check(
        "add home            => home*
         wait 1              => home*
         add work            => home*, work
         wait 1              => home*, work
         add hut default     => hut*, work, home
         add hut             => hut*, work, home
         add hut at lane     => this address exists already with other content
         move work office    => hut*, office, home
         default work        => office*, hut, home
         default moon        => no such address
         move moon crater    => no such address",
    );
}

#[test]
fn the_oldest_address_inherits_the_default() {
    check(
        "add home            => home*
         wait 1              => home*
         add work            => home*, work
         wait 1              => home*, work
         add hut default     => hut*, work, home
         remove work         => hut*, home
         wait 1              => hut*, home
         add den             => hut*, den, home
         remove hut          => home*, den
         remove home         => den*
         remove den          => nothing
         remove den          => no such address",
    );
}

#[test]
fn an_address_book_has_fifty_entries() {
    let mut desk = Desk::with_ada();
    for entry in 0..ADDRESSES_MAX {
        desk.decide(&["add", &format!("a{entry}")]).expect("room");
    }
    assert_eq!(desk.decide(&["add", "home"]), Err(UserRefusal::TooManyAddresses));
}

#[test]
fn secrets_do_not_print() {
    let mut desk = Desk::with_ada();
    desk.decide(&["forgot", "r1"]).expect("a link");
    let printed = format!("{:?} {:?}", desk.user, desk.history);
    assert!(!printed.contains("argon2id") && !printed.contains("114, 49"), "{printed}");
}

#[test]
fn a_long_device_name_is_cut() {
    let desk = Desk::with_ada();
    let opened = desk.user.open_session(id("phone"), &"é".repeat(300), "::1", desk.at);
    let Ok([UserEvent::SessionOpened { device, .. }]) = opened.as_deref() else {
        panic!("one session opened, not {opened:?}");
    };
    assert_eq!(device.chars().count(), DEVICE_CHARS_MAX);
}

const DEVICES: [&str; 3] = ["phone", "laptop", "tablet"];
const PLACES: [&str; 5] = ["home", "work", "hut", "den", "moon"];
const SESSION_MILLIS: i64 = 100_000;

proptest! {
    #[test]
    fn a_spent_token_ends_its_session_for_good(
        shown in prop::collection::vec((0..DEVICES.len(), 0..5_u32, 0..7_i64), 0..60),
    ) {
        let mut desk = Desk::with_ada();
        for device in DEVICES {
            desk.decide(&["sign-in", device]).expect("a session");
        }
        // What an honest doorman remembers of each device: the token that counts, since when.
        let mut honest = [Some((0_u32, desk.at)); 3];
        for (device, generation, seconds) in shown {
            desk.decide(&["wait", &seconds.to_string()]).expect("time");
            let answered = desk.refresh(DEVICES[device], generation);
            let Some((current, since)) = honest[device].filter(|(_, since)| {
                desk.at.millis_since(*since) < SESSION_MILLIS
            }) else {
                prop_assert_eq!(answered, Err(UserRefusal::SessionEnded));
                continue;
            };
            let in_time = desk.at.millis_since(since) <= 10_000;
            let expected = if generation == current {
                honest[device] = Some((current + 1, desk.at));
                Ok(current + 1)
            } else if generation > current {
                Err(UserRefusal::SessionEnded)
            } else if generation + 1 == current && in_time {
                Ok(current)
            } else {
                honest[device] = None;
                Err(UserRefusal::RefreshTokenReused)
            };
            prop_assert_eq!(answered, expected);
        }
    }

    #[test]
    fn exactly_one_address_is_the_default_if_there_is_one(
        steps in prop::collection::vec((0..4_usize, 0..PLACES.len()), 0..60),
    ) {
        let mut desk = Desk::with_ada();
        // The address book by age, and which entry is the default.
        let (mut book, mut default): (Vec<&str>, Option<&str>) = (vec![], None);
        for (verb, what) in steps {
            desk.decide(&["wait", "1"]).expect("time");
            let what = PLACES[what];
            let known = book.contains(&what);
            let words: &[&str] = match verb {
                0 => &["add", what],
                1 => &["add", what, "default"],
                2 => &["default", what],
                _ => &["remove", what],
            };
            let decided = desk.decide(words);
            prop_assert_eq!(decided.is_ok(), known || verb < 2);
            match verb {
                0 | 1 if !known => {
                    book.push(what);
                    default = if verb == 1 { Some(what) } else { default.or(Some(what)) };
                }
                2 if known => default = Some(what),
                3 => {
                    book.retain(|entry| *entry != what);
                    default = default.filter(|entry| *entry != what).or(book.first().copied());
                }
                _ => {}
            }
            let marked: Vec<&str> = desk.user.addresses.values()
                .filter(|address| address.is_default)
                .map(|address| address.fields.street.as_str())
                .collect();
            prop_assert_eq!(marked, default.into_iter().collect::<Vec<_>>());
            let entries: BTreeSet<&str> =
                desk.user.addresses.values().map(|entry| entry.fields.street.as_str()).collect();
            prop_assert_eq!(entries, book.iter().copied().collect());
        }
    }

    #[test]
    fn the_same_events_give_the_same_user(
        steps in prop::collection::vec((0..HISTORY.len(), 0..3_usize), 0..60),
    ) {
        let mut desk = Desk::with_ada();
        for (verb, what) in steps {
            let command = HISTORY[verb].replace("DEVICE", DEVICES[what]);
            let command = command.replace("PLACE", PLACES[what]);
            let words: Vec<&str> = command.split_whitespace().collect();
            let _refusals_leave_no_events = desk.decide(&words);
        }
        let mut again = User::default();
        for (event, stamp) in &desk.history {
            let line = serde_json::to_string(event).expect("json");
            again.apply(&serde_json::from_str(&line).expect("an event"), stamp);
        }
        prop_assert_eq!(again, desk.user);
    }
}

const HISTORY: [&str; 12] = [
    "sign-in DEVICE",
    "sign-out DEVICE",
    "refresh DEVICE 0",
    "refresh DEVICE 1",
    "wait 7",
    "password DEVICE keep DEVICE",
    "forgot DEVICE",
    "reset DEVICE PLACE",
    "profile PLACE PLACE@example.com",
    "add PLACE default",
    "remove PLACE",
    "role INVENTORY_MANAGER of 0",
];

#[test]
fn a_device_is_strange_once_and_its_next_version_is_not() {
    let mut desk = Desk::with_ada();
    let mut signs_in = |session: &str, device: &str| {
        let until = desk.at.plus_millis(SESSION_MILLIS);
        let opened = desk.user.open_session(id(session), device, "::1", until).expect("a session");
        let strange = opened
            .iter()
            .any(|event| matches!(event, UserEvent::SessionOpened { unknown_device: true, .. }));
        desk.take(opened);
        strange
    };
    assert!(!signs_in("a", "Firefox/128.0"), "the first of an account is no stranger");
    assert!(!signs_in("b", "Firefox/129.1"));
    assert!(signs_in("c", "curl/8.5"));
    assert!(!signs_in("d", "curl/8.6"));
    for number in 0..DEVICES_MAX {
        let letters = "x".repeat(number + 1);
        assert!(signs_in(&format!("e{number}"), &letters), "{letters}");
    }
    assert!(signs_in("f", "Firefox/130"), "forgotten: others were here since");
    assert_eq!(desk.user.devices.len(), DEVICES_MAX);
}

#[test]
fn who_changes_their_email_or_leaves_can_still_be_told_at_the_old_address() {
    let mut desk = Desk::with_ada();
    let changed = desk.user.change_profile("Ada".into(), "ada@new.example".into(), None);
    let Ok([UserEvent::ProfileChanged { email_before, .. }]) = changed.as_deref() else {
        panic!("{changed:?}");
    };
    assert_eq!(email_before.as_deref(), Some(" Ada@Example.com"));
    desk.take(changed.expect("a change"));
    let renamed = desk.user.change_profile("Lady Ada".into(), "ADA@new.example".into(), None);
    let Ok([UserEvent::ProfileChanged { email_before: None, .. }]) = renamed.as_deref() else {
        panic!("another spelling is no other mailbox: {renamed:?}");
    };
    let erased = desk.user.erase(0, 1);
    let farewell = UserEvent::UserErased { email_before: Some("ada@new.example".into()) };
    assert_eq!(erased, Ok(vec![farewell]));
    desk.take(erased.expect("an end"));
    assert_eq!(desk.user.email, "", "the account itself holds nothing personal");
}
