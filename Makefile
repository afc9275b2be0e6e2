# Works with GNU make 3.81 (macOS) and newer.
PYTHONS := python3 python3.13 python3.12 python3.11
PYTHON  :=
VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready

.PHONY: help demo serve test soak check bench docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Take a client from contract to production, live in this terminal
	@$(BIN)/sojourn demo

serve: $(READY) ## Run engine, API and dashboard until Ctrl-C
	@$(BIN)/sojourn serve

test: $(READY) ## Run all tests (ARGS="-k word -x" passes options to pytest)
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

soak: $(READY) ## Let faults strike for MINUTES=10 and count what is amiss (SEED=n repeats a storm)
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

check: $(READY) ## Check format, lint, types and the direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(READY) ## Measure throughput against this machine's own floor
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(READY) ## Write the generated pages of docs/reference anew
	@$(BIN)/python docs/generate.py

lock: $(VENV)/.uv/bin/uv ## Resolve the dependencies anew into requirements.lock (UPGRADE=1 takes newer versions)
	@$(VENV)/.uv/bin/uv pip compile pyproject.toml --all-extras --group dev --quiet \
		--universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header \
		$(if $(UPGRADE),--upgrade) --output-file requirements.lock

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment follows the lock file; what is already there and works is kept.
$(READY): requirements.lock pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(find_python); \
		echo "Creating $(VENV) with $$($$python --version)"; \
		$$python -m venv --clear $(VENV) || { $(no_venv); }; }
	@echo "Installing what requirements.lock names (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.uv/bin/uv: | $(READY)
	@$(BIN)/python -m venv $(VENV)/.uv
	@$(VENV)/.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

find_python = python=; for candidate in $(PYTHON) $(PYTHONS); do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then python=$$candidate; break; fi; done; \
	test -n "$$python" || { $(no_python); }

no_python = { \
	echo "Sojourn needs Python 3.11 or newer, and none of $(strip $(PYTHON) $(PYTHONS)) is one."; \
	echo "  Debian 12 or Ubuntu 24.04 and newer:  sudo apt-get install python3 python3-venv"; \
	echo "  macOS:                                brew install python"; \
	echo "  or name one yourself:                 make PYTHON=/path/to/python3.12"; } >&2; exit 1

no_venv = rm -rf $(VENV); { \
	echo "Python could not make a virtual environment; on Debian and Ubuntu its venv module is a package of its own:"; \
	echo "  sudo apt-get install python3-venv"; } >&2; exit 1
