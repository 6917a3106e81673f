"""Crashes at every recorded point of every operation, what is true right after, and what each way back leads to."""
