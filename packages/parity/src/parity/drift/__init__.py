"""Every difference between what was declared and what is real, and what nobody can see."""
