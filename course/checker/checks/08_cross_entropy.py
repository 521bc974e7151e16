"""Check of exercise 08: random and extreme logits, then the gradient."""

import torch
from torch.nn import functional as F

HINTS = (
    (
        "Subtract the largest logit of each row before exp: logits.max(dim=1, "
        "keepdim=True).values. Then no exp overflows."
    ),
    (
        "log(e^a / (e^a + e^b)) is a - log(e^a + e^b): take the logarithm on paper, and no "
        "probability is rounded to 0."
    ),
    "-log_probs[torch.arange(len(labels)), labels].mean() picks the true class of each row.",
)
WHY = """Subtracting the row's maximum changes no probability and keeps exp between 0 and 1. The
    logarithm of the sum is taken before anything is rounded to 0, so the loss of a confident
    mistake is large and finite."""
TOLERANCE = 1e-4  # float32 near 1000 is no finer
FORBIDDEN = {
    "_softmax": "PyTorch's softmax",
    "_log_softmax": "PyTorch's log_softmax or cross_entropy",
    "nll_loss_forward": "PyTorch's nll_loss",
}


def check(code):
    """Check both functions."""
    generator = torch.Generator().manual_seed(code.seed)
    edge = torch.tensor(
        [[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0], [-1000.0, -1000.0, -990.0], [88.0, 89.0, 90.0]]
    )
    for logits in (
        torch.randn(4, 3, generator=generator) * 3,
        torch.randn(3, 3, generator=generator),
        edge,
    ):
        code.expect(
            "softmax",
            (logits,),
            F.softmax(logits, dim=1),
            forbidden=FORBIDDEN,
            tolerance=TOLERANCE,
            mistakes=[
                (
                    "wrong-dim",
                    F.softmax(logits, dim=0),
                    "The columns sum to 1; the rows should: dim=1.",
                ),
                (
                    "not-normalised",
                    logits.exp(),
                    "exp alone does not sum to 1: divide by the sum of the row.",
                ),
                (
                    "wrong-dim",
                    logits.exp() / logits.exp().sum(),
                    "The sum goes over all rows; take it with dim=1.",
                ),
            ],
        )
        drawn = torch.randint(0, 3, (len(logits),), generator=generator)
        labels = torch.tensor([2, 1, 0, 0]) if logits is edge else drawn  # confident mistakes
        losses = F.cross_entropy(logits, labels, reduction="none")
        true = logits.gather(1, labels[:, None])[:, 0]
        code.expect(
            "cross_entropy",
            (logits, labels),
            losses.mean(),
            forbidden=FORBIDDEN,
            tolerance=TOLERANCE,
            given=(
                f"logits {[[round(v, 3) for v in row] for row in logits.tolist()]}, labels "
                f"{labels.tolist()}"
            ),
            mistakes=[
                ("sum", losses.sum(), "This is the sum over the rows; the task asks for the mean."),
                ("not-reduced", losses, "There is a loss for each row; take the mean."),
                ("sign", -losses.mean(), "The sign is missing: -log p."),
                (
                    "softmax-twice",
                    F.cross_entropy(F.softmax(logits, 1), labels),
                    "Softmax was applied twice.",
                ),
                ("no-normaliser", -true.mean(), "The logarithm of the sum is missing."),
                (
                    "underflow",
                    torch.tensor(float("inf")),
                    "log(0): a probability was rounded to 0 before the logarithm.",
                ),
            ],
        )
    labels = torch.tensor([0, 2, 1, 2])
    for logits in (torch.randn(4, 3, generator=generator) * 3, edge):
        code.expect_gradient("cross_entropy", logits, F.cross_entropy, labels)
    return ["probabilities and losses of 10 rows up to +-1000; the gradient of the loss"]
