"""Check of exercise 14: losses that are written beforehand, so that the right epoch is known."""

import torch
from torch import nn

from course.checker.comparing import wrong

HINTS = (
    (
        'Keep three things: the best loss so far (at first float("inf")), its epoch, and the '
        "parameters of that epoch."
    ),
    (
        "model.state_dict() holds the tensors themselves, which go on changing: "
        "copy.deepcopy(model.state_dict())."
    ),
    (
        "Stop when epoch - best_epoch >= patience. After the loop: "
        "model.load_state_dict(best_state); return best_epoch."
    ),
)
WHY = """The validation loss falls while the network learns what is general, and rises once it
    learns the noise by heart. The best epoch lies before the rise; patience tells a rise from a
    jump; the copy brings the best parameters back."""
CASES = (  # validation losses, patience, max_epochs
    ([5.0, 4.0, 3.0, 3.5, 3.4, 3.3, 1.0], 3, 10),
    ([5.0, 4.0, 4.5, 3.9, 4.2, 4.1, 4.3, 4.4], 3, 8),
    ([3.0, 2.0, 1.0, 0.5], 2, 4),
    ([2.0, 2.0, 2.0, 2.0, 2.0], 2, 5),
    ([1.0, 2.0, 0.5, 0.4], 1, 4),
    ([3.0, 2.0, 2.5], 3, 3),  # max_epochs ends it after the best epoch
)


def check(code):
    """Play each case."""
    for losses, patience, max_epochs in CASES:
        play(code, losses, patience, max_epochs)
    return [
        f"{len(CASES)} courses of the validation loss: best epoch, number of epochs, parameters"
    ]


def plan(losses, patience, max_epochs):
    """Return the best epoch and the last one."""
    best = 1
    for epoch in range(1, max_epochs + 1):
        if losses[epoch - 1] < losses[best - 1]:
            best = epoch
        if epoch - best >= patience:
            break
    return best, epoch


def play(code, losses, patience, max_epochs):
    """Train a model whose parameters say how many epochs it has seen."""
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    trained = []

    def train_epoch(model):
        trained.append(1)
        with torch.no_grad():
            model.weight += 1  # in place, as optimizers do

    def val_loss(model):
        epoch = max(1, round(model.weight.item()))
        return losses[min(epoch, len(losses)) - 1]

    call = f"fit(..., patience={patience}, max_epochs={max_epochs}), validation losses {losses},"
    got = code.call("fit", model, train_epoch, val_loss, patience, max_epochs)
    best, last = plan(losses, patience, max_epochs)
    if len(trained) != last:
        early = len(trained) < last
        raise wrong(
            "stops-too-early" if early else "stops-too-late",
            f"{call} trains for {len(trained)} epochs.",
            got=str(len(trained)),
            expected=f"{last} epochs",
            cause=(
                "It has to stop after `patience` epochs in a row without a new best; a new best "
                "ends the row."
            ),
        )
    known = [
        ("counts-from-0", best - 1, "The first epoch is number 1."),
        ("last-epoch", last, "This is the last epoch, not the best."),
    ]
    code.compare(call, got, best, mistakes=known)
    weight = model.weight.item()
    if weight != best:
        copied = (
            "They are those of the last epoch: state_dict() was not copied, or not loaded back."
        )
        raise wrong(
            "not-restored",
            f"After {call} the model does not have the parameters of its best epoch.",
            got=f"parameters of epoch {weight:g}",
            expected=f"parameters of epoch {best}",
            cause=copied if weight == last else "Load the copy that was made at the best epoch.",
        )
