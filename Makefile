# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed beforehand: Python 3.11 or newer, make, a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := UV_FIND_LINKS="$(PIP_FIND_LINKS)" $(BIN)/uv
TEST_HOME := $(CURDIR)/$(VENV)/test-home
SOURCES := pyproject.toml constraints.txt

.PHONY: setup demo test test-system lint verify bench bench-crash bench-power-cut bench-queue \
        bench-cli bench-cavity clean

setup: $(VENV)/.demo

# One constraints file for every install; torch is pinned there, and where no NVIDIA driver is found
# and no local wheel folder is named, uv takes PyTorch's CPU build.
TORCH_BACKEND := $(if $(PIP_FIND_LINKS),,--torch-backend auto)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt \
          $(TORCH_BACKEND)

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt uv

$(VENV)/.demo: $(SOURCES) | $(BIN)/uv
	@echo "Installing Tenfold with what the demo needs (about 190 MB to download) ..."
	$(INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.test: $(SOURCES) | $(BIN)/uv
	@echo "Installing Tenfold with what the tests need (about 400 MB to download) ..."
	$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.test lint
	OMP_NUM_THREADS=1 TENFOLD_TEST_ENVIRONMENTS=$(TEST_HOME)/environments $(BIN)/python -m pytest

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What some tests need beside Python: two programs of Debian's, and an environment with JupyterLab.
test-system: $(VENV)/.test
	@for program in systemd-analyze setpriv; do command -v $$program >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends systemd util-linux; \
	fi
	TENFOLD_HOME=$(TEST_HOME) $(BIN)/tenfold env build notebook

verify: test bench-crash bench-power-cut bench-cavity

bench: bench-queue bench-cli bench-cavity

# A static pattern: make looks for no other kind of rule for a phony target.
bench-power-cut bench-cli bench-cavity: bench-%: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/$(subst -,_,$*).py

bench-queue: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/queueing.py

bench-crash: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/crash.py --kills 1000

clean:
	rm -rf $(VENV) build *.egg-info src/*.egg-info
