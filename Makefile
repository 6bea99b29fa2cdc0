# Atalaya: everything a developer or a CI machine runs. Each target installs what it lacks, quietly, so that a fresh
# Debian machine with cargo, Node 20.19 and apt needs nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help

export CARGO_TERM_COLOR ?= auto
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
# Nothing is built against a lock file that would have to change first.
WHOLE := --locked --workspace
# All of them: the formatter does not follow modules that a table declares.
RUST_SOURCES := $(shell find server tests tiles -name '*.rs' -not -path '*/node_modules/*' -not -path '*/target/*')
RUSTFMT := rustfmt --edition 2024
WEB_SOURCES := $(shell find frontend styles -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2> /dev/null)
# What the tests print, kept for the total on the last line.
LOG := target/test.log
KEEP := (mkdir -p $(dir $(LOG)) && tee -a $(LOG))
TEE := 2>&1 | $(KEEP)
# Each test in a process of its own, with a time limit.
NEXTEST_VERSION := 0.9.151
NEXTEST := cargo nextest run $(WHOLE) --no-fail-fast --show-progress none --status-level fail --final-status-level fail
# The newest that this toolchain builds.
MARTIN_VERSION := 1.14.0
# What a passing test prints is in the report alone, wherever the build goes; the next run writes it over, so skips are said right after.
REPORT := target/nextest/default/junit.xml
SKIPPED := sed -nE 's/^( *<system-(out|err)>)?(skipped: .*)$$/\3/p' $(REPORT) | $(KEEP)
define rust_tests
	@rm -f $(REPORT); status=0; $(NEXTEST) $(1) $(TEE) || status=$$?; \
	[ ! -f $(REPORT) ] || $(SKIPPED); exit $$status
endef

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

# --- for people -----------------------------------------------------------------------------------

.PHONY: run
run: tools-run frontend/dist ## build everything and start the demo city
	cargo run --locked --release --package atalaya -- demo

.PHONY: test
test: tools-test log ## every test: front end, Rust, end to end, browser, PostGIS
	@status=0; $(MAKE) --no-print-directory --keep-going web lint unit suite counts browser deny || status=$$?; \
	[ $$status -eq 0 ] || echo "a step failed: look for *** above"; \
	tests/total.sh $(LOG) || status=1; exit $$status

# All that measure time or memory, which `counts` does not.
TIMED := --bench memory --bench moving --bench tile --bench store

.PHONY: bench
bench: tools-bench frontend/dist martin ## print what things cost on this machine, beside peers that run on it
	cargo build --locked --release --workspace --bins
	cargo bench --locked --package atalaya-tiles --package atalaya $(TIMED)
	cargo bench --locked --package atalaya-tests --bench table

.PHONY: bench-quick
bench-quick: tools-bench frontend/dist ## the same table with a tenth of the data, in five minutes
	cargo build --locked --release --workspace --bins
	cargo bench --locked --package atalaya-tests --bench table -- quick

.PHONY: lint
lint: frontend/dist ## formatting and lints; a warning is an error
	@$(RUSTFMT) --check $(RUST_SOURCES)
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: fmt
fmt: frontend/node_modules ## rewrite the sources in the house format
	@$(RUSTFMT) $(RUST_SOURCES)
	npm --prefix frontend run --silent format

.PHONY: clean
clean: ## remove everything that was built or installed here
	cargo clean
	rm -rf frontend/node_modules frontend/dist tests/browser/node_modules tests/browser/out tests/.venv target

# --- the parts of `make test`, each of which runs alone ----------------------------------------------

.PHONY: log
log:
	@mkdir -p $(dir $(LOG)) && : > $(LOG)

.PHONY: web
web: frontend/node_modules ## the front end: types, style, unit tests
	npm --prefix frontend run --silent check
	npm --prefix frontend run --silent test $(TEE)

.PHONY: unit
unit: frontend/dist nextest ## unit, property, conformance and documentation tests
	$(call rust_tests,--lib --bins)
	cargo test $(WHOLE) --no-fail-fast --doc $(TEE)

.PHONY: suite
suite: server tests/.venv nextest ## end to end against the real binary, GDAL, OWSLib and PostGIS
	$(call rust_tests,--test '*')

# Seconds that the day of `soak` takes at least.
SOAK_S ?= 900

.PHONY: soak
soak: server nextest ## a day of simulated traffic in a quarter of an hour: stale tiles, ghosts, leaks
	ATALAYA_SOAK_S=$(SOAK_S) cargo nextest run $(WHOLE) --no-capture --test suite a_day_leaves

COUNTS := cargo bench --locked --profile counts --package atalaya-tiles --bench counts

.PHONY: counts
counts: ## instructions of the hot paths, held against those kept
	$(COUNTS) $(TEE)

.PHONY: counts-keep
counts-keep: ## keep the instructions that the hot paths take now
	$(COUNTS) -- keep

.PHONY: browser
browser: server tests/.venv tests/browser/node_modules ## the pages in a real browser
	npm --prefix tests/browser run --silent test $(TEE)

.PHONY: server
server: frontend/dist
	cargo build $(WHOLE) --bins --tests

.PHONY: deny
deny: ## licences, sources and bans of every dependency
	@command -v cargo-deny > /dev/null || cargo install --quiet --locked cargo-deny
	cargo fetch --quiet --locked
	cargo deny --offline --log-level error --config .deny.toml check bans licenses sources

# --- what has to be there first ------------------------------------------------------------------------

.PHONY: tools-run tools-test tools-bench
tools-run:
	@tests/install.sh run
tools-test:
	@tests/install.sh test
tools-bench:
	@tests/install.sh bench

# A peer to measure against, with what of it is measured; it goes where the bench looks for it.
.PHONY: martin
martin:
	@target/peers/bin/martin --version 2> /dev/null | grep -qF '$(MARTIN_VERSION)' || \
	cargo install --quiet --locked martin --version $(MARTIN_VERSION) --no-default-features \
		--features postgres,mbtiles,mlt,metrics --root target/peers

.PHONY: nextest
nextest:
	@cargo nextest --version 2> /dev/null | grep -qF 'cargo-nextest $(NEXTEST_VERSION) ' || \
	cargo install --quiet --locked --debug --force cargo-nextest --version $(NEXTEST_VERSION)

frontend/dist: frontend/node_modules $(WEB_SOURCES)
	npm --prefix frontend run --silent build
	@touch $@

frontend/node_modules: frontend/package-lock.json
	cd frontend && $(NPM_CI) && touch node_modules

tests/browser/node_modules: tests/browser/package-lock.json
	cd tests/browser && $(NPM_CI) && touch node_modules

tests/.venv: tests/requirements.txt
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	@touch $@
