"""Edits x worlds: what an edit of a team's files comes to, wherever it starts from."""
