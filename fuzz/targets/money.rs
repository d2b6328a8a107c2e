//! Feeds amounts.
#![no_main]

#[path = "../../tests/crashes/decoders/checks.rs"]
#[expect(dead_code, reason = "each target feeds one of the decoders")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::money(bytes));
