"""From live accounts to a program and a state: `parity import`."""
