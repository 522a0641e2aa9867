# What people do with this tree. `make help` lists it; cargo does the work.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
# More arguments of `geophone run`, such as -i eth0.
ARGS ?=
# The benchmark's generator and floor are no part of this tree.
BENCH_DIR ?= ../shared/bench
BENCH_SCALE ?= 0.1
BENCH_MAX ?= 2.0
BENCH_CAPTURE ?=

TARGET := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release/geophone
DEBUG := $(TARGET)/debug/geophone
# Last, so that what the machine has comes first. Users other than root often lack sbin, where ip is.
export PATH := $(PATH):$(HOME)/.cargo/bin:$(abspath $(TARGET)/tools/usr/bin):/usr/sbin:/sbin

.PHONY: help run test check build bench install uninstall deb generated clean shipped
.DEFAULT_GOAL := help

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: build ## build, and watch all interfaces of this host until Ctrl-C
	@$(RELEASE) devices >/dev/null 2>&1; \
	if [ $$? -eq 77 ] && [ "$$(id -u)" != 0 ] && command -v sudo >/dev/null; then \
		echo "capturing needs CAP_NET_RAW, which this user lacks: running with sudo"; \
		exec sudo $(RELEASE) run $(ARGS); \
	fi; \
	exec $(RELEASE) run $(ARGS)

build: ## build the program, installing libpcap if it is missing
	@scripts/setup build $(TARGET)
	cargo build --release --locked

test: ## install what tests need, then check, test, and prove the files that ship
	@scripts/setup test $(TARGET)
	$(MAKE) check
	cargo test --locked
	$(MAKE) shipped

check: ## formatting, lints, and licences where cargo-deny is installed
	cargo fmt --check
	# Modules that a macro declares are not found by cargo fmt.
	find src -name '*.rs' -exec rustfmt --check --edition 2024 {} +
	cargo clippy --locked --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "licences not checked: cargo-deny is not installed"; fi

# After the tests, whose program it uses.
shipped:
	$(DEBUG) check -c config/geophone.yaml
	$(DEBUG) rules list >/dev/null
	$(DEBUG) rules test
	@if command -v promtool >/dev/null; then for file in $(wildcard config/prometheus/*.yaml); do \
		if grep -q '^tests:' $$file; then set -- test rules; \
		elif grep -q '^groups:' $$file; then set -- check rules; \
		elif grep -q '^scrape_configs:' $$file; then set -- check config; \
		else continue; fi; \
		promtool "$$@" $$file || { echo "$$file: promtool $$* failed" >&2; exit 1; }; \
	done; else echo "alert rules not checked: promtool is not installed"; fi
	@if command -v amtool >/dev/null; then amtool check-config config/prometheus/alertmanager.yaml; \
	else echo "alertmanager.yaml not checked: amtool is not installed"; fi

bench: build ## what `geophone read` costs against a bare libpcap loop; fails above BENCH_MAX
	@scripts/bench $(RELEASE) --target $(TARGET) --bench-dir $(BENCH_DIR) --scale $(BENCH_SCALE) \
		--max $(BENCH_MAX) $(if $(BENCH_CAPTURE),--capture $(BENCH_CAPTURE))

# No build as root where there is one already. A configuration that stands is its owner's.
install: ## install below DESTDIR, PREFIX and SYSCONFDIR
	@[ -x $(RELEASE) ] || $(MAKE) build
	@scripts/install put $(RELEASE) "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

uninstall: ## remove what `make install` put there; the configuration, events and state stay
	@scripts/install remove $(RELEASE) "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

deb: build ## make the Debian package, below TARGET/debian
	@scripts/setup deb $(TARGET)
	cargo deb --locked --no-build --strip

generated: ## write anew the files that are made from the program's own tables
	GENERATE=1 cargo test --locked --test generated
	GENERATE=1 cargo test --locked --test package the_files_of_an_installation

clean: ## remove everything that was built
	cargo clean
