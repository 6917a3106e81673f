"""Runs a program on Pulumi's SDK with no engine, no event loop and no wire between them."""
