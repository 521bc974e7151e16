"""Check of exercise 12: the cost of the threshold on the rows given, whatever the threshold is."""

import torch

from exercises.checker.comparing import Wrong

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


def check(code):
    """Compare costs on four kinds of rows."""
    generator = torch.Generator().manual_seed(code.seed)
    y = (torch.rand(60, generator=generator) < 0.4).long()
    # probabilities that are pushed to one side: not calibrated, as those of networks often are
    probs = torch.sigmoid(torch.randn(60, generator=generator) * 1.5 + 2 * y - 3).double()
    one_of_each = torch.tensor([0.3, 0.6], dtype=torch.float64), torch.tensor([1, 0])
    cases = [
        (probs, y, 1.0, 1.0),
        (probs, y, 1.0, 5.0),
        (probs, y, 5.0, 1.0),
        (probs, y, 1.0, 0.001),
        (probs, y, 0.001, 1.0),
        (*one_of_each, 10.0, 1.0),
    ]
    for p, labels, cost_fp, cost_fn in cases:
        candidates = [*p.tolist(), 2.0]
        best = min(candidates, key=lambda t: cost(p, labels, t, cost_fp, cost_fn))
        least = cost(p, labels, best, cost_fp, cost_fn)
        got = code.call("best_threshold", p.clone(), labels.clone(), cost_fp, cost_fn)
        call = f"best_threshold(probs [{len(p)}], y, cost_fp={cost_fp:g}, cost_fn={cost_fn:g})"
        if isinstance(got, bool) or not isinstance(got, int | float):
            code.compare(call, got, float(best))
        paid = cost(p, labels, got, cost_fp, cost_fn)
        if paid > least + 1e-9:
            swapped = min(cost(p, labels, t, cost_fn, cost_fp) for t in candidates)
            most_right = min(cost(p, labels, t, 1, 1) for t in candidates)
            known = [
                ("always-half", got == 0.5, "0.5 is best only for equal costs and calibrated probabilities."),
                (
                    "formula",
                    abs(got - cost_fp / (cost_fp + cost_fn)) < 1e-6,
                    "The formula cost_fp / (cost_fp + cost_fn) needs calibrated probabilities; these are not.",
                ),
                (
                    "costs-swapped",
                    cost_fp != cost_fn and cost(p, labels, got, cost_fn, cost_fp) <= swapped + 1e-9,
                    "It is the best threshold for the costs the other way round.",
                ),
                (
                    "ignores-costs",
                    cost(p, labels, got, 1, 1) <= most_right + 1e-9,
                    "It has the fewest mistakes, not the least cost.",
                ),
                ("grid", abs(got * 100 - round(got * 100)) < 1e-6, "A grid misses the best place between its points."),
            ]
            diagnosis, _, cause = next((k for k in known if k[1]), ("cost", True, ""))
            raise Wrong(
                diagnosis,
                f"{call} returns {got:.6g}, which is not the cheapest.",
                got=f"cost {paid:g}",
                expected=f"cost {least:g}, for example at the threshold {best:.6g}",
                difference=f"{paid - least:g}",
                cause=cause,
                line=code.line(),
            )
    return ["the least cost in 6 cases, two of them best with hardly any row, or nearly all, in class 1"]
