//! Markdown: the texts a shopkeeper writes, as terms and privacy, made into safe HTML.
//!
//! Invariant: HTML in a text is shown as text. Links lead to http, https, mail, telephone or the
//! shop itself.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A text, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its first heading.
    pub title: String,
    /// What stands under it, as HTML.
    pub html: String,
}

impl Text {
    /// The text of this Markdown.
    pub fn of(markdown: &str) -> Text {
        let mut title = String::new();
        let mut is_in_title = false;
        let heading = TagEnd::Heading(HeadingLevel::H1);
        let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| {
            if let Event::Start(tag) = &event
                && tag.to_end() == heading
                && title.is_empty()
            {
                is_in_title = true;
                return None;
            }
            if !is_in_title {
                return Some(harmless(event));
            }
            if let Event::Text(words) | Event::Code(words) = &event {
                title.push_str(words);
            }
            is_in_title = event != Event::End(heading);
            None
        });
        let mut written = String::new();
        html::push_html(&mut written, events.collect::<Vec<_>>().into_iter());
        Text { title, html: written }
    }
}

/// The same, with HTML as text and without links that lead to where no link should.
fn harmless(event: Event<'_>) -> Event<'_> {
    if let Event::Html(text) | Event::InlineHtml(text) = event {
        return Event::Text(text);
    }
    if let Event::Start(Tag::Link { link_type, dest_url, title, id }) = event {
        let dest_url = if leads_well(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
        return Event::Start(Tag::Link { link_type, dest_url, title, id });
    }
    if let Event::Start(Tag::Image { link_type, dest_url, title, id }) = event {
        let dest_url = if leads_well(&dest_url) { dest_url } else { CowStr::Borrowed("") };
        return Event::Start(Tag::Image { link_type, dest_url, title, id });
    }
    event
}

fn leads_well(url: &str) -> bool {
    let known = ["http://", "https://", "mailto:", "tel:", "/", "#"];
    known.iter().any(|start| url.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_heading_of_a_text_is_its_title() {
        let text = Text::of("# Terms of *sale*\n\nWe sell. You pay.\n\n## Delivery\n");
        assert_eq!(text.title, "Terms of sale");
        assert_eq!(text.html, "<p>We sell. You pay.</p>\n<h2>Delivery</h2>\n");
    }

    #[test]
    fn html_in_a_text_is_shown_and_does_nothing() {
        let text = Text::of(
            "# T\n\n<script>alert(1)</script>\n\na <b onclick=x>b</b> [c](javascript:alert(1)) \
             ![d](data:text/html,x)\n",
        );
        for forbidden in ["<script", "<b ", "javascript:", "data:"] {
            assert!(!text.html.contains(forbidden), "{forbidden}: {}", text.html);
        }
    }
}
