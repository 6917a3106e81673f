"""The command line's commands, a module a group: each loads, calls a module that does the work, prints and exits."""
