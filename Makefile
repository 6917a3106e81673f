# Entry points. Needs Python 3.11 or later, make and a package registry; everything else is fetched and pinned.
.DEFAULT_GOAL := help
.PHONY: help setup lock demo clean-demo test lint format check

UV := ./scripts/uv
# The environment itself, not `uv run`: nothing is resolved or rebuilt behind a command's back.
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONPATH="$(CURDIR)/tools$${PYTHONPATH:+:$$PYTHONPATH}"

# Set where images are built; here it would have every Python compile its modules again, at each start.
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

# Once, in a new project; from then on the lock file is committed and `make lock` updates it.
uv.lock:
	@$(UV) lock --quiet

lock: ## bring uv.lock up to date with pyproject.toml
	@$(UV) lock --quiet

demo: $(STAMP) ## bring the stacks up in the sandbox, and show what came up; STACKS="staging qa prod" for others
	@$(RUN) parity demo $(foreach stack,$(STACKS),--stack $(stack))

clean-demo: $(STAMP) ## stop the sandbox and delete everything in it
	@$(RUN) parity sandbox down --wipe

test: $(STAMP) ## run the program's tests, on the real engine too
	@$(RUN) pytest tests -n 2 --dist loadfile --no-loadscope-reorder -m "not live"
	$(AFTER_TEST)

lint: $(STAMP) ## check style, types and workflows
	@$(RUN) ./scripts/lint

format: $(STAMP) ## put the code into its format
	@$(RUN) ruff check --fix-only --quiet
	@$(RUN) ruff format --quiet

check: lint test ## lint, then test

# What only Parity's own repository has.
-include tools/Makefile
