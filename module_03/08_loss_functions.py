"""Lesson 08: Loss functions

Question: Why cross entropy, and not squared error?
You will learn:
    - to write log loss and cross entropy by hand so that no logit breaks them
    - to compare losses by their gradients, and to see where squared error gets stuck
    - to recognize softmax before CrossEntropyLoss by the floor under its loss
    - to weight a rare class, and to tell what that changes
Builds on: Lesson 07
Run: python module_03/08_loss_functions.py
Writes:
    outputs/08_losses.png - log loss and squared error: value, gradient, and their surfaces with starts that arrive
    outputs/08_class_weights.png - the boundary without a weight, with pos_weight and with a class weight
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

from helper_functions import CLASS_COLORS, fit, pick_device, plot_decision_boundary, save_figure, save_results

BAD_START = [-8.0, 0.0]  # weight and bias of section 3: sure, and wrong about nearly every point
STEPS = 300  # of gradient descent in section 3, and epochs of each model after that
RARE_WEIGHT = 9.0  # section 6 has nine common points for each rare one
SEED = 42  # of data, splits and first weights

device = pick_device()

# %% 1. NEW: log loss by hand
# The model gives the true class the probability p. Log loss is -ln p: 0 for p = 1, and without
# bound as p goes to 0. From the logit z it is ln(1 + e^-z) for label 1 and ln(1 + e^z) for label
# 0. Both are max(z, 0) - z y + ln(1 + e^-|z|), which, like the sigmoid of lesson 07, never
# overflows. (At z = 0 the slope must be 1/2 - y: maximum() gives the 1/2.) Log loss is also called binary cross
# entropy, BCE.


def log_loss(logits, y):
    return torch.maximum(logits, torch.zeros_like(logits)) - logits * y + torch.log1p(torch.exp(-logits.abs()))


losses = {"log_loss": log_loss, "squared_error": lambda logits, y: (torch.sigmoid(logits) - y) ** 2}
z = torch.linspace(-1000, 1000, 2001).repeat(2)
y = torch.arange(2.0).repeat_interleave(2001)  # each logit with label 0 and with label 1
log_loss_gap = (log_loss(z, y) - F.binary_cross_entropy_with_logits(z, y, reduction="none")).abs().max().item()
print(f"1. Log loss of logits from -1000 to 1000, by hand against PyTorch: largest difference {log_loss_gap:.0e}")

# %% 2. NEW: a confident mistake
# Squared error, (p - y)^2 with the probability p of class 1, grows with the mistake, too. But
# training follows the gradient by the logit. For label 1 it is p - 1 with log loss, and
# 2 (p - 1) p (1 - p) with squared error. The factor p (1 - p) is the slope of the sigmoid. It
# vanishes where the model is sure, be it right or wrong.

probs = torch.tensor([0.9, 0.5, 0.1, 0.01, 0.0001])
z = torch.cat([torch.logit(probs), torch.linspace(-8, 8, 321)]).repeat(2, 1).requires_grad_()  # [2, 326]
values = torch.stack([loss_fn(row, 1) for loss_fn, row in zip(losses.values(), z, strict=True)])  # of class 1
values.sum().backward()  # fills z.grad [2, 326]
print("\n2. A point of class 1   log loss   gradient   squared error   gradient")
for i, p in enumerate(probs):
    print(f"   model: p = {p:<8.4g}{values[0, i]:12.4f}{z.grad[0, i]:11.4f}{values[1, i]:16.4f}{z.grad[1, i]:11.4f}")
fig, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")  # section 3 draws the lower half
for ax, curves, title in zip(axes[0], (values.detach(), z.grad), ("value", "gradient"), strict=True):
    ax.plot(z[0, 5:].detach(), curves[0, 5:], color="black", label="log loss")
    ax.plot(z[0, 5:].detach(), curves[1, 5:], color=CLASS_COLORS[3], label="squared error")
    ax.set(title=f"{title} for one point of class 1", xlabel="logit (below 0: wrong)", ylabel=title)
    ax.legend()

# %% 3. NEW: both losses from bad starts
# The model logit = weight * x + bias has two parameters, so its loss is a surface. SGD walks down
# from a bad start and from 100 starts on a grid. The classes overlap: the best threshold gets
# 93.3 % on average. For this model log loss is convex, a valley without traps. For a network
# with hidden layers it is not.

X, y = make_blobs(200, centers=[[-1.5], [1.5]], random_state=SEED)
x, y = torch.tensor(X[:, 0], dtype=torch.float32), torch.tensor(y)  # [200] and [200]
ticks = torch.linspace(-10, 10, 41)
starts = torch.cat([torch.tensor([BAD_START]), torch.cartesian_prod(ticks[2::4], ticks[2::4])])  # [101, 2]
results = {}
print(f"\n3. Accuracy from weight, bias = {BAD_START} at steps 0, {STEPS // 6}, ..., {STEPS}; starts that reach 90%")
for ax, (name, loss_fn) in zip(axes[1], losses.items(), strict=True):
    params = starts.clone().requires_grad_()  # column 0 the weight, column 1 the bias
    optimizer = torch.optim.SGD([params], lr=1.0)
    track, acc = [], []
    for _ in range(STEPS + 1):
        logits = params[:, :1] * x + params[:, 1:]  # [101, 200], one row a start
        track.append(params[0].tolist())
        acc.append(100 * ((logits >= 0) == y).float().mean(dim=1))  # [101]
        optimizer.zero_grad()
        loss_fn(logits, y).mean(dim=1).sum().backward()  # in a sum, each start gets the gradient of its own loss
        optimizer.step()
    arrived = acc[-1][1:] >= 90  # [100]
    results |= {f"{name}_acc": acc[-1][0].item(), f"{name}_starts_arrived": arrived.sum().item()}
    print(f"   {name:<14}" + "".join(f"{a[0]:6.1f}%" for a in acc[:: STEPS // 6]) + f"{arrived.sum():7d} of 100")
    surface = loss_fn(ticks[:, None, None] * x + ticks[:, None], y).mean(dim=2)  # [41, 41, 200] -> [41, 41]
    ax.contourf(ticks, ticks, surface.T, levels=12, cmap="Greys", alpha=0.6)
    ax.scatter(*starts[1:].T, s=14, c=[CLASS_COLORS[2] if arrives else CLASS_COLORS[1] for arrives in arrived])
    ax.plot(*zip(*track, strict=True), color="black", linewidth=2)
    ax.set(title=f"{name.replace('_', ' ')}: {arrived.sum()} of 100 starts arrive", xlabel="weight", ylabel="bias")
save_figure(fig, "08_losses.png")
# What to see: above, far left, the model is sure and wrong. Log loss pulls with its full gradient
# of -1, squared error with next to none. Below, darker means a higher loss, green starts arrive,
# orange ones do not, and the black path leads away from the bad start. On the left the surface of
# squared error is flat: SGD hardly moves.

# %% 4. NEW: cross entropy by hand
# For K classes the loss is -ln softmax(z) at the true class, which is
# ln(e^z1 + ... + e^zK) - z_true. e^1000 is infinite, so we first take the largest logit off all of
# them, which changes nothing (the log-sum-exp trick). CrossEntropyLoss does this inside. So it
# wants logits, and as labels class indices or probabilities, one-hot for example. With the two
# logits 0 and z it is the log loss of z: BCE is cross entropy with two classes.


def cross_entropy(logits, y):
    shifted = logits - logits.max(dim=1, keepdim=True).values  # [N, K], at most 0
    return shifted.exp().sum(dim=1).log() - shifted[torch.arange(len(y)), y]  # [N]


torch.manual_seed(SEED)
z = torch.cat([torch.randn(500, 4), 1000 * torch.randn(500, 4).sign()])  # [1000, 4]
y = torch.randint(4, (1000,))
ce, two = cross_entropy(z, y), cross_entropy(torch.stack([torch.zeros(1000), z[:, 0]], dim=1), y % 2)
gaps = [(ce - F.cross_entropy(z, t, reduction="none")).abs().max().item() for t in (y, F.one_hot(y, 4).float())]
two_gap = (two - log_loss(z[:, 0], y % 2)).abs().max().item()
results["largest_gap"] = max(log_loss_gap, *gaps, two_gap)
print("\n4. Cross entropy of 1000 rows, half of the logits -1000 or 1000, by hand: largest difference")
print(f"   from PyTorch {gaps[0]:.0e}, with one-hot labels {gaps[1]:.0e}; with two classes from log loss {two_gap:.0e}")

# %% 5. NEW: softmax before the loss puts a floor under it
# A softmax at the end of the model is one too many: the loss takes its outputs, 0 to 1, for
# logits. At best the true class has 1 and the K - 1 others 0, which costs ln(1 + (K - 1) / e).

X, y = make_blobs(1000, centers=4, cluster_std=1.5, random_state=SEED)
X, y = torch.tensor(X, dtype=torch.float32, device=device), torch.tensor(y, device=device)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
print(f"\n5. 2-8-4 on blobs, logits, then softmax; floor ln(1 + 3/e) = {torch.tensor(3 / torch.e).log1p():.5f}")
for name, last in (("logits", nn.Identity()), ("softmax", nn.Softmax(dim=1))):
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4), last).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, X_train, X_test, y_train, y_test, nn.CrossEntropyLoss(), optimizer, STEPS, log_every=60)
    results |= {f"{name}_train_loss": history["train_loss"][-1], f"{name}_test_acc": history["test_acc"][-1]}
# What to see: with softmax training is slow, still at 50 % at epoch 60, because the gradient has to
# pass one softmax more. The accuracy ends at the same 99.5 % (lesson 04: 99.25 % is the best on
# average), the loss above the floor. But 9 of 40 seeds never learn one of the four classes; without
# softmax all do (benchmarks/spread_08_loss_functions.py).

# %% 6. NEW: weights for a rare class
# One point in ten is of class 1. pos_weight of BCEWithLogitsLoss counts each of them nine times;
# so does weight of CrossEntropyLoss, which then divides by the sum of the weights, 1.8 a point.
# Hence the smaller loss for the same model.

X, y = make_blobs([1800, 200], centers=[[0, 0], [2, 1]], random_state=SEED)
X, y = torch.tensor(X, dtype=torch.float32, device=device), torch.tensor(y, dtype=torch.float32, device=device)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=SEED, stratify=y.cpu())
weights = torch.tensor([1.0, RARE_WEIGHT], device=device)
loss_fns = {
    "no_weight": nn.BCEWithLogitsLoss(),
    "pos_weight": nn.BCEWithLogitsLoss(pos_weight=weights[1]),
    "class_weight": lambda z, y: F.cross_entropy(torch.stack([torch.zeros_like(z), z], 1), y.long(), weights),
}
print("\n6. Linear model    recall   precision   accuracy     bias   train loss")
fig, axes = plt.subplots(1, 3, figsize=(10, 3.9), layout="constrained")
fig.suptitle(f"Linear model, Adam lr 0.1, {STEPS} epochs, seed {SEED}; test points, one in ten of class 1")
for ax, (name, loss_fn) in zip(axes, loss_fns.items(), strict=True):
    torch.manual_seed(SEED)
    model = nn.Linear(2, 1).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    history = fit(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, STEPS)
    preds = model(X_test).squeeze(1) >= 0
    recall, precision = (100 * ((preds * y_test).sum() / part.sum()).item() for part in (y_test, preds))
    results |= {f"{name}_recall": recall, f"{name}_bias": model.bias.item()}
    print(f"   {name:<13}{recall:8.1f}%{precision:11.1f}%{history['test_acc'][-1]:10.1f}%", end="")
    print(f"{model.bias.item():9.3f}{history['train_loss'][-1]:13.4f}")
    plot_decision_boundary(model, X_test, y_test, ax).set_title(f"{name}: recall {recall:.0f}%")
save_figure(fig, "08_class_weights.png")
# What to see: the weight moves the boundary into the common class, and hardly turns it. Recall
# rises, precision falls.

# %% 7. What we learned
# - Log loss keeps its gradient where the model is sure and wrong. Squared error after a sigmoid
#   loses it there.
# - BCEWithLogitsLoss and CrossEntropyLoss take logits: no sigmoid or softmax before them. A loss
#   that stays above ln(1 + (K - 1) / e) is the sign of one: 0.313 for 2 classes, 0.744 for 4,
#   1.461 for 10.
# - A weight w on the rare class adds about ln w to the logits (ln 9 = 2.20; the bias rose by 2.31,
#   over 20 draws of the points by 1.8 to 2.4). Lowering the threshold from 0.5 to
#   1 / (1 + w) = 0.1 gives about the same boundary (lesson 05). The model learns nothing new, and
#   its probabilities are too high by design.

save_results("08_loss_functions", results)

# %% 8. Try it
# - Section 3: set lr=10.0 in place of lr=1.0. Predict how many starts arrive with squared error.
#   Can a larger step cure a flat surface?
# - RARE_WEIGHT = 90.0: predict recall, precision and bias.
# - Section 5: put nn.LogSoftmax(dim=1) in place of nn.Softmax(dim=1). Why does the floor vanish?
