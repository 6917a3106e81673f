"""`parity recover`: brings record and reality together again after an update that did not end."""
