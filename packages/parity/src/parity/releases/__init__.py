"""The work behind `parity release`, `promote`, `rollback`, `releases`, `prune` and `deliver`."""
