"""Check of exercise 03: random labels, all right, all wrong, and what cannot be compared."""

import torch

from course.checker.comparing import show, wrong

HINTS = (
    (
        "tensor.shape can be compared with ==; raise "
        'ValueError(f"...") stops the function with a message.'
    ),
    "Refuse first: unequal shapes, then tensor.numel() == 0. Only then count.",
    (
        "(y_true == y_pred).sum().item() is the number of equal labels; divide by numel() and "
        "multiply by 100."
    ),
)
WHY = """[N] compared with [N, 1] gives [N, N] and accuracies of thousands of percent; a metric
    that refuses such input saves a day of searching. Python numbers, by .item(), can be stored
    and printed without the graph behind them."""


def check(code):
    """Check values, then refusals."""
    generator = torch.Generator().manual_seed(code.seed)
    y = torch.randint(0, 3, (7,), generator=generator)
    other = torch.where(torch.arange(7) < 2, (y + 1) % 3, y)
    for pred in (other, y, (y + 1) % 3):
        right = int((y == pred).sum())
        code.expect(
            "accuracy",
            (y, pred),
            right / 7 * 100,
            given=f"{show(y)}, {show(pred)}",
            mistakes=[
                (
                    "fraction",
                    right / 7,
                    "This is a fraction; the task asks for percent: times 100.",
                ),
                ("rounded", float(right * 100 // 7), "The value was rounded."),
                ("rounded", float(round(right / 7 * 100)), "The value was rounded."),
                (
                    "count",
                    float(right),
                    "This is the number of right labels: divide by their number.",
                ),
                ("error-rate", (7 - right) / 7 * 100, "These are the wrong labels."),
            ],
        )
    for true_shape, pred_shape in (((7,), (7, 1)), ((7,), (1,)), ((0,), (0,))):
        y_true, y_pred = torch.zeros(true_shape), torch.zeros(pred_shape)
        call = f"accuracy(y_true {list(true_shape)}, y_pred {list(pred_shape)})"
        try:
            got = code.call("accuracy", y_true, y_pred)
        except ValueError as error:
            missing = [str(n) for n in (*true_shape, *pred_shape) if str(n) not in str(error)]
            if true_shape != pred_shape and missing:
                sentence = f"The message for {call} does not name both shapes."
                raise wrong(
                    "message", sentence, got=str(error), expected=f"{true_shape} and {pred_shape}"
                ) from None
            continue
        except ZeroDivisionError:
            got = "ZeroDivisionError"
        empty = true_shape == (0,)
        cause = (
            "Without labels, none are right and none are wrong."
            if empty
            else "Broadcasting compares every label with every other."
        )
        raise wrong(
            "accepts-empty" if empty else "accepts-shapes",
            f"{call} must raise ValueError, and does not.",
            got=str(got),
            expected="ValueError",
            cause=cause,
        )
    return ["three accuracies; refusals of [7] against [7, 1], [7] against [1], and of no labels"]
