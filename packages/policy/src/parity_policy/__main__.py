"""Gives the rules to the engine: `parity preview` finds this folder by itself."""

from parity_policy.pack import make

make()
