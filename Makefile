# The front door. `make help` lists what there is.
#
# PROFILE=release builds the service optimised; the default builds fastest and is quick enough for tests and demo.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PROFILE ?= dev
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BIN := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

# A Node of a known version, whatever the system has, and wasm-opt for the page.
export PATH := $(CURDIR)/e2e/node_modules/.bin:$(PATH)
export MAILFERRY_BIN := $(BIN)

BENCH = $(TARGET)/release/lab bench --mailferry $(TARGET)/release/mailferry --repetitions $(or $(BENCH_REPETITIONS),5)

# Always all crates, even for one program: so that every build agrees on the features of what they share, and nothing
# is compiled twice.
NATIVE := --workspace --exclude mailferry-frontend
PAGE := -p mailferry-frontend --target wasm32-unknown-unknown
PAGE_SOURCES := $(shell find frontend shared -type f -not -path '*/dist/*' 2>/dev/null)

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what is missing: packages of Debian, npm and Python, the wasm target
	@e2e/setup.sh

.PHONY: page-bundle
page-bundle: frontend/dist/index.html ## Build the page into frontend/dist

frontend/dist/index.html: $(PAGE_SOURCES) Cargo.lock Cargo.toml | setup
	cargo build --locked $(NATIVE) --bin mailferry-bundle
	$(TARGET)/debug/mailferry-bundle

.PHONY: service
service: page-bundle
	cargo build --locked --profile $(PROFILE) $(NATIVE) --bin mailferry

.PHONY: lab
lab: setup
	cargo build --locked --profile $(PROFILE) $(NATIVE) --bin lab

.PHONY: build
build: service ## Build page and service

.PHONY: run
run: build ## Start the service with its defaults on http://127.0.0.1:8080
	exec $(BIN)/mailferry serve

.PHONY: demo
demo: build lab ## Two real mail servers, the service, one order from start to end; DEMO_ONCE=1 ends by itself
	exec node e2e/demo.ts

.PHONY: test
test: test-rust page ## All tests: crates, then the path through the page in a browser

.PHONY: test-rust
test-rust: page-bundle ## Tests of the crates
	e2e/steady.sh cargo test --locked $(NATIVE) --no-fail-fast
	cargo test --locked -p mailferry-frontend

.PHONY: page
page: build lab ## The browser tests alone, against real servers
	cd e2e && playwright test

.PHONY: crash
crash: build lab ## Kill copies and workers at random moments, resume, compare message by message
	exec node e2e/crash.ts

.PHONY: crash-matrix
crash-matrix: setup ## Every row of the fault matrix at real servers: points tried, lost, doubled; MATRIX_POINTS=40
	@e2e/crash-matrix.sh

.PHONY: soak
soak: setup ## Random faults on larger mailboxes for SOAK_MINUTES=10; SOAK_SEED repeats a run
	@e2e/crash-matrix.sh soak

.PHONY: fuzz
fuzz: setup ## Everything that reads a server's bytes, guided by coverage, for FUZZ_MINUTES=10; FUZZ_TARGETS names some
	backend/connectors/fuzz/run.sh

.PHONY: fuzz-sessions
fuzz-sessions: setup ## Sessions with servers that say nonsense, for FUZZ_MINUTES=10; FUZZ_SEED repeats a run
	FUZZ_MINUTES=$${FUZZ_MINUTES:-10} cargo test --locked $(NATIVE) --test hostile -- --nocapture no_words

.PHONY: voucher-race
voucher-race: setup ## Fifty parallel redeems of one voucher, on both databases, with their counts
	cargo test --locked $(NATIVE) --test api -- --nocapture fifty_parallel

.PHONY: authz
authz: setup ## Every operation of the API × every proof that does not suffice; prints how many were refused
	cargo test --locked $(NATIVE) --test api -- --nocapture authorisation

.PHONY: api-walk
api-walk: setup ## A reseller's life by the API alone, between real servers: tenant, key, voucher, link, order, webhooks
	cargo test --locked $(NATIVE) --test api -- --nocapture from_a_tenant_to_a_deleted_order

.PHONY: requests-walk
requests-walk: setup ## A requested migration by the API alone, between real servers: file, attachments, queue, run, mails, purge
	cargo test --locked $(NATIVE) --test api -- --nocapture requests_walk

.PHONY: bench
bench: setup ## How long copies take, beside the servers' limit and other tools; writes e2e/BENCH.md; BENCH_ONLY="many disk" prints some
	$(MAKE) service lab PROFILE=release
ifdef BENCH_ONLY
	$(BENCH) $(BENCH_ONLY:%=--only %)
else
	$(BENCH) --out e2e/BENCH.md.new
	{ echo '# Speed'; echo; echo "Measured $$(date +%Y-%m-%d) by \`make bench\`."; echo; cat e2e/BENCH.md.new; } > e2e/BENCH.md
	rm e2e/BENCH.md.new
endif

.PHONY: lighthouse
lighthouse: build lab ## Lighthouse's scores of the start page, headless; fails below 95
	PATH="$${PATH#*/node_modules/.bin:}" PUPPETEER_SKIP_DOWNLOAD=1 npm ci --prefix e2e/lighthouse --ignore-scripts --no-audit --no-fund --loglevel=error
	cd e2e && exec node lighthouse/run.ts

.PHONY: screenshots
screenshots: build lab ## Pictures of every step into e2e/screenshots, wide and narrow, light and dark
	cd e2e && exec node screenshots.ts

.PHONY: openapi
openapi: service ## Write openapi/openapi.json anew
	$(BIN)/mailferry openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

.PHONY: openapi-check
openapi-check: service ## Fail if openapi/openapi.json is not what the service says
	$(BIN)/mailferry openapi | diff -u openapi/openapi.json -

.PHONY: settings
settings: service ## Write the table of settings in README.md anew
	{ sed '/^<!-- settings -->$$/q' README.md; echo; $(BIN)/mailferry settings; echo; sed -n '/^<!-- end -->$$/,$$p' README.md; } > README.md.new
	mv README.md.new README.md

.PHONY: canary
canary: setup ## A password goes in on every way there is, also to servers that repeat it, and is found nowhere: what was searched
	cargo test --locked $(NATIVE) --test api --test panic -- --nocapture canary panic_is_told

.PHONY: spec-lint
spec-lint: setup ## Lint openapi/openapi.json: no finding at all
	cd openapi && redocly lint openapi.json --config redocly.yaml --max-problems 1000
	@echo "spec-lint: $$(grep -c '"operationId"' openapi/openapi.json) operations, 0 findings"

.PHONY: schemathesis
schemathesis: service lab ## Requests made up from the document, sane and insane, to a started service; SCHEMATHESIS_SECONDS=90
	exec node e2e/schemathesis.ts

.PHONY: clients
clients: service lab ## Generate clients in TypeScript, Python and Java, compile them, and migrate with them
	exec node e2e/clients.ts

.PHONY: fmt
fmt: ## Format everything
	cargo fmt --all

.PHONY: fmt-check
fmt-check: ## Fail if something is not formatted
	cargo fmt --all --check

.PHONY: lint
lint: page-bundle ## Clippy for service and page, types of the browser tests; warnings are errors
	cargo clippy --locked $(NATIVE) --all-targets -- -D warnings
	cargo clippy --locked $(PAGE) -- -D warnings
	cd e2e && tsc --project .

.PHONY: clean
clean: ## Remove everything that was built
	cargo clean
	rm -rf frontend/dist e2e/node_modules e2e/lighthouse/node_modules e2e/.cyrus e2e/.chromium e2e/.venv e2e/.work e2e/test-results e2e/playwright-report e2e/screenshots
