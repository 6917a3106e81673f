"""Builds the container image of a job as an OCI layout, from lock files alone and without a daemon."""
