"""Which change did it: the smallest set of changes between two operations that makes a probe fail."""
