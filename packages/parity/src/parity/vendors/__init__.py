"""The command line's own look at the vendors: read directly, paged, in parallel, never through Pulumi."""
