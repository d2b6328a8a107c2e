//! Fields: what each kind of them is not.

/// What a field is; each kind has its own ways to be wrong.
#[derive(Clone, Copy)]
pub enum Field {
    /// A line of text with so many letters at most.
    Text(usize),
    /// The same, with several lines.
    Lines(usize),
    Email,
    Password,
    Url,
    /// A whole number from so many on.
    Whole(u8),
    /// An amount in minor units; these may be more than fit in 32 bits.
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
        let too_long = |max: usize| format!("\"{}\"", "x".repeat(max + 1));
        let not_text = ["null", "true", "7", "[]", "{}"].map(str::to_owned);
        let control = [r#""a\u0000b""#, r#""a\u0007b""#, r#""a\u009fb""#, r#""\ud800""#];
        let control = control.map(str::to_owned);
        let texts = |more: &[&str]| {
            let more = more.iter().map(|text| (*text).to_owned());
            not_text.iter().cloned().chain(control.clone()).chain(more).collect::<Vec<_>>()
        };
        let own: Vec<String> = match self {
            Field::Text(max) => texts(&[r#""""#, r#""  ""#, r#""two\nlines""#, &too_long(max)]),
            Field::Lines(max) => texts(&[&too_long(max)]),
            Field::Email => texts(&[
                r#""""#,
                r#""ada""#,
                r#""ada@""#,
                r#""@example.com""#,
                r#""a b@example.com""#,
                r#""ada@example""#,
                r#""a@example.com, b@example.com""#,
                r#""ada@example.com\r\nBcc: eve@example.com""#,
                &too_long(254),
            ]),
            Field::Password => texts(&[r#""""#, r#""short""#, &too_long(128)]),
            Field::Url => texts(&[
                r#""""#,
                r#""javascript:alert(1)""#,
                r#""/etc/passwd""#,
                r#""/media/../secret""#,
                r#""ftp://example.com/""#,
                r#""data:text/html,x""#,
            ]),
            Field::Whole(min) => {
                let mut bad: Vec<String> = [
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
                    "4294967297",
                    "18446744073709551617",
                    "170141183460469231731687303715884105728",
                ]
                .map(str::to_owned)
                .to_vec();
                bad.extend((0..min).map(|below| below.to_string()));
                bad
            }
            Field::Minor => {
                let mut bad = Field::Whole(0).bad();
                bad.retain(|json| json != "4294967297");
                bad
            }
            Field::Amount => [
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
            ]
            .map(str::to_owned)
            .to_vec(),
            Field::Id => ["null", "true", "7", "[]", "{}", r#""nonsense""#, r#""""#, r#""\u0000""#]
                .map(str::to_owned)
                .to_vec(),
            Field::YesOrNo => {
                ["null", "0", "1", r#""true""#, r#""""#, "[]"].map(str::to_owned).to_vec()
            }
            Field::Choice => texts(&[r#""""#, r#""nonsense""#, r#""paid""#]),
            Field::List => {
                ["null", "7", r#""text""#, "{}", r#"[null]"#, r#"[[]]"#].map(str::to_owned).to_vec()
            }
            Field::Object => {
                ["null", "7", r#""text""#, "[]", r#"{"nonsense":1}"#].map(str::to_owned).to_vec()
            }
        };
        own
    }
}
