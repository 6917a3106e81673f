"""Finds the Pulumi engine and its plugins, and builds them from published Go modules where no release can be had."""
