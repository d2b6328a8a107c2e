//! Sheet: what an order costs by an arithmetic of its own, to compare the shop's with.
//!
//! Shares nothing with `domain::pricing` but the rules of `docs/adr/0005`: whole minor units in 128
//! bits, tax per line half up, shares of a line cumulative and rounded down.

use fastrand::Rng;

use super::Violation;

/// One line: so many units at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub price: i128,
    pub units: u32,
    pub subtotal: i128,
    pub tax: i128,
    /// Units that were refunded.
    pub back: u32,
}

/// A whole order, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub lines: Vec<Line>,
    pub subtotal: i128,
    pub tax: i128,
    pub shipping: i128,
    pub total: i128,
    /// What has gone back.
    pub refunded: i128,
}

impl Sheet {
    /// What so many units at these prices cost, with a tax in parts per million.
    pub fn of(wanted: &[(i128, u32)], tax_ppm: u32, shipping: i128) -> Sheet {
        let lines: Vec<Line> = wanted
            .iter()
            .map(|(price, units)| {
                let subtotal = price * i128::from(*units);
                let tax = (2 * subtotal * i128::from(tax_ppm) + MILLION) / (2 * MILLION);
                Line { price: *price, units: *units, subtotal, tax, back: 0 }
            })
            .collect();
        let subtotal = lines.iter().map(|line| line.subtotal).sum();
        let tax: i128 = lines.iter().map(|line| line.tax).sum();
        Sheet { lines, subtotal, tax, shipping, total: subtotal + tax + shipping, refunded: 0 }
    }

    /// What is left to refund.
    pub fn left(&self) -> i128 {
        self.total - self.refunded
    }

    /// Some units of a line that are left, by dice; none if all are back.
    pub fn some_units(&self, dice: &mut Rng) -> Option<(usize, u32)> {
        let open = |at: &usize| self.lines[*at].back < self.lines[*at].units;
        let at = dice.choice((0..self.lines.len()).filter(open).collect::<Vec<_>>())?;
        let left = self.lines[at].units - self.lines[at].back;
        // A few at a time, but never more than a few times.
        Some((at, dice.u32(left.div_ceil(PARTS_MAX)..=left)))
    }

    /// Refunds units of a line: what they cost with their tax, and with the last unit of all the
    /// shipping; what the shop must refuse, because it is more than is left, is nothing.
    pub fn give_back_units(&mut self, at: usize, units: u32) -> Option<i128> {
        let line = &self.lines[at];
        let (before, after) = (i128::from(line.back), i128::from(line.back + units));
        let whole = i128::from(line.units);
        let share = |part: i128| part * after / whole - part * before / whole;
        let last = self.lines.iter().map(|line| line.units - line.back).sum::<u32>() == units;
        let amount = share(line.subtotal) + share(line.tax) + if last { self.shipping } else { 0 };
        if amount == 0 || amount > self.left() {
            return None;
        }
        self.lines[at].back += units;
        self.refunded += amount;
        Some(amount)
    }

    /// Refunds an amount.
    pub fn give_back(&mut self, amount: i128) {
        self.refunded += amount;
    }

    /// Whether the shop says the same figure, in minor units.
    pub fn must_be(what: &str, shown: i128, must: i128) -> Result<(), Violation> {
        if shown == must {
            return Ok(());
        }
        Err(Violation(format!("{what} is {shown} minor units, and must be {must}")))
    }
}

const MILLION: i128 = 1_000_000;
/// Most parts in which a line goes back.
const PARTS_MAX: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_adds_up_as_the_note_on_rounding_says() {
        // 3 × 333 = 999, tax 79.92 → 80; 1 × 106, tax 8.48 → 8; shipping 500.
        let mut sheet = Sheet::of(&[(333, 3), (106, 1)], 80_000, 500);
        assert_eq!((sheet.subtotal, sheet.tax, sheet.total), (1105, 88, 1693));
        // Thirds of 999 and of 80: 26, then 53, then 80.
        assert_eq!(sheet.give_back_units(0, 1), Some(359));
        assert_eq!(sheet.give_back_units(0, 1), Some(360));
        assert_eq!(sheet.give_back_units(0, 1), Some(360));
        assert_eq!(sheet.give_back_units(1, 1), Some(614), "with the shipping");
        assert_eq!(sheet.left(), 0);
    }

    #[test]
    fn halves_of_a_minor_unit_go_up() {
        assert_eq!(Sheet::of(&[(10, 1)], 50_000, 0).tax, 1);
        assert_eq!(Sheet::of(&[(9, 1)], 50_000, 0).tax, 0);
    }
}
