"""The program evaluated offline: run on Pulumi's SDK with no engine and no event loop, into a resource graph."""
