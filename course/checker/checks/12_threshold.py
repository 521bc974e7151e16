"""Check of exercise 12: the cost of the threshold on the rows given, whatever the threshold is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from course.checker.comparing import wrong

HINTS = (
    "For one threshold t: preds = probs >= t. (preds & (y == 0)).sum() counts false positives.",
    (
        "Try every probability that occurs as a threshold, and one above them all: between two of "
        "them nothing changes."
    ),
    "min(candidates, key=cost) with candidates = probs.unique().tolist() + [2.0].",
)
WHY = """The cost is a step function of the threshold: it changes only at the probabilities that
    occur, so trying those, and one above all, finds the best. The formula cost_fp / (cost_fp +
    cost_fn) holds only for calibrated probabilities."""


def cost(probs, y, threshold, cost_fp, cost_fn):
    """Return the total cost of a threshold."""
    preds = probs >= threshold
    return float(cost_fp * (preds & (y == 0)).sum() + cost_fn * (~preds & (y == 1)).sum())


def least(probs, y, cost_fp, cost_fn):
    """Return the least cost and a threshold that has it."""
    return min((cost(probs, y, t, cost_fp, cost_fn), t) for t in [*probs.tolist(), 2.0])


@dataclass(frozen=True)
class Case:
    """Rows and costs."""

    probs: Tensor
    y: Tensor
    cost_fp: float
    cost_fn: float

    def cost(self, threshold):
        """Return the total cost of a threshold."""
        return cost(self.probs, self.y, threshold, self.cost_fp, self.cost_fn)

    def least(self):
        """Return the least cost and a threshold that has it."""
        return least(self.probs, self.y, self.cost_fp, self.cost_fn)


def is_formula(case, threshold):
    """Tell whether a threshold is that of calibrated probabilities."""
    return abs(threshold - case.cost_fp / (case.cost_fp + case.cost_fn)) < 1e-6


def ignores_costs(case, threshold):
    """Tell whether a threshold makes the fewest mistakes, whatever they cost."""
    return is_best(Case(case.probs, case.y, 1, 1), threshold)


def swaps_costs(case, threshold):
    """Tell whether a threshold is best for the costs the other way round."""
    return is_best(Case(case.probs, case.y, case.cost_fn, case.cost_fp), threshold)


def is_best(case, threshold):
    """Tell whether no threshold is cheaper."""
    lowest, _ = case.least()
    return case.cost(threshold) <= lowest + 1e-9


def is_half(case, threshold):
    """Tell whether a threshold is 0.5."""
    return threshold == 0.5


def is_on_a_grid(case, threshold):
    """Tell whether a threshold is a whole number of hundredths."""
    return abs(threshold * 100 - round(threshold * 100)) < 1e-6


KNOWN = [  # diagnosis; a function that tells whether a threshold fits to it; cause
    ("always-half", is_half, "0.5 is best only for equal costs and calibrated probabilities."),
    (
        "formula",
        is_formula,
        "The formula cost_fp / (cost_fp + cost_fn) needs calibrated probabilities; these are not.",
    ),
    ("ignores-costs", ignores_costs, "It has the fewest mistakes, not the least cost."),
    (
        "costs-swapped",
        swaps_costs,
        "It is the best threshold for the costs the other way round.",
    ),
    ("grid", is_on_a_grid, "A grid misses the best place between its points."),
]


def check(code):
    """Compare costs on several kinds of rows."""
    cases = draw_cases(code.seed)
    found = []
    for case in cases:
        probs = case.probs.clone()
        y = case.y.clone()
        found.append(code.call("best_threshold", probs, y, case.cost_fp, case.cost_fn))
    for case, got in zip(cases, found, strict=True):
        costs = f"cost_fp={case.cost_fp:g}, cost_fn={case.cost_fn:g}"
        call = f"best_threshold(probs [{len(case.probs)}], y, {costs})"
        lowest, best = case.least()
        if isinstance(got, bool) or not isinstance(got, int | float):
            code.compare(call, got, float(best))
        if is_best(case, got):
            continue
        paid = case.cost(got)
        diagnosis, cause = explain(cases, found)
        raise wrong(
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


def draw_cases(seed):
    """Draw rows, and name costs of every kind."""
    generator = torch.Generator().manual_seed(seed)
    y = (torch.rand(60, generator=generator) < 0.4).long()
    # probabilities that are pushed to one side: not calibrated, as those of networks often are
    logits = torch.randn(60, generator=generator) * 1.5 + 2 * y - 3
    probs = torch.sigmoid(logits).double()
    two_probs = torch.tensor([0.3, 0.6], dtype=torch.float64)
    costs = [(1.0, 5.0), (1.0, 1.0), (5.0, 1.0), (1.0, 0.001), (0.001, 1.0)]
    cases = [Case(probs, y, cost_fp, cost_fn) for cost_fp, cost_fn in costs]
    return [*cases, Case(two_probs, torch.tensor([1, 0]), 10.0, 1.0)]


def explain(cases, found):
    """Return diagnosis and cause: the known mistake that every threshold fits to."""
    for diagnosis, fits, cause in KNOWN:
        if all(fits(case, threshold) for case, threshold in zip(cases, found, strict=True)):
            return diagnosis, cause
    return "cost", "Compute the cost of your threshold by hand on a few rows."
