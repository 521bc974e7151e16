"""Check of exercise 05: four calls on a network with dropout, beside the five steps done here."""

import copy

import torch
from torch import nn

from exercises.checker.comparing import Wrong

HINTS = (
    "The order: logits, loss, optimizer.zero_grad(), loss.backward(), optimizer.step(). model.train() comes first.",
    "backward() only adds gradients to .grad; step() only reads them. Without zero_grad() they pile up.",
    "loss is a tensor with its graph; loss.item() is the number. Return it after the step: it was computed before.",
)
WHY = """Each of the five does one thing: the forward pass and the loss build the graph, zero_grad empties .grad,
    backward fills it, step moves the parameters. The loss is the one before the step, because it was computed
    there."""
FAILS = ("no-zero-grad", "zeroed-before-step", "other-parameters", "broadcast")


def check(code):
    """Compare losses and parameters after each call."""
    generator = torch.Generator().manual_seed(code.seed)
    X, y = torch.randn(20, 3, generator=generator), torch.randint(0, 2, (20,), generator=generator)
    torch.manual_seed(code.seed)
    theirs = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    mine = copy.deepcopy(theirs)
    loss_fn = nn.CrossEntropyLoss()
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.3) for model in (theirs, mine)]
    losses, snapshots = [], []  # of the five steps, done here
    for _ in range(4):
        losses.append(loss := loss_fn(mine(X), y))
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        snapshots.append([p.detach().clone() for p in mine.parameters()])
    losses.append(loss_fn(mine(X), y))
    with code.watcher:
        for step in range(1, 5):
            before = [p.detach().clone() for p in theirs.parameters()]
            theirs.eval()
            got = code.call("train_step", theirs, X.clone(), y.clone(), loss_fn, optimizers[0])
            loss, after = losses[step - 1].item(), losses[step].item()
            code.compare(
                f"train_step, call {step},",
                got,
                loss,
                mistakes=[("loss-after-step", after, "This is the loss after the step; return the one before it.")],
            )
            moved = any(not torch.equal(p, old) for p, old in zip(theirs.parameters(), before, strict=True))
            code.judge_training(FAILS)
            if not moved:
                cause = "backward() or optimizer.step() is missing, or step() comes before backward()."
                raise Wrong("no-step", f"Call {step} of train_step moves no parameter.", cause=cause, line=code.line())
            off = max((p - q).abs().max().item() for p, q in zip(theirs.parameters(), snapshots[step - 1], strict=True))
            if off > 1e-5:
                text = f"After call {step} of train_step the parameters are not where the five steps lead."
                cause = "The gradients are not those of this loss alone: look at zero_grad() and at the order of steps."
                raise Wrong("other-step", text, difference=f"greatest {off:.6g}", cause=cause, line=code.line())
            if not theirs.training:
                cause = "Dropout and batch normalization work otherwise in train mode: call model.train() first."
                raise Wrong("no-train-mode", "train_step leaves a model in eval mode.", cause=cause, line=code.line())
    return ["four calls: losses and parameters as the five steps give them, in train mode"]
