"""`parity recover`: brings record and live state together again after an update that did not end."""
