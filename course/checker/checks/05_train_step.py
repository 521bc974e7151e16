"""Check of exercise 05: four calls, each held to the loss and gradients of the model before it."""

import torch
from torch import nn

from course.checker.comparing import difference, wrong
from course.checker.watching import Watcher

HINTS = (
    (
        "The order: logits, loss, optimizer.zero_grad(), loss.backward(), optimizer.step(). "
        "model.train() comes first."
    ),
    (
        "backward() only adds gradients to .grad; step() only reads them. Without zero_grad() "
        "they pile up."
    ),
    (
        "loss is a tensor with its graph; loss.item() is the number. Return it after the step: it "
        "was computed before."
    ),
)
WHY = """Each of the five does one thing: the forward pass and the loss build the graph,
    zero_grad empties .grad, backward fills it, step moves the parameters. The loss is the one
    before the step, because it was computed there."""
FAILS = ("no-zero-grad", "zeroed-before-step", "other-parameters", "broadcast")


def check(code):
    """Watch four calls; each may step once, and only along the gradients of its own loss."""
    generator = torch.Generator().manual_seed(code.seed)
    X = torch.randn(20, 3, generator=generator)
    y = torch.randint(0, 2, (20,), generator=generator)
    torch.manual_seed(code.seed)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    steps = []  # the gradients at each step, all parameters in a row
    optimizer.register_step_post_hook(
        lambda *_: steps.append(torch.cat([grad(p) for p in model.parameters()]))
    )
    with Watcher(code.path) as watcher:
        for number in range(1, 5):
            call = f"train_step, call {number},"
            steps.clear()
            loss = loss_fn(model(X), y)
            expected = torch.cat(
                [g.flatten() for g in torch.autograd.grad(loss, model.parameters())]
            )
            model.eval()
            got = code.call("train_step", model, X.clone(), y.clone(), loss_fn, optimizer)
            after = loss_fn(model(X), y).item()
            known = [
                (
                    "loss-after-step",
                    after,
                    "This is the loss after the step; return the one before it.",
                )
            ]
            code.compare(call, got, loss.item(), mistakes=known)
            code.judge_training(watcher, FAILS)
            if not steps or not steps[0].any():
                cause = (
                    "backward() or optimizer.step() is missing, or step() comes before backward()."
                )
                raise wrong(
                    "no-step", f"Call {number} of train_step moves no parameter.", cause=cause
                )
            if len(steps) > 1:
                cause = (
                    "One call is one step: the loop over the epochs stands outside of train_step."
                )
                raise wrong("several-steps", f"{call} makes {len(steps)} steps.", cause=cause)
            different = difference(steps[0], expected, 1e-5)
            if different is not None:
                cause = (
                    "The gradients are not those of this loss alone: look at zero_grad() and at "
                    "the order of steps."
                )
                sentence = f"{call} steps with other gradients than those of its loss."
                raise wrong("other-step", sentence, difference=different.difference, cause=cause)
            if not model.training:
                cause = (
                    "Dropout and batch normalization work differently in train mode: call "
                    "model.train() first."
                )
                raise wrong("no-train-mode", "train_step leaves a model in eval mode.", cause=cause)
    return [
        "four calls: the loss before the step, one step each along its gradients, in train mode"
    ]


def grad(parameter):
    """Return the gradient of a parameter in a row; zeros where there is none."""
    return (
        torch.zeros(parameter.numel())
        if parameter.grad is None
        else parameter.grad.detach().flatten().clone()
    )
