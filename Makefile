# Parity's entry points. Needs Python 3.11 or later, make and a package registry; everything else is fetched and pinned.
.DEFAULT_GOAL := help
.PHONY: help setup demo clean-demo test crash lint format docs check

UV := ./scripts/uv
# The environment itself, not `uv run`: nothing is resolved or rebuilt behind a command's back.
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONPATH="$(CURDIR)/tools$${PYTHONPATH:+:$$PYTHONPATH}"

# Set where images are built; here it would have every Python compile its modules anew, at each start.
unexport PYTHONDONTWRITEBYTECODE

# The environment is synchronised once and again when what it is made from changes.
STAMP := .venv/.parity-synced

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## set up the environment in .venv

$(STAMP): pyproject.toml uv.lock scripts/uv
	@echo "Setting up the Python environment (uv, locked) ..."
	@$(UV) sync --locked --quiet
	@touch $@

demo: $(STAMP) ## bring staging and prod up in the sandbox, and show what came up
	@$(RUN) parity demo

clean-demo: $(STAMP) ## stop the sandbox and delete everything in it
	@$(RUN) parity sandbox down --wipe

test: $(STAMP) ## run every test that needs no account, on the real engine too
	@$(RUN) pytest -n 2 --dist worksteal -m "not live"

crash: $(STAMP) ## crash every operation at every point (hours, resumable); ARGS="--sample 60" for a sample
	@$(RUN) python -m crashlab $(if $(ARGS),$(ARGS),--all)

lint: $(STAMP) ## check style, types, import rules and workflows
	@$(RUN) ./scripts/lint

format: $(STAMP) ## put the code into its format
	@$(RUN) ruff check --fix-only --quiet
	@$(RUN) ruff format --quiet

docs: $(STAMP) ## write the generated tables in docs/ anew
	@$(RUN) python -m reference.write

check: lint test ## lint, then test
