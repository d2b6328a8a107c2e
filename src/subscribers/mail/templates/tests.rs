//! Templates: every letter with everything it can say, and folders of one's own.

use std::fs;

use super::*;

fn all_written() -> Vec<(Template, Written)> {
    let templates = Templates::open(None).expect("the built-in ones");
    let mut all = Vec::new();
    for template in Template::all() {
        let facts = fixtures::of(template);
        assert!(!facts.is_empty(), "{template:?} has no fixture");
        for facts in facts {
            let written = templates.write(template, facts);
            all.push((template, written.unwrap_or_else(|why| panic!("{template:?}: {why}"))));
        }
    }
    all
}

#[test]
fn every_letter_is_written_with_everything_it_can_say() {
    for (template, letter) in all_written() {
        let Written { subject, text, html } = letter;
        assert!(!subject.is_empty() && subject.lines().count() == 1, "{template:?}: {subject:?}");
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>"), "{html}");
        for said in [&subject, &text, &html] {
            assert!(!said.contains("undefined") && !said.contains("{{"), "{template:?}: {said}");
        }
        assert!(text.contains("https://shop.example"), "{template:?}: {text}");
        assert!(!text.contains("\n\n\n\n"), "{template:?} has a hole:\n{text}");
    }
}

#[test]
fn nothing_that_anybody_typed_becomes_part_of_a_page() {
    let typed = ["<loose>", "<admin>", "<b>Firefox", "\"loose\"", "\"fresh\""];
    let mut escaped = 0;
    for (template, letter) in all_written() {
        for evil in typed {
            assert!(!letter.html.contains(evil), "{template:?}: {}", letter.html);
        }
        escaped += letter.html.matches("&lt;").count();
    }
    assert!(escaped > 10, "the fixtures hold something to escape: {escaped}");
}

#[test]
fn every_link_leads_to_the_shop() {
    for (template, letter) in all_written() {
        for link in letter.html.split("href=\"").skip(1) {
            let link = link.split('"').next().unwrap_or_default().replace("&#x2f;", "/");
            assert!(link.starts_with("https://shop.example"), "{template:?}: {link}");
        }
        for foreign in ["src=", "url(", "@import", "<script", "<img"] {
            assert!(!letter.html.contains(foreign), "{template:?} loads something: {foreign}");
        }
    }
}

#[test]
fn a_folder_has_templates_of_its_own_in_place_of_the_built_in_ones() {
    let room = tempfile::tempdir().expect("a folder");
    fs::write(
        room.path().join("welcome.txt"),
        "Subject: Hola {{ name }}\n\nBienvenida.\n{{ shop.name }}",
    )
    .expect("room on the disk");
    let templates = Templates::open(Some(room.path())).expect("sound templates");
    let facts = fixtures::of(Template::Welcome).remove(0);
    let written = templates.write(Template::Welcome, facts).expect("a letter");
    assert_eq!(
        (written.subject.as_str(), written.text.as_str()),
        ("Hola ada", "Bienvenida.\nCorner & Co.\n")
    );
    assert!(written.html.contains("Welcome, ada"), "what the folder lacks is built in");
}

#[test]
fn a_template_that_cannot_be_used_is_told_before_a_letter_is_due() {
    for (text, wanted) in [
        ("Subject: Hello\n\n{{ nobody_gave_this }}", "welcome.txt line 3: undefined value"),
        ("Subject: Hello {% if %}", "welcome.txt line 1: syntax error"),
        ("Hello", "welcome.txt does not begin with `Subject: `"),
    ] {
        let room = tempfile::tempdir().expect("a folder");
        fs::write(room.path().join("welcome.txt"), text).expect("room on the disk");
        let told = Templates::open(Some(room.path())).err().map(|why| why.to_string());
        let told = told.unwrap_or_else(|| panic!("nothing was told of {text:?}"));
        assert!(told.starts_with(wanted), "{text:?}: {told}");
    }
}
