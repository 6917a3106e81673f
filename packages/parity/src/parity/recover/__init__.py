"""`parity recover`: brings recorded state and live state together after an update that did not end."""
