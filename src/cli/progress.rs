//! Progress: a bar on standard error for work that takes long; nothing where nobody watches.

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::Progress;

/// A bar on standard error, if that is a terminal.
#[derive(Clone, Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that shows nothing until work begins.
    pub fn new() -> Bar {
        let style = ProgressStyle::with_template(TEMPLATE).expect("a template that parses");
        Bar(ProgressBar::no_length().with_style(style))
    }

    #[cfg(test)]
    pub(super) fn position(&self) -> (u64, Option<u64>) {
        (self.0.position(), self.0.length())
    }
}

impl Default for Bar {
    fn default() -> Bar {
        Bar::new()
    }
}

impl Progress for Bar {
    fn begin(&self, label: &str, total: u64) {
        self.0.set_message(label.to_owned());
        self.0.set_length(total);
        self.0.reset();
    }

    fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

const TEMPLATE: &str = "{msg} [{bar:40}] {human_pos}/{human_len} ({eta} left)";
