"""Check of exercise 10: random labels, absent classes, and denominators of 0."""

import torch

from course.checker.comparing import show, wrong

HINTS = (
    (
        "Begin with the counts: tp = ((y_pred == 1) & (y_true == 1)).sum().item(), fp and fn in "
        "the same way."
    ),
    (
        "precision = tp / (tp + fp), recall = tp / (tp + fn), F1 = 2 tp / (2 tp + fp + fn). Test "
        "for 0 below the line."
    ),
    (
        "The matrix in a loop: counts = torch.zeros(K, K, dtype=torch.int64), then counts[i, j] "
        "+= 1 for each row."
    ),
)
WHY = """Precision asks: of the rows called 1, how many are? Recall asks: of the rows that are
    1, how many were found? Both share tp, and differ in what they divide by. The matrix holds
    all counts at once."""


def counts(y_true, y_pred, classes):
    """Count with a loop."""
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for i, j in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        matrix[i, j] += 1
    return matrix


def safe(part, whole):
    """Divide; 0 where nothing is below the line."""
    return part / whole if whole else 0.0


def check(code):
    """Check both functions."""
    generator = torch.Generator().manual_seed(code.seed)
    for classes in (2, 3, 5):
        present = 4 if classes == 5 else classes  # of five classes one is absent
        y_true = torch.randint(0, present, (15,), generator=generator)
        others = (y_true + 1) % classes
        y_pred = torch.where(torch.rand(15, generator=generator) < 0.6, y_true, others)
        y_pred[0] = others[0]
        matrix = counts(y_true, y_pred, classes)
        code.expect(
            "confusion_matrix",
            (y_true, y_pred, classes),
            matrix,
            given=f"{show(y_true)}, {show(y_pred)}, {classes}",
            mistakes=[
                (
                    "transposed",
                    matrix.T,
                    "Rows and columns are swapped: the true class is the row.",
                ),
                ("label-dtype", matrix.float(), "Counts are whole numbers: dtype=torch.int64."),
                ("shares", matrix / matrix.sum(), "These are shares; the task asks for counts."),
            ],
        )
    mixed = (
        torch.tensor([1, 1, 1, 0, 0, 0, 0, 1, 0, 0]),
        torch.tensor([1, 0, 0, 1, 0, 0, 0, 1, 0, 0]),
    )
    drawn = [torch.randint(0, 2, (12,), generator=generator) for _ in range(2)]
    zeros, ones = torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64)
    for y_true, y_pred in (
        mixed,
        drawn,
        (ones, zeros),
        (zeros, ones),
        (zeros, zeros),
        (ones, ones),
    ):
        tn, fp, fn, tp = counts(y_true, y_pred, 2).flatten().tolist()
        p = safe(tp, tp + fp)
        r = safe(tp, tp + fn)
        f1 = safe(2 * tp, 2 * tp + fp + fn)
        n = len(y_true)
        over_all = tp / n
        try:
            code.expect(
                "precision_recall_f1",
                (y_true, y_pred),
                (p, r, f1),
                given=f"{show(y_true)}, {show(y_pred)}",
                mistakes=[
                    (
                        "swapped",
                        (r, p, f1),
                        "Precision and recall are swapped: precision divides by tp + fp.",
                    ),
                    (
                        "over-all",
                        ((tp + tn) / n, r, f1),
                        "This is the accuracy, not the precision.",
                    ),
                    (
                        "over-all",
                        (over_all, r, safe(2 * over_all * r, over_all + r)),
                        "Precision divides by tp + fp, not by N.",
                    ),
                    ("mean-for-f1", (p, r, (p + r) / 2), "F1 is the harmonic mean, 2pr / (p + r)."),
                ],
            )
        except ZeroDivisionError as error:
            raise zero_division(code, y_true, y_pred, error) from None
    return [
        (
            "confusion matrices for 2, 3 and 5 classes; precision, recall and F1 of 6 cases, four "
            "of them extreme"
        )
    ]


def zero_division(code, y_true, y_pred, error):
    """Describe a fraction with denominator 0."""
    return wrong(
        "zero-division",
        f"precision_recall_f1({show(y_true)}, {show(y_pred)}) divides by 0.",
        got="ZeroDivisionError",
        expected="0.0 for a fraction with denominator 0",
        cause="Where class 1 is never predicted, tp + fp is 0; where it is absent, tp + fn is.",
    )
