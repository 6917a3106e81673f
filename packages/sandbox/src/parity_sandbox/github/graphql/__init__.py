"""The part of GitHub's GraphQL API that its own command line sends for issues, pull requests, labels and rulesets."""

from parity_sandbox.github.graphql.endpoint import ROUTE

__all__ = ["ROUTE"]
