"""The project's own Pulumi provider, for what no provider has: which release is live."""
