//! How many small commits a second become durable, beside the bare disk.

fn main() {}
