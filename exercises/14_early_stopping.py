"""Exercise 14: Early stopping

Task: Write fit(model, train_epoch, val_loss, patience, max_epochs). train_epoch(model)
    trains the model for one epoch; val_loss(model) returns its loss on the validation
    set, a float. Train until the validation loss has not fallen below its best for
    `patience` epochs in a row, or max_epochs are over. In both cases, give the model
    back the parameters of its best epoch, and return the number of that epoch; the
    first is 1. If two losses are equal, the first is the best.
Target: The right epoch, not one epoch too many or too few, and the parameters of the
    best epoch in the model.
Minutes: 20
Lesson: 06
Check: python exercises/14_early_stopping.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import copy


def fit(model, train_epoch, val_loss, patience, max_epochs):
    """Return the best epoch; the model has its parameters."""
    # TODO: remember the best loss, its epoch and a copy of the parameters
    raise NotImplementedError
