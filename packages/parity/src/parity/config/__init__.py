"""A stack's config and the team's catalog: read in one place, checked whole, every fault reported at once."""
