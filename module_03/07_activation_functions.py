"""Lesson 07: Activation functions

Question: What does an activation do, and which one goes where?
You will learn:
    - to write ReLU, sigmoid and tanh so that no input breaks them
    - to see a hidden ReLU unit as a half-plane, and a hidden layer as a fold
    - to measure vanishing gradients and dead units, and to choose an activation by measurement
Builds on: Lesson 04
Run: python module_03/07_activation_functions.py
Writes:
    outputs/07_curves.png - ReLU, sigmoid and tanh: their values and their slopes
    outputs/07_hidden_units.png - half-planes of eight hidden units, and the hidden space before and after ReLU
    outputs/07_vanishing_gradients.png - gradient by layer of deep networks with sigmoid, tanh and ReLU
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_circles
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import CLASS_COLORS, Recorder, fit, pick_device, save_figure, save_player, save_results

HIDDEN_UNITS = 8  # of the network that we look into
DEEP = [16] * 8  # units in each hidden layer of the deep networks
LR = 0.02  # learning rate for Adam, from lesson 03's good recipe
HIGH_LR = 0.5  # 25 times that: it kills units
INIT_SEEDS = 10  # untrained networks to measure; one alone could be luck
SEED = 42  # of the data, the split and each trained network

device = pick_device()

# %% 1. NEW: three activations by hand
# An activation turns one number into one number, for each unit on its own. Its slope says how
# much of the gradient passes back through it. For sigmoid and tanh the slope follows from the
# value. exp(200) is infinite in float32, so we use exp(-|x|), which is never above 1. Books
# write tanh as (e^x - e^-x) / (e^x + e^-x): for large |x| that is infinity / infinity, which
# is NaN, "not a number".

x = torch.linspace(-200, 200, 4001)  # step 0.1
shrunk = torch.exp(-x.abs())
sigmoid = torch.where(x >= 0, 1 / (1 + shrunk), shrunk / (1 + shrunk))
tanh = x.sign() * (1 - shrunk**2) / (1 + shrunk**2)
values = torch.stack([torch.where(x > 0, x, 0.0), sigmoid, tanh])  # [3, 4001], ReLU first
slopes = torch.stack([(x > 0).float(), sigmoid * (1 - sigmoid), 1 - tanh**2])
t = x.repeat(3, 1).requires_grad_()
expected = torch.stack([torch.relu(t[0]), torch.sigmoid(t[1]), torch.tanh(t[2])])
expected.sum().backward()  # fills t.grad [3, 4001] with PyTorch's slopes
value_gap, slope_gap = (values - expected).abs().max().item(), (slopes - t.grad).abs().max().item()
book_tanh = (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())
results = {"largest_gap": max(value_gap, slope_gap), "book_tanh_nans": book_tanh.isnan().sum().item()}
print("1. ReLU, sigmoid, tanh by hand against PyTorch: 4001 inputs from -200 to 200, float32")
print(f"   largest difference: {value_gap:.0e} in value, {slope_gap:.0e} in slope")
print(f"   the book's tanh: {results['book_tanh_nans']} NaN, from |x| = {x[book_tanh.isnan()].abs().min():.1f} on")

fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for ax, curves, title in zip(axes, (values, slopes), ("value", "slope"), strict=True):
    for curve, name, color in zip(curves, ("ReLU", "sigmoid", "tanh"), CLASS_COLORS[2:5], strict=True):
        ax.plot(x, curve, color=color, label=name)
    ax.set(title=title, xlabel="input $x$", ylabel=title, xlim=(-6, 6), ylim=(-1.2, 2.2))
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
save_figure(fig, "07_curves.png")
# What to see: sigmoid and tanh are flat at both ends, where next to no gradient passes. The
# slope of sigmoid is 0.25 at best. That of ReLU is 1 for every positive input, and else 0.

# %% 2. NEW: a hidden ReLU unit is a half-plane
# One hidden layer of units on the circles. A unit gives relu(w1 x1 + w2 x2 + b): it is off
# (0) on one side of a straight line and on (above 0) on the other. Off for all training points,
# it is dead: no gradient passes, its weights stay. NEW: click units on the page of save_player().

parts = train_test_split(*make_circles(1000, noise=0.03, random_state=SEED), test_size=0.2, random_state=SEED)
X_train, X_test, y_train, y_test = (torch.tensor(part, dtype=torch.float32, device=device) for part in parts)
loss_fn = nn.BCEWithLogitsLoss()


def make_net(activation, hidden):
    pairs = zip([2, *hidden], hidden, strict=False)  # (2, 16), (16, 16), ...
    layers = [layer for n_in, n_out in pairs for layer in (nn.Linear(n_in, n_out), activation())]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 1))


print(f"\n2. Half-planes: 2-{HIDDEN_UNITS}-1 with ReLU on circles")
torch.manual_seed(SEED)
model = make_net(nn.ReLU, [HIDDEN_UNITS]).to(device)
optimizer, recorder = torch.optim.Adam(model.parameters(), lr=0.05), Recorder(model, epochs=200)
history = fit(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, 200, log_every=20, recorder=recorder)
save_player("07_activation_functions", (X_train, X_test, y_train, y_test), {"2-8-1, ReLU": (recorder, history)})
before, after, logits = (model[:end](X_train).detach().cpu() for end in (1, 2, 3))  # [800, 8], [800, 8], [800, 1]
dead, grad = (after == 0).all(dim=0), model[0].weight.grad.norm(dim=1).cpu()  # [8] each; grad of the last step
print(f"   dead: {dead.sum()} of {len(dead)}, gradient {grad[dead].sum()}; the others: {grad[~dead].min():.0e} or more")

# %% 3. NEW: the hidden layer folds the plane until one straight cut is enough
# Before ReLU the 8 numbers of a point are linear in (x1, x2): a flat sheet in 8 dimensions, on
# which rings stay rings. ReLU folds the sheet along the line of each unit. Logistic regression
# makes a straight cut, fitted to the training points. (The best line would get 60.2 % before
# ReLU, lesson 02.) PCA finds the directions in which the points spread most, so that we can see
# 8 dimensions on paper.

cut_acc = [100 * LogisticRegression(C=1e4).fit(h, y_train.cpu()).score(h, y_train.cpu()) for h in (before, after)]
results |= {"dead_units": dead.sum().item(), "cut_before_relu": cut_acc[0], "cut_after_relu": cut_acc[1]}
print(f"\n3. Straight cut through the hidden space: {cut_acc[0]:.1f}% right before ReLU, {cut_acc[1]:.1f}% after")
colors = [CLASS_COLORS[int(label)] for label in y_train]
corners = torch.tensor([-1.3, 1.3])  # a linear function on a square is known from its corners
z = model[0](torch.cartesian_prod(corners, corners).to(device)).detach().cpu().reshape(2, 2, -1)  # [2, 2, 8]
fig, axes = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
fig.suptitle(f"2-{HIDDEN_UNITS}-1 with ReLU on circles, Adam lr 0.05, 200 epochs, seed {SEED} (class 0 blue, 1 orange)")
for unit in range(HIDDEN_UNITS):
    axes[0].contourf(corners, corners, z[..., unit].T, levels=[0, 100], colors="black", alpha=0.12)
    axes[0].contour(corners, corners, z[..., unit].T, levels=[0], colors="black", linewidths=0.8)
axes[0].scatter(*X_train.cpu().T, s=5, c=colors)
axes[0].set(title="grey: a unit is on", xlabel="$x_1$", ylabel="$x_2$", box_aspect=1)
axes[1].scatter(*PCA(2).fit_transform(before).T, s=5, c=colors)
axes[1].set(title=f"before ReLU: cut {cut_acc[0]:.1f}% right", xlabel="PCA 1", ylabel="PCA 2", box_aspect=1)
axes[2].scatter(PCA(2).fit_transform(after)[:, 1], logits, s=5, c=colors)
axes[2].axhline(0, color="black", linewidth=1.2)
axes[2].set(title=f"after ReLU: cut {cut_acc[1]:.1f}% right", xlabel="PCA 2", ylabel="logit", box_aspect=1)
save_figure(fig, "07_hidden_units.png")
# What to see: seven units slice a piece off the outer ring each; the line of the dead one, top
# left, misses the data. In the middle no unit is on. So ReLU pulls the inner ring together, into
# spokes from one corner, and the black line (logit 0) parts it from the outer ring.

# %% 4. NEW: vanishing gradients, layer by layer
# On its way back the gradient is multiplied, layer by layer, by slopes and weights. Sigmoid's
# slope is 0.25 at best, so eight layers leave next to nothing for the first. We measure the
# gradient in untrained networks, before the optimizer touches them. SGD moves a weight by
# learning rate times gradient: a layer without gradient stands still.

print(f"\n4. Mean |gradient| of a weight in hidden layers 1 to {len(DEEP)}, median of {INIT_SEEDS} untrained networks")
fig, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
activations = {"ReLU": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "LeakyReLU": nn.LeakyReLU}
for (name, activation), color in zip(activations.items(), CLASS_COLORS[2:5], strict=False):  # without LeakyReLU
    sizes = torch.zeros(INIT_SEEDS, len(DEEP))
    for seed in range(INIT_SEEDS):
        torch.manual_seed(seed)
        net = make_net(activation, DEEP).to(device)
        loss_fn(net(X_train).squeeze(1), y_train).backward()
        sizes[seed] = torch.tensor([layer.weight.grad.abs().mean() for layer in net[:-1:2]])  # the hidden nn.Linear
    median = sizes.quantile(0.5, dim=0)
    results[f"{name.lower()}_powers_of_ten_lost"] = (median[-1] / median[0]).log10().item()
    print(f"   {name:<8}" + "".join(f"{size:10.0e}" for size in median))
    ax.plot(range(1, len(DEEP) + 1), median, color=color, marker="o", label=name)
    ax.fill_between(range(1, len(DEEP) + 1), sizes.amin(dim=0), sizes.amax(dim=0), color=color, alpha=0.15)
ax.set(yscale="log", xlabel="hidden layer", ylabel="|gradient|", title=f"circles, 8 layers of 16, {INIT_SEEDS} seeds")
fig.legend(loc="outside lower center", ncols=3, title="line: median, shade: lowest to highest")
save_figure(fig, "07_vanishing_gradients.png")
# What to see: read from right to left. Sigmoid loses seven powers of ten on the way to layer 1.
# ReLU and tanh lose between one and two, because PyTorch's first weights are on the small side.
# Adam evens out such sizes. It does not help sigmoid here: the same factors also shrink the
# differences between points on the way forward, until all points have almost the same logit.

# %% 5. NEW: which one where, measured on circles
# Three recipes: the good one of lesson 03, the same with a learning rate 25 times as high, and
# a deep network. Guessing gets 50 %, and 100 % is possible. LeakyReLU is ReLU with a slope of
# 0.01 instead of 0 on the left, so that no unit can die. We count a unit as dead if it gives
# exactly 0 for all 800 training points.

print("\n5. Test accuracy after 100 epochs of Adam (chance 50%), and dead units")
recipes = {"usual": ([16, 16], LR), "high_lr": ([16, 16], HIGH_LR), "deep": (DEEP, LR)}
print(f"{'':13}" + "".join(f"{len(hidden)} layers, lr {lr}".rjust(24) for hidden, lr in recipes.values()))
acc, n_dead = {}, {}
for name, activation in activations.items():
    print(f"   {name:<10}", end="")
    for recipe, (hidden, lr) in recipes.items():
        torch.manual_seed(SEED)
        net = make_net(activation, hidden).to(device)
        optimizer = torch.optim.Adam(net.parameters(), lr=lr)
        acc[name, recipe] = fit(net, X_train, X_test, y_train, y_test, loss_fn, optimizer, epochs=100)["test_acc"][-1]
        n_dead[name, recipe] = sum((net[:end](X_train) == 0).all(dim=0).sum().item() for end in range(2, len(net), 2))
        print(f"{acc[name, recipe]:13.1f}% ({n_dead[name, recipe]:2d} dead)", end="\n" * (recipe == "deep"))
results |= {f"{name.lower()}_acc_deep": acc[name, "deep"] for name in ("sigmoid", "ReLU")}
results |= {f"{name.lower()}_acc_high_lr": acc[name, "high_lr"] for name in ("ReLU", "LeakyReLU")}
results |= {"sigmoid_acc_usual": acc["sigmoid", "usual"], "relu_dead_high_lr": n_dead["ReLU", "high_lr"]}

# %% 6. What we learned
# - A hidden ReLU unit answers on one side of a line, and a layer of them folds the plane.
# - Hidden layers: start with ReLU. Tanh does as well in the small network. Sigmoid is slow there,
#   and eight layers of it stay at 50 % with each of 40 seeds.
# - Dead units are common and often harmless: the usual recipe has 7 of 32, at 100 %. But when a
#   whole layer dies, every point gets the same logit. At the high rate ReLU ends below 75 % with
#   21 of 40 seeds, tanh 16, LeakyReLU 3 (benchmarks/spread_07_activation_functions.py). So lower the
#   learning rate first, then try LeakyReLU.
# - Output layer: no activation. The loss takes logits, and lesson 08 shows why. Sigmoid and
#   softmax turn logits into probabilities where somebody wants to read them.
# - Write exp(-|x|), not exp(x), or use PyTorch's functions, which take care of it.

save_results("07_activation_functions", results)

# %% 7. Try it
# - Set HIDDEN_UNITS = 3, then 5. Predict the accuracy and the picture before each run. How many
#   units does it take for 100 %, and does another SEED need as many?
# - Add t = x.clone().requires_grad_() and (1 / (1 + torch.exp(-t))).sum().backward() to section
#   1. The values of this sigmoid are right. Predict t.grad: 1113 entries are NaN (infinity * 0).
# - In section 4 add, after make_net:
#   for layer in net[::2]: nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
#   These larger first weights are made for ReLU. Predict its row: about 1e-02 in every layer.
