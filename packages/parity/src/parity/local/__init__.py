"""This machine: the sandbox, its environment, the demo, and whether everything needed is there."""
