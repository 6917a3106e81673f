"""Gives the rules to the engine: `pulumi preview --policy-pack policy`."""

from policy.pack import make

make()
