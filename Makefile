# The build cache lies outside the checkout, so that a fresh clone builds warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/contractoros/target
# Queries are checked against the committed descriptions; `make sqlx` renews them.
export SQLX_OFFLINE ?= true

TOOLS := $(HOME)/.cache/contractoros/tools
BROWSER := integration-tests/browser

.PHONY: demo test check sqlx sabotage build install install-tests tools

## The whole platform with sample data, until Ctrl-C
demo: install build
	$(CARGO_TARGET_DIR)/debug/devstack --sample $(DEVSTACK)

## Every test, browser included
test: install-tests build
	cargo test --workspace --no-fail-fast; status=$$?; \
	$(CARGO_TARGET_DIR)/debug/devstack stop-tests; exit $$status

## Format, lints, licences, protos, query descriptions
check: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets
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

build:
	cargo build --workspace

install:
	deploy/install.sh

install-tests:
	deploy/install.sh --tests
	cd $(BROWSER) && npm ci --silent

tools: install-tests
	test -x $(TOOLS)/bin/cargo-deny || cargo install --locked --root $(TOOLS) cargo-deny
