"""What is kept next to a stack's state: ledger, locks, holds; and the host that works on it."""
