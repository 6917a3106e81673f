"""The command line: grouped commands, errors with exit codes, output for people, pipes and programs."""
