"""Solution of exercise 10: Precision, recall and F1 by hand."""

import torch


def confusion_matrix(y_true, y_pred, classes):
    """Return the counts [K, K]: true class by row, predicted class by column."""
    return torch.bincount(classes * y_true + y_pred, minlength=classes**2).reshape(classes, classes)


def fraction(part, whole):
    """Return part / whole, 0 where the whole is 0."""
    return part / whole if whole else 0.0


def precision_recall_f1(y_true, y_pred):
    """Return precision, recall and F1 of class 1."""
    (_, fp), (fn, tp) = confusion_matrix(y_true, y_pred, 2).tolist()
    return fraction(tp, tp + fp), fraction(tp, tp + fn), fraction(2 * tp, 2 * tp + fp + fn)
