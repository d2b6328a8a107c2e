//! How long do products take to come in from a file, and to go out into one?
//!
//! `cargo bench --bench exchange -- ROWS [FILE]` makes up a file of so many products (100000),
//! each a row, in FILE if that is named, which stays. Then the real binary runs on a temporary
//! folder (of `TMPDIR`): a dry run, the import into a stopped shop, the same file once more, the
//! export, and the import into an empty shop that serves.

#[path = "support/watch.rs"]
mod watch;

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rows = words.iter().find_map(|word| word.parse::<u32>().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named = words.iter().find(|word| word.ends_with(".csv")).map(PathBuf::from);
    let file = named.unwrap_or_else(|| folder.path().join("goods.csv"));
    write_file(&file, rows).expect("room on the disk");
    tell(&format!("{rows} rows, {} KiB", file.metadata().expect("a file").len() / 1024));
    let (stopped, serving) = (folder.path().join("stopped"), folder.path().join("serving"));
    let file = file.display().to_string();
    let import = ["import", "products", &file];
    timed("dry run, stopped shop", &stopped, &[&import[..], &["--dry-run"]].concat());
    timed("import, stopped shop", &stopped, &import);
    timed("the same file again", &stopped, &import);
    let out = folder.path().join("out.csv").display().to_string();
    timed("export", &stopped, &["export", "products", &out]);
    let shop = Serving::start(&serving);
    timed("import, shop that serves", &serving, &import);
    drop(shop);
}

/// Products as a shop has them: a category of two levels, a brand, a few words each.
fn write_file(file: &Path, rows: u32) -> std::io::Result<()> {
    let mut to = BufWriter::new(File::create(file)?);
    writeln!(to, "handle,name,description,brand,categories,price,sku,barcode,stock")?;
    for number in 0..rows {
        let (shelf, brand) = (number % SHELVES, number % BRANDS);
        writeln!(
            to,
            "thing-{number},Thing {number},\"A thing of its own kind, number {number}, described \
             in a sentence of the usual length.\",Brand {brand},Floor {} > Shelf {shelf},{}.{:02},\
             T-{number},{:013},{}",
            shelf % FLOORS,
            1 + number % 90,
            number % 100,
            4_000_000_000_000 + u64::from(number),
            number % 50,
        )?;
    }
    to.flush()
}

fn timed(what: &str, dir: &Path, words: &[&str]) {
    let begun = now();
    let ended = command(dir, words).output().expect("the binary");
    let took = begun.elapsed();
    let told = String::from_utf8_lossy(&ended.stdout).lines().next_back().map(str::to_owned);
    let complained = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{what}: {complained}");
    tell(&format!("{what}: {} s: {}", Seconds(took), told.unwrap_or_default()));
}

fn command(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bodega"));
    command.args(words).args(["--data-dir".as_ref(), dir.as_os_str()]);
    command.envs([("BODEGA_PAYMENTS__GATEWAY", "demo"), ("BODEGA_LOG__LEVEL", "warn")]);
    command
}

/// A shop that serves until this is dropped.
struct Serving(Child);

impl Serving {
    fn start(dir: &Path) -> Serving {
        let mut serve = command(dir, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = serve.stdout(Stdio::piped()).spawn().expect("the binary");
        let mut ready = String::new();
        let out = child.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut ready).expect("the line that says it is ready");
        Serving(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _already_waited = self.0.wait();
    }
}

/// With a digit behind the point.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0.as_secs(), self.0.subsec_millis() / 100)
    }
}

fn tell(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").expect("standard output");
}

const SHELVES: u32 = 120;
const FLOORS: u32 = 8;
const BRANDS: u32 = 300;
