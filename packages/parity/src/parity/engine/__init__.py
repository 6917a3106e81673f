"""The Pulumi engine: found or built, run, and what it recorded."""
