"""Lesson 02: Training and predictions

Question: How does a network learn, and how do its outputs become labels?
You will learn:
    - to write the five steps of training, and to check one step by hand
    - to turn logits into probabilities, and probabilities into labels
    - to read loss curves and a decision boundary, and to say why this model stays near 50 %
Builds on: Lesson 01
Run: python module_03/02_training_and_predictions.py
Writes:
    outputs/02_stages.png - how a decision boundary is drawn, in four stages: grid, logits, probabilities, labels
    outputs/02_training.png - loss and accuracy of V0 by epoch, and its straight boundary beside the best straight line
"""

# %% Setup
import copy
import math

import matplotlib.pyplot as plt
import torch
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    CLASS_COLORS,
    Recorder,
    accuracy_fn,
    logits_to_labels,
    pick_device,
    plot_decision_boundary,
    plot_loss_curves,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # the same data, split and first weights on every run
EPOCHS = 100  # an epoch uses every training point once; here that is one step
LEARNING_RATE = 0.1  # length of a step, as a multiple of the gradient

device = pick_device()

# %% 1. Data, model, loss and optimizer
# All as in lesson 01, from the same seeds: the circles, the network 2-5-1, the loss on logits, SGD.

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X, y = torch.from_numpy(X).float().to(device), torch.from_numpy(y).float().to(device)  # [1000, 2] and [1000]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)  # 800 and 200 points
torch.manual_seed(SEED)
model = nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 1)).to(device)
loss_fn, optimizer = nn.BCEWithLogitsLoss(), torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

# %% 2. NEW: one step, followed on one parameter
# The gradient of a parameter is the slope of the loss along it: how fast the loss rises as the parameter grows.
# backward() computes the gradients of all 21 parameters. Any of them can be measured, too: move the parameter up and
# down a little, and divide the change of the loss by the distance. We take the bias of the last layer. It is added to
# every logit, so to move it by 0.01 is to move every logit by 0.01.
# A step lowers the loss by going against the gradient: new = old - learning rate x gradient. This gradient is negative,
# so the step makes the bias larger. A copy of the model takes it: the training below starts from the beginning.

probe = copy.deepcopy(model)
bias = probe[1].bias  # [1]
logits = probe(X_train).squeeze(1)  # [800, 1] -> [800]
loss_fn(logits, y_train).backward()
gradient, old = bias.grad.item(), bias.item()
slope = (loss_fn(logits + 0.01, y_train) - loss_fn(logits - 0.01, y_train)).item() / 0.02
print(f"2. Gradient of one bias: {gradient:.5f} by backward(), {slope:.5f} measured")
torch.optim.SGD(probe.parameters(), lr=LEARNING_RATE).step()
print(f"   The bias after one step: {old - LEARNING_RATE * gradient:.5f} by hand, {bias.item():.5f} by the optimizer")

# %% 3. NEW: train, in five steps
# The five steps below are the heart of every training loop in PyTorch. Here one round of them is an epoch, because each
# round uses all 800 points. After each round we measure on the test points; the model learns nothing from them.
# In the log, the train numbers are those before the step, the test numbers those after it.
# Expect chance, near 50 %. A loss of ln 2 = 0.69315 is that of answering 0.5 for every point.

history, recorder = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}, Recorder(model, EPOCHS)
print("\n3. Training V0, 2-5-1 (chance: 50%, and a loss of 0.69315)")
for epoch in range(EPOCHS):
    model.train()  # some layers behave differently while training; V0 has none of them
    logits = model(X_train).squeeze(1)  # 1. forward: what does the model say? [800, 1] -> [800]
    loss = loss_fn(logits, y_train)  # 2. loss: how wrong is it? one number
    optimizer.zero_grad()  # 3. zero: forget the gradients of the step before, or backward() adds to them
    loss.backward()  # 4. backward: the gradient of the loss for every parameter
    optimizer.step()  # 5. step: every parameter moves against its gradient
    model.eval()
    with torch.inference_mode():  # measuring needs no gradients
        test_logits = model(X_test).squeeze(1)  # [200, 1] -> [200]
        test_loss = loss_fn(test_logits, y_test)
    train_acc = accuracy_fn(y_train, logits_to_labels(logits))
    test_acc = accuracy_fn(y_test, logits_to_labels(test_logits))
    for name, value in zip(history, (loss.item(), train_acc, test_loss.item(), test_acc), strict=True):
        history[name].append(value)
    recorder.snapshot(epoch)  # a copy of the weights as they are now, for section 7
    if epoch % 10 == 0 or epoch == EPOCHS - 1:
        log = f"Epoch {epoch:4d} | Loss: {loss:.5f}, Accuracy: {train_acc:.2f}% | "
        print(log + f"Test loss: {test_loss:.5f}, Test accuracy: {test_acc:.2f}%")

# %% 4. NEW: from logits to labels
# A logit is any number. The sigmoid, 1 / (1 + e^-logit), turns it into the probability of class 1: logit 0 gives 0.5,
# 2 gives 0.88, -2 gives 0.12. The label is 1 where the probability is at least 0.5. There the logit is at least 0, so
# logits_to_labels() needs no sigmoid.
# In the log all five probabilities are close to 0.5. The labels, 0 or 1, do not show how unsure V0 is.


def predict(model, X):
    with torch.inference_mode():
        logits = model(X).squeeze(1)  # [N, 2] -> [N, 1] -> [N]
    probs = torch.sigmoid(logits)  # [N], between 0 and 1
    preds = (probs >= 0.5).long()  # [N], 0 or 1
    return logits.cpu(), probs.cpu(), preds.cpu()


print("\n4. Five test points, stage by stage\n      x1       x2     logit  probability  label  truth")
for (x1, x2), logit, prob, pred, true in zip(X_test[:5], *predict(model, X_test[:5]), y_test[:5], strict=True):
    print(f"{x1:8.4f} {x2:8.4f} {logit:9.5f} {prob:12.5f} {pred:6d} {true:6.0f}")

# %% 5. NEW: how plot_decision_boundary() works
# The same stages make a map. Lay a grid of points over the plane, ask the model about each, and colour its place by the
# answer: blue towards class 0, orange towards class 1. Here are 25 x 25 points, so that you see the cells.
# plot_decision_boundary() takes 200 x 200, shows the probabilities, and adds the data.

ticks = torch.linspace(-1.2, 1.2, 25)
grid = torch.cartesian_prod(ticks, ticks).flip(1)  # [625, 2], row by row
stages = predict(model, grid.to(device))  # three times [625]
bound = stages[0].abs().max()
shades = LinearSegmentedColormap.from_list("shades", [CLASS_COLORS[0], "white", CLASS_COLORS[1]])
fig, axes = plt.subplots(1, 4, figsize=(10, 3.5), sharex=True, sharey=True, layout="constrained")
axes[0].scatter(*grid.T, s=3, color="black")
axes[0].set(title="1. grid\n625 points", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
panels = (("2. logits", -bound, bound), ("3. probabilities", 0, 1), ("4. labels", 0, 1))
for ax, values, (name, low, high) in zip(axes[1:], stages, panels, strict=True):
    ax.pcolormesh(ticks, ticks, values.reshape(25, 25), cmap=shades, vmin=low, vmax=high)
    ax.contour(ticks, ticks, stages[0].reshape(25, 25), levels=[0], colors="black")
    ax.set(title=f"{name}\n{values.min():.3g} to {values.max():.3g}", xlabel="$x_1$", aspect="equal")
fig.suptitle(f"V0 2-5-1 after {EPOCHS} epochs, asked on a grid; seed {SEED}")
print(f"\n5. {len(grid)} points of a grid, stage by stage: a picture")
save_figure(fig, "02_stages.png")
# See in 02_stages.png: the probabilities are nearly white, because V0 is sure nowhere. The labels look sure everywhere.
# The black line, where the logit is 0 and the probability 0.5, is straight.

# %% 6. NEW: how far a straight line gets
# V0 can only draw a straight line; lesson 03 shows why. Without noise, the best line touches the inner circle, of
# radius 0.8. Then all of class 1 is right, and so is the arc of class 0 beyond the line, arccos(0.8) / pi = 20.5 % of
# the outer circle: 0.5 + 0.5 x 0.205 = 60.2 %. We draw 360 such lines and take the one that is best on our points.
# Training does not find it, because training lowers the loss and not the number of mistakes. This line is wrong about
# points far away from it, and with the distance as logit such sure mistakes are expensive: its train loss is 0.80495,
# that of V0 0.69302. Flatter logits cost less, down to about 0.693, but they answer 0.5 everywhere. So the lowest loss
# is at another place than the highest accuracy.

best_line = 100 * (0.5 + 0.5 * math.acos(0.8) / math.pi)  # percent
angles = torch.deg2rad(torch.arange(360.0)).to(device)
directions = torch.stack([angles.cos(), angles.sin()])  # [2, 360]
line_logits = 0.8 - X_train @ directions  # [800, 360], one column a line; above 0 on the side of class 1
best = ((line_logits >= 0) == (y_train == 1).unsqueeze(1)).sum(dim=0).argmax()  # [800, 360] -> [360] -> one line
line_acc = accuracy_fn(y_train, logits_to_labels(line_logits[:, best]))
line_loss = loss_fn(line_logits[:, best], y_train).item()
line_test_acc = accuracy_fn(y_test, logits_to_labels(0.8 - X_test @ directions[:, best]))
print(f"\n6. Best line: {best_line:.2f}% by formula, {line_acc:.2f}% on train, {line_test_acc:.2f}% on test")

# %% 7. Look: curves and boundary
# NEW: plot_loss_curves() draws the history, test in black and train in grey. Below it are the maps of section 5 with
# the data. A ring marks a wrong point. Mind the axis of the loss: it spans less than 0.005. NEW: save_player() writes a
# page to open in a browser: V0 at any epoch, with the weights that the recorder kept. Drag the slider, click a unit.

fig, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
plot_loss_curves(history, axes[0], references={"chance 50%": 50, f"best line\n{best_line:.1f}%": best_line})
point = 0.8 * directions[:, best].cpu()  # where the best line touches the inner circle
for ax, part, X_part, y_part in (axes[1, 0], "train", X_train, y_train), (axes[1, 1], "test", X_test, y_test):
    plot_decision_boundary(model, X_part, y_part, ax, limits_from=X)
    ax.axline(point, slope=-point[0] / point[1], color="black", linestyle="--")
    ax.set_title(f"{part}: {ax.get_title()} (dashed: best line)")
fig.suptitle(f"V0 2-5-1 on circles, SGD lr {LEARNING_RATE}, {EPOCHS} epochs, seed {SEED}")
save_figure(fig, "02_training.png")
save_player("02_training_and_predictions", (X_train, X_test, y_train, y_test), {"V0: 2-5-1": (recorder, history)})
# See in 02_training.png: the loss falls by 0.003 and levels off near ln 2. The accuracy begins at 50 %, because at
# first every point gets class 0. Then the line comes in from outside. The first points it turns to class 1 are outer
# ones, so the accuracy falls. After 15 steps the line touches the inner circle the wrong way round: 100 - 60 = 40 %. In
# the end it rests near the middle, undecided.
# The test accuracy ends below chance. That is luck of the split: in the training part, the centre of class 1 lies a
# little to the upper right of that of class 0, in the test part to the lower left. V0 learned what it saw. Other first
# weights change little: 20 seeds end between 45 and 51 % (benchmarks/spread_02_training_and_predictions.py).

# %% 8. What we learned
# A step moves every parameter against its gradient. Five lines make an epoch: forward, loss, zero, backward, step. The
# sigmoid turns a logit into a probability, and the threshold 0.5 turns that into a label.
# V0 ends at chance: 50.50 % on train, 46.50 % on test. The best straight line gets 60.12 % and 57.00 %, so another line
# would not help much. Circles need a boundary that bends: lesson 03.

results = {f"final_{name}": values[-1] for name, values in history.items()}
results |= {"gradient": gradient, "gradient_measured": slope, "best_line_formula_acc": best_line}
results |= {"best_line_train_acc": line_acc, "best_line_test_acc": line_test_acc, "best_line_train_loss": line_loss}
save_results("02_training_and_predictions", results)

# %% 9. Try it
# - EPOCHS = 1000: predict loss and accuracy. Does patience help?
# - LEARNING_RATE = 1, then 6: predict the loss curve. How long is too long a step? Does V0 still end in the same place?
# - SEED = 7: other points, another split, other weights. Which result must stay the same?
