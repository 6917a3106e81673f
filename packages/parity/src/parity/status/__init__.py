"""What is live where, what needs a person, and what was done last: one reading of all stacks, shown in three forms."""
