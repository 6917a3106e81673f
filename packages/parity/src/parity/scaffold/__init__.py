"""A team's project from the template: rendered by `parity init`, merged with a newer template by `parity upgrade`."""
