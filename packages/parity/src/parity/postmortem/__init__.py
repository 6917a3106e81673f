"""What happened, from the record alone: a post-mortem that people complete."""
