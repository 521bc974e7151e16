"""Check of exercise 12: the cost of the threshold on the rows given, whatever the threshold is."""

import torch

from course.checker.comparing import Wrong

HINTS = (
    "For one threshold t: preds = probs >= t. (preds & (y == 0)).sum() counts false positives.",
    "Try every probability that occurs as a threshold, and one above them all: between two of them nothing changes.",
    "min(candidates, key=cost) with candidates = probs.unique().tolist() + [2.0].",
)
WHY = """The cost is a step function of the threshold: it changes only at the probabilities that occur, so trying
    those, and one above all, finds the best. The formula cost_fp / (cost_fp + cost_fn) holds only for calibrated
    probabilities."""


def cost(probs, y, threshold, cost_fp, cost_fn):
    """Return the total cost of a threshold."""
    preds = probs >= threshold
    return float(cost_fp * (preds & (y == 0)).sum() + cost_fn * (~preds & (y == 1)).sum())


def least(probs, y, cost_fp, cost_fn):
    """Return the least cost and a threshold that has it."""
    return min((cost(probs, y, t, cost_fp, cost_fn), t) for t in [*probs.tolist(), 2.0])


KNOWN = [  # diagnosis, whether a threshold t for the rows p, y and the costs fp, fn fits to it, cause
    (
        "always-half",
        lambda t, p, y, fp, fn: t == 0.5,
        "0.5 is best only for equal costs and calibrated probabilities.",
    ),
    (
        "formula",
        lambda t, p, y, fp, fn: abs(t - fp / (fp + fn)) < 1e-6,
        "The formula cost_fp / (cost_fp + cost_fn) needs calibrated probabilities; these are not.",
    ),
    (
        "ignores-costs",
        lambda t, p, y, fp, fn: cost(p, y, t, 1, 1) <= least(p, y, 1, 1)[0] + 1e-9,
        "It has the fewest mistakes, not the least cost.",
    ),
    (
        "costs-swapped",
        lambda t, p, y, fp, fn: cost(p, y, t, fn, fp) <= least(p, y, fn, fp)[0] + 1e-9,
        "It is the best threshold for the costs the other way round.",
    ),
    (
        "grid",
        lambda t, p, y, fp, fn: abs(t * 100 - round(t * 100)) < 1e-6,
        "A grid misses the best place between its points.",
    ),
]


def check(code):
    """Compare costs on several kinds of rows."""
    generator = torch.Generator().manual_seed(code.seed)
    y = (torch.rand(60, generator=generator) < 0.4).long()
    # probabilities that are pushed to one side: not calibrated, as those of networks often are
    probs = torch.sigmoid(torch.randn(60, generator=generator) * 1.5 + 2 * y - 3).double()
    two_rows = torch.tensor([0.3, 0.6], dtype=torch.float64), torch.tensor([1, 0])
    costs = [(1.0, 5.0), (1.0, 1.0), (5.0, 1.0), (1.0, 0.001), (0.001, 1.0)]
    cases = [*((probs, y, *pair) for pair in costs), (*two_rows, 10.0, 1.0)]
    found = [
        code.call("best_threshold", p.clone(), labels.clone(), fp, fn)
        for p, labels, fp, fn in cases
    ]
    for got, (p, labels, fp, fn) in zip(found, cases, strict=True):
        call = f"best_threshold(probs [{len(p)}], y, cost_fp={fp:g}, cost_fn={fn:g})"
        lowest, best = least(p, labels, fp, fn)
        if isinstance(got, bool) or not isinstance(got, int | float):
            code.compare(call, got, float(best))
        paid = cost(p, labels, got, fp, fn)
        if paid > lowest + 1e-9:
            fits = (
                k
                for k in KNOWN
                if all(k[1](t, *case) for t, case in zip(found, cases, strict=True))
            )
            diagnosis, _, cause = next(
                fits, ("cost", None, "Compute the cost of your threshold by hand on a few rows.")
            )
            raise Wrong(
                diagnosis,
                f"{call} returns {got:.6g}, which is not the cheapest.",
                got=f"cost {paid:g}",
                expected=f"cost {lowest:g}, for example at the threshold {best:.6g}",
                difference=f"{paid - lowest:g}",
                cause=cause,
            )
    return [
        "the least cost in 6 cases, two of them best with hardly any row, or nearly all, in class 1"
    ]
