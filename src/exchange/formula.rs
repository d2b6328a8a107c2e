//! Formulas: what a spreadsheet would take for one is written so that it takes it for text.
//!
//! Invariant: what was guarded comes back as it was, however often it goes out and in.

use std::borrow::Cow;

/// The text as it may stand in a cell: with a `'` before it, if a spreadsheet would calculate it.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_dangerous(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that stands in a cell, without the `'` that guards it.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_dangerous(rest)).unwrap_or(cell)
}

/// Whether a text begins as a formula does. One that is guarded already counts, too: it would not
/// come back as it was.
fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(BEGINNINGS)
}

/// Also in the wide forms of East Asian keyboards, and behind what a spreadsheet may drop.
const BEGINNINGS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_becomes_text_and_all_else_stays() {
        for (text, cell) in [
            ("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")"),
            ("+1", "'+1"),
            ("-5 °C", "'-5 °C"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'=1", "''=1"),
            ("'n sync", "'n sync"),
            ("19.99", "19.99"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell, "of {text:?}");
            assert_eq!(unguarded(cell), text, "of {cell:?}");
        }
    }

    proptest! {
        #[test]
        fn what_goes_out_comes_back(text in "['=+@a-]{0,6}") {
            let cell = guarded(&text).into_owned();
            prop_assert_eq!(unguarded(&cell), text);
            prop_assert!(!cell.starts_with(BEGINNINGS));
        }
    }
}
