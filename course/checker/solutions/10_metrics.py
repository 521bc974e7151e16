"""Exercise 10: Precision, recall and F1 by hand

Task: Write confusion_matrix and precision_recall_f1. confusion_matrix(y_true, y_pred,
    classes) returns int64 [K, K]: entry [i, j] counts the rows of class i that were
    predicted as j. precision_recall_f1(y_true, y_pred) returns three Python floats
    between 0 and 1 for class 1 of two classes. A fraction with denominator 0 counts as
    0.
Target: Right counts and fractions, also where a class is absent or never predicted.
Minutes: 20
Lesson: 05
Check: python exercises/10_metrics.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch


def confusion_matrix(y_true, y_pred, classes):
    """Return the counts [K, K]: true class by row, predicted class by column."""
    # -- solution
    counts = torch.zeros(classes, classes, dtype=torch.int64)
    for true, pred in zip(y_true, y_pred, strict=True):
        counts[true, pred] += 1
    return counts
    # -- starter
    # # TODO: count each pair of true and predicted class
    # raise NotImplementedError
    # -- end


# -- solution
def fraction(part, whole):
    """Return part / whole, or 0 where the whole is 0."""
    if whole == 0:
        return 0.0
    return part / whole


# -- end
def precision_recall_f1(y_true, y_pred):
    """Return precision, recall and F1 of class 1."""
    # -- solution
    counts = confusion_matrix(y_true, y_pred, 2)
    tp = counts[1, 1].item()
    fp = counts[0, 1].item()
    fn = counts[1, 0].item()
    precision = fraction(tp, tp + fp)
    recall = fraction(tp, tp + fn)
    f1 = fraction(2 * tp, 2 * tp + fp + fn)
    return precision, recall, f1
    # -- starter
    # # TODO: precision is about rows predicted as 1, recall about rows that are 1
    # raise NotImplementedError
    # -- end
