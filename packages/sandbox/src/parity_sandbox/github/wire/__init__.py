"""The documents that GitHub answers with, a module a family: state in, JSON out."""
