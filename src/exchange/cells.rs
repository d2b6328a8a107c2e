//! Cells: what the text in one may be, and the lists that some of them hold.

/// One line of text, at most so many letters.
pub fn line(text: &str, letters_max: usize) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("line breaks and other control characters have no place here".to_owned());
    }
    short(text, letters_max)
}

/// Text with line breaks, at most so many letters.
pub fn text(text: &str, letters_max: usize) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.chars().any(|letter| letter.is_control() && !"\n\t".contains(letter)) {
        return Err("control characters have no place here".to_owned());
    }
    short(text, letters_max)
}

fn short(text: &str, letters_max: usize) -> Result<String, String> {
    if text.chars().count() > letters_max {
        return Err(format!("is longer than {letters_max} letters"));
    }
    Ok(text.to_owned())
}

/// A number of units.
pub fn units(text: &str, units_max: u32) -> Result<u32, String> {
    let units: i64 = text.trim().parse().map_err(|_| "is not a whole number".to_owned())?;
    // Shops that sell what they do not have count below zero: there is nothing.
    let units = u32::try_from(units.max(0)).unwrap_or(u32::MAX);
    if units > units_max { Err(format!("is more than {units_max}")) } else { Ok(units) }
}

/// A yes or a no.
pub fn yes(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "active" => Ok(true),
        "false" | "no" | "n" | "0" | "draft" | "archived" => Ok(false),
        _ => Err("is neither `true` nor `false`".to_owned()),
    }
}

/// The entries of a list, which this letter separates; a `\` before it makes it one like others.
pub fn split(text: &str, separator: char) -> Vec<String> {
    let (mut entries, mut entry, mut letters) =
        (Vec::new(), String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter == '\\' && letters.peek() == Some(&separator) {
            entry.extend(letters.next());
        } else if letter == separator {
            entries.push(std::mem::take(&mut entry));
        } else {
            entry.push(letter);
        }
    }
    entries.push(entry);
    entries.iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}

/// The entries as one text that [`split`] takes apart again.
pub fn joined(entries: &[String], separator: char, between: &str) -> String {
    let escaped = |entry: &String| {
        // Blanks around an entry do not count, and keep its own `\` from what separates.
        let guard = if entry.ends_with('\\') { " " } else { "" };
        entry.replace(separator, &format!("\\{separator}")) + guard
    };
    entries.iter().map(escaped).collect::<Vec<_>>().join(between)
}

/// Between pictures, and between places where a product stands.
pub const LIST: char = '|';
/// Between a category and the one below it.
pub const PATH: char = '>';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_as_they_were() {
        for entries in [&["Food", "R|D"][..], &["a"], &[], &["x|y|", "|"]] {
            let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
            assert_eq!(split(&joined(&entries, LIST, " | "), LIST), entries);
        }
        for entries in [["M, tall", "S"], ["a\\", "b"], ["a\\,b", "c\\"]] {
            let entries = entries.map(str::to_owned);
            assert_eq!(split(&joined(&entries, ',', ", "), ','), entries);
        }
        assert_eq!(split(" Food > Cheese ", PATH), ["Food", "Cheese"]);
        assert_eq!(split("", PATH), [""; 0]);
    }

    #[test]
    fn numbers_and_answers_are_read_as_people_write_them() {
        assert_eq!(units(" 12 ", 100), Ok(12));
        assert_eq!(units("-3", 100), Ok(0));
        assert!(units("101", 100).is_err() && units("1.5", 100).is_err() && units("", 1).is_err());
        assert_eq!([yes("TRUE"), yes("draft")], [Ok(true), Ok(false)]);
        assert!(yes("perhaps").is_err());
        assert!(line("a\nb", 9).is_err() && text("a\nb", 9).is_ok() && line("aaa", 2).is_err());
    }
}
