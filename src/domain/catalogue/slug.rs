//! Slugs and made SKUs: names as they stand in addresses and on shelves.

use crate::domain::ids::{Identity, VariantId};

/// The slug of a name: ASCII, hyphens, at most 120 characters, never empty.
pub fn slug_of(name: &str) -> String {
    let slug = slug::slugify(name.replace('&', " and "));
    let slug = cut(&slug, SLUG_CHARS_MAX);
    if slug.is_empty() { NAMELESS.to_owned() } else { slug.to_owned() }
}

/// The slug for the `number`th thing of that name: `tea`, `tea-2`, `tea-3`.
pub fn numbered(slug: &str, number: u64) -> String {
    if number < 2 {
        return slug.to_owned();
    }
    let ending = format!("-{number}");
    format!("{}{ending}", cut(slug, SLUG_CHARS_MAX.saturating_sub(ending.len())))
}

/// A SKU for a variant that was given none: readable by its slug, its own by its id.
pub(super) fn made_sku(slug: &str, variant: VariantId) -> String {
    let id: String = variant.bytes()[12..].iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{}-{id}", cut(slug, SKU_SLUG_CHARS_MAX).to_uppercase())
}

/// At most so many characters of ASCII, not ending in a hyphen.
fn cut(ascii: &str, chars_max: usize) -> &str {
    ascii.get(..chars_max).unwrap_or(ascii).trim_end_matches('-')
}

/// What a name without a single letter becomes.
const NAMELESS: &str = "item";
/// Longest slug.
pub const SLUG_CHARS_MAX: usize = 120;
/// How much of the slug a made SKU begins with.
const SKU_SLUG_CHARS_MAX: usize = 24;
