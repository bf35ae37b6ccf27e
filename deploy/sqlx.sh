#!/bin/bash
# Writes .sqlx, the descriptions of every checked query, from freshly migrated databases.
# With --check it writes elsewhere and fails where the committed ones differ.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${CARGO_TARGET_DIR:?run this by make}"

cargo build --quiet --workspace --bin devstack
addresses=$("$CARGO_TARGET_DIR/debug/devstack" schema .)
eval "$addresses"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# the macros run again only where a crate is compiled again
touch services/*/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$fresh cargo check --quiet --workspace
touch services/*/src/lib.rs

if [ "${1:-}" = "--check" ]; then
    if ! diff --recursive --brief .sqlx "$fresh"; then
        echo "The descriptions in .sqlx are not those of the queries: run 'make sqlx' and commit them."
        exit 1
    fi
    echo "Every query fits its database: $(find "$fresh" -type f | wc -l) are described."
else
    rm -rf .sqlx
    mkdir .sqlx
    cp "$fresh"/* .sqlx/
    echo "Wrote $(find .sqlx -type f | wc -l) descriptions to .sqlx."
fi
