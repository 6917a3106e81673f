"""The command line: what Pulumi alone does not answer about two environments that must be the same."""
