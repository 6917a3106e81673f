"""Where a stack's state and its ledger are kept: a local folder or a bucket; locks, and the host that works on it."""
