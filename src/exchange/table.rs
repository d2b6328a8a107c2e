//! Table: a file taken apart into lines of cells, each with the line it begins on.
//!
//! Invariant: bounded in bytes, lines and cells. What separates cells is told by the first line.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::{RowFault, formula::unguarded};

/// The lines of a file, its first one apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The titles.
    pub titles: Vec<String>,
    /// The lines below.
    pub lines: Vec<Line>,
}

/// One line; it goes on over several if there are line breaks in its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from one.
    pub number: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Takes a file apart.
///
/// # Errors
/// What is wrong with it, a limited number of faults.
pub fn table_of(bytes: &[u8]) -> Result<Table, Vec<RowFault>> {
    if bytes.len() > FILE_BYTES_MAX {
        let detail = format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20);
        return Err(vec![RowFault::of_line(0, detail)]);
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator_in(bytes))
        .from_reader(bytes.take(u64::MAX));
    let (mut table, mut faults, mut record) = (Table::default(), Vec::new(), ByteRecord::new());
    let mut lines = Lines { number: 1, counted: 0 };
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(fault) => {
                faults.push(RowFault::of_line(reader.position().line(), fault.to_string()));
                break;
            }
        }
        let number = lines.of(&record, bytes);
        match cells_of(&record) {
            Ok(cells) if table.titles.is_empty() => table.titles = cells,
            Ok(cells) if cells.iter().all(String::is_empty) => {}
            Ok(cells) if cells.len() > table.titles.len() => {
                let (has, titles) = (cells.len(), table.titles.len());
                let detail = format!("has {has} cells, the first line has {titles} titles");
                faults.push(RowFault::of_line(number, detail));
            }
            Ok(cells) => table.lines.push(Line { number, cells }),
            Err(detail) => faults.push(RowFault::of_line(number, detail)),
        }
        if table.lines.len() > LINES_MAX {
            faults
                .push(RowFault::of_line(number, format!("there are more than {LINES_MAX} lines")));
        }
        if faults.len() >= FAULTS_MAX || table.lines.len() > LINES_MAX {
            break;
        }
    }
    if faults.is_empty() { Ok(table) } else { Err(faults) }
}

/// Counts lines: the reader's own count differs by how they end.
struct Lines {
    number: u64,
    /// Bytes that are counted.
    counted: usize,
}

impl Lines {
    /// The line a record begins on.
    fn of(&mut self, record: &ByteRecord, bytes: &[u8]) -> u64 {
        let said = record.position().map_or(0, csv::Position::byte);
        let said = usize::try_from(said).unwrap_or(usize::MAX).max(self.counted);
        let rest = bytes.get(said..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        let until = said.saturating_add(blank);
        let passed = bytes.get(self.counted..until).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.number += u64::try_from(breaks).unwrap_or_default();
        self.counted = until;
        self.number
    }
}

fn cells_of(record: &ByteRecord) -> Result<Vec<String>, String> {
    if record.len() > CELLS_MAX {
        return Err(format!("has more than {CELLS_MAX} cells"));
    }
    let cell = |(at, bytes): (usize, &[u8])| {
        let says = |what: &str| Err(format!("column {}: {what}", at + 1));
        match str::from_utf8(bytes) {
            Err(_) => says("is not UTF-8: save the file as UTF-8"),
            Ok(_) if bytes.len() > CELL_BYTES_MAX => says("is too long"),
            Ok(text) if text.contains('\0') => says("holds a NUL"),
            Ok(text) => Ok(unguarded(text).to_owned()),
        }
    };
    record.iter().enumerate().map(cell).collect()
}

/// What separates cells: whatever of the usual stands most often in the first line.
fn separator_in(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| first.iter().filter(|byte| **byte == separator).count();
    SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Largest file.
pub const FILE_BYTES_MAX: usize = 512 << 20;
/// Lines of a file.
pub const LINES_MAX: usize = 1_000_000;
const CELLS_MAX: usize = 500;
const CELL_BYTES_MAX: usize = 256 * 1024;
/// More faults than these are not looked for.
pub const FAULTS_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(file: &str) -> Vec<(u64, Vec<String>)> {
        let table = table_of(file.as_bytes()).expect("a sound file");
        table.lines.into_iter().map(|line| (line.number, line.cells)).collect()
    }

    #[test]
    fn any_usual_separator_will_do_and_lines_keep_their_numbers() {
        let row = |number, cells: [&str; 2]| (number, cells.map(str::to_owned).to_vec());
        assert_eq!(
            cells("\u{feff}sku,name\nA,\"x\ny, z\"\n,\nB,'=1\n"),
            [row(2, ["A", "x\ny, z"]), row(5, ["B", "=1"]),]
        );
        assert_eq!(cells("sku;name\r\nA;b,c\r\n"), [row(2, ["A", "b,c"])]);
        assert_eq!(cells("sku\tname\nA\tb;c\n"), [row(2, ["A", "b;c"])]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let faults = |file: &[u8]| table_of(file).expect_err("a fault");
        let wide = faults(b"sku,name\nA,b\nC,d,e\n");
        assert_eq!((wide[0].line, wide.len()), (3, 1));
        assert!(wide[0].detail.contains("has 3 cells"));
        assert_eq!(
            faults(b"sku,name\nA,\xff\n")[0].detail,
            "column 2: is not UTF-8: save the file as UTF-8"
        );
        assert_eq!(faults(b"sku,name\nA,b\0\n")[0].line, 2);
        assert_eq!(table_of(b"").expect("nothing"), Table::default());
    }
}
