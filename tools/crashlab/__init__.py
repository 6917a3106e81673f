"""Crashes every operation at every recorded point, and judges live state then and after each recovery procedure."""
