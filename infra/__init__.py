"""The Pulumi program: one for both stacks, which differ only in their config."""
