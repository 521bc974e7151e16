"""Exercises that check themselves; `python -m exercises` shows how far you are."""
