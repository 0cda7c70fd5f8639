"""The values of question and answer: requests, decisions, events, and the names of their parts.

Nothing here decides anything. `rules/` knows what a request means, `kernel/` answers it, `ask/` explains it.
"""
