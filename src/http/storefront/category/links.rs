//! Links of a list: how a choice is made and taken back in its address.

pub(super) fn parts(list: &str, between: char) -> impl Iterator<Item = &str> {
    list.split(between).map(str::trim).filter(|part| !part.is_empty())
}

/// The list with this value in it, or without it, if it was.
pub(super) fn toggled(list: &str, value: &str, between: char) -> String {
    let same = |part: &&str| part.eq_ignore_ascii_case(value);
    let was_there = parts(list, between).any(|part| same(&part));
    let kept = parts(list, between).filter(|part| !same(part));
    let added = (!was_there).then_some(value);
    kept.chain(added).collect::<Vec<_>>().join(&between.to_string())
}

/// `Size:S|M;Colour:Ink` with this value of this option toggled.
pub(super) fn with_option(options: &str, name: &str, value: &str) -> String {
    let split = |part: &str| {
        let (name, values) = part.split_once(':').unwrap_or((part, ""));
        (name.trim().to_owned(), values.to_owned())
    };
    let mut all: Vec<(String, String)> = parts(options, ';').map(split).collect();
    match all.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, values)) => *values = toggled(values, value, '|'),
        None => all.push((name.to_owned(), value.to_owned())),
    }
    let left = all.into_iter().filter(|(_, values)| !values.is_empty());
    left.map(|(name, values)| format!("{name}:{values}")).collect::<Vec<_>>().join(";")
}

/// A text as the value of a query parameter.
pub(in crate::http::storefront) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_made_and_taken_back_by_the_same_click() {
        assert_eq!(toggled("", "Alto", '|'), "Alto");
        assert_eq!(toggled("Alto", "Nubarra", '|'), "Alto|Nubarra");
        assert_eq!(toggled("Alto|Nubarra", "alto", '|'), "Nubarra");
        assert_eq!(with_option("", "Size", "S"), "Size:S");
        assert_eq!(with_option("Size:S;Colour:Ink", "Size", "M"), "Size:S|M;Colour:Ink");
        assert_eq!(with_option("Size:S;Colour:Ink", "Size", "S"), "Colour:Ink");
    }

    #[test]
    fn a_text_survives_being_a_parameter() {
        assert_eq!(encoded("/search?q=a&b c|ü"), "/search%3Fq%3Da%26b%20c%7C%C3%BC");
    }
}
