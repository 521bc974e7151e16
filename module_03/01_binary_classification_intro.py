"""Lesson 01: Introduction to binary classification

Question: What goes into a classifier, and what comes out?
You will learn:
    - to tell binary, multi-class and multi-label problems apart
    - to turn a table of numbers into tensors that a network accepts
    - to build a network in two ways and to read the shape of what it returns
    - to choose a loss and an optimizer, and to say why the loss takes logits
Builds on: Python and a first look at NumPy
Run: python module_03/01_binary_classification_intro.py
Writes:
    outputs/01_in_and_out.png - in: training and test points on two circles; out: the logits of the untrained network
"""

# %% Setup
import math

import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import CLASS_COLORS, accuracy_fn, logits_to_labels, pick_device, save_figure, save_results

SEED = 42  # the same data, split and first weights on every run
NOISE = 0.03  # standard deviation that moves each point off its circle; the radii are 1.0 and 0.8
HIDDEN_UNITS = 5  # numbers that the first layer makes of each point
LEARNING_RATE = 0.1  # length of a training step, as a multiple of the gradient
N_NETWORKS = 100  # untrained networks, enough to see what chance gets

device = pick_device()  # section 3 says what it picks

# %% 1. Three kinds of classification
# A classifier answers one question: which class? Three kinds of problem differ in how many classes there are, and in
# how many of them can be true at once. N is the number of samples, K of classes, L of labels.
# This lesson is about the first kind. Lesson 04 takes the second, lesson 11 the third.

print("""1. Three kinds of classification
  problem      classes              example                     network returns  loss
  binary       2, one is true       is this message spam?       [N, 1]           BCEWithLogitsLoss
  multi-class  K, one is true       which digit is this?        [N, K]           CrossEntropyLoss
  multi-label  L, each true or not  which topics has the text?  [N, L]           BCEWithLogitsLoss""")

# %% 2. Data: a table of numbers becomes tensors
# What goes in is a table: one row a sample, one column a feature. Here a sample is a point with two features, x1 and
# x2. Its label says which circle it lies on: 0 is the outer one, 1 the inner one.
# Count the classes first. With 500 points of each, always answering "0" is right for 50 %. That is chance level.
# NumPy computes in float64, PyTorch's layers in float32, and a layer refuses features of another dtype. float32 keeps
# about seven digits. What it rounds away is far below the noise of 0.03. The labels become float32 for the loss.

X_numpy, y_numpy = make_circles(1000, noise=NOISE, random_state=SEED)  # [1000, 2] and [1000]
X, y = torch.from_numpy(X_numpy).float(), torch.from_numpy(y_numpy).float()
print("\n2. Data: the first five rows")
table = pd.DataFrame({"x1": X_numpy[:, 0], "x2": X_numpy[:, 1], "label": y_numpy})
print(table.head().to_string(float_format="{:9.5f}".format))
print("Points in each class:", table["label"].value_counts().sort_index().to_dict())
print(f"X {list(X.shape)}: {X_numpy.dtype} -> {X.dtype}. y {list(y.shape)}: {y_numpy.dtype} -> {y.dtype}")
print(f"Largest change by rounding to float32: {abs(X.numpy() - X_numpy).max():.1e}")

# %% 3. Split, and move to the device
# The network will learn from the training points only. The test points stay unseen and stand for new data. The split
# is random, and the seed makes it the same on every run. That both parts hold as many points of class 0 as of class 1
# is luck; lesson 06 makes sure of it.
# Data and model must be on one device. torch.accelerator names the GPU if there is one. pick_device() takes that, else
# the CPU. Code that says .to(device) runs on both: it is device-agnostic.

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
X_train, X_test = X_train.to(device), X_test.to(device)  # [800, 2] and [200, 2]
y_train, y_test = y_train.to(device), y_test.to(device)  # [800] and [200]
print("\n3. Split and device")
print(f"Train: X {list(X_train.shape)}, y {list(y_train.shape)}, {int(y_train.sum())} points of class 1")
print(f"Test:  X {list(X_test.shape)}, y {list(y_test.shape)}, {int(y_test.sum())} points of class 1")
print(f"Accelerator: {torch.accelerator.current_accelerator(check_available=True)}. This run uses: {device}")

# %% 4. Model: one network, written twice
# nn.Linear(2, 5) makes 5 numbers of 2. Each is a weighted sum of the features plus a bias. A network is a chain of such
# layers. A subclass of nn.Module names its layers, and its forward() says how the data flows through them.
# nn.Sequential says the same in one line for a plain chain. The same seed right before each gives the same weights.
# Each unit has a weight for every input and one bias: (2 + 1) x 5 + (5 + 1) x 1 = 21 parameters.


class CircleModelV0(nn.Module):
    def __init__(self, hidden_units):
        super().__init__()
        self.layer_1 = nn.Linear(in_features=2, out_features=hidden_units)
        self.layer_2 = nn.Linear(in_features=hidden_units, out_features=1)

    def forward(self, X):
        return self.layer_2(self.layer_1(X))  # [N, 2] -> [N, 5] -> [N, 1]


torch.manual_seed(SEED)
model = CircleModelV0(HIDDEN_UNITS).to(device)
torch.manual_seed(SEED)
model_twin = nn.Sequential(nn.Linear(2, HIDDEN_UNITS), nn.Linear(HIDDEN_UNITS, 1)).to(device)
n_parameters = sum(parameter.numel() for parameter in model.parameters())
print(f"\n4. Model V0, 2-{HIDDEN_UNITS}-1: {n_parameters} parameters, which training will change")
for name, parameter in model.named_parameters():
    print(f"  {name:14} {list(parameter.shape)!s:6} {parameter.numel():2d}")

# %% 5. What comes out: logits
# The network returns one number for each point, a logit. 0 or more means class 1, below 0 means class 0, and the
# further from 0, the surer. A layer returns columns: 200 points give [200, 1], but the labels are [200]. squeeze(1)
# takes the column away. Compare [200] with [200, 1] instead, and PyTorch silently makes all 200 x 200 pairs.
# With seed 42 every logit is negative before training: all points get class 0, and half of them belong there. Other
# seeds give other accuracies, and their mean is near chance.

with torch.inference_mode():  # looking needs no gradients
    column, column_twin = model(X_test), model_twin(X_test)  # [200, 2] -> [200, 1] each
logits = column.squeeze(1)  # [200, 1] -> [200]
preds = logits_to_labels(logits)  # [200], 0 or 1
accuracies = []
for seed in range(N_NETWORKS):
    torch.manual_seed(seed)
    model_of_seed = CircleModelV0(HIDDEN_UNITS).to(device)
    accuracies.append(accuracy_fn(y_test, logits_to_labels(model_of_seed(X_test))))
mean_acc = sum(accuracies) / N_NETWORKS
print("\n5. What the untrained network returns for the test points")
print(f"Logits {list(column.shape)}, labels {list(y_test.shape)}, logits after squeeze(1) {list(logits.shape)}")
print(f"Without squeeze(1), labels == logits has the shape {list((y_test == column).shape)}")
print(f"Subclass and Sequential return the same: {torch.equal(column, column_twin)}")
print(f"Logits from {logits.min():.3f} to {logits.max():.3f}, so {(preds == 0).sum()} points get class 0")
print(f"Accuracy {accuracy_fn(y_test, preds):.2f}% with seed {SEED} (chance: 50%)")
print(f"Accuracy {min(accuracies):.2f}% to {max(accuracies):.2f}% with {N_NETWORKS} seeds, mean {mean_acc:.2f}%")

# %% 6. Look: what goes in, what comes out
# Both ends of the network in one picture, before any training. Colours show the true class. The bars of the two
# classes stand on top of each other.

limit = 1.1 * X.abs().max().item()  # one scale for both panels of points
fig, axes = plt.subplots(1, 3, figsize=(10, 3.9), layout="constrained")
for ax, name, features, labels in ((axes[0], "train", X_train, y_train), (axes[1], "test", X_test, y_test)):
    for k, circle in enumerate(("outer", "inner")):
        points = features[labels == k].cpu()  # Matplotlib reads tensors on the CPU only
        ax.scatter(points[:, 0], points[:, 1], s=10, color=CLASS_COLORS[k], label=f"class {k}, {circle} circle")
    ax.set(title=f"in: {len(features)} {name} points", xlabel="$x_1$", ylabel="$x_2$")
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
outer, inner = logits[y_test == 0].cpu(), logits[y_test == 1].cpu()  # [100] each
axes[2].hist([outer, inner], bins=12, color=CLASS_COLORS[:2], stacked=True)
axes[2].axvline(0, color="black", linewidth=1.2)
axes[2].set(title=f"out: {(logits < 0).sum()} of 200 logits below 0", xlabel="logit", ylabel="test points")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig.suptitle(f"make_circles with noise {NOISE}; untrained model 2-{HIDDEN_UNITS}-1; seed {SEED}")
print("\n6. What goes in and what comes out: a picture")
save_figure(fig, "01_in_and_out.png")
# See in 01_in_and_out.png: the logits of both classes fill the same range, left of the black line at 0. The untrained
# network cannot tell the circles apart. No straight line separates them either: lesson 02 measures what that costs.

# %% 7. Loss and optimizer
# The loss says in one number how wrong the network is. Training makes it smaller. The problem decides which loss:
#   problem      loss                     labels          loss of a network that knows nothing
#   binary       nn.BCEWithLogitsLoss     float32 [N]     ln 2 = 0.69315: logit 0, probability 1/2, -ln(1/2)
#   multi-class  nn.CrossEntropyLoss      int64 [N]       ln K: K equal logits, probability 1/K each
#   multi-label  nn.BCEWithLogitsLoss     float32 [N, L]  ln 2, as for one yes or no
#   a number     nn.L1Loss or nn.MSELoss  float32 [N]     depends on the numbers (lesson 03)
# The optimizer changes the parameters, step by step. SGD is the plainest one. Lesson 02 follows one of its steps.

loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
untrained_loss = loss_fn(logits, y_test).item()
print(f"\n7. Test loss before training: {untrained_loss:.5f} (knows nothing: {math.log(2):.5f})")

# %% 8. Why the loss takes logits, not probabilities
# The probability of class 1 is p = sigmoid(logit). For a point of class 0 the loss is -log(1 - p). float32 rounds p to
# exactly 1 from about logit 17 on, and -log(0) is infinite. BCELoss takes p and cuts the logarithm off at -100.
# BCEWithLogitsLoss takes the logit, rewrites the formula, and is exact: the surer the mistake, the higher the loss.

print("\n8. The loss of a sure mistake: label 0, and a logit far above 0")
print("  logit  -log(1 - p)   BCELoss(p)  BCEWithLogitsLoss(logit)     exact")
for value in (2.0, 20.0, 200.0):
    logit, label = torch.tensor([value]), torch.tensor([0.0])
    prob = torch.sigmoid(logit)
    by_hand = -torch.log(1 - prob).item()
    from_prob = nn.BCELoss()(prob, label).item()
    from_logit = loss_fn(logit, label).item()
    exact = math.log1p(math.exp(value))  # log(1 + e^logit), in float64
    print(f"  {value:5.0f}  {by_hand:11.5f}  {from_prob:11.5f}  {from_logit:24.5f}  {exact:8.5f}")

# %% 9. What we learned
# Rows of features go in, float32 [N, 2]. One logit a row comes out, [N, 1]. Squeeze it before you compare it with the
# labels or compute the loss. Untrained, V0 is at chance: 50 % with seed 42, 49.49 % on average. Its loss, 0.69741, is
# near ln 2. BCEWithLogitsLoss is exact where BCELoss cannot be: at logit 200 they return 200 and 100.

results = {
    "n_parameters": n_parameters,
    "untrained_test_acc": accuracy_fn(y_test, preds),
    "untrained_mean_acc": mean_acc,
    "untrained_test_loss": untrained_loss,
    "bce_loss_at_logit_200": from_prob,
    "bce_with_logits_loss_at_logit_200": from_logit,
}
save_results("01_binary_classification_intro", results)

# %% 10. Try it
# - HIDDEN_UNITS = 50: how many parameters? Predict with the formula of section 4, then run.
# - N_NETWORKS = 1000: does the mean come closer to 50 %? Do the extremes?
# - NOISE = 0.2: predict the first panel, then look. Could any classifier still reach 100 %?
