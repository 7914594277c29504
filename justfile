# Short names. Nothing needs just: each line below works by itself.

set shell := ["bash", "-euo", "pipefail", "-c"]

_list:
    @{{ just_executable() }} --list

# The whole product with invented people; no mail leaves.
demo *arguments:
    cargo run -- demo {{ arguments }}

# Everything, as CI does it.
check:
    tests/run

# The inner loop: no browser, SQLite only.
test:
    tests/run --quick

# Take the changed snapshots as right. Look at the difference before you commit it.
accept:
    INSTA_UPDATE=always cargo test --workspace

# What it costs, beside what the machine can do at best.
bench *arguments:
    cargo build --release
    cargo run --release --package bench -- {{ arguments }}
    cargo bench --package booking
