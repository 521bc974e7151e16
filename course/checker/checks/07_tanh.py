"""Check of exercise 07: values, then the gradient, without tanh below any alias."""

import torch

HINTS = (
    (
        "Beyond +-20 tanh is +-1 to the last digit of float32. So it is enough to be exact "
        "between them."
    ),
    "x.clamp(-20, 20) keeps e^x small enough. torch.exp(x) for e^x.",
    (
        "x = x.clamp(-20, 20), then the formula of the task. Its gradient is right too, and 0 "
        "beyond +-20."
    ),
)
WHY = """e^200 is infinity in float32, and infinity divided by infinity is NaN. Beyond +-20 the
    answer is known, so nothing is lost by computing at +-20. 2 * sigmoid(2x) - 1 is the same
    function."""
FORBIDDEN = {"tanh": "torch.tanh", "atanh": "torch.atanh"}


def check(code):
    """Check values and gradients."""
    generator = torch.Generator().manual_seed(code.seed)
    edge = torch.tensor([-200.0, -89.0, -1.0, -0.0, 0.0, 1e-3, 1.0, 44.0, 89.0, 200.0])
    drawn = torch.randn(2, 4, generator=generator) * 3
    for x in (drawn, edge, drawn.double(), torch.tensor(0.5)):
        code.expect(
            "tanh",
            (x,),
            torch.tanh(x),
            forbidden=FORBIDDEN,
            given=f"x = {[round(v, 4) for v in x.flatten().tolist()]}",
            mistakes=[
                ("sigmoid", torch.sigmoid(x), "This is the sigmoid."),
                ("swapped-sign", -torch.tanh(x), "The signs in the numerator are swapped."),
            ],
        )
    for x in (drawn, edge, torch.tensor([0.0, -200.0, 200.0])):
        code.expect_gradient("tanh", x, torch.tanh)
    return ["values and gradients at 8 random inputs, at 0, and up to +-200"]
