"""Lesson 04: Multi-class classification

Question: How do we choose among more than two classes?
You will learn:
    - to turn one logit per class into probabilities (softmax) and a label (argmax)
    - to train with cross entropy, the loss for more than two classes
    - to turn the training loop into functions without changing a number
Builds on: Lesson 03
Guide: docs/09-categorical-cross-entropy.md, 15 minutes
Minutes: 9
Run: python module_03/04_multi_class_classification.py
Writes:
    outputs/04_boundaries.png - where three models draw their boundaries on the blobs
"""

# %% Setup
import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    best_possible_for_blobs,
    count_equal_epochs,
    fit,
    pick_device,
    plot_boundaries,
    print_row,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # data, split and the first weights of every model
SPREAD = 1.5  # how far points stray from their centre (standard deviation)
HIDDEN_UNITS = 8  # units in each of the two hidden layers
LR = 0.1  # learning rate of SGD, as in lesson 03
EPOCHS = 100  # passes over the training set
LOG_EVERY = 10  # epochs between two lines of the log
FRESH = 1_000_000  # new points that measure an accuracy to about 0.01 %

device = pick_device()

# %% 1. Three logits by hand
# So far one logit per row was enough, because the question was yes or no. For K classes
# the network gives K logits per row, one per class. Before any network, we take the
# logits 2.1, 0.5 and -1.2 and do the arithmetic ourselves.
#
# Softmax turns logits into probabilities. It takes e^logit of each, because e^logit is
# positive for every logit, also for a negative one. Then it divides each of these
# numbers by the sum of all, so that together they make 1.
#
# Argmax is the position of the largest number. The largest logit also gets the largest
# probability, so argmax of the logits is the most likely class. No softmax is needed
# for that.
#
# Cross entropy is the loss for K classes: minus the natural logarithm of the
# probability that the true class got. If the true class got 1, the loss is 0. The less
# it got, the larger the loss.
#
# Question: suppose that each of the three classes is the true one in turn. For which of
# them is the loss largest?

logits = torch.tensor([2.1, 0.5, -1.2])  # [3], one logit per class
powers = torch.exp(logits)  # [3], all positive
probs_by_hand = powers / powers.sum()  # [3], together 1
winner = logits.argmax().item()  # a position: 0, 1 or 2
losses = -torch.log(probs_by_hand)  # [3], the loss if class 0, 1 or 2 is the true one

print("1. Three logits by hand, one column per class")
print_row("logits", logits, ".1f")
print_row("e^logit", powers, ".3f")
print_row("softmax", probs_by_hand, ".3f")
print_row("loss if true", losses, ".3f")
print(f"   argmax: class {winner}; sum of the probabilities: {probs_by_hand.sum():.3f}")

# Answer: for the last class. It got a probability of only 0.030, so the loss would be
# 3.514. For the first class it would be only 0.214.

# %% 2. Data: four blobs
# make_blobs draws points around four centres, one class per centre. Labels start at 0.
# They are names, not amounts: class 2 is not twice class 1.
#
# CrossEntropyLoss takes them as whole numbers (int64) of shape [N]. BCEWithLogitsLoss
# wanted floats. With four classes, guessing gets one point in four right.
#
# We also keep the centres. Section 9 needs them.

X, y, centers = make_blobs(
    1000, centers=4, cluster_std=SPREAD, random_state=SEED, return_centers=True
)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).to(device)  # [1000], int64
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)  # 800 and 200 points

print("\n2. Data: four blobs")
class_counts = y.bincount()  # [4], how often each label occurs
print(f"   points per class: {class_counts.tolist()}")
print(f"   first labels: {y[:5].tolist()}, {y.dtype}")

# %% 3. Model: one logit per class
# The last layer has four outputs, one logit per class. Nothing else is new. The network
# has no activation function, so it is linear: each boundary between two classes is a
# straight line. Section 9 tries ReLU as well. We write the network as a class, because
# sections 3 and 8 build it three times.


class BlobModel(nn.Module):
    def __init__(self, hidden_units):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, hidden_units),
            nn.Linear(hidden_units, hidden_units),
            nn.Linear(hidden_units, 4),
        )

    def forward(self, X):
        return self.layers(X)  # [N, 2] -> [N, 4]


torch.manual_seed(SEED)
model = BlobModel(HIDDEN_UNITS).to(device)

model.eval()
with torch.inference_mode():
    untrained_logits = model(X_test)  # [200, 4]
untrained_preds = untrained_logits.argmax(dim=1)  # [200], dim=1: along each row
untrained_acc = accuracy_fn(y_test, untrained_preds)

print("\n3. Model before training")
print(f"   logits {list(untrained_logits.shape)}, labels {list(untrained_preds.shape)}")
print(f"   test accuracy {untrained_acc:.2f}%")

# With seed 42 that is far above a guess, and it is luck: these first weights happen to
# point the right way. Over 20 seeds the median is 25.5 %, as for a guess.

# %% 4. Loss and optimizer
# CrossEntropyLoss takes the logits, [N, 4], and the labels, [N]. Softmax is inside it,
# so the model must not end in a softmax. The result is the mean over all rows.
#
# If a network gives all four classes the same probability, a quarter, its loss is
# -ln(1/4), and that is ln 4; ln is the natural logarithm. A network that has learned
# something has a lower loss.
#
# history collects four numbers per epoch. The recorder keeps what the player shows.

loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

history = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
recorder = Recorder(model, EPOCHS)  # copies of the weights

equal_logits = torch.zeros(1, 4)  # one row; softmax turns each into 1/4
equal_loss = loss_fn(equal_logits, torch.tensor([0]))
print("\n4. Loss and optimizer")
print(f"   loss of four equal probabilities: {equal_loss:.5f}")

# %% 5. Train: the five steps, written out
# Lesson 03 put the five steps into a function. Here they are written out again, because
# two things change. There is no squeeze, because the loss wants all four columns. And
# argmax makes the labels, where a threshold did so before.
#
# As before, the train columns are measured before the step and the test columns after
# it. We choose nothing by the test columns. They are printed so that you can compare
# them with a published log.
#
# Question: after how many epochs are 99 % of the test points right?

print(f"\n5. Training 2-{HIDDEN_UNITS}-{HIDDEN_UNITS}-4 without activation, SGD")
for epoch in range(EPOCHS):
    model.train()
    logits = model(X_train)  # 1. Forward pass, [800, 4]
    loss = loss_fn(logits, y_train)  # 2. Loss
    optimizer.zero_grad()  # 3. Forget the gradients of the step before
    loss.backward()  # 4. Backward pass
    optimizer.step()  # 5. Step

    model.eval()
    with torch.inference_mode():
        test_logits = model(X_test)  # [200, 4]
        test_loss = loss_fn(test_logits, y_test)

    train_acc = accuracy_fn(y_train, logits.argmax(dim=1))
    test_acc = accuracy_fn(y_test, test_logits.argmax(dim=1))
    history["train_loss"].append(loss.item())
    history["train_acc"].append(train_acc)
    history["test_loss"].append(test_loss.item())
    history["test_acc"].append(test_acc)
    recorder.snapshot(epoch)
    if epoch % LOG_EVERY == 0 or epoch == EPOCHS - 1:
        print(
            f"Epoch {epoch:4d} | Loss: {loss:.5f}, Accuracy: {train_acc:.2f}% "
            f"| Test loss: {test_loss:.5f}, Test accuracy: {test_acc:.2f}%"
        )

print(f"   {test_acc:.2f}% of the test points are right after {EPOCHS} epochs.")

# Answer: the line of epoch 10 already shows 99.00 %. The blobs lie far apart, so this
# is not a hard problem. Later the loss still falls while the accuracy stays the same:
# the network becomes surer of points that it gets right already.

# %% 6. From logits to probabilities to labels
# Now the arithmetic of section 1 on real points. The log shows three test points. For
# each it prints the four logits, the four probabilities, the label and the true class.
#
# The last two lines compare our own cross entropy with that of PyTorch. For each row we
# pick the probability of its true class, take minus the logarithm, and average.
#
# To pick one number from each row, we give PyTorch two lists, probs[rows, columns]. It
# pairs them: the first row with the first column, the second row with the second, and
# so on. Here the column is the true class.

probs = test_logits.softmax(dim=1)  # [200, 4], each row sums to 1
preds = test_logits.argmax(dim=1)  # [200]

print("\n6. Three test points, one column per class")
for point in range(3):
    print_row(f"point {point}: logits", test_logits[point], ".4f")
    print_row("   probabilities", probs[point], ".4f")
    print(f"   label {preds[point]}, true class {y_test[point]}")

rows = torch.arange(len(y_test), device=device)  # 0, 1, 2, ..., 199
true_probs = probs[rows, y_test]  # [200]: from each row, the column of its true class
losses = -true_probs.log()  # [200]
test_loss_by_hand = losses.mean().item()
print(f"   Cross entropy by hand:       {test_loss_by_hand:.5f}")
print(f"   Cross entropy of PyTorch:    {test_loss:.5f}")

# %% 7. The loop as functions
# Lesson 03 made two functions of the loop: one learns, and one measures. Here they are
# again, under the names that many PyTorch programs use, train_step and test_step. They
# now return the accuracy as well. They get everything they need as arguments, so they
# work for any data.
#
# The last lines call test_step on the model that we have just trained. Compare what it
# prints with the last line of section 5.


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
        loss = loss_fn(logits, y)
    return loss.item(), accuracy_fn(y, logits.argmax(dim=1))


step_loss, step_acc = test_step(model, X_test, y_test, loss_fn)
print("\n7. test_step on the trained network")
print(f"   Test loss: {step_loss:.5f}, Test accuracy: {step_acc:.2f}%")

# %% 8. The same numbers three times
# The same seed gives the same first weights. If the functions do the same steps in the
# same order, every number must be the same. So we train a second model with them.
#
# The third model is trained by one call of fit. This function comes from
# helper_functions.py, and at its heart is the for loop below.
#
# Question: in how many of the epochs will all three agree exactly, in every digit?

torch.manual_seed(SEED)
model_steps = BlobModel(HIDDEN_UNITS).to(device)
optimizer = torch.optim.SGD(model_steps.parameters(), lr=LR)
history_steps = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
for _ in range(EPOCHS):
    train_loss, train_acc = train_step(
        model_steps, X_train, y_train, loss_fn, optimizer
    )
    test_loss, test_acc = test_step(model_steps, X_test, y_test, loss_fn)
    history_steps["train_loss"].append(train_loss)
    history_steps["train_acc"].append(train_acc)
    history_steps["test_loss"].append(test_loss)
    history_steps["test_acc"].append(test_acc)

torch.manual_seed(SEED)
model_fit = BlobModel(HIDDEN_UNITS).to(device)
optimizer = torch.optim.SGD(model_fit.parameters(), lr=LR)
history_fit = fit(
    model_fit, X_train, X_test, y_train, y_test, loss_fn, optimizer, EPOCHS
)

epochs_unchanged = count_equal_epochs(history, history_steps, history_fit)
print("\n8. Loop, functions and fit: the same four numbers")
print(f"   in {epochs_unchanged} of {EPOCHS} epochs")

# Answer: in all of them. From now on fit trains where the loop is not the subject.
#
# Open helper_functions.py and read its train_step, test_step and fit. The steps are
# those above. Two lines differ, so that one logit per row works too: [N, 1] becomes [N]
# before the loss, and logits_to_labels stands in place of argmax. Around the loop, fit
# also checks its arguments, prints the log and calls the recorder.

# %% 9. Does this problem need ReLU?
# We drew the points ourselves, so we know the true centres. This means that we also
# know the best possible model: the nearest centre wins. Guide 09 shows that it is
# linear. On new points no model can be expected to do better.
#
# We train a second network, with ReLU. The test set is too small to compare such good
# models: each of its points counts half a percent. So we also draw a million fresh
# points around the same centres.
#
# Question: will ReLU be better than the linear network on the fresh points?

torch.manual_seed(SEED)
model_relu = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, 4),
).to(device)
optimizer = torch.optim.SGD(model_relu.parameters(), lr=LR)
fit(model_relu, X_train, X_test, y_train, y_test, loss_fn, optimizer, EPOCHS)
# test_step only measures, so it may look at the training set, too
train_loss, train_acc = test_step(model_relu, X_train, y_train, loss_fn)
print("\n9. The network with ReLU, trained by fit")
print(f"   Training set: loss {train_loss:.5f}, accuracy {train_acc:.2f}%")

model_best = best_possible_for_blobs(centers, SPREAD).to(device)

X_fresh, y_fresh = make_blobs(
    FRESH, centers=centers, cluster_std=SPREAD, random_state=SEED + 1
)  # another seed, so other points
X_fresh = torch.from_numpy(X_fresh).float().to(device)  # [1000000, 2]
y_fresh = torch.from_numpy(y_fresh).to(device)  # [1000000]

# %% 10. Look: three models on the same blobs
# plot_boundaries draws one panel per model, all with the same test points. The colour
# of a region is the class that wins there. It is paler where the model is less sure.

models = {"linear": model, "ReLU": model_relu, "best possible": model_best}
test_accs = {}
fresh_accs = {}
print("\n10. Accuracy      test points   fresh points")
for name, network in models.items():
    with torch.inference_mode():
        logits = network(X_test)  # [200, 4]
        fresh_logits = network(X_fresh)  # [1000000, 4]
    test_acc = accuracy_fn(y_test, logits.argmax(dim=1))
    fresh_acc = accuracy_fn(y_fresh, fresh_logits.argmax(dim=1))
    print(f"   {name:<14}{test_acc:11.2f}%{fresh_acc:14.2f}%")
    test_accs[name] = test_acc
    fresh_accs[name] = fresh_acc

fig = plot_boundaries(models, X_test, y_test, limits_from=X)
sizes = f"2-{HIDDEN_UNITS}-{HIDDEN_UNITS}-4"
fig.suptitle(f"Blobs, test set: {sizes}, SGD lr {LR}, {EPOCHS} epochs, seed {SEED}")
save_figure(fig, "04_boundaries.png")
# What to see: all three models cut the plane into four regions, one blob in each. The
# boundaries differ most where there are no points, because nothing in the data says
# where they should be. Only ReLU can bend them.
#
# Answer: no. On fresh points the network with ReLU reaches 98.92 % and the linear one
# 98.95 %. The best possible model reaches 99.25 %, and it is linear.
#
# One seed proves little. But over 20 seeds the median is 98.89 % with ReLU and 98.90 %
# without. So ReLU adds nothing here. It is a tool for boundaries that bend, such as
# those around circles.

# %% 11. What we learned
# For K classes the network has K outputs, one logit per class. Argmax of the logits is
# the label. Softmax turns the logits into probabilities, for people to read.
# CrossEntropyLoss takes the logits themselves, and the labels as whole numbers.
#
# Ask what the best possible result is before you improve a model. Here it is 99.25 %,
# and the network reaches 98.95 %. The test set cannot tell the two apart, because the
# difference is less than one of its points.
#
# The loop can become functions, and every number stays the same.

save_player(
    "04_multi_class_classification",
    (X_train, X_test, y_train, y_test),
    {sizes: (recorder, history)},
)

results = {
    "untrained_test_acc": untrained_acc,
    "largest_softmax_by_hand": probs_by_hand[winner].item(),
    "test_loss": history["test_loss"][-1],
    "test_loss_by_hand": test_loss_by_hand,
    "epochs_unchanged": epochs_unchanged,
    "linear_test_acc": test_accs["linear"],
    "linear_fresh_acc": fresh_accs["linear"],
    "relu_test_acc": test_accs["ReLU"],
    "relu_fresh_acc": fresh_accs["ReLU"],
    "best_test_acc": test_accs["best possible"],
    "best_fresh_acc": fresh_accs["best possible"],
}
save_results(
    "04_multi_class_classification", results, {"blobs_linear_2_8_8_4": history}
)

# %% 12. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set EPOCHS = 2000 and LOG_EVERY = 200. Does the linear network come closer to the
#    best possible model on fresh points?
# 2. Set SPREAD = 3.0. The blobs are twice as wide. How good can a model still be?
# 3. Set HIDDEN_UNITS = 1. One number per point must now tell four classes apart. How
#    many fresh points does the linear network get right?
#
# Answers:
# 1. A little closer: 99.06 %.
# 2. The best possible is 90.01 % on fresh points. No network can be expected to do
#    better, whatever its size.
# 3. 69.46 %.
