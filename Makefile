# db-entry. `make help` lists what there is to do.
#
# One Makefile. Sources are found, never listed: a new file needs no edit here. A variant (sanitize,
# cover, …) is the same rules with other flags, its objects in build/<variant>/obj/, its programs in
# build/<variant>/, those of the release variant in build/.

VERSION = 0.1.0
VARIANT = release
PREFIX  = /usr/local
WERROR  = 0
SECONDS = 30
NATIVE  := $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))
ARCH    = $(NATIVE)

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

# --- What a fresh Debian or Ubuntu needs for each target ---

NEED_build = gcc libc6-dev pkgconf libsqlite3-dev libpq-dev libmariadb-dev libcjson-dev libssl-dev \
             libzstd-dev zlib1g-dev libcurl4-openssl-dev
NEED_run   = $(NEED_build) sqlite3
NEED_test  = $(NEED_run) libcmocka-dev python3 python3-pytest python3-pytest-xdist \
             python3-pytest-timeout python3-yaml python3-kubernetes zstd postgresql pgbouncer openssl \
             mariadb-server galera-4
NEED_static       = gcc binutils libc6-dev linux-libc-dev make dpkg-dev debian-archive-keyring perl \
                    bison flex cmake xz-utils bzip2 patch $(if $(filter arm64,$(ARCH)),lld)
NEED_static_cross = $(if $(filter-out $(NATIVE),$(ARCH)),$(NEED_cross_$(ARCH)))
NEED_cross_arm64  = gcc-aarch64-linux-gnu libc6-dev-arm64-cross linux-libc-dev-arm64-cross \
                    qemu-user-static
NEED_cross_amd64  = gcc-x86-64-linux-gnu libc6-dev-amd64-cross linux-libc-dev-amd64-cross \
                    qemu-user-static
# Another engine or Compose than Debian's is as good, and Debian's would push it out.
NEED_docker = $(if $(shell command -v docker),,docker.io) $(if $(wildcard /sys/fs/cgroup/*),,cgroupfs-mount)
NEED_container = $(NEED_docker) ca-certificates mmdebstrap \
             $(if $(shell docker compose version 2>/dev/null || command -v docker-compose),,docker-compose)
NEED_lint  = $(NEED_test) clang clang-format clang-tidy cppcheck mandoc pyflakes3 \
             python3-jsonschema shellcheck \
             universal-ctags

# --- Flags ---

try = $(shell $(CC) $(1) -Werror -fsyntax-only -x c /dev/null 2>/dev/null && echo $(1))

WARN   = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
         -Wformat=2 -Wvla -Wundef -Wwrite-strings -Wcast-qual $(WARN_$(WERROR))
WARN_1 = -Werror
HARDEN = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE \
         $(call try,-fstack-clash-protection) $(call try,-fcf-protection)
HARDEN_LINK = -pie -Wl,-z,relro,-z,now

LIBS       := sqlite3 libcjson libcrypto libzstd zlib
# Opened by the program when it needs them (net/curl.c, db/postgres/libpq.c,
# db/mariadb/libmariadb.c), never linked.
OPENED     := libcurl libpq libmariadb
LIB_CFLAGS := $(shell pkg-config --cflags $(LIBS) $(OPENED) 2>/dev/null)
LDLIBS     := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -ldl -pthread

OUT = build/$(VARIANT)
OBJ = $(OUT)/obj

ifeq ($(VARIANT),release)
OUT     := build
OBJ     := build/release/obj
OPT     := -O2 -g $(HARDEN)
LINK    := $(HARDEN_LINK)
else ifeq ($(VARIANT),sanitize)
OPT     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK    := -fsanitize=address,undefined
else ifeq ($(VARIANT),cover)
OPT     := -O0 -g --coverage
LINK    := --coverage
else ifeq ($(VARIANT),fuzz)
CC      := clang
OPT     := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
LINK    := -fsanitize=address,undefined,fuzzer
else ifeq ($(VARIANT),static)
# Its compiler (docker/static/build) adds hardening and how to link. Relocations are packed, for a
# tenth of the size, which GNU's linker can do for x86 alone.
LINK_amd64 = -Wl,-z,pack-relative-relocs
LINK_arm64 = -fuse-ld=lld -Wl,--pack-dyn-relocs=relr
OUT     := build/static/$(ARCH)
ROOT    := $(OUT)/root
CC      := $(ROOT)/bin/db-entry-cc
TOOLS   := $(ROOT)/keys
LIBC    := $(shell cut -d ' ' -f 1,2 $(ROOT)/versions/musl 2>/dev/null)
OPT     := -O2 -DDB_ENTRY_LINKED -DDB_ENTRY_LIBC='"$(LIBC)"'
LINK    := -Wl,--gc-sections $(LINK_$(ARCH))
LIB_CFLAGS :=
LDLIBS  := -lpgprograms -lpq -lpgcommon_shlib -lpgport_shlib -lmariadbclient -lcurl -lsqlite3 \
           -lcjson -lzstd -lssl -lcrypto -lz
else ifneq ($(filter gcc clang,$(VARIANT)),)
CC      := $(VARIANT)
OPT     := -O2 $(HARDEN)
else
$(error VARIANT=$(VARIANT): there is release, sanitize, cover, fuzz, static, gcc, clang)
endif

# One word a command; all of it with V=1, nothing with -s.
say = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,echo '  $(1)	$@';))

C_FLAGS  = -std=gnu11 -D_GNU_SOURCE -DDB_ENTRY_VERSION='"$(VERSION)"' -Isrc -Ibuild -Itests \
           $(LIB_CFLAGS) $(WARN)
COMPILE  = $(call say,CC)$(CC) $(C_FLAGS) $(OPT) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
PROGRAM  = $(call say,LINK)$(CC) $(OPT) $(CFLAGS) $(LINK) -Wl,--as-needed $(LDFLAGS) -o $@ \
           $(filter %.o %.a,$^)

# --- Sources ---

find    = $(wildcard $(1)/$(2) $(1)/*/$(2) $(1)/*/*/$(2) $(1)/*/*/*/$(2))
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))

ROOMS   := $(filter-out src/main.c,$(call find,src,*.c))
SQL     := $(wildcard src/db/*/sql/*.sql)
SUPPORT := $(wildcard tests/support/*.c)
UNITS   := $(call find,tests/unit,test_*.c)
SUITES  := $(patsubst tests/%/,%,$(sort $(dir $(wildcard tests/conformance/*.c tests/fault/*.c))))
FUZZERS := $(wildcard tests/fuzz/fuzz_*.c)
SOURCES := $(sort $(call find,src,*.c) $(call find,tests,*.c) $(wildcard docs/*.c))

LIB      := $(OUT)/libdb-entry.a
GENERATE := $(OUT)/generate
UNIT_PROGRAMS  := $(UNITS:%.c=$(OUT)/%)
SUITE_PROGRAMS := $(SUITES:%=$(OUT)/tests/%)
FUZZ_PROGRAMS  := $(FUZZERS:%.c=$(OUT)/%)
PROGRAMS := $(UNIT_PROGRAMS) $(SUITE_PROGRAMS) $(FUZZ_PROGRAMS)

# --- Building ---

all: $(OUT)/db-entry ## build build/db-entry (the default)

$(OUT)/db-entry: $(OBJ)/src/main.o $(LIB)
	$(PROGRAM) $(LDLIBS)

# The folders are there so that a removed source leaves the library too.
$(LIB): $(call objects,$(ROOMS)) $(OBJ)/gen/sql.o $(sort $(dir $(ROOMS)))
	@rm -f $@
	$(call say,AR)ar rcs $@ $(filter %.o,$^)

$(OBJ)/%.o: %.c Makefile $(TOOLS) | build/gen/sql.h
	@mkdir -p $(@D)
	$(COMPILE)

$(OBJ)/gen/sql.o: build/gen/sql.c Makefile $(TOOLS)
	@mkdir -p $(@D)
	$(COMPILE)

build/gen/sql.c build/gen/sql.h &: src/db/embed $(SQL) $(sort $(dir $(SQL)))
	@mkdir -p build/gen
	$(call say,SQL)src/db/embed build/gen $(SQL)

programs: $(PROGRAMS)

$(UNIT_PROGRAMS): $(OUT)/%: $(OBJ)/%.o $(call objects,$(SUPPORT)) $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM) -lcmocka $(LDLIBS)

.SECONDEXPANSION:
$(SUITE_PROGRAMS): $(OUT)/%: $$(call objects,$$(wildcard $$*/*.c)) $(call objects,$(SUPPORT)) $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM) -lcmocka $(LDLIBS)

# With clang's fuzzer in the fuzz variant; elsewhere a program that replays the corpus.
REPLAY = $(if $(filter-out fuzz,$(VARIANT)),$(OBJ)/tests/fuzz/replay.o)
$(FUZZ_PROGRAMS): $(OUT)/%: $(OBJ)/%.o $(REPLAY) $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM) $(LDLIBS)

$(GENERATE): $(call objects,$(wildcard docs/*.c)) $(LIB)
	$(PROGRAM) $(LDLIBS)

-include $(patsubst %.c,$(OBJ)/%.d,$(SOURCES))

# --- Running and testing ---

run: ## install what is missing, build, run the example on SQLite
	@.ci/need $(NEED_run)
	@$(MAKE) all
	@migrations-example/run

test: ## install what is missing, build, run the tests
	@.ci/need $(NEED_test)
	@$(MAKE) all programs
	@tests/run -m 'not container' $(OUT) $(PROGRAMS)

check: all programs ## the tests that need no server and little time
	@tests/run -m 'not slow and not server' $(OUT) $(PROGRAMS)

sanitize: ## the same as check, under AddressSanitizer and UBSan
	@$(MAKE) VARIANT=sanitize check

# Leaks are looked for by the sanitizers. Valgrind knows neither pidfd_open() nor how to become
# another program.
valgrind: all programs ## unit and conformance tests under valgrind
	@.ci/need $(NEED_test) valgrind libc6-dbg
	@RUN_WITH='valgrind -q --error-exitcode=9 --leak-check=no' tests/run -p $(OUT) \
	    $(filter-out %/test_proc %/test_child,$(UNIT_PROGRAMS)) \
	    $(filter %/conformance,$(SUITE_PROGRAMS))

fuzz: ## fuzz each target for SECONDS=30
	@.ci/need $(NEED_build) clang
	@$(MAKE) VARIANT=fuzz programs-fuzz
	@for f in $(FUZZERS:tests/fuzz/%.c=%); do tests/fuzz/run build/fuzz $$f $(SECONDS) || exit 1; done

programs-fuzz: $(FUZZ_PROGRAMS)

cover: ## lines covered by the tests, per folder
	@.ci/need $(NEED_test)
	@find build/cover -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) VARIANT=cover check
	@tests/cover build/cover

bench: all ## ratios against the databases' own clients and other tools on the same work
	@.ci/need $(NEED_test) time
	@tests/bench/run
	@tests/bench/postgres
	@tests/bench/mariadb
	@tests/bench/container

lint: ## formatting, static analysis, and the rules of the house
	@.ci/need $(NEED_lint)
	@$(MAKE) docs-new
	@MAKE='$(MAKE)' tests/lint/run

compiled: $(call objects,$(SOURCES))

tidy: $(SOURCES:%.c=build/lint/%.tidy)

# base/err.c defines what analyzer.h tells all others about it.
build/lint/%.tidy: $(OBJ)/%.o .clang-tidy tests/lint/analyzer.h
	@mkdir -p $(@D)
	@clang-tidy --quiet $*.c -- $(C_FLAGS) \
	    $(if $(filter src/base/err,$*),,-include tests/lint/analyzer.h) 2>/dev/null
	@touch $@

# --- The static binary ---

FOREIGN     = $(if $(filter-out $(NATIVE),$(ARCH)),-$(ARCH))
STATIC_NAME = db-entry$(FOREIGN)
IMAGE       = db-entry

static: static-libraries ## build dist/db-entry, one file that needs nothing; ARCH=arm64 for another processor
	@$(MAKE) VARIANT=static ARCH=$(ARCH) static-binary

static-libraries:
	@.ci/need $(NEED_static) $(NEED_static_cross)
	@docker/static/build $(ARCH) build/static/$(ARCH)/root

static-binary: $(OUT)/db-entry
	@docker/static/release $(OUT) dist $(STATIC_NAME) $(VERSION)

test-static: static ## the end-to-end tests with dist/db-entry
	@.ci/need $(NEED_test)
	@$(MAKE) all programs
	@DB_ENTRY_BINARY=dist/db-entry tests/run build

# What there is to see of another libc and other versions of the libraries: starting, dumping, each
# engine. And the images, in containers.
CONTAINED = $(patsubst %,tests/e2e/test_%.py,static run dump postgres_run postgres_dump mariadb_run \
            mariadb_dump container container_pid1 container_servers)

test-container: static ## a part of these, and the images in containers, where an engine can be had
	@.ci/need $(NEED_test)
	@.ci/need $(NEED_container) || echo "The tests in containers are skipped, but for an engine that is there."
	@$(MAKE) all
	@DB_ENTRY_BINARY=dist/db-entry tests/run -e '$(CONTAINED)' build

image-root: static
	@.ci/need ca-certificates
	@docker/static/image dist $(STATIC_NAME) dist/image$(FOREIGN)

image: image-root ## the image db-entry, as docker/Dockerfile makes it, from dist/; IMAGE= another name
	@.ci/need $(NEED_docker)
	@$(MAKE) image-load

image-load:
	@docker/static/image dist $(STATIC_NAME) dist/image$(FOREIGN)
	@docker/static/archive dist/image$(FOREIGN) $(ARCH) $(IMAGE) | docker load

# --- Documentation and installation ---

PAGES = configuration.md exit-codes.md events.md cli.md db-entry.1

docs: docs-new ## write the generated pages anew: docs/*.md, docs/db-entry.1
	@cp $(PAGES:%=build/docs/%) docs/

docs-new: $(GENERATE)
	@mkdir -p build/docs
	@for page in $(PAGES) db-entry.bash _db-entry db-entry.fish; do \
	    $(GENERATE) $$page >build/docs/$$page || exit 1; \
	done

SHARE = $(DESTDIR)$(PREFIX)/share
COMPLETIONS = $(SHARE)/bash-completion/completions/db-entry $(SHARE)/zsh/site-functions/_db-entry \
              $(SHARE)/fish/vendor_completions.d/db-entry.fish

install: all docs-new ## install program, man page and completions (DESTDIR, PREFIX)
	install -D -m 755 build/db-entry $(DESTDIR)$(PREFIX)/bin/db-entry
	install -D -m 644 build/docs/db-entry.1 $(SHARE)/man/man1/db-entry.1
	install -D -m 644 build/docs/db-entry.bash $(word 1,$(COMPLETIONS))
	install -D -m 644 build/docs/_db-entry $(word 2,$(COMPLETIONS))
	install -D -m 644 build/docs/db-entry.fish $(word 3,$(COMPLETIONS))

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/db-entry $(SHARE)/man/man1/db-entry.1 $(COMPLETIONS)

clean: ## remove build/ and dist/
	rm -rf build dist

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

.PHONY: all programs programs-fuzz run test check sanitize valgrind fuzz cover bench lint compiled \
        static static-libraries static-binary test-static \
        test-container image image-root image-load \
        tidy docs docs-new install uninstall clean help
