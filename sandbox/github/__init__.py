"""GitHub's REST API, local: what Parity's delivery and its workflows call, with GitHub's own answers and errors."""

from sandbox.github.app import create_app
from sandbox.github.failures import failure
from sandbox.github.opened import secrets
from sandbox.github.routes import ROUTES
from sandbox.github.seeds import seed, settle

__all__ = ["ROUTES", "create_app", "failure", "secrets", "seed", "settle"]
