"""Prints the device that lessons will use.

run_all.py runs it in a warm process, since asking needs PyTorch.
"""

from helper_functions import pick_device

print(pick_device())
