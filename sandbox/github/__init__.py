"""GitHub's REST API, local: what Parity's delivery and its workflows call, with GitHub's own answers and errors."""

from sandbox.github.app import create_app
from sandbox.github.opened import opened_secrets
from sandbox.github.routes import ROUTES
from sandbox.github.seeds import seed
from sandbox.github.state.collections import SECRET_FIELDS

__all__ = ["ROUTES", "SECRET_FIELDS", "create_app", "opened_secrets", "seed"]
