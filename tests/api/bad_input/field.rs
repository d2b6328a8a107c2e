//! Fields: what each kind of them is not.

/// What a field is; each kind has its own ways to be wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A line of text with so many letters at most.
    Text(usize),
    /// The same, with several lines; it may be empty.
    Lines(usize),
    Email,
    Password,
    Url,
    /// A whole number from so many on, of fewer than 32 bits.
    Whole(u8),
    /// An amount in minor units; there may be more of them.
    Minor,
    Amount,
    Id,
    YesOrNo,
    Choice,
    List,
    Object,
}

impl Field {
    /// JSON that is no such thing.
    pub fn bad(self) -> Vec<String> {
        let (is_text, own, letters_max): (bool, &[&str], Option<usize>) = match self {
            Field::Text(max) => (true, &[r#""""#, r#""  ""#, r#""two\nlines""#], Some(max)),
            Field::Lines(max) => (true, &[], Some(max)),
            Field::Email => (true, NO_EMAIL, Some(254)),
            Field::Password => (true, &[r#""""#, r#""short""#], Some(128)),
            Field::Url => (true, NO_URL, Some(2_000)),
            Field::Choice => (true, &[r#""""#, r#""nonsense""#, r#""paid""#], None),
            Field::Whole(_) | Field::Minor => (false, NO_WHOLE, None),
            Field::Amount => (false, NO_AMOUNT, None),
            Field::Id => (false, NO_ID, None),
            Field::YesOrNo => (false, NO_ANSWER, None),
            Field::List => (false, NO_LIST, None),
            Field::Object => (false, NO_OBJECT, None),
        };
        let common = if is_text { NO_TEXT } else { &[] };
        let mut bad: Vec<String> =
            common.iter().chain(own).map(|json| (*json).to_owned()).collect();
        bad.extend(letters_max.map(|max| format!("\"{}\"", "x".repeat(max + 1))));
        if let Field::Whole(min) = self {
            // What is 1 in 32 bits is not taken for 1.
            bad.push("4294967297".to_owned());
            bad.extend((0..min).map(|below| below.to_string()));
        }
        bad
    }
}

/// Other types, control characters, and half a character.
const NO_TEXT: &[&str] = &[
    "null",
    "true",
    "7",
    "[]",
    "{}",
    r#""a\u0000b""#,
    r#""a\u0007b""#,
    r#""a\u009fb""#,
    r#""\ud800""#,
];
const NO_EMAIL: &[&str] = &[
    r#""""#,
    r#""ada""#,
    r#""ada@""#,
    r#""@example.com""#,
    r#""a b@example.com""#,
    r#""ada@example""#,
    r#""a@example.com, b@example.com""#,
    r#""ada@example.com\r\nBcc: eve@example.com""#,
];
const NO_URL: &[&str] = &[
    r#""""#,
    r#""javascript:alert(1)""#,
    r#""/etc/passwd""#,
    r#""/media/../secret""#,
    r#""ftp://example.com/""#,
    r#""data:text/html,x""#,
];
const NO_WHOLE: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    r#""7""#,
    r#""""#,
    r#""seven""#,
    "-1",
    "1.5",
    "7.0",
    "1e2",
    "1e400",
    "-1e400",
    "99999999999999999999",
    "18446744073709551617",
    "170141183460469231731687303715884105728",
];
const NO_AMOUNT: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    r#""""#,
    r#""seven""#,
    "-1",
    "-0.01",
    r#""-1""#,
    "0.001",
    r#""1.999""#,
    "1e2",
    "1e400",
    r#""1e2""#,
    r#""1,50""#,
    r#""$1""#,
    r#""٣""#,
    r#"".5""#,
    r#""5.""#,
    r#""+5""#,
    r#""0x10""#,
    "99999999999999999999",
    "9999999999999999999999999999999999999999",
    r#""NaN""#,
    r#""Infinity""#,
];
const NO_ID: &[&str] =
    &["null", "true", "7", "[]", "{}", r#""nonsense""#, r#""""#, r#""\u0000""#, r#""\ud800""#];
const NO_ANSWER: &[&str] = &["null", "0", "1", r#""true""#, r#""""#, "[]"];
const NO_LIST: &[&str] = &["null", "7", r#""text""#, "{}", "[null]", "[[]]"];
const NO_OBJECT: &[&str] = &["null", "7", r#""text""#, "[]", r#"{"nonsense":1}"#];
