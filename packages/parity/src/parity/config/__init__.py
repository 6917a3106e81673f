"""A stack's config and the team's catalog: read in one place and checked completely, every fault reported at once."""
