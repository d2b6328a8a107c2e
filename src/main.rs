//! The `bodega` command.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bodega::memory::keep_pages_small();
    bodega::commands::run(&bodega::cli::Cli::parse())
}
