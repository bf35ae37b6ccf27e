# The build cache lies outside the checkout, so that a fresh clone builds warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/contractoros/target
# Queries are checked against the committed descriptions; `make sqlx` renews them.
export SQLX_OFFLINE ?= true

# What each command has proved, for `make proofs`
NOTES := $(CARGO_TARGET_DIR)/proofs

TOOLS := $(HOME)/.cache/contractoros/tools
BROWSER := integration-tests/browser

.PHONY: demo test check sqlx sabotage bench soak proofs build install install-tests install-bench tools

## The whole platform with sample data, until Ctrl-C
demo: install build
	$(CARGO_TARGET_DIR)/debug/devstack --sample $(DEVSTACK)

## Every test, browser included. One build for all: tests want more of some dependencies, which are then other ones
test: install-tests
	cargo build --workspace --bins --tests
	mkdir -p $(NOTES) && rm -f $(NOTES)/test
	CONTRACTOROS_PROOFS=$(NOTES)/test cargo test --workspace --no-fail-fast; status=$$?; \
	$(CARGO_TARGET_DIR)/debug/devstack stop-tests; exit $$status

## Format, lints, licences, protos, query descriptions
check: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	$(TOOLS)/bin/cargo-deny --log-level error check licenses bans sources
	cd proto && ../$(BROWSER)/node_modules/.bin/buf lint
	cd proto && ../$(BROWSER)/node_modules/.bin/buf format --diff --exit-code
	deploy/sqlx.sh --check

## Write the query descriptions in .sqlx anew, from freshly migrated databases
sqlx:
	deploy/sqlx.sh

## Remove each guard in turn and see the tests turn red
sabotage: build
	integration-tests/sabotage.sh

## What photos, pages and mails cost beside what they stand on, a line a promise; built for release
bench: install-bench
	mkdir -p $(NOTES) && rm -f $(NOTES)/bench
	cargo build --workspace --release --bins --bench speed
	export CONTRACTOROS_PROOFS=$(NOTES)/bench; \
	$(TOOLS)/bench/bin/python integration-tests/benches/photo_sizes.py $(CARGO_TARGET_DIR)/release/decoder; status=$$?; \
	cargo bench --workspace --bench speed && exit $$status

## What takes too long for `make test`: two hundred photos over a bad connection, two hundred faults, many hostile requests
soak: install-tests build
	mkdir -p $(NOTES) && rm -f $(NOTES)/soak
	export CONTRACTOROS_PROOFS=$(NOTES)/soak; \
	cargo bench --workspace --profile dev --bench soak && \
	FAULTS_SEEDS=200 HOSTILE_REQUESTS=10000 ENUMERATION_REQUESTS=2000 \
	cargo test --workspace --no-fail-fast --test faults --test hostile --test enumeration

## Write PROOFS.md from what the last runs of test, bench and soak have proved
proofs: build
	$(CARGO_TARGET_DIR)/debug/proofs PROOFS.md $(wildcard $(NOTES)/*)

build:
	cargo build --workspace

install:
	deploy/install.sh

install-tests:
	deploy/install.sh --tests
	cd $(BROWSER) && npm ci --silent

install-bench:
	deploy/install.sh --bench
	$(TOOLS)/bench/bin/python -c 'import pyvips, skimage' 2>/dev/null || \
		{ python3 -m venv $(TOOLS)/bench && $(TOOLS)/bench/bin/pip install --quiet pyvips==3.2.0 scikit-image==0.26.0; }

tools: install-tests
	test -x $(TOOLS)/bin/cargo-deny || cargo install --locked --root $(TOOLS) cargo-deny
