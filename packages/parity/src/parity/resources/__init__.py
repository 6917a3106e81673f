"""Describes each kind of resource once, and holds the forms that all readers share (URN, equality)."""
