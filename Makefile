# A thin front: the work is done by CMake (see CMakePresets.json) and by scripts/.
.DEFAULT_GOAL := all
PREFIX ?= /usr/local
SEED ?= 1
COUNT ?= 15000
PYTHON := /usr/bin/python3

.PHONY: all run test tidy format release debug asan tsan stress fuzz oracle bench reference install deb clean help

all: release

release debug asan tsan stress:
	@scripts/build $@

run:
	@scripts/run $(ARGS)

test:
	@scripts/test

tidy:
	@$(PYTHON) scripts/tidy

format:
	@scripts/format

fuzz:
	@scripts/fuzz "$(T)"

oracle: asan
	@$(PYTHON) tests/oracle/run.py --seed $(SEED) --count $(COUNT) --server build/asan/tarn-server

bench: release
	@$(PYTHON) tests/bench/run.py --server build/release/tarn-server

# In a build of its own: the prefix stands in the unit and in the man pages.
install:
	@scripts/bootstrap run
	@scripts/install "$(PREFIX)"

deb:
	@scripts/bootstrap package
	@scripts/package

reference:
	@scripts/build release
	@cmake --build build/release --target reference

clean:
	@rm -rf build

help:
	@echo "make                  release build: build/release/tarn-server"
	@echo "make run [ARGS=...]   set up what is missing, build, start the server"
	@echo "make test             set up what is missing, build, run every test"
	@echo "make tidy             layers, banned calls, headers, READMEs, format"
	@echo "make format           format the code"
	@echo "make asan | tsan | stress | debug   other builds, in build/<name>"
	@echo "make fuzz T=resp_parse              fuzz one driver; SECONDS_MAX=60 limits it"
	@echo "make oracle SEED=n COUNT=n          random programs against redis-server"
	@echo "make bench            ratios to redis-server, and docs/benchmarks.md"
	@echo "make reference        write docs/reference anew from the program's tables"
	@echo "make install PREFIX=/usr/local DESTDIR="
	@echo "make deb              a Debian package, in build/package"
	@echo "make clean"
