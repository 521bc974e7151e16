"""The checker of the exercises, one file per job.

here.py          imported by an exercise that is run as a script: checks that file
command_line.py  the commands, from their options to their exit codes
catalog.py       finds the exercises and reads their headers
worker.py        runs one check in a process of the warm pool; what came of it
judge.py         what that process does: load the learner's code, check it, write the verdict
comparing.py     what is right: type, shape, values, gradients, forbidden operations
scoring.py       what is right of a training: its score on fresh points
watching.py      mistakes in a training run that its score does not show
messages.py      verdicts as text; explanations.toml says what crashes and mistakes mean
progress.py      what is remembered between runs
"""
