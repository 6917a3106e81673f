"""GitHub's REST API, local: what Parity's delivery and its workflows call, with GitHub's own answers and errors."""

from parity_sandbox.github.app import create_app
from parity_sandbox.github.failures import failure
from parity_sandbox.github.opened import secrets
from parity_sandbox.github.routes import ROUTES
from parity_sandbox.github.seeds import seed, settle

__all__ = ["ROUTES", "create_app", "failure", "secrets", "seed", "settle"]
