# Two commands set a machine up: `make demo` and `make test`. Both install what they need into .venv.
# DOCKARMOR_CACHE (default ~/.cache/dockarmor) holds what is downloaded: the lab's QEMU and kernels.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORE := $(wildcard src/dockarmor/automata/*.py src/dockarmor/automata/*.pxd)

.PHONY: demo test test-slow test-language fuzz check-code test-pure test-lab-full lab bench clean

$(READY): pyproject.toml setup.py scripts/venv $(CORE)
	@PYTHON="$(PYTHON)" scripts/venv $(VENV)
	@touch $@

demo: $(READY)
	@$(BIN)/python -m dockarmor.cli.demo

lab: $(READY)
	@$(BIN)/dockarmor lab prepare

test: $(READY)
	@scripts/test

test-slow: $(READY)
	@$(BIN)/pytest -n 2 -m "slow and not lab" tests

test-language: $(READY)
	@DOCKARMOR_CASES=$${DOCKARMOR_CASES:-20000} $(BIN)/pytest -s -m "reference and not slow" tests/differential

fuzz: $(READY)
	@nice -n 15 $(BIN)/python tests/fuzz/fuzz.py

check-code: $(READY)
	@scripts/check-code

test-pure: $(READY)
	@DOCKARMOR_PURE=1 $(BIN)/pytest -q tests/automata

test-lab-full: $(READY)
	@$(BIN)/pytest -n 2 --dist loadscope -m lab tests

bench: $(READY)
	@$(BIN)/python -m bench $(BENCH)

clean:
	rm -rf build $(VENV) src/*.egg-info src/dockarmor/automata/*.so src/dockarmor/automata/*.c
