"""Correct training loops of many styles: the watcher must have no remark on any of them.

LOOPS maps a name to a function of X [N, 2] float32 and y [N] int64 (0 or 1). Each trains a few steps.
"""

import copy
import functools
import itertools

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

LOOPS = {}
STEPS = 25


def loop(function):
    LOOPS[function.__name__] = function
    return function


def net(outputs=2, width=16):
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, outputs))


def plain(
    X, y, make=lambda p: optim.SGD(p, lr=0.1), loss_fn=F.cross_entropy, outputs=2, model=None
):
    model = model or net(outputs)
    optimizer = make(model.parameters())
    for _ in range(STEPS):
        loss = loss_fn(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


# Optimizers

for name, options in {
    "SGD": {"lr": 0.1},
    "Adam": {},
    "AdamW": {},
    "RMSprop": {},
    "Adagrad": {},
    "Adadelta": {},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "ASGD": {},
    "Rprop": {},
}.items():
    LOOPS[f"optimizer {name}"] = functools.partial(
        plain, make=functools.partial(getattr(optim, name), **options)
    )
LOOPS["momentum"] = functools.partial(plain, make=lambda p: optim.SGD(p, lr=0.1, momentum=0.9))
LOOPS["nesterov, weight decay"] = functools.partial(
    plain, make=lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
)
LOOPS["amsgrad"] = functools.partial(plain, make=lambda p: optim.Adam(p, amsgrad=True))
LOOPS["not foreach"] = functools.partial(plain, make=lambda p: optim.Adam(p, foreach=False))
LOOPS["learning rate 0"] = functools.partial(plain, make=lambda p: optim.SGD(p, lr=0.0))
LOOPS["learning rate far too large"] = functools.partial(
    plain, make=lambda p: optim.SGD(p, lr=100.0)
)


# Losses


def smooth_targets(logits, y):
    return F.cross_entropy(logits, F.one_hot(y, 2).float() * 0.9 + 0.05)


def by_hand(logits, y):
    return -(logits - logits.logsumexp(1, True)).gather(1, y[:, None]).mean()


def focal(logits, y):
    losses = F.cross_entropy(logits, y, reduction="none")
    return ((1 - torch.exp(-losses)) ** 2 * losses).mean()


for name, (loss_fn, outputs) in {
    "CrossEntropyLoss": (nn.CrossEntropyLoss(), 2),
    "label smoothing": (nn.CrossEntropyLoss(label_smoothing=0.1), 2),
    "class weights": (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0])), 2),
    "sum, divided": (lambda z, y: F.cross_entropy(z, y, reduction="sum") / len(y), 2),
    "class probabilities as targets": (smooth_targets, 2),
    "NLLLoss": (lambda z, y: nn.NLLLoss()(torch.log_softmax(z, 1), y), 2),
    "NLLLoss of log of softmax": (lambda z, y: F.nll_loss(torch.log(z.softmax(1) + 1e-9), y), 2),
    "cross entropy of log probabilities": (lambda z, y: F.cross_entropy(z.log_softmax(1), y), 2),
    "cross entropy by hand": (by_hand, 2),
    "focal": (focal, 2),
    "margin": (lambda z, y: F.multi_margin_loss(z, y), 2),
    "BCE with logits [N]": (
        lambda z, y: F.binary_cross_entropy_with_logits(z.squeeze(1), y.float()),
        1,
    ),
    "BCE with logits [N, 1]": (lambda z, y: nn.BCEWithLogitsLoss()(z, y.float().unsqueeze(1)), 1),
    "pos_weight": (
        lambda z, y: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.0))(z[:, 0], y.float()),
        1,
    ),
    "BCE of sigmoid": (lambda z, y: nn.BCELoss()(z.sigmoid().squeeze(1), y.float()), 1),
    "BCE on one-hot": (
        lambda z, y: F.binary_cross_entropy_with_logits(z, F.one_hot(y, 2).float()),
        2,
    ),
    "MSE of sigmoid": (lambda z, y: F.mse_loss(z.sigmoid().squeeze(1), y.float()), 1),
    "MSE on one-hot softmax": (lambda z, y: nn.MSELoss()(z.softmax(1), F.one_hot(y, 2).float()), 2),
    "MSE by hand": (lambda z, y: ((z[:, 0] - y) ** 2).mean(), 1),
    "logistic by hand": (lambda z, y: F.softplus((1 - 2 * y) * z.squeeze(1)).mean(), 1),
    "hinge by hand": (lambda z, y: (1 - (2 * y - 1) * z.squeeze(1)).clamp(min=0).mean(), 1),
    "Huber on labels": (lambda z, y: nn.HuberLoss()(z.squeeze(1), y.float()), 1),
    "entropy bonus": (
        lambda z, y: F.cross_entropy(z, y) + 0.01 * (z.softmax(1) * z.log_softmax(1)).sum(1).mean(),
        2,
    ),
    "small logits": (
        lambda z, y: F.binary_cross_entropy_with_logits(z.squeeze(1) * 0.01 + 0.5, y.float()),
        1,
    ),
    "pairwise distances": (
        lambda z, y: F.cross_entropy(z, y) + 1e-3 * (z[:, None, 0] - z[None, :, 0]).abs().mean(),
        2,
    ),
}.items():
    LOOPS[f"loss {name}"] = functools.partial(plain, loss_fn=loss_fn, outputs=outputs)


# Models


class Gated(nn.Module):
    """A softmax and a sigmoid inside, where they belong."""

    def __init__(self):
        super().__init__()
        self.gate, self.experts, self.out = nn.Linear(2, 4), nn.Linear(2, 4), nn.Linear(4, 2)

    def forward(self, X):
        return self.out(self.gate(X).softmax(dim=1) * torch.sigmoid(self.experts(X)))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 8)
        self.blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        self.out = nn.Linear(8, 2)

    def forward(self, X):
        X = self.first(X)
        for block in self.blocks:
            X = X + torch.tanh(block(X))
        return self.out(X)


class Two(nn.Module):
    """Returns logits and features."""

    def __init__(self):
        super().__init__()
        self.body, self.out = nn.Linear(2, 8), nn.Linear(8, 2)

    def forward(self, X):
        features = self.body(X).relu()
        return self.out(features), features


for name, model in {
    "gates": Gated,
    "residual": Residual,
    "linear": lambda: nn.Linear(2, 2),
    "dropout": lambda: nn.Sequential(
        nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2)
    ),
    "batch normalization": lambda: nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2)
    ),
    "dead units": lambda: nn.Sequential(nn.Linear(2, 4), nn.Threshold(1e9, 0.0), nn.Linear(4, 2)),
}.items():
    LOOPS[f"model {name}"] = lambda X, y, model=model: plain(X, y, model=model())


@loop
def model_with_two_outputs(X, y):
    return plain(
        X,
        y,
        model=Two(),
        loss_fn=lambda out, y: F.cross_entropy(out[0], y) + 1e-3 * out[1].pow(2).mean(),
    )


# Zeroing


def zeroing(X, y, clear, first):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        if first:
            clear(model, optimizer)
        F.cross_entropy(model(X), y).backward()
        optimizer.step()
        if not first:
            clear(model, optimizer)
    return model


def set_none(model, optimizer):
    for p in model.parameters():
        p.grad = None


def fill_zero(model, optimizer):
    for p in model.parameters():
        if p.grad is not None:
            p.grad.zero_()


def fill_data(model, optimizer):
    for p in model.parameters():
        if p.grad is not None:
            p.grad.data.fill_(0)


CLEAR = {
    "optimizer.zero_grad": lambda model, optimizer: optimizer.zero_grad(),
    "set_to_none=False": lambda model, optimizer: optimizer.zero_grad(set_to_none=False),
    "model.zero_grad": lambda model, optimizer: model.zero_grad(),
    "grad = None": set_none,
    "grad.zero_()": fill_zero,
    "grad.data.fill_(0)": fill_data,
}
for (name, clear), first in itertools.product(CLEAR.items(), (True, False)):
    LOOPS[f"{name} {'before' if first else 'after'}"] = functools.partial(
        zeroing, clear=clear, first=first
    )


# Batches, accumulation, schedules


@loop
def data_loader(X, y):
    model, loss_fn = net(), nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for xb, yb in DataLoader(TensorDataset(X, y), batch_size=32, shuffle=True):
            optimizer.zero_grad()
            loss_fn(model(xb), yb).backward()
            optimizer.step()
    return model


@loop
def batch_of_one(X, y):
    model = net(1)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for xb, yb in zip(X.split(1), y.split(1), strict=True):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(xb), yb.float()[:, None]).backward()
        optimizer.step()
    return model


@loop
def accumulation(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(3):
        for i, rows in enumerate(torch.randperm(len(X)).split(20)):
            (F.cross_entropy(model(X[rows]), y[rows]) / 4).backward()
            if (i + 1) % 4 == 0 or epoch == 2:
                optimizer.step()
                optimizer.zero_grad()
    return model


@loop
def accumulation_zeroed_first(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(STEPS):
        optimizer.zero_grad(set_to_none=False)
        for xb, yb in zip(X.chunk(4), y.chunk(4), strict=True):
            (F.cross_entropy(model(xb), yb) / 4).backward()
        optimizer.step()
    return model


@loop
def two_losses_one_step(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        logits = model(X)
        F.cross_entropy(logits, y).backward(retain_graph=True)
        (1e-3 * logits.pow(2).mean()).backward()
        optimizer.step()
    return model


def scheduled(X, y, make, metric=False):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    schedule = make(optimizer)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step(*([loss.item()] if metric else []))
    return model


for name, make in {
    "StepLR": lambda o: optim.lr_scheduler.StepLR(o, 10),
    "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, STEPS),
    "one cycle": lambda o: optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=STEPS + 1),
    "LambdaLR": lambda o: optim.lr_scheduler.LambdaLR(o, lambda step: 0.9**step),
}.items():
    LOOPS[f"schedule {name}"] = functools.partial(scheduled, make=make)
LOOPS["schedule plateau"] = functools.partial(
    scheduled, make=optim.lr_scheduler.ReduceLROnPlateau, metric=True
)


# Steps of other kinds


@loop
def lbfgs(X, y):
    model = net()
    optimizer = optim.LBFGS(model.parameters(), lr=0.5, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    return model


@loop
def closure_with_sgd(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        return loss

    for _ in range(STEPS):
        optimizer.step(closure)
    return model


@loop
def two_optimizers(X, y):
    body, head = nn.Sequential(nn.Linear(2, 16), nn.ReLU()), nn.Linear(16, 2)
    optimizers = [optim.Adam(body.parameters()), optim.SGD(head.parameters(), lr=0.1)]
    for _ in range(STEPS):
        loss = F.cross_entropy(head(body(X)), y)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    return nn.Sequential(body, head)


@loop
def alternating(X, y):
    """Each of two networks learns in its turn; the other's gradients are stale meanwhile, and zeroed before use."""
    generator, critic = nn.Linear(2, 2), net(1)
    steps = [optim.SGD(generator.parameters(), lr=0.01), optim.SGD(critic.parameters(), lr=0.01)]
    ones, zeros = torch.ones(len(X), 1), torch.zeros(len(X), 1)
    for _ in range(STEPS):
        fake = generator(torch.randn_like(X))
        steps[1].zero_grad()
        real_loss = F.binary_cross_entropy_with_logits(critic(X), ones)
        (real_loss + F.binary_cross_entropy_with_logits(critic(fake.detach()), zeros)).backward()
        steps[1].step()
        steps[0].zero_grad()
        F.binary_cross_entropy_with_logits(critic(fake), ones).backward()
        steps[0].step()
    return critic


@loop
def alternating_with_separate_passes(X, y):
    generator, critic = nn.Linear(2, 2), net(1)
    steps = [optim.SGD(generator.parameters(), lr=0.01), optim.SGD(critic.parameters(), lr=0.01)]
    ones, zeros = torch.ones(len(X), 1), torch.zeros(len(X), 1)
    for _ in range(STEPS):
        steps[1].zero_grad()
        fake = generator(torch.randn_like(X)).detach()
        loss = F.binary_cross_entropy_with_logits(critic(X), ones)
        (loss + F.binary_cross_entropy_with_logits(critic(fake), zeros)).backward()
        steps[1].step()
        steps[0].zero_grad()
        F.binary_cross_entropy_with_logits(critic(generator(torch.randn_like(X))), ones).backward()
        steps[0].step()
    return critic


@loop
def few_steps_with_logits_between_0_and_1(X, y):
    model = nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.95, 0.0]]))
        model.bias.fill_(0.02)
    optimizer = optim.SGD(model.parameters(), lr=0.001)
    for _ in range(5):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(
            model((3 * X).sigmoid()).squeeze(1), y.float()
        ).backward()
        optimizer.step()
    return model


@loop
def frozen_body(X, y):
    model = net()
    for p in model[0].parameters():
        p.requires_grad_(False)
    optimizer = optim.Adam((p for p in model.parameters() if p.requires_grad), lr=0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()
    return model


@loop
def all_parameters_given_some_frozen(X, y):
    model = net()
    model[0].requires_grad_(False)
    return plain(X, y, model=model)


@loop
def parameter_groups(X, y):
    model = net()
    optimizer = optim.SGD(
        [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.01}], lr=0.1
    )
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()
    return model


@loop
def sgd_by_hand(X, y):
    model = net()
    for _ in range(STEPS):
        F.cross_entropy(model(X), y).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
                p.grad = None
    return model


@loop
def gradients_by_hand(X, y):
    model = net()
    parameters = list(model.parameters())
    for _ in range(STEPS):
        gradients = torch.autograd.grad(F.cross_entropy(model(X), y), parameters)
        with torch.no_grad():
            for p, gradient in zip(parameters, gradients, strict=True):
                p.sub_(gradient, alpha=0.1)
    return model


@loop
def functional_gradients(X, y):
    model = net()
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    gradient = torch.func.grad(
        lambda p: F.cross_entropy(torch.func.functional_call(model, p, (X,)), y)
    )
    for _ in range(STEPS):
        parameters = {
            name: p - 0.1 * g
            for (name, p), g in zip(parameters.items(), gradient(parameters).values(), strict=True)
        }
    model.load_state_dict(parameters)
    return model


@loop
def weights_without_a_module(X, y):
    weights = [torch.randn(2, 8, requires_grad=True), torch.randn(8, 2, requires_grad=True)]
    optimizer = optim.Adam(weights, lr=0.05)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy((X @ weights[0]).relu() @ weights[1], y).backward()
        optimizer.step()
    return lambda X: (X @ weights[0]).relu() @ weights[1]


@loop
def amp_switched_off(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    for _ in range(STEPS):
        optimizer.zero_grad()
        with torch.autocast("cpu", enabled=False):
            loss = F.cross_entropy(model(X), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    return model


@loop
def sharpness_aware(X, y):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        with torch.no_grad():
            moved = [(p, 0.01 * p.grad.sign()) for p in model.parameters()]
            for p, e in moved:
                p.add_(e)
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        with torch.no_grad():
            for p, e in moved:
                p.sub_(e)
        optimizer.step()
    return model


# Evaluation


def with_evaluation(X, y, evaluate, model=None):
    model = model or nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    best, kept = -1.0, None
    for _ in range(STEPS):
        model.train()
        logits = model(X[:80])
        loss = F.cross_entropy(logits, y[:80])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        (logits.argmax(1) == y[:80]).float().mean().item()  # training accuracy from the same pass
        if (score := evaluate(model, X[80:], y[80:])) > best:
            best, kept = score, copy.deepcopy(model)
    return kept


def eval_inference(model, X, y):
    model.eval()
    with torch.inference_mode():
        return (model(X).argmax(dim=1) == y).float().mean().item()


@torch.no_grad()
def eval_decorated(model, X, y):
    model.train(False)
    return accuracy(y.numpy(), model(X).softmax(1).numpy().argmax(1))


def eval_in_batches(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        right = sum(
            (model(xb).argmax(1) == yb).sum().item()
            for xb, yb in zip(X.split(7), y.split(7), strict=True)
        )
    model.train(was)
    return right / len(y)


def accuracy(first, second):
    return float((first == second).mean())


for evaluate in (eval_inference, eval_decorated, eval_in_batches):
    LOOPS[f"evaluation {evaluate.__name__}"] = functools.partial(with_evaluation, evaluate=evaluate)


@loop
def plain_network_evaluated_without_eval(X, y):
    """Without dropout and batch normalization the mode makes no difference."""

    def evaluate(model, X, y):
        with torch.no_grad():
            return (model(X).argmax(dim=1) == y).float().mean().item()

    return with_evaluation(X, y, evaluate, model=net())


@loop
def shape_probe(X, y):
    model = net()
    assert model(X[:1]).shape == (1, 2)
    return plain(X, y, model=model)


@loop
def averaged_weights(X, y):
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    average = optim.swa_utils.AveragedModel(model)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()
        average.update_parameters(model)
    optim.swa_utils.update_bn(X.split(40), average)
    return average


@loop
def teacher(X, y):
    old, model = net().eval(), net()
    optimizer = optim.Adam(model.parameters())
    for _ in range(STEPS):
        with torch.no_grad():
            hints = old(X).softmax(dim=1)
        logits = model(X)
        loss = F.cross_entropy(logits, y) + F.kl_div(
            logits.log_softmax(1), hints, reduction="batchmean"
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@loop
def ensemble(X, y):
    return nn.ModuleList(plain(X, y) for _ in range(3))[0]


@loop
def gradients_looked_at_between_steps(X, y):
    """A second backward pass for a printout, and everything zeroed before the next step."""
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(X), y).backward()
        optimizer.step()
        F.cross_entropy(model(X[:20]), y[:20]).backward()
    return model


@loop
def one_look_at_the_layers(X, y):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(
                [nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 2)]
            )

        def forward(self, X):
            for layer in self.layers[:-1]:
                X = F.relu(layer(X))
            return self.layers[-1](X)

    model = Net()
    print(model(X[:3]).shape)
    return plain(X, y, model=model)


@loop
def experiments_with_shapes(X, y):
    column = torch.tensor([[1.0], [2.0], [3.0]])
    print(column == torch.tensor([1.0, 2.0, 3.0]))
    print(column - torch.tensor([1.0, 2.0, 3.0], requires_grad=True))
    return plain(X, y)


@loop
def distances_between_all_points(X, y):
    x = X[:, :1]
    near = ((x - X[:, 0]).abs() < 0.1).float().mean(dim=1, keepdim=True)
    return plain(
        torch.cat([X, near], dim=1),
        y,
        model=nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)),
    )


@loop
def distances_between_all_outputs(X, y):
    model = net(1)
    optimizer = optim.Adam(model.parameters())
    for _ in range(STEPS):
        logits = model(X)
        ranking = F.softplus(-(logits - logits.squeeze(1)) * (y[:, None] - y).sign()).mean()
        optimizer.zero_grad()
        ranking.backward()
        optimizer.step()
    return model


@loop
def pairs_of_one_class(X, y):
    same = y[:, None] == y
    assert same.diagonal().all()
    return plain(X, y)
