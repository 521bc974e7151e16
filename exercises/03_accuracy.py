"""Exercise 03: An accuracy that refuses nonsense

Task: Write accuracy(y_true, y_pred). Both are tensors of labels. It returns the
    percentage of equal labels as a Python float between 0 and 100. If the shapes differ
    it raises ValueError, and the message names both shapes. If there are no labels it
    raises ValueError too.
Target: Right percentages, and no answer where there is none.
Minutes: 5
Lesson: 02
Check: python exercises/03_accuracy.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch


def accuracy(y_true, y_pred):
    """Return the percentage of labels [N] that are predicted right."""
    # TODO: first refuse what cannot be compared, then count
    raise NotImplementedError
