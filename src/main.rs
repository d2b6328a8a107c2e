//! The `bodega` command.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bodega::memory::give_back_at_once();
    bodega::memory::keep_pages_small();
    // Refused only if there is one already, and there is no other.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    bodega::commands::run(&bodega::cli::Cli::parse())
}
