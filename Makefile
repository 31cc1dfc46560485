# Pouch. `make` alone lists what there is to do.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PREFIX ?= /usr/local
DESTDIR ?=
RELEASE := .build/release
DEBUG := .build/debug
DEMO ?= /tmp/pouch-demo
POOL ?= /tmp/pouch-pool
PROGRAMS := pouch pouchd pouch-runtime pouch-registry pouch-server pouch-simulate pouch-pool
BUILD_NEEDS := libnftables-dev libldns-dev libseccomp-dev libcap-dev libarchive-dev libsqlite3-dev busybox-static ca-certificates
TEST_NEEDS := $(BUILD_NEEDS) git openssl docker-registry skopeo umoci runc crun docker.io podman curl bsdutils qemu-system-x86 cpio kmod e2fsprogs btrfs-progs xfsprogs util-linux apparmor iproute2 nftables iperf3 iptables python3 python3-venv
say = @printf '\n\033[1m==> %s\033[0m\n' "$(1)"

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: toolchain
toolchain:
	@if ! command -v swift >/dev/null; then \
	    echo "A Swift 6.3 toolchain is missing. Get it from https://www.swift.org/install/linux/ (Debian 12, x86_64 or"; \
	    echo "aarch64), unpack it, and put its usr/bin on your PATH; then run make again."; exit 1; \
	fi; \
	swift --version 2>/dev/null | grep -qE 'Swift version (6\.([3-9]|[1-9][0-9])|[7-9])' || \
	    { echo "Swift 6.3 or newer is needed; this is: $$(swift --version 2>/dev/null | head -1)"; exit 1; }

# Installs the Debian packages that are missing, and only those.
define install-packages
	@missing=$$(for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; \
	    [ "$$(id -u)" = 0 ] || { echo "this needs root: sudo apt-get install" $$missing; exit 1; }; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
endef

.PHONY: build-needs test-needs
build-needs: toolchain
	$(call install-packages,$(BUILD_NEEDS))
test-needs: toolchain
	$(call install-packages,$(TEST_NEEDS))
	@[ -x .build/python/bin/python3 ] || { python3 -m venv .build/python && .build/python/bin/pip install -q kubernetes==32.0.1; }

.PHONY: demo
demo: release ## From nothing to a running container, to a pool that shares an image, and to one that runs pods
	$(call say,The busybox image)
	Images/make busybox .build/images/busybox.tar
	@Tests/demo $(RELEASE) .build/images $(DEMO)
	$(call say,A pool: a registry and a tracker and five nodes that share an image)
	$(call install-packages,docker-registry iproute2 curl mmdebstrap)
	Images/make debian .build/images/debian.tar
	@Tests/demo-pool $(RELEASE) .build/images/debian.tar $(DEMO)-pool
	$(call say,A pool: a server and three nodes that run pods)
	@Tests/pool --demo $(RELEASE) .build/images $(DEMO)-nodes 3

.PHONY: pool
pool: release ## Keep a pool of N nodes on this machine for play: make pool N=5
	Images/make busybox .build/images/busybox.tar
	@Tests/pool $(RELEASE) .build/images $(POOL) $(or $(N),3)

.PHONY: build
build: build-needs ## Build everything for debugging
	swift build

.PHONY: release
release: build-needs ## Build the programs with optimisation
	$(call say,Release build (the first one takes some minutes))
	for program in $(PROGRAMS); do swift build -c release --product $$program; done
	Tests/check-runtime-symbols $(RELEASE)/pouch-runtime

.PHONY: install
install: release ## Install programs, unit, completions and man pages below PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 -s $(addprefix $(RELEASE)/,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	sed 's|@PREFIX@|$(PREFIX)|g' Specs/pouchd.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/pouchd.service
	$(RELEASE)/pouch --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pouch
	$(RELEASE)/pouch --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_pouch
	$(RELEASE)/pouch --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/pouch.fish
	$(RELEASE)/pouch generate-manual $(DESTDIR)$(PREFIX)/share/man/man1
	for program in pouchd pouch-registry pouch-server; do \
	    $(RELEASE)/$$program --experimental-dump-help | $(RELEASE)/pouch generate-manual $(DESTDIR)$(PREFIX)/share/man/man1 -; \
	done

.PHONY: test
test: test-needs ## Build and pass all tests
	@Tests/all

.PHONY: test-unit
test-unit: test-needs ## The tests that need no root
	@Tests/all unit models

.PHONY: test-kernel
test-kernel: test-needs ## The tests that need root and this kernel
	@Tests/all kernel

.PHONY: test-vm
test-vm: test-needs ## The kernel tests in a virtual machine (cgroup v2, AppArmor)
	@Tests/all vm

.PHONY: bench
bench: release ## Measure against crun, runc, docker and podman where installed; then the scheduler
	for program in pouch-bench scheduler-bench; do swift build -c release --product $$program; done
	mkdir -p .build/bench
	@short=0; $(RELEASE)/pouch-bench --bin $(RELEASE) --out .build/bench/bench.tsv || short=1; \
	$(RELEASE)/scheduler-bench --out .build/bench/scheduler.tsv || short=1; exit $$short

.PHONY: bench-scheduler
bench-scheduler: toolchain ## Measure the scheduler alone, in CPU-seconds
	swift build -c release --product scheduler-bench
	mkdir -p .build/bench
	$(RELEASE)/scheduler-bench --out .build/bench/scheduler.tsv

.PHONY: bench-distribution
bench-distribution: release ## Measure how images spread: daemons behind shaped links beside libtorrent, pools on paper, pieces against nginx
	$(call install-packages,nginx-light curl util-linux docker-registry iproute2 python3 python3-venv)
	@[ -x .build/torrent/bin/python3 ] || { python3 -m venv .build/torrent && .build/torrent/bin/pip install -q libtorrent==2.1.1; }
	for program in swarm-bench distribution-bench transfer-bench; do swift build -c release --product $$program; done
	mkdir -p .build/bench
	@failed=0; \
	    $(RELEASE)/swarm-bench --bin $(RELEASE) --python .build/torrent/bin/python3 --out .build/bench/swarm.tsv || failed=1; \
	    $(RELEASE)/distribution-bench --out .build/bench/distribution.tsv || failed=1; \
	    $(RELEASE)/transfer-bench --out .build/bench/transfer.tsv || failed=1; exit $$failed

.PHONY: bench-pool
bench-pool: toolchain ## Measure the pool's durable path: store, decisions, watches
	for program in pouch-server pool-bench; do swift build -c release --product $$program; done
	mkdir -p .build/bench
	$(RELEASE)/pool-bench --out .build/bench/pool.tsv

.PHONY: images
images: build-needs ## Make the root filesystems of all image recipes
	$(call install-packages,mmdebstrap gcc libc6-dev)
	for recipe in Images/*/; do Images/make $$(basename $$recipe) .build/images/$$(basename $$recipe).tar; done

.PHONY: fmt
fmt: ## Format the sources
	swift format -i -r Package.swift Sources Tests

.PHONY: lint
lint: ## Check the sources' form
	swift format lint --strict -r Package.swift Sources Tests

.PHONY: check
check: lint test ## Lint and test

.PHONY: clean
clean: ## Remove what was built
	rm -rf .build .build-*
