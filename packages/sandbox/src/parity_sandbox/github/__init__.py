"""GitHub's API, local: what Parity's delivery and its workflows call, with GitHub's own answers and errors."""

from parity_sandbox.github.app import create_app
from parity_sandbox.github.errors import failure
from parity_sandbox.github.graphql import ROUTE as GRAPHQL
from parity_sandbox.github.routes import ROUTES
from parity_sandbox.github.seeds import seed
from parity_sandbox.github.state.secrets import secrets

__all__ = ["GRAPHQL", "ROUTES", "create_app", "failure", "secrets", "seed"]
