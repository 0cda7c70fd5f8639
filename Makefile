# Two commands set a machine up: `make demo` and `make test`. Both install what they need into .venv.
# DOCKARMOR_CACHE (default ~/.cache/dockarmor) holds what is downloaded: the lab's QEMU and kernels.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORE := $(wildcard src/dockarmor/automata/*.py src/dockarmor/automata/*.pxd)

.PHONY: demo test check-code test-pure test-lab-full lab bench fuzz clean

$(READY): pyproject.toml setup.py scripts/venv $(CORE)
	@PYTHON="$(PYTHON)" scripts/venv $(VENV)
	@touch $@

demo: $(READY)
	@$(BIN)/python -m dockarmor.cli.demo

lab: $(READY)
	@$(BIN)/dockarmor lab prepare

test: $(READY)
	@scripts/test

check-code: $(READY)
	@scripts/check-code

test-pure: $(READY)
	@DOCKARMOR_PURE=1 $(BIN)/pytest -q tests/automata

test-lab-full: $(READY)
	@DOCKARMOR_LAB_FULL=1 $(BIN)/pytest -q -m lab tests

bench: $(READY)
	@$(BIN)/python -m bench

fuzz: $(READY)
	@DOCKARMOR_FUZZ=1 $(BIN)/pytest -q -m fuzz tests

clean:
	rm -rf build $(VENV) src/*.egg-info src/dockarmor/automata/*.so src/dockarmor/automata/*.c
