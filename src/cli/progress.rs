//! Progress of long work: a bar on standard error where somebody watches it, and a line now and
//! then where it goes into a log.

use std::{
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::Progress;

use super::complain;

/// A bar on standard error, if that is a terminal.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    telling: Option<Telling>,
}

impl Bar {
    /// A bar that shows nothing until work begins, and nothing at all where nobody watches.
    pub fn new() -> Bar {
        let style = ProgressStyle::with_template(TEMPLATE).expect("a template that parses");
        Bar { bar: ProgressBar::no_length().with_style(style), telling: None }
    }

    /// The same; where nobody watches, work that takes longer than a second is told in lines, as
    /// long as this lives. `whole` says what all of it is.
    pub fn telling(whole: &str) -> Bar {
        if io::stderr().is_terminal() {
            return Bar::new();
        }
        Bar::telling_to(whole, Pace::default(), |line| complain(&line))
    }

    pub(super) fn telling_to(
        whole: &str,
        pace: Pace,
        line: impl Fn(String) + Send + 'static,
    ) -> Bar {
        Bar { telling: Some(Telling::begin(whole, pace, line)), ..Bar::new() }
    }

    #[cfg(test)]
    pub(super) fn position(&self) -> (u64, Option<u64>) {
        (self.bar.position(), self.bar.length())
    }
}

impl Default for Bar {
    fn default() -> Bar {
        Bar::new()
    }
}

impl Progress for Bar {
    fn begin(&self, label: &str, total: u64) {
        self.bar.set_message(label.to_owned());
        self.bar.set_length(total);
        self.bar.reset();
        if let Some(telling) = &self.telling {
            telling.work(Some(Work { label: label.to_owned(), total }));
        }
    }

    fn advance(&self, steps: u64) {
        self.bar.inc(steps);
        if let Some(telling) = &self.telling {
            telling.done.fetch_add(steps, Ordering::Relaxed);
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
        if let Some(telling) = &self.telling {
            telling.work(None);
        }
    }
}

/// A thread that says now and then how far work is; it ends with this.
#[derive(Debug)]
struct Telling {
    works: Sender<Option<Work>>,
    done: Arc<AtomicU64>,
}

/// When something is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// First.
    pub first: Duration,
    /// Again and again.
    pub again: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { first: TOLD_FIRST, again: TOLD_AGAIN }
    }
}

#[derive(Debug)]
struct Work {
    label: String,
    total: u64,
}

impl Telling {
    /// Says it to `line`.
    fn begin(whole: &str, pace: Pace, line: impl Fn(String) + Send + 'static) -> Telling {
        let (works, begun) = channel();
        let done = Arc::new(AtomicU64::new(0));
        let (whole, counted) = (whole.to_owned(), Arc::clone(&done));
        let thread = thread::Builder::new().name("progress".to_owned());
        // Where there is no thread for it nothing is said, and the work goes on.
        let _ = thread.spawn(move || tell(&whole, pace, &begun, &counted, line));
        Telling { works, done }
    }

    fn work(&self, work: Option<Work>) {
        self.done.store(0, Ordering::Relaxed);
        let _ = self.works.send(work);
    }
}

fn tell(
    whole: &str,
    pace: Pace,
    begun: &Receiver<Option<Work>>,
    done: &AtomicU64,
    line: impl Fn(String),
) {
    let (mut work, mut pause) = (None, pace.first);
    loop {
        match begun.recv_timeout(pause) {
            Ok(next) => work = next,
            Err(RecvTimeoutError::Timeout) => {
                line(words(whole, work.as_ref(), done.load(Ordering::Relaxed)));
                pause = pace.again;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn words(whole: &str, work: Option<&Work>, done: u64) -> String {
    match work {
        None => format!("still {whole}"),
        Some(Work { label, total: 0 }) => format!("still {whole}: {label}"),
        Some(Work { label, total }) => format!("still {whole}: {label}, {done} of {total}"),
    }
}

const TEMPLATE: &str = "{msg} [{bar:40}] {human_pos}/{human_len} ({eta} left)";
const TOLD_FIRST: Duration = Duration::from_secs(1);
const TOLD_AGAIN: Duration = Duration::from_secs(5);
