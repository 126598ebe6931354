# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed beforehand: Python 3.11 or newer, make, a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_WORKERS ?= 2
TEST_HOME := $(CURDIR)/$(VENV)/test-home

# Each is one script of benchmarks/.
BENCHES := bench-batch bench-cavity bench-cli bench-dashboard bench-gateway bench-openb \
           bench-finetune bench-owner-week bench-placement bench-power-cut bench-pretrain \
           bench-pretrain-ranks bench-proxy \
           bench-replay bench-retrieval bench-serving bench-setup bench-site-week bench-starts bench-tour bench-verdict

.PHONY: setup demo test test-system lint verify bench bench-crash bench-queue $(BENCHES) \
        gpu-check evidence clean

setup: $(VENV)/.demo

# Asked every time: setup/ knows whether anything is to be done, and mends what was broken off.
$(VENV)/.demo $(VENV)/.test: $(VENV)/.%: always
	@$(PYTHON) setup $*

always:

demo: $(VENV)/.demo
	$(BIN)/python examples/tour

test: $(VENV)/.test lint
	OMP_NUM_THREADS=1 TENFOLD_TEST_ENVIRONMENTS=$(TEST_HOME)/environments \
		$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --ignore tests/proxy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/proxy  # alone: it times what dies and comes back

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=setup $(BIN)/mypy setup/*.py
	$(BIN)/lint-imports

# What some tests need beside Python: three programs of Debian's, a Chinese font for what the browser
# draws, and an environment with JupyterLab.
test-system: $(VENV)/.test
	@for program in systemd-analyze setpriv chromium; do \
		command -v $$program >/dev/null || missing=1; \
	done; \
	test -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc || missing=1; \
	if [ -n "$$missing" ]; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends \
			systemd util-linux chromium fonts-noto-cjk; \
	fi
	TENFOLD_HOME=$(TEST_HOME) $(BIN)/tenfold env build notebook

verify: test bench-crash bench-power-cut bench-cavity

bench: bench-queue $(filter-out bench-power-cut,$(BENCHES))

# A static pattern: make looks for no other kind of rule for a phony target.
$(BENCHES): bench-%: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/$(subst -,_,$*).py

bench-queue: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/queueing.py

bench-crash: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/crash.py --kills 1000

# Every figure of the CPU again, in minutes, beside the kept one.
evidence: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/evidence.py

# Everything that only a GPU can show. Needs no venv: any Python 3.11 or newer with torch.
gpu-check:
	PYTHONPATH=src $(PYTHON) benchmarks/gpu_check.py

clean:
	rm -rf $(VENV) build *.egg-info src/*.egg-info
