//! What a benchmark's threads took of the processor, by their names.

use std::{collections::BTreeMap, fs, io::Write, time::Duration};

/// Time on a processor so far, by the name of the thread. Threads that ended are in the sum alone.
pub struct Threads {
    named: BTreeMap<String, Duration>,
    all: Duration,
}

impl Threads {
    /// As it stands now.
    pub fn now() -> Threads {
        let mut named: BTreeMap<String, Duration> = BTreeMap::new();
        for task in fs::read_dir("/proc/self/task").expect("a Linux machine").flatten() {
            // One that ends in this moment is in the sum.
            let read = |file: &str| fs::read_to_string(task.path().join(file)).ok();
            let (Some(name), Some(ran)) = (read("comm"), read("schedstat")) else { continue };
            let ran = ran.split(' ').next().and_then(|nanos| nanos.parse().ok());
            *named.entry(name.trim().to_owned()).or_default() +=
                Duration::from_nanos(ran.expect("a number"));
        }
        let stat = fs::read_to_string("/proc/self/stat").expect("a Linux machine");
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks =
            |place: usize| fields.split(' ').nth(place).and_then(|field| field.parse().ok());
        let (user, system): (Option<u64>, Option<u64>) = (ticks(12), ticks(13));
        let ticks = user.expect("a number") + system.expect("a number");
        Threads { named, all: Duration::from_millis(ticks * TICK_MILLIS) }
    }

    /// A line of what was taken since then for each of `count` things, in microseconds.
    pub fn line_since(&self, before: &Threads, count: u64) {
        let each = |took: Duration| took.as_nanos() / 100 / u128::from(count.max(1));
        let tenths = |tenths: u128| format!("{}.{}", tenths / 10, tenths % 10);
        let all = each(self.all.saturating_sub(before.all));
        let mut parts: Vec<(u128, &str)> = Vec::new();
        for (name, took) in &self.named {
            let took = took.saturating_sub(before.named.get(name).copied().unwrap_or_default());
            parts.push((each(took), name));
        }
        let living: u128 = parts.iter().map(|(tenths, _)| tenths).sum();
        parts.push((all.saturating_sub(living), "those that ended"));
        parts.sort_unstable_by(|one, next| next.cmp(one));
        let mut out = format!("    µs each: {} in all", tenths(all));
        for (part, name) in parts.into_iter().filter(|(tenths, _)| *tenths > 9) {
            out += &format!(", {name} {}", tenths(part));
        }
        std::io::stdout().write_all((out + "\n").as_bytes()).expect("standard output");
    }
}

/// How the kernel counts a process's time.
const TICK_MILLIS: u64 = 10;
