"""The checker of the exercises, one file per job.

command_line.py   the commands, from their options to their exit codes
catalog.py        finds the exercises, and reads what the learner has made of them
starters.py       makes the starter and the reference solution from one file in solutions/
worker.py         runs one check in a process of the warm pool; what came of it
judge.py          what that process does: load the learner's code, check it, write the verdict
verdicts.py       what travels between all of these: verdict, finding, result
learners_code.py  calls the learner's functions and compares what they return
comparing.py      what is right: type, shape, dtype, values
scoring.py        what is right of a training: its score on fresh points
watching.py       mistakes in a training run that its score does not show
frames.py         the line of the learner's file that runs now
messages.py       results as text; explanations.toml says what crashes and mistakes mean
progress.py       what is remembered between runs

solutions/        one file per exercise: its task, its starter, its solution
checks/           what is asked of each exercise, with its hints

An exercise that is run as a script imports exercises/checker.py, which calls command_line.py.
"""
