//! Facets: how many hits there would be for each further choice.

use super::{
    figures::Figures,
    gather::{Chosen, Fails, Kind},
    request::{FacetValue, Facets, Filters, OptionFacet},
    rows::Labelled,
    schema::{OPTION_BREAK, fold_label, option_label},
    view::{Labels, ShownLabels},
};

/// Counts on their way, by the number of a label.
pub(super) struct Counts {
    categories: Vec<u32>,
    brands: Vec<u32>,
    /// Of what fails nothing.
    options: Vec<u32>,
    /// Of what fails nothing but the chosen option of this number.
    chosen_options: Vec<Vec<u32>>,
    in_stock: u64,
    out_of_stock: u64,
    prices: Option<(i64, i64)>,
}

impl Counts {
    /// Nothing counted yet, with room for so many labels.
    pub fn new(labels: usize, filters: &Chosen) -> Counts {
        let none = || vec![0; labels];
        Counts {
            categories: none(),
            brands: none(),
            options: none(),
            chosen_options: filters.options.iter().map(|_| none()).collect(),
            in_stock: 0,
            out_of_stock: 0,
            prices: None,
        }
    }

    /// Counts a document that matches the words and fails so much of the filters, with its labels.
    pub fn take(
        &mut self,
        figures: Figures,
        labels: &Labelled<'_>,
        filters: &Chosen,
        fails: Fails,
    ) {
        if fails == Fails::Several {
            return;
        }
        let Labelled { brands, categories, .. } = *labels;
        let counts_in = |kind: Kind| fails == Fails::None || fails == Fails::Only(kind);
        if counts_in(Kind::Category) {
            add(&mut self.categories, categories);
        }
        if counts_in(Kind::Brand) {
            add(&mut self.brands, brands);
        }
        self.take_options(labels, filters, fails);
        if counts_in(Kind::Stock) {
            if figures.in_stock {
                self.in_stock += 1;
            } else {
                self.out_of_stock += 1;
            }
        }
        if counts_in(Kind::Price) {
            let (low, high) = (figures.price_minor, figures.dearest());
            let (least, most) = self.prices.unwrap_or((low, high));
            self.prices = Some((least.min(low), most.max(high)));
        }
    }

    /// Counts what can be chosen of it. Where there are several options, a value counts in which
    /// some variant is to be had that fits what else is chosen.
    fn take_options(&mut self, labels: &Labelled<'_>, filters: &Chosen, fails: Fails) {
        let Labelled { options, variants, .. } = *labels;
        if variants.is_empty() || filters.options.is_empty() {
            if fails == Fails::None {
                add(&mut self.options, options);
            }
            for (number, counts) in self.chosen_options.iter_mut().enumerate() {
                if [Fails::None, Fails::Only(Kind::Option(number))].contains(&fails) {
                    add(counts, options);
                }
            }
        } else if matches!(fails, Fails::None | Fails::Only(Kind::Option(_))) {
            for label in options {
                let having = variants.iter().filter(|variant| variant.contains(label));
                let missed = having.map(|variant| filters.missed_by(variant));
                if missed.clone().any(|missed| missed == Fails::None) {
                    add(&mut self.options, &[*label]);
                }
                for (number, counts) in self.chosen_options.iter_mut().enumerate() {
                    let fits = [Fails::None, Fails::Only(Kind::Option(number))];
                    if missed.clone().any(|missed| fits.contains(&missed)) {
                        add(counts, &[*label]);
                    }
                }
            }
        }
    }

    /// The facets, the most frequent values first.
    pub fn into_facets(self, labels: &Labels, filters: &Filters) -> Facets {
        let labels = &labels.shown();
        let categories = most_frequent(&self.categories, CATEGORIES_MAX)
            .filter_map(|(label, n)| Some((labels.of(label)?.parse().ok()?, n)));
        let chosen: Vec<String> = filters.brands.iter().map(|brand| fold_label(brand)).collect();
        let brands = shown(&self.brands, labels, BRANDS_MAX, |label| {
            // Folding costs more than all else here, where often nothing is chosen.
            let is_chosen = !chosen.is_empty() && chosen.contains(&fold_label(label));
            Some((label, is_chosen))
        });
        Facets {
            categories: categories.collect(),
            brands,
            options: self.options(labels, filters),
            in_stock: self.in_stock,
            out_of_stock: self.out_of_stock,
            prices: self.prices,
        }
    }

    fn options(&self, labels: &ShownLabels<'_>, filters: &Filters) -> Vec<OptionFacet> {
        let mut facets: Vec<OptionFacet> = Vec::new();
        for ((name, values), counts) in filters.options.iter().zip(&self.chosen_options) {
            let chosen: Vec<String> =
                values.iter().map(|value| fold_label(&option_label(name, value))).collect();
            let folded = fold_label(name);
            let values = shown(counts, labels, VALUES_MAX, |label| {
                let (option, value) = label.split_once(OPTION_BREAK)?;
                let is_chosen = chosen.contains(&fold_label(label));
                (fold_label(option) == folded).then_some((value, is_chosen))
            });
            facets.push(OptionFacet { name: name.clone(), values });
        }
        for (label, count) in most_frequent(&self.options, usize::MAX) {
            let Some(label) = labels.of(label) else { continue };
            let Some((option, value)) = label.split_once(OPTION_BREAK) else { continue };
            let is_of = |facet: &OptionFacet| fold_label(&facet.name) == fold_label(option);
            let value = FacetValue { value: value.to_owned(), count, is_chosen: false };
            match facets.iter().position(is_of) {
                Some(at) if at < filters.options.len() => {}
                Some(at) if facets[at].values.len() < VALUES_MAX => facets[at].values.push(value),
                None if facets.len() < OPTIONS_MAX => {
                    facets.push(OptionFacet { name: option.to_owned(), values: vec![value] });
                }
                Some(_) | None => {}
            }
        }
        facets
    }
}

fn add(counts: &mut [u32], labels: &[u32]) {
    for label in labels {
        let count = usize::try_from(*label).ok().and_then(|label| counts.get_mut(label));
        if let Some(count) = count {
            *count += 1;
        }
    }
}

/// Labels that were counted, the most frequent first.
fn most_frequent(counts: &[u32], most: usize) -> impl Iterator<Item = (u32, u64)> {
    let mut counted: Vec<(u32, u32)> =
        (0..).zip(counts).filter(|(_, count)| **count > 0).map(|(at, n)| (*n, at)).collect();
    counted.sort_unstable_by_key(|(count, label)| (u32::MAX - count, *label));
    counted.into_iter().take(most).map(|(count, label)| (label, u64::from(count)))
}

fn shown(
    counts: &[u32],
    labels: &ShownLabels<'_>,
    most: usize,
    value_of: impl Fn(&str) -> Option<(&str, bool)>,
) -> Vec<FacetValue> {
    let mut values = Vec::new();
    for (label, count) in most_frequent(counts, usize::MAX) {
        let Some(label) = labels.of(label) else { continue };
        let Some((value, is_chosen)) = value_of(label) else { continue };
        // What is chosen stays in sight, however rare.
        if values.len() < most || is_chosen {
            values.push(FacetValue { value: value.to_owned(), count, is_chosen });
        }
    }
    values
}

const CATEGORIES_MAX: usize = 100;
const BRANDS_MAX: usize = 30;
const OPTIONS_MAX: usize = 20;
const VALUES_MAX: usize = 50;
