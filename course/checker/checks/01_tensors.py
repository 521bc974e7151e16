"""Check of exercise 01: dtypes, then a split held to what every right split has."""

import numpy as np
import torch

from course.checker.comparing import show, show_shape, wrong

HINTS = (
    "torch.tensor(array, dtype=torch.float32) copies an array into a tensor of the dtype you name.",
    (
        "torch.randperm(N, "
        "generator=torch.Generator().manual_seed(seed)) is a "
        "random order of the N rows."
    ),
    (
        "Take one order for both: test = order[:count], train = order[count:]; then X[train], "
        "X[test], y[train], y[test]."
    ),
)
WHY = """Layers have float32 weights, so features are float32. One order of rows, applied to
    both X and y, keeps each label at its row; a generator of its own makes the split repeatable
    without touching other random numbers."""


def check(code):
    """Check both functions."""
    rng = np.random.default_rng(code.seed)
    for classes, dtype in ((2, torch.float32), (4, torch.int64)):
        features, labels = rng.normal(size=(6, 3)), rng.integers(0, classes, size=6)
        expected = torch.from_numpy(features).float(), torch.from_numpy(labels).to(dtype)
        double = torch.from_numpy(features), torch.from_numpy(labels).to(dtype)
        both_float = torch.from_numpy(features).float(), torch.from_numpy(labels).float()
        code.expect(
            "to_tensors",
            (features, labels, classes),
            expected,
            given=f"features [6, 3] float64, labels [6] int64, {classes}",
            mistakes=[
                ("float64-features", double, "NumPy's float64 was kept: say dtype=torch.float32."),
                (
                    "float64-features",
                    (double[0], double[1].long()),
                    "NumPy's float64 was kept; say which dtype.",
                ),
                (
                    "label-dtype",
                    both_float,
                    "More than two classes: CrossEntropyLoss wants whole numbers, int64.",
                ),
                (
                    "label-dtype",
                    (expected[0], expected[1].long()),
                    "Two classes: BCEWithLogitsLoss wants float32.",
                ),
            ],
        )
    for count, share in ((50, 0.2), (23, 0.3)):
        check_split(code, count, share)
    return ["dtypes for 2 and 4 classes; splits of 50 and 23 rows: complete, paired, repeatable"]


def check_split(code, count, share):
    """Hold a split to its properties; which rows are drawn is free."""
    X = torch.arange(count * 2.0).reshape(count, 2)
    y = torch.arange(count * 1.0)  # each label names its row
    call = f"split(X [{count}, 2], y [{count}], share={share}, seed=7)"
    parts = code.call("split", X, y, share, 7)
    test = round(share * count)
    several = isinstance(parts, tuple | list) and len(parts) == 4
    if not several or not all(isinstance(part, torch.Tensor) for part in parts):
        kind = "returned-none" if parts is None else "type"
        raise wrong(kind, f"{call} does not return four tensors.", got=str(type(parts)))
    shapes = [[count - test, 2], [test, 2], [count - test], [test]]
    got = [list(part.shape) for part in parts]
    if got != shapes:
        cause = (
            "The order is X_train, X_test, y_train, y_test, and "
            "the test set has round(share * N) rows."
        )
        raise wrong(
            "shape",
            f"{call} returns wrong shapes.",
            got=str(got),
            expected=str(shapes),
            cause=cause,
        )
    X_train, X_test, y_train, y_test = parts
    for features, labels in ((X_train, y_train), (X_test, y_test)):
        if not torch.equal(features[:, 0], labels * 2):
            row = int((features[:, 0] != labels * 2).nonzero()[0])
            raise wrong(
                "unpaired",
                f"After {call} rows have labels of other rows.",
                got=f"row {show(features[row])} with label {show(labels[row])}",
                expected=f"label {show(features[row, 0] / 2)}",
                cause=(
                    "X and y were put into different orders: draw "
                    "one order, and index both with it."
                ),
            )
    rows = torch.cat([y_train, y_test]).sort().values
    if not torch.equal(rows, y):
        raise wrong(
            "lost-rows",
            f"After {call} some rows are in both sets or in none.",
            got=show(rows),
            expected=f"each of {count} rows once",
            cause="Draw one order without repetition (torch.randperm) and cut it in two.",
        )
    if torch.equal(y_test, y_test.sort().values) and torch.equal(y_train, y_train.sort().values):
        raise wrong(
            "not-shuffled",
            f"{call} does not draw the rows at random.",
            got=f"test rows {show(y_test)}",
            cause=(
                "The rows keep their order; data is often sorted by class, so the test set would "
                "lack classes."
            ),
        )
    again, other = code.call("split", X, y, share, 7), code.call("split", X, y, share, 8)
    if not torch.equal(again[3], y_test):
        cause = "Nothing ties the order to the seed: torch.Generator().manual_seed(seed)."
        text = f"{call} gives another split when it is called again."
        raise wrong("not-seeded", text, got=show(again[3]), expected=show(y_test), cause=cause)
    if torch.equal(other[3], y_test):
        cause = "The seed is a fixed number in the function; use the argument."
        text = f"Seeds 7 and 8 give the same split {show_shape(y_test)}."
        raise wrong("fixed-seed", text, got=show(other[3]), cause=cause)
