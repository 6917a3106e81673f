"""Drift: every difference between desired and live state, and every value that no API shows."""
