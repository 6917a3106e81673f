"""What GitHub knows and the rules it holds, a module a family; no HTTP in here. Rules that are broken raise."""
