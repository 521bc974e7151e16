"""Exercise 12: A threshold for given costs

Task: Write best_threshold(probs, y, cost_fp, cost_fn). A row is predicted as class 1
    where its probability is at least the threshold. Each false positive costs cost_fp,
    each false negative costs cost_fn. Return a threshold, a Python float, with the
    least total cost on these rows. Any threshold with that cost is right, even one
    above 1.
Target: The least possible cost, for costs of every kind.
Minutes: 15
Lesson: 16
Check: python exercises/12_threshold.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch


def best_threshold(probs, y, cost_fp, cost_fn):
    """Return the cheapest threshold for probabilities [N] and labels [N], 0 or 1."""
    # -- solution
    candidates = [*probs.tolist(), 2.0]  # 2: no row is predicted as class 1
    lowest = float("inf")
    best = 2.0
    for threshold in candidates:
        preds = probs >= threshold
        false_positives = (preds & (y == 0)).sum().item()
        false_negatives = (~preds & (y == 1)).sum().item()
        cost = cost_fp * false_positives + cost_fn * false_negatives
        if cost < lowest:
            lowest = cost
            best = threshold
    return best
    # -- starter
    # # TODO: the cost changes only where the threshold passes a probability
    # raise NotImplementedError
    # -- end
