# What one does here; `just` alone lists it.

_list:
    @just --list --unsorted

# A filled shop on a temporary directory, offline
demo:
    cargo run --release -- demo

# Exactly what CI runs
check:
    .ci/run

# Tests whose names contain the words, or all of them
test *words:
    cargo test -- {{ words }}

# Tests with new snapshots written in place; read the diff before committing it
snap *words:
    INSTA_UPDATE=always cargo test -- {{ words }}

# Benchmarks, all or one by name; numbers and method are in bench/README.md
bench *names:
    cargo bench {{ names }}

# The binary that is shipped: target/release/bodega
release:
    cargo build --release --locked

# The same, a quarter smaller and longer in the making: target/dist/bodega
dist:
    cargo build --profile dist --locked

# The Python programs some tests ask for a second opinion; without them those tests are skipped
venv:
    .ci/venv

# With other numbers it is shorter, in their order: just faults 50 10 10 6 300 10 300

# The fault tests for hours: kills, power cuts (root), damages of the release binary's shop, schedules, fuzzing
faults $BODEGA_FAULTS_KILLS="1000" $BODEGA_FAULTS_TELLINGS="200" $BODEGA_FAULTS_LETTER_KILLS="100" $BODEGA_FAULTS_CUTS="100" $BODEGA_FAULTS_DAMAGES="10000" $BODEGA_FAULTS_DAMAGED_SHOPS="200" $BODEGA_SCHEDULES="20000": release
    BODEGA_TEST_BINARY="$(realpath "${CARGO_TARGET_DIR:-target}")/release/bodega" \
        cargo test --test faults -- --nocapture --test-threads 1
    cargo test --test stripe -- --nocapture schedules
    if command -v cargo-fuzz >/dev/null; then {{ just_executable() }} fuzz; else echo "no fuzzing: cargo install cargo-fuzz"; fi

# Every page of the demo and every letter as a picture, for a person to look at: widths, light and dark
screenshots dir="target/screenshots":
    cargo build
    .ci/browser screenshots {{ dir }}

# Lighthouse's marks for home, category, product and cart of the released demo; reports beside them
lighthouse: release
    BODEGA="${CARGO_TARGET_DIR:-target}/release/bodega" .ci/browser lighthouse

# Feeds the decoders of journal, money, cursors, tokens and bodies; so many seconds each (needs cargo-fuzz)
fuzz seconds="60":
    cp Cargo.lock fuzz/Cargo.lock
    for target in frames money cursors tokens bodies; do \
        mkdir -p fuzz/corpus/$target; \
        RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $target fuzz/corpus/$target fuzz/seeds/$target \
            -- -max_total_time={{ seconds }} || exit 1; \
    done

# Holds the running demo to its own document (schemathesis), by new dice and for long; CI does it with few cases and the same dice
conformance: venv
    cargo build
    tests/conformance/run long
