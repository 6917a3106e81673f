"""Every rule of the pack."""

from parity_policy.rules import github, postgresql, program, vercel

RULES = (*program.RULES, *vercel.RULES, *postgresql.RULES, *github.RULES)
