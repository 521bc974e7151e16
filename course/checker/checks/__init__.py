"""What the checker asks of each exercise: `check(code)`, three HINTS, and WHY the answer works."""
