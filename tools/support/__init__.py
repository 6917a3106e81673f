"""Helpers of the tests: a sandbox of their own, a copy of the program, the engine run against both."""
