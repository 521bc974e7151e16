"""Lesson 04: Multi-class classification

Question: How do we choose among more than two classes?
You will learn:
    - to train a network with one logit a class, and to read its logits by softmax and argmax
    - to compare a result with the best possible one before trying to improve it
    - to turn the training loop into functions without changing a number
Builds on: Lesson 03
Run: python module_03/04_multi_class_classification.py
Writes:
    outputs/04_boundaries.png - regions of the linear network (train, test), of one with ReLU and of the best possible
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    fit,
    pick_device,
    plot_decision_boundary,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # data, split and the first weights of every model
SPREAD = 1.5  # standard deviation of a blob in each direction, so large that the blobs overlap a little
LR = 0.1  # learning rate of SGD
EPOCHS = 100  # the accuracy arrives in the first 20
FRESH = 1_000_000  # new points to measure on: the accuracy is then known to about 0.01 %
device = pick_device()

# %% 1. Data: four blobs
# NEW: four classes, so the labels are 0, 1, 2 and 3. They are names, not amounts: class 2 is not twice
# class 1. CrossEntropyLoss takes them as whole numbers (int64) of the shape [N], not as floats.
# A guess is right for 25 % of the points. We keep the centres of the blobs for section 6.

X, y, centers = make_blobs(1000, centers=4, cluster_std=SPREAD, random_state=SEED, return_centers=True)
X, y = torch.from_numpy(X).float().to(device), torch.from_numpy(y).to(device)  # [1000, 2] and [1000]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)  # 800 and 200 points
print(f"1. Blobs: {y.bincount().tolist()} points a class; labels like {y[:5].tolist()}, {y.dtype}. Chance 25%")

# %% 2. Model: one logit a class
# NEW: the last layer has as many outputs as there are classes. The class with the largest logit wins.
# nn.Identity() hands on what it is given, so this network is linear; section 6 puts ReLU there.
# Before training, its accuracy is luck: 20 seeds have 0 to 73.5 %, with a median of 25.5 %. (This and
# the other spreads of this lesson come from benchmarks/spread_04_multi_class.py.)


class BlobModel(nn.Module):
    def __init__(self, input_features, output_features, hidden_units=8, activation=nn.Identity):
        super().__init__()
        hidden = [nn.Linear(input_features, hidden_units), activation(), nn.Linear(hidden_units, hidden_units)]
        self.layers = nn.Sequential(*hidden, activation(), nn.Linear(hidden_units, output_features))

    def forward(self, X):
        return self.layers(X)  # [N, 2] -> [N, 4]


torch.manual_seed(SEED)
model = BlobModel(input_features=2, output_features=4).to(device)
untrained_acc = accuracy_fn(y_test, model(X_test).argmax(dim=1))
print(f"\n2. BlobModel 2-8-8-4: logits {list(model(X_test).shape)}, {untrained_acc:.1f}% right before training")

# %% 3. Train: cross entropy, and the loop written out
# NEW: CrossEntropyLoss takes the logits, one row a point, and the label of each row. It is the mean of
# -ln P(true class): 0 for a sure right answer, ln 4 = 1.386 for four equal probabilities, and without
# limit for a sure wrong one. The loop is that of lesson 03 with two changes: no squeeze, because the
# loss wants [N, 4], and argmax in place of the threshold.
# In the log: the test numbers of epoch 0 are taken after one step, and that step does a lot. Blobs
# far apart are an easy problem: 99 % after ten epochs. The loss goes on falling, because the network
# grows surer of the labels that it has right already.

loss_fn, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), LR)
history, recorder = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}, Recorder(model, EPOCHS)
print("\n3. Training without activation, SGD. Expect 99.5% on the test points")
for epoch in range(EPOCHS):
    model.train()
    logits = model(X_train)  # 1. forward, [800, 4]
    loss = loss_fn(logits, y_train)  # 2. loss
    optimizer.zero_grad()  # 3. zero
    loss.backward()  # 4. backward
    optimizer.step()  # 5. step
    model.eval()
    with torch.inference_mode():
        test_logits = model(X_test)  # [200, 4]
        test_loss = loss_fn(test_logits, y_test)
    train_acc = accuracy_fn(y_train, logits.argmax(dim=1))
    test_acc = accuracy_fn(y_test, test_logits.argmax(dim=1))
    for name, value in zip(history, (loss.item(), train_acc, test_loss.item(), test_acc), strict=True):
        history[name].append(value)
    recorder.snapshot(epoch)
    if epoch % 10 == 0 or epoch == EPOCHS - 1:
        log = f"Epoch {epoch:4d} | Loss: {loss:.5f}, Accuracy: {train_acc:.2f}% | "
        print(log + f"Test loss: {test_loss:.5f}, Test accuracy: {test_acc:.2f}%")

# %% 4. NEW: from logits to probabilities to labels
# softmax takes e^logit of each logit and divides by the sum of its row: positive numbers that sum to
# 1. The largest logit becomes the largest probability, so argmax needs no softmax. Training needs none
# either: CrossEntropyLoss applies it itself. Give it logits; lesson 08 shows what else goes wrong.
# With two classes one logit was enough: softmax of (0, logit) is the sigmoid of lesson 02.
# In the log: the network is sure of these five points, with 99 % and more for one class each. Only
# differences of logits count: 10.3539 against 4.3377 gives the same as 6.0162 against 0.

probs, preds = test_logits.softmax(dim=1), test_logits.argmax(dim=1)  # [200, 4] and [200]
loss_by_hand = -probs[torch.arange(len(y_test)), y_test].log().mean()  # of the probabilities of the true classes
print("\n4. Five test points: four logits, four probabilities and their sum, label, truth")
for z, p, pred, true in zip(test_logits[:5], probs[:5], preds[:5], y_test[:5], strict=True):
    print("  ", *(f"{number:8.4f}" for number in (*z, *p, p.sum())), f"{pred:4d}{true:4d}")
print(f"   argmax of the logits is argmax of the probabilities for all 200: {preds.equal(probs.argmax(dim=1))}")
print(f"   Cross entropy by hand {loss_by_hand:.5f}, by CrossEntropyLoss {loss_fn(test_logits, y_test):.5f}")

# %% 5. NEW: the loop as functions, and every number unchanged
# The loop has been the same in three lessons. It has two parts: learn from the training points, and
# measure on the test points. Each becomes a function that takes all it uses. `fit` of helper_functions
# is the rest, the for, the history and the log, around two such functions; there they take one logit
# a point as well. Same seed, same steps, same order: the loss and the accuracy of train and test are
# equal to the last bit in every epoch. From lesson 05 on, `fit` trains. Open helper_functions.py and
# look: it holds the lines below.


def train_step(model, X, y, loss_fn, optimizer):
    model.train()
    logits = model(X)
    loss = loss_fn(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), accuracy_fn(y, logits.argmax(dim=1))


def test_step(model, X, y, loss_fn):
    model.eval()
    with torch.inference_mode():
        logits = model(X)
        return loss_fn(logits, y).item(), accuracy_fn(y, logits.argmax(dim=1))


torch.manual_seed(SEED)
model = BlobModel(2, 4).to(device)
optimizer = torch.optim.SGD(model.parameters(), LR)
rows = []
for _ in range(EPOCHS):
    rows.append(train_step(model, X_train, y_train, loss_fn, optimizer) + test_step(model, X_test, y_test, loss_fn))
torch.manual_seed(SEED)
model = BlobModel(2, 4).to(device)
history_fit = fit(model, X_train, X_test, y_train, y_test, loss_fn, torch.optim.SGD(model.parameters(), LR), EPOCHS)
loop_rows, fit_rows = (list(zip(*numbers.values(), strict=True)) for numbers in (history, history_fit))
same = sum(loop == steps == fitted for loop, steps, fitted in zip(loop_rows, rows, fit_rows, strict=True))
print(f"\n5. Loop, functions and fit give the same four numbers in {same} of {EPOCHS} epochs")

# %% 6. Look: does this data need ReLU, and how good can it get?
# For round blobs of one size the best possible model is known: the nearest centre wins. P(class) is
# proportional to exp(-distance^2 / (2 x 1.5^2)). Multiply the square out: what differs between the
# classes is linear in x, with the weights centre / 1.5^2 and the bias -|centre|^2 / (2 x 1.5^2). So the
# best possible model is one linear layer, and ReLU has nothing to add.
# NEW: a million fresh points measure what 200 cannot. The best possible is 99.25 %. On 200 points that
# is 1.5 mistakes, so 99.5 %, one mistake, is already there. That the best possible model makes none on
# these 200 is luck. On fresh points 20 seeds of the network have 98.77 to 99.01 %, with ReLU 98.37 to
# 99.03 %: no gain. ReLU is no rule but a tool for boundaries that bend, like the circles of lesson 03.
# What to see: the boundaries differ most where there are no points, because nothing in the data says
# where they should be. Only ReLU can bend them. The colours are paler where a model is less sure.

torch.manual_seed(SEED)
model_relu = BlobModel(2, 4, activation=nn.ReLU).to(device)
fit(model_relu, X_train, X_test, y_train, y_test, loss_fn, torch.optim.SGD(model_relu.parameters(), LR), EPOCHS)
X_fresh, y_fresh = make_blobs(FRESH, centers=centers, cluster_std=SPREAD, random_state=SEED + 1)
X_fresh, y_fresh = torch.from_numpy(X_fresh).float().to(device), torch.from_numpy(y_fresh).to(device)
centers, best = torch.from_numpy(centers).float(), nn.Linear(2, 4).to(device)  # [4, 2], and the best possible model
best.load_state_dict({"weight": centers / SPREAD**2, "bias": -(centers**2).sum(dim=1) / (2 * SPREAD**2)})
results = {"untrained_test_acc": untrained_acc, "test_loss": history["test_loss"][-1], "epochs_unchanged": same}
fig, axes = plt.subplots(2, 2, figsize=(9, 9.6), layout="constrained")
plot_decision_boundary(model, X_train, y_train, axes[0, 0], limits_from=X)
axes[0, 0].set_title(f"linear, train: {axes[0, 0].get_title()}")
print("\n6. Accuracy on   200 test points   1000000 fresh points")
for ax, name, net in zip(axes.flat[1:], ("linear", "ReLU", "best"), (model, model_relu, best), strict=True):
    plot_decision_boundary(net, X_test, y_test, ax, limits_from=X)
    ax.set_title(f"{name}, test: {ax.get_title()}")
    with torch.inference_mode():
        test_acc = accuracy_fn(y_test, net(X_test).argmax(dim=1))
        fresh_acc = accuracy_fn(y_fresh, net(X_fresh).argmax(dim=1))
    print(f"   {name:<12}{test_acc:14.2f}%{fresh_acc:22.2f}%")
    results |= {f"{name.lower()}_test_acc": test_acc, f"{name.lower()}_fresh_acc": fresh_acc}
fig.suptitle(f"Blobs: 2-8-8-4 linear and with ReLU, SGD lr {LR}, {EPOCHS} epochs, seed {SEED}; best possible")
save_figure(fig, "04_boundaries.png")
save_player("04_multi_class_classification", (X_train, X_test, y_train, y_test), {"2-8-8-4": (recorder, history)})

# %% 7. What we learned
# - K classes: K logits a point, CrossEntropyLoss on the logits, labels as whole numbers, argmax.
# - softmax is for reading probabilities. Neither the training nor the choice of a label needs it.
# - Ask what the best possible is before you improve a model. Here it is 99.25 %, and one linear layer
#   can reach it.
# - A test set of 200 points cannot tell 98.9 from 99.25 %: the difference is 0.7 of one.
# - Once every line of the loop is understood, it can be called by its name: fit.

save_results("04_multi_class_classification", results, {"blobs_linear_2_8_8_4": history})

# %% 8. Try it
# - EPOCHS = 2000. Does the network reach the best possible? (Closer: 99.06 % on fresh points.)
# - SPREAD = 3.0. Blobs twice as wide: can a larger network help? (No: the best possible is 90.01 %.)
# - hidden_units=1 in BlobModel. One number a point has to tell four classes apart. (69.46 %.)
