"""Solution of exercise 12: A threshold for given costs."""

import torch


def best_threshold(probs, y, cost_fp, cost_fn):
    """Return the threshold with the least cost for probabilities [N] and labels [N] (0 or 1)."""
    candidates = torch.cat([probs.unique(), probs.new_tensor([2.0])])  # 2: nothing is predicted as class 1
    preds = probs >= candidates.unsqueeze(1)  # [candidates, N]
    costs = cost_fp * (preds & (y == 0)).sum(dim=1) + cost_fn * (~preds & (y == 1)).sum(dim=1)
    return candidates[costs.argmin()].item()
