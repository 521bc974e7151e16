"""Check of exercise 02: random logits, a logit of exactly 0, one row, and large values."""

import torch

HINTS = (
    "The sigmoid of 0 is 0.5. So which sign of a logit means a probability of at least 0.5?",
    (
        "(logits >= 0) gives True and False; .long() makes them "
        "1 and 0. reshape(-1) turns [N, 1] into [N]."
    ),
    "For K classes: logits.argmax(dim=1) is the position of the largest logit in each row.",
)
WHY = """The sigmoid grows with its input and is 0.5 at 0, so the sign of the logit decides.
    Softmax keeps the order within a row, so the largest logit is the largest probability.
    Neither has to be computed."""


def check(code):
    """Check both functions."""
    generator = torch.Generator().manual_seed(code.seed)
    edge = torch.tensor([0.0, -0.0, 0.3, -0.3, 200.0, -200.0])
    for logits in (
        edge,
        torch.randn(6, 1, generator=generator),
        torch.randn(1, 1, generator=generator),
        edge[:, None],
    ):
        flat = logits.reshape(-1)
        cause_logit = "A logit was compared with 0.5. Probability 0.5 belongs to the logit 0."
        cause_zero = (
            "At the logit 0 the probability is exactly 0.5, which counts as class 1 (torch.round "
            "turns it into 0)."
        )
        code.expect(
            "binary_labels",
            (logits,),
            (flat >= 0).long(),
            mistakes=[
                ("threshold-on-logit", (flat >= 0.5).long(), cause_logit),
                ("threshold-on-logit", (flat > 0.5).long(), cause_logit),
                ("exactly-half", (flat > 0).long(), cause_zero),
                (
                    "shape",
                    (logits >= 0).long(),
                    "[N, 1] has to become [N]: reshape(-1) or squeeze(1).",
                ),
                ("label-dtype", (flat >= 0).float(), "Labels are whole numbers: .long()."),
                ("label-dtype", (flat >= 0), "True and False are not labels yet: .long()."),
            ],
        )
    for shape in ((5, 3), (4, 4), (1, 10)):
        logits = torch.randn(shape, generator=generator)
        code.expect(
            "class_labels",
            (logits,),
            logits.argmax(dim=1),
            mistakes=[
                (
                    "wrong-dim",
                    logits.argmax(dim=0),
                    "The largest of each column was taken: dim=1 goes along a row.",
                )
            ],
        )
    return ["binary labels of 4 inputs, class labels of 3, a logit of 0 and of +-200 included"]
