//! HTML: descriptions of other shops as plain text, and plain text as the HTML they want.
//!
//! Only for taking words over: what comes out is text, which is escaped wherever it is shown.

/// The words of a piece of HTML, with its paragraphs and lists as lines.
pub fn text_of(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    let mut hidden_until: Option<&str> = None;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, after) = rest.split_at(at);
        if hidden_until.is_none() {
            push_words(&mut text, before);
        }
        if after.starts_with('&') {
            let (letter, length) = entity(after);
            if hidden_until.is_none() {
                text.push(letter);
            }
            rest = after.get(length..).unwrap_or_default();
            continue;
        }
        let Some((tag, behind)) = tag_of(after) else {
            // Not a tag: a lonely `<`.
            text.push('<');
            rest = after.get(1..).unwrap_or_default();
            continue;
        };
        match hidden_until {
            Some(end) if tag == end => hidden_until = None,
            Some(_) => {}
            None if tag == "script" => hidden_until = Some("/script"),
            None if tag == "style" => hidden_until = Some("/style"),
            None => push_break(&mut text, &tag),
        }
        rest = behind;
    }
    if hidden_until.is_none() {
        push_words(&mut text, rest);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut tidy = lines.join("\n");
    while tidy.contains("\n\n\n") {
        tidy = tidy.replace("\n\n\n", "\n\n");
    }
    tidy.trim().to_owned()
}

/// A text as HTML: escaped, with a paragraph for each block of lines.
pub fn html_of(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let blocks = escaped.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    blocks.map(|block| format!("<p>{}</p>", block.replace('\n', "<br>"))).collect()
}

/// Words; all space between them counts as one, as in a browser.
fn push_words(text: &mut String, words: &str) {
    for letter in words.chars() {
        match letter {
            _ if !letter.is_whitespace() => text.push(letter),
            _ if text.ends_with(char::is_whitespace) || text.is_empty() => {}
            _ => text.push(' '),
        }
    }
}

fn push_break(text: &mut String, tag: &str) {
    let name = tag.trim_start_matches('/');
    match name {
        "br" | "tr" | "div" => text.push('\n'),
        "li" if !tag.starts_with('/') => text.push_str("\n- "),
        "p" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
            text.push_str("\n\n");
        }
        _ => {}
    }
}

/// The name of the tag a text begins with, and what is behind it.
fn tag_of(text: &str) -> Option<(String, &str)> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let behind = comment.split_once("-->").map_or("", |(_, behind)| behind);
        return Some((String::new(), behind));
    }
    let inside = text.strip_prefix('<')?;
    let is_tag =
        inside.starts_with(|first: char| first.is_ascii_alphabetic() || "/!?".contains(first));
    let (tag, behind) = inside.split_once('>').filter(|_| is_tag)?;
    let slash = if tag.starts_with('/') { "/" } else { "" };
    let name: String =
        tag.chars().skip(slash.len()).take_while(char::is_ascii_alphanumeric).collect();
    Some((format!("{slash}{}", name.to_ascii_lowercase()), behind))
}

/// The letter an entity stands for, and how long it is.
fn entity(text: &str) -> (char, usize) {
    let known = text.get(1..).and_then(|inside| inside.split_once(';'));
    let Some((name, _)) = known.filter(|(name, _)| name.len() <= ENTITY_LETTERS_MAX) else {
        return ('&', 1);
    };
    let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    });
    let named = ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter);
    match named.or_else(|| number.and_then(char::from_u32).filter(|letter| !letter.is_control())) {
        Some(letter) => (letter, name.len() + 2),
        None => ('&', 1),
    }
}

const ENTITY_LETTERS_MAX: usize = 8;
const ENTITIES: [(&str, char); 16] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("deg", '°'),
    ("euro", '€'),
    ("rsquo", '’'),
    ("lsquo", '‘'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("times", '×'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_html_are_kept_and_nothing_else() {
        for (html, text) in [
            (
                "<p>Soft &amp; <b>warm</b>.</p><p>Made in\n  Wales</p>",
                "Soft & warm.\n\nMade in Wales",
            ),
            ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
            ("a<br/>b<BR>c", "a\nb\nc"),
            ("x<script>alert('<p>')</script>y<style>p{}</style>z", "xyz"),
            ("3 < 4 &#8364; &#x41; &bogus; &", "3 < 4 € A &bogus; &"),
            ("<!-- hidden > -->seen", "seen"),
            ("<p", "<p"),
            ("", ""),
        ] {
            assert_eq!(text_of(html), text, "of {html:?}");
        }
    }

    #[test]
    fn a_text_survives_the_way_through_html() {
        let text = "One & <two>\nthree\n\nfour";
        assert_eq!(html_of(text), "<p>One &amp; &lt;two&gt;<br>three</p><p>four</p>");
        assert_eq!(text_of(&html_of(text)), text);
    }
}
