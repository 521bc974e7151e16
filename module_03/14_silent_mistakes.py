"""Lesson 14: Silent mistakes

Question: What if nothing complains, and the network still does not learn?
You will learn:
    - to know what a healthy loss looks like before you train
    - to recognise a mistake by its loss curve
    - to find the wrong line in data, model, loss, loop or measurement
Builds on: Lessons 04, 08 and 12
Guide: docs/11-common-mistakes.md, 13 minutes
Minutes: 10
Run: python module_03/14_silent_mistakes.py
Writes:
    outputs/14_data.png - test loss with features not scaled, and with shuffled labels
    outputs/14_model_and_loss.png - test loss with five mistakes in model or loss
    outputs/14_loop.png - test loss with five mistakes in optimizer, loop or measuring
"""

# %% Setup
import warnings

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    fit,
    logits_to_labels,
    pick_device,
    plot_loss_panels,
    save_figure,
    save_player,
    save_results,
    test_step,
)

SEED = 42  # of the data, the split and the first weights of every network
EPOCHS = 100  # by then the training loss of the correct network is close to 0
LR = 0.02  # of Adam; ten times smaller or larger ends with a higher training loss
SMALL_LR = 0.0002  # a learning rate that is too small
LARGE_LR = 2.0  # a learning rate that is too large
UNIT = 1000  # section 4 takes a unit for x2 that is so many times smaller
PATIENCE = 1000  # epochs for the shuffled labels; at least EPOCHS

device = pick_device()

# %% 1. Know the numbers before you train
# A silent mistake raises no error. The network trains to the end, and is bad, or seems
# to be good. You notice a wrong number only if you know which number to expect.
#
# Here is what to expect. The two classes have equally many points, so guessing gets
# half of them right. A network that returns the logit 0 for each point has the loss
# ln 2, as in lesson 03. An untrained network begins near that loss. A good one ends
# near 0.
#
# report() prints one line per run: the highest and the last loss on the test set, and
# the last accuracy there. We choose nothing by these numbers.

X_numpy, y_numpy = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X_numpy).float().to(device)  # [1000, 2]
y = torch.from_numpy(y_numpy).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)
loss_fn = nn.BCEWithLogitsLoss()
zeros = torch.zeros_like(y_test)  # [200], a logit of 0 for each point
loss_without_idea = loss_fn(zeros, y_test).item()


def report(name, history):
    """Print how the test loss went, and how many test points are right at the end."""
    losses = history["test_loss"]
    highest = max(losses)
    last = losses[-1]
    acc = history["test_acc"][-1]
    print(f"   {name:<28}{highest:12.5f}{last:11.5f}{acc:11.2f}%")


print("1. Know the numbers before you train")
print(f"   Loss of the logit 0 for each point: {loss_without_idea:.5f}")
print("   Columns below: highest and last test loss, last test accuracy")

# %% 2. The correct network
# This is the network 2-16-16-1, with which we compare all others. Its loop, in section
# 3, is written out. Nearly every mistake below changes one line of these two sections.


class CircleModel(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 16),
            nn.ReLU(),
            nn.Linear(16, 16),
            nn.ReLU(),
            nn.Linear(16, outputs),
        )

    def forward(self, X):
        return self.layers(X)  # [N, 2] -> [N, outputs]


torch.manual_seed(SEED)
model_correct = CircleModel(outputs=1).to(device)
print("\n2. The correct network")
print(model_correct)

# %% 3. The correct loop
# Read it once more, line by line. test_step() is the function of lesson 04: it measures
# in eval mode.

optimizer = torch.optim.Adam(model_correct.parameters(), lr=LR)
correct = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
recorder_correct = Recorder(model_correct, EPOCHS)  # for the page in section 19

for epoch in range(EPOCHS):
    model_correct.train()
    logits = model_correct(X_train).squeeze(1)  # 1. Forward pass
    loss = loss_fn(logits, y_train)  # 2. Loss
    optimizer.zero_grad()  # 3. Forget the gradients of the step before
    loss.backward()  # 4. Backward pass
    optimizer.step()  # 5. Step

    train_acc = accuracy_fn(y_train, logits_to_labels(logits))
    test_loss, test_acc = test_step(model_correct, X_test, y_test, loss_fn)
    correct["train_loss"].append(loss.item())
    correct["train_acc"].append(train_acc)
    correct["test_loss"].append(test_loss)
    correct["test_acc"].append(test_acc)
    recorder_correct.snapshot(epoch)

print("\n3. Correct run                  highest       last   accuracy")
report("correct", correct)

# So this is a healthy run: the loss begins near ln 2, falls, and ends near 0.
#
# fit() has the same loop. Below, fit() trains every network whose mistake is not in the
# loop.

# %% 4. Data: features that are not scaled
# In the wrong line x1 stays as it is, and x2 gets a unit that is 1000 times smaller, as
# if x1 were in metres and x2 in millimetres. Tables often look like that.
#
# The fix is to scale, as in lesson 06: subtract the mean of each column and divide by
# its standard deviation. Both come from the training set.
#
# Question: with unscaled features, where will the loss begin?

units = torch.tensor([1.0, UNIT], device=device)
X_train_mixed = X_train * units  # WRONG: one column is far larger
X_test_mixed = X_test * units
torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
unscaled = fit(
    model, X_train_mixed, X_test_mixed, y_train, y_test, loss_fn, optimizer, EPOCHS
)

mean = X_train_mixed.mean(dim=0)  # [2], one mean per column
std = X_train_mixed.std(dim=0)  # [2]
X_train_scaled = (X_train_mixed - mean) / std  # right
X_test_scaled = (X_test_mixed - mean) / std
torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
scaled = fit(
    model, X_train_scaled, X_test_scaled, y_train, y_test, loss_fn, optimizer, EPOCHS
)

print("\n4. Features                     highest       last   accuracy")
report("not scaled", unscaled)
report("scaled", scaled)

# Answer: far above ln 2. The features are large, so the first logits are large too, and
# large wrong logits cost much. Each small change of a weight then changes many answers,
# so the loss jumps up and down for many epochs.

# %% 5. Data: labels in another order than the rows
# The wrong line shuffles the labels but not the rows. This happens when X and y are
# sorted, filtered or shuffled separately. Now a label says nothing about its point.
#
# The fix is to use one order for both.
#
# We give the wrong run more time. Question: can its training loss still fall?

torch.manual_seed(SEED)
order = torch.randperm(len(y_train))  # 0 to 799 in random order
y_mixed = y_train[order]  # WRONG: X_train keeps its order
torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
shuffled = fit(model, X_train, X_test, y_mixed, y_test, loss_fn, optimizer, PATIENCE)

X_mixed = X_train[order]  # right: the same order for both
torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
paired = fit(model, X_mixed, X_test, y_mixed, y_test, loss_fn, optimizer, EPOCHS)

print("\n5. Labels                       highest       last   accuracy")
report("shuffled alone", shuffled)
report("shuffled with their rows", paired)

# %% 6. Look: mistakes in the data
# Compare the two losses of the run with shuffled labels.

shuffled_first = shuffled["train_loss"][0]
shuffled_last = shuffled["train_loss"][-1]
print("\n6. Shuffled labels, the training loss")
print(f"   first epoch {shuffled_first:.5f}, last epoch {shuffled_last:.5f}")

panels = {
    "features not scaled": {
        "correct": correct["test_loss"],
        "not scaled": unscaled["test_loss"],
    },
    "labels shuffled alone": {
        "correct": correct["test_loss"],
        "shuffled, test": shuffled["test_loss"],
        "shuffled, training": shuffled["train_loss"],
    },
}
fig = plot_loss_panels(panels, ylabel="loss")
fig.suptitle(f"Circles, 2-16-16-1, Adam lr {LR}, seed {SEED}")
save_figure(fig, "14_data.png")
# What to see: on the left, the loss first jumps out of the panel several times. Then it
# rests a little below ln 2. It never falls the way the black curve does.
#
# Answer to section 5: yes. On the right the training loss falls slowly, and the test
# loss rises. The network learns single points by heart, because there is nothing else
# to learn. This is overfitting. It looks like learning if you watch the training loss
# alone.

# %% 7. Model: one activation too many
# The last layer must be linear, because the loss takes any number as a logit. Two
# networks break this rule with one line each.
#
# After a ReLU no logit is negative. After a sigmoid all outputs lie between 0 and 1,
# but the loss takes them for logits, and applies its own sigmoid on top.
#
# The fix for both is to remove that line. Question: which class will the second network
# name for each point?

torch.manual_seed(SEED)
model = nn.Sequential(
    CircleModel(outputs=1),
    nn.ReLU(),  # WRONG: no logit can be negative now
).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
relu_last = fit(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, EPOCHS)

torch.manual_seed(SEED)
model = nn.Sequential(
    CircleModel(outputs=1),
    nn.Sigmoid(),  # WRONG: the loss has a sigmoid already
).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
recorder_sigmoid = Recorder(model, EPOCHS)
data = (X_train, X_test, y_train, y_test)
sigmoid_twice = fit(model, *data, loss_fn, optimizer, EPOCHS, recorder=recorder_sigmoid)
preds = logits_to_labels(model(X_test))
n_class_1 = (preds == 1).sum().item()

print("\n7. Last layer                   highest       last   accuracy")
report("ReLU on logits", relu_last)
report("sigmoid twice", sigmoid_twice)
print(f"   sigmoid twice names class 1 for {n_class_1} of {len(preds)} test points")

# Answer: class 1. logits_to_labels() names class 1 where a number is 0 or more, and
# what comes out of a sigmoid is never negative.
#
# The loss cannot come close to 0 any more. At best the outputs equal the labels, 0 and
# 1. But as logits, both mean a network that is not sure. Such a limit is called a
# floor.
#
# With ReLU and seed 42 all first logits are negative. ReLU turns them into 0, and its
# slope is 0 there, so no weight ever changes. This loss is frozen: the same number in
# every epoch, to the last digit.

# %% 8. Model: one softmax too many
# This is the same mistake with two outputs and CrossEntropyLoss, which has a softmax
# inside. To compare, we need a correct network with two outputs.
#
# Question: which number shows the mistake, the accuracy or the loss?

cross_entropy = nn.CrossEntropyLoss()
data_long = (X_train, X_test, y_train.long(), y_test.long())  # class numbers
torch.manual_seed(SEED)
model = CircleModel(outputs=2).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
correct_two = fit(model, *data_long, cross_entropy, optimizer, EPOCHS)

torch.manual_seed(SEED)
model = nn.Sequential(
    CircleModel(outputs=2),
    nn.Softmax(dim=1),  # WRONG: the loss has a softmax already
).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
softmax_twice = fit(model, *data_long, cross_entropy, optimizer, EPOCHS)

print("\n8. Two outputs                  highest       last   accuracy")
report("correct", correct_two)
report("softmax twice", softmax_twice)

# Answer: the loss. Nearly all labels are right, because the larger of two probabilities
# belongs to the larger logit. But the loss ends far above that of the correct network.
# It is not harmless: lesson 17 has networks that lose a whole class in this way.

# %% 9. Loss: rounded too early
# The wrong line rounds the probabilities to labels before the loss. It looks
# reasonable, since labels are what we want in the end. Everything else is correct.
#
# The fix is to give the logits to the loss, and to round only where labels are counted.
#
# In lesson 12, a comparison with >= ended the record that backward() needs, so PyTorch
# raised an error. round() does not end it, so nothing complains.
#
# Question: a rounded number jumps from 0 to 1. What gradient goes back through it?

torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
rounded = {"test_loss": [], "test_acc": []}

for _ in range(EPOCHS):
    model.train()
    logits = model(X_train).squeeze(1)  # 1. Forward pass
    labels = torch.sigmoid(logits).round()  # WRONG: 0 or 1, and no slope
    loss = loss_fn(labels, y_train)  # 2. Loss
    optimizer.zero_grad()  # 3. Forget the gradients of the step before
    loss.backward()  # 4. Backward pass
    optimizer.step()  # 5. Step

    model.eval()
    with torch.inference_mode():
        test_logits = model(X_test).squeeze(1)
        test_labels = torch.sigmoid(test_logits).round()
    test_loss = loss_fn(test_labels, y_test)
    rounded["test_loss"].append(test_loss.item())
    rounded["test_acc"].append(accuracy_fn(y_test, test_labels))

gradient = model.layers[0].weight.grad  # [16, 2], of the first layer
largest_gradient = gradient.abs().max()
print("\n9. Loss                         highest       last   accuracy")
report("rounded too early", rounded)
print(f"   largest gradient in the first layer: {largest_gradient}")

# Answer: 0. Between its jumps a rounded number does not change at all. So PyTorch sends
# a gradient of 0 back, no weight changes, and the loss is frozen.

# %% 10. Loss: a column against a row
# The model returns [800, 1], and the labels are [800]. BCEWithLogitsLoss refuses that,
# as you saw in lesson 12. The squared error of lesson 08 does not. It compares each
# output with each label, 800 * 800 pairs. This is called broadcasting.
#
# The fix is squeeze(1). PyTorch prints one warning, which is easy to overlook. We catch
# it, and print it below.
#
# Question: if each output is compared with all labels, which probability costs least?


def squared_error(logits, y):
    """Return the mean squared difference of probabilities and labels."""
    probs = torch.sigmoid(logits)
    return nn.functional.mse_loss(probs, y)


torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
broadcast = {"test_loss": [], "test_acc": []}

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(EPOCHS):
        model.train()
        column = model(X_train)  # 1. Forward pass, [800, 1]
        loss = squared_error(column, y_train)  # 2. WRONG: the row is [800]
        optimizer.zero_grad()  # 3. Forget the gradients of the step before
        loss.backward()  # 4. Backward pass
        optimizer.step()  # 5. Step
        test_loss, test_acc = test_step(model, X_test, y_test, squared_error)
        broadcast["test_loss"].append(test_loss)
        broadcast["test_acc"].append(test_acc)

# %% 11. Loss: the same with squeeze(1)
# fit() calls squeeze(1) before the loss. So the same squared error works there.

torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
correct_squared = fit(model, *data, squared_error, optimizer, EPOCHS)

warning = str(caught[0].message)
first_sentence = warning.split(". ")[0]
print("\n11. Squared error               highest       last   accuracy")
report("correct", correct_squared)
report("column against row", broadcast)
print(f"   The warning: {first_sentence}.")

# Answer to section 10: 0.5. Each class has half of the labels, so the middle between
# the two labels is best, for every point. Its squared error is a quarter, and there the
# loss stays.

# %% 12. Look: mistakes in the model and the loss
# A floor can be computed before any training: put the best possible outputs into the
# loss. For sigmoid twice they are the labels themselves. For softmax twice they are a
# row per class, with all probability on that class.

best_outputs = torch.tensor([0.0, 1.0])  # for class 0 and class 1
sigmoid_floor = loss_fn(best_outputs, best_outputs).item()
best_rows = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
softmax_floor = cross_entropy(best_rows, torch.tensor([0, 1])).item()
print(f"\n12. Floors: sigmoid twice {sigmoid_floor:.3f}, softmax {softmax_floor:.3f}")

panels = {
    "frozen": {
        "correct": correct["test_loss"],
        "ReLU on logits": relu_last["test_loss"],
        "rounded too early": rounded["test_loss"],
    },
    "stuck on a floor": {
        "correct": correct["test_loss"],
        "sigmoid twice": sigmoid_twice["test_loss"],
        "softmax twice": softmax_twice["test_loss"],
    },
    "squared error": {
        "correct": correct_squared["test_loss"],
        "column against row": broadcast["test_loss"],
    },
}
floors = {"sigmoid twice": sigmoid_floor, "softmax twice": softmax_floor}
fig = plot_loss_panels(panels, floors=floors, top=0.9)
fig.suptitle(f"Circles, hidden layers 16-16, Adam lr {LR}, seed {SEED}")
save_figure(fig, "14_model_and_loss.png")
# What to see: two losses that are frozen look alike, whatever the cause. Both lie at
# ln 2. In the middle, each loss comes to rest near its floor, far above 0. The height
# of the floor tells you the mistake. On the right the loss rests at 0.25.

# %% 13. Optimizer: steps too short, steps too long
# The wrong line is the one that makes the optimizer. Its learning rate is 0.0002 in one
# run and 2.0 in the other.
#
# The fix is to try another learning rate, ten times larger or smaller, and to compare
# the losses on a validation set.
#
# Question: which of the two runs is easier to mistake for a frozen one?

torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=SMALL_LR)  # WRONG
small_lr = fit(model, *data, loss_fn, optimizer, EPOCHS)

torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LARGE_LR)  # WRONG
recorder_large = Recorder(model, EPOCHS)
large_lr = fit(model, *data, loss_fn, optimizer, EPOCHS, recorder=recorder_large)

print("\n13. Learning rate               highest       last   accuracy")
report(f"too small, {SMALL_LR}", small_lr)
report(f"too large, {LARGE_LR}", large_lr)

# Answer: the one with the small rate. Its loss looks flat in a figure, but it does
# fall. A frozen loss has the same digits in every epoch, so print five decimals.
#
# With the large rate the loss leaps up first. Then all units of the second hidden layer
# are dead: they return 0 for each point. So all points get the same logit, and the loss
# rests near ln 2.

# %% 14. Optimizer: the parameters of another model
# This happens in a notebook: you run the cell that builds the model once more, but not
# the cell that makes the optimizer. Then the optimizer still has the weights of the old
# model.
#
# The fix is to make the optimizer after the model, each time.
#
# Question: is this loss frozen, or does it only fall slowly?

torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)  # WRONG: the optimizer has the old one
other_model = fit(model, *data, loss_fn, optimizer, EPOCHS)

print("\n14. Optimizer                   highest       last   accuracy")
report("of another model", other_model)

# Answer: frozen. backward() computes the gradients of the new model, but step() looks
# at the old one, which has none. So nothing moves. The highest and the last loss are
# the same number.

# %% 15. Loop: no zero_grad
# Here a line is missing. backward() adds its gradients to those that are there already.
# Without zero_grad() each step follows the sum of all gradients so far, even those from
# long ago, when the weights were different.
#
# Question: will the network learn nothing, or something at first?

torch.manual_seed(SEED)
model = CircleModel(outputs=1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
no_zero_grad = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
recorder_no_zero_grad = Recorder(model, EPOCHS)

for epoch in range(EPOCHS):
    model.train()
    logits = model(X_train).squeeze(1)  # 1. Forward pass
    loss = loss_fn(logits, y_train)  # 2. Loss
    # 3. WRONG: zero_grad() is missing
    loss.backward()  # 4. Backward pass
    optimizer.step()  # 5. Step

    train_acc = accuracy_fn(y_train, logits_to_labels(logits))
    test_loss, test_acc = test_step(model, X_test, y_test, loss_fn)
    no_zero_grad["train_loss"].append(loss.item())
    no_zero_grad["train_acc"].append(train_acc)
    no_zero_grad["test_loss"].append(test_loss)
    no_zero_grad["test_acc"].append(test_acc)
    recorder_no_zero_grad.snapshot(epoch)

print("\n15. Loop                        highest       last   accuracy")
report("no zero_grad", no_zero_grad)

# Answer: something at first, and then it loses it again. The old gradients push on,
# like a ball that cannot brake. The loss goes up and down to the end.

# %% 16. Evaluation: dropout that never ends
# Dropout replaces a random half of the numbers by 0 while the network trains. It is a
# remedy against overfitting, because no unit can rely on one other unit.
#
# The layer nn.Dropout() stops that in eval mode. The function dropout() does not know
# the mode, so it goes on when we measure. The fix is the layer, or the function with
# training=self.training, which is False in eval mode.
#
# Question: is this network bad, or badly measured?


class DropoutModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_layers = nn.Sequential(
            nn.Linear(2, 16),
            nn.ReLU(),
            nn.Linear(16, 16),
            nn.ReLU(),
        )
        self.last_layer = nn.Linear(16, 1)

    def forward(self, X):
        hidden = self.hidden_layers(X)
        hidden = nn.functional.dropout(hidden)  # WRONG: at work in eval mode too
        return self.last_layer(hidden)


torch.manual_seed(SEED)
model = DropoutModel().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
dropout_on = fit(model, *data, loss_fn, optimizer, EPOCHS)

# %% 17. Evaluation: the same with the layer
# Only the dropout is written in another way. The rest is the same.

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, 16),
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Dropout(),  # right: it is off in eval mode
    nn.Linear(16, 1),
).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
correct_dropout = fit(model, *data, loss_fn, optimizer, EPOCHS)

print("\n17. Dropout                     highest       last   accuracy")
report("correct", correct_dropout)
report("never ends", dropout_on)

# Answer to section 16: badly measured. It learns well. But each time we measure, about
# half of its units are missing, and each time other ones.

# %% 18. Look: mistakes in the optimizer, the loop and the evaluation
# Again each panel has a correct run, in black.

panels = {
    "flat": {
        "correct": correct["test_loss"],
        "another model": other_model["test_loss"],
        "rate too small": small_lr["test_loss"],
    },
    "restless": {
        "correct": correct["test_loss"],
        "no zero_grad": no_zero_grad["test_loss"],
        "rate too large": large_lr["test_loss"],
    },
    "dropout": {
        "correct": correct_dropout["test_loss"],
        "never ends": dropout_on["test_loss"],
    },
}
fig = plot_loss_panels(panels)
fig.suptitle(f"Circles, 2-16-16-1, Adam, seed {SEED}")
save_figure(fig, "14_loop.png")
# What to see: on the left, one line is frozen and one falls a little. You can hardly
# tell them apart. In the middle, both losses leave the panel. On the right the loss
# falls in a zigzag, because each time other units are missing.

# %% 19. A page to look into the runs
# save_player() writes a page for the browser. It has the correct run and three of the
# mistakes. Move its slider, and look at what each hidden unit does.

runs = {
    "correct": (recorder_correct, correct),
    "no zero_grad": (recorder_no_zero_grad, no_zero_grad),
    "learning rate too large": (recorder_large, large_lr),
    "sigmoid twice": (recorder_sigmoid, sigmoid_twice),
}
save_player("14_silent_mistakes", data, runs)
# What to see: without zero_grad a ring forms and is lost again. With the large learning
# rate the second hidden layer dies. With sigmoid twice the ring is there, but the whole
# plane gets class 1.

# %% 20. Evaluation: a correct network, measured wrongly
# Two more mistakes spoil only the measurement. We take the correct network of section
# 3. It gets all test points right.
#
# The first line compares a column with a row. accuracy_fn() refuses that, so we count
# by hand. The second line takes argmax of a single logit per row.
#
# Question: what will the two wrong lines report?

with torch.inference_mode():
    column = model_correct(X_test)  # [200, 1]
right = (column >= 0) == y_test  # WRONG: [200, 1] against [200] gives [200, 200]
column_percent = right.sum().item() / len(y_test) * 100

probs = column.softmax(dim=1)  # [200, 1]
preds = probs.argmax(dim=1)  # WRONG: the position of the largest of one number
argmax_percent = accuracy_fn(y_test, preds)

print("\n20. The correct network, measured wrongly")
print(f"   measured correctly:  {correct['test_acc'][-1]:.2f}%")
print(f"   column against row:  {column_percent:.2f}%")
print(f"   argmax of one logit: {argmax_percent:.2f}%")

# Answer: 10000 %, and 50 %. The first line compares each prediction with each label.
# Half of these pairs agree, but we divide by the number of points only. At least you
# cannot overlook such a number.
#
# In the second line, the largest of one number is always the first one. So each point
# gets class 0. The fix for both: squeeze(1), and then ask which logits are >= 0.

# %% 21. What we learned
# A silent mistake shows in numbers that differ from what you expected. So know what to
# expect before you train: with two classes the loss begins near ln 2, and here it
# should come close to 0. Do not trust the accuracy alone. With softmax twice it was
# nearly perfect.
#
# Come back to this list when nothing complains. It leads from what you see to the lines
# to look at. The short name of each cause is in brackets, such as no-zero-grad. The
# check of the exercises uses some of the same names.
#
# - Loss frozen in every digit: was the optimizer made before the model
#   (other-parameters)? Is there a round() before the loss (no-gradient), or a ReLU
#   after the last layer (relu-on-logits)?
# - Loss falls, but very little: the steps are too short (learning-rate-too-small).
# - Loss leaps, then rests: the steps are too long (learning-rate-too-large).
# - Loss up and down to the end: gradients add up (no-zero-grad).
# - First losses far above ln 2: look at the features (unscaled-features).
# - Loss in a zigzag in eval mode: dropout is still at work (dropout-always-on).
# - Loss rests on a floor: the loss has a sigmoid or a softmax of its own, and so has
#   the model (sigmoid-twice, softmax-twice).
# - Squared error rests at 0.25: the shapes are [N, 1] and [N] (broadcast).
# - Only the training loss falls: labels do not belong to their rows (unpaired-labels).
# - All points in one class: argmax of a single logit (argmax-one-logit), or again
#   sigmoid-twice.
# - Accuracy above 100 %: again broadcast.

results = {
    "correct_loss": correct["test_loss"][-1],
    "column_percent": column_percent,
    "argmax_percent": argmax_percent,
    "optimizer_of_another_model_loss": other_model["test_loss"][-1],
    "rounded_too_early_loss": rounded["test_loss"][-1],
    "relu_on_logits_loss": relu_last["test_loss"][-1],
    "learning_rate_too_small_loss": small_lr["test_loss"][-1],
    "no_zero_grad_loss": no_zero_grad["test_loss"][-1],
    "learning_rate_too_large_loss": large_lr["test_loss"][-1],
    "features_not_scaled_loss": unscaled["test_loss"][-1],
    "scaled_loss": scaled["test_loss"][-1],
    "dropout_left_on_loss": dropout_on["test_loss"][-1],
    "sigmoid_twice_loss": sigmoid_twice["test_loss"][-1],
    "softmax_twice_loss": softmax_twice["test_loss"][-1],
    "column_against_row_loss": broadcast["test_loss"][-1],
    "shuffled_labels_loss": shuffled["test_loss"][EPOCHS - 1],
    "shuffled_labels_last_loss": shuffled["test_loss"][-1],
    "shuffled_labels_train_loss": shuffled_last,
    "paired_labels_loss": paired["test_loss"][-1],
    "sigmoid_floor": sigmoid_floor,
    "softmax_floor": softmax_floor,
}
save_results("14_silent_mistakes", results)

# %% 22. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set EPOCHS = 1000. Which of the twelve networks with a mistake does patience help?
# 2. Set UNIT = 10. Is a unit that is ten times smaller already a mistake?
# 3. Set LARGE_LR = 0.2. Is this learning rate still too large?
#
# Answers:
# 1. Above all the one with the small learning rate: 96.50%. Softmax twice gets 100.00%
#    right, but its loss rests at 0.31474. With dropout the loss still goes in a zigzag.
# 2. No. The loss ends at 0.02412, a little worse than scaled, and 100.00% are right.
# 3. Hardly. The loss leaps up to 1.27929 first, but at the end 100.00% are right.
