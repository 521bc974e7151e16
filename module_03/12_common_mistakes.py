"""Lesson 12: Common mistakes

Question: What does an error message tell me?
You will learn:
    - to read an error from its last line up
    - to find the cause by printing shape, dtype and device
    - to fix the twelve errors that beginners of PyTorch meet most
Builds on: Lessons 03 and 04
Guide: docs/11-common-mistakes.md, 13 minutes
Minutes: 9
Run: python module_03/12_common_mistakes.py
Writes:
    outputs/12_loss_curve.png - the loss curve that you get once all errors are fixed
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_circles
from torch import nn

from helper_functions import (
    print_error,
    print_traceback,
    save_figure,
    save_results,
)

SEED = 42  # of the data and of the first weights
N_POINTS = 1000  # points, half of them on each circle
HIDDEN_UNITS = 10  # units in the hidden layer
EPOCHS = 100  # training steps in section 8
LR = 0.1  # learning rate of Adam in section 8

# %% 1. Data and two untrained networks
# A mistake that stops the program is called loud. This lesson makes twelve loud
# mistakes on purpose, reads what Python prints, and fixes them. Lesson 14 is about the
# mistakes that print nothing.
#
# Each wrong line stands in a try block. Python runs it, and when it fails, Python jumps
# to the except block instead of ending the program. The word after except is the type
# of the error, and the name error holds the error itself, with its message.
#
# We need the circles, and two networks: one with a single logit per row, as in lesson
# 03, and one with two logits per row, as in lesson 04. Neither is trained.
#
# All of it stays on the CPU. A GPU answers some mistakes with "device-side assert
# triggered", which does not name the cause. If you meet that message, run the same
# lines on the CPU.

X_numpy, y_numpy = make_circles(N_POINTS, noise=0.03, random_state=SEED)
X = torch.from_numpy(X_numpy).float()  # [1000, 2]
y = torch.from_numpy(y_numpy).float()  # [1000], each 0.0 or 1.0

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, 1),  # one logit per row
)
torch.manual_seed(SEED)
model_two = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, 2),  # two logits per row, one per class
)
bce = nn.BCEWithLogitsLoss()  # for one logit per row
ce = nn.CrossEntropyLoss()  # for one logit per class
messages = {}  # what each mistake printed, by the name of its cause
print("1. Data and two untrained networks are ready")

# %% 2. How to read an error
# When a program stops, Python prints a traceback: the list of calls that led to the
# error. print_traceback() prints the same, but lets the program go on.
#
# Do not read it from the top. Read the last line first: it has the type of the error,
# then the message. Then read the lines right below "Traceback": they name your file and
# show your line. All lines between are PyTorch's own. You can skip them.
#
# Then print shape, dtype and device of each tensor in your line. Often two of them do
# not fit together. describe() below does it.
#
# Question: which two sizes in the last line do not fit, and what fixes them?


def describe(name, tensor):
    """Print what decides whether a tensor fits: shape, dtype and device."""
    shape = list(tensor.shape)
    print(f"   {name:<9} shape {shape}, dtype {tensor.dtype}, device {tensor.device}")


print("\n2. Mistake 1: logits as a column, labels as a row")
column = model(X)  # [1000, 1]
try:
    loss = bce(column, y)  # wrong
except ValueError as error:
    print_traceback(error)
    messages["logits are a column"] = str(error)
describe("column", column)
describe("y", y)

logits = column.squeeze(1)  # [1000, 1] -> [1000]
loss = bce(logits, y)  # right
print(f"   Fixed with squeeze(1): the loss is {loss:.5f}")

# Answer: "target" means the labels and "input" the logits. One size is [1000], the
# other [1000, 1]. squeeze(1) takes the second dimension away, and then both are [1000].
#
# Mind where the cause is. The loss complains, but the line before it needs the fix.

# %% 3. Shapes: two sizes must meet
# From here on we print only the last line of each traceback. print_error() does that.
#
# Mistake 2 sends the hidden numbers of the network, ten per row, into a layer that
# expects five. PyTorch calls the two tables of numbers mat1 and mat2, short for matrix.
# mat1 is what came in, so many rows by so many columns. mat2 is the layer: how many
# numbers go in, by how many come out.
#
# Mistake 3 takes argmax along dimension 1. That is right for one logit per class. But
# these logits are [1000], so they have only dimension 0.
#
# PyTorch lets you count dimensions from the end too, like the items of a list. That is
# why -1 stands in its message.
#
# Question: which two of the four numbers in the message of mistake 2 should be equal?

print("\n3. Mistake 2: a layer that expects another number of values")
hidden_layers = model[:2]  # the first two layers: nn.Linear and nn.ReLU
hidden = hidden_layers(X)  # [1000, 10]
try:
    column = nn.Linear(5, 1)(hidden)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["layers do not meet"] = str(error)
describe("hidden", hidden)
column = nn.Linear(HIDDEN_UNITS, 1)(hidden)  # right

print("\n   Mistake 3: argmax where there is one logit per row")
try:
    preds = logits.argmax(dim=1)  # wrong
except IndexError as error:
    print_error(error)
    messages["no dimension 1"] = str(error)
describe("logits", logits)
preds = (logits >= 0).long()  # right: class 1 where the logit is 0 or more

# Answer: the two in the middle of (1000x10 and 5x1). Each row brings ten numbers, and
# the layer expects five. The first number counts the rows, so any number is fine there.

# %% 4. Labels for cross entropy
# CrossEntropyLoss takes class numbers: one whole number per row, dtype int64, which is
# also called long, and shape [N]. Mistakes 4 and 5 each break one half of that rule.
#
# In the message of mistake 4, "0D or 1D target" means labels with no dimension or one.
# "Multi-target" is PyTorch's guess that each row has several labels.
#
# In the message of mistake 5, Long is int64 and Float is float32. Byte is another dtype
# for whole numbers, which we do not need.
#
# Question: which of the two mistakes does y.long() fix?

pairs = model_two(X)  # [1000, 2]
y_column = y.long().unsqueeze(1)  # [1000, 1], whole numbers
print("\n4. Mistake 4: labels as a column")
try:
    loss = ce(pairs, y_column)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["labels are a column"] = str(error)
describe("y_column", y_column)
loss = ce(pairs, y_column.squeeze(1))  # right

print("\n   Mistake 5: class numbers with a decimal point")
try:
    loss = ce(pairs, y)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["labels are not whole numbers"] = str(error)
describe("y", y)
loss = ce(pairs, y.long())  # right

# Answer: mistake 5. The dtype was wrong there. In mistake 4 the dtype was right, and
# the shape was wrong.

# %% 5. Dtypes: the other way round
# BCEWithLogitsLoss computes with the labels, so it takes floats. Here whole numbers are
# the mistake.
#
# The features must have the dtype of the weights, float32. NumPy makes float64, which
# PyTorch calls double. Float without a number means float32.
#
# Question: which one call fixes both lines?

y_long = y.long()  # [1000], int64
print("\n5. Mistake 6: whole numbers as labels of BCEWithLogitsLoss")
try:
    loss = bce(logits, y_long)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["labels are not floats"] = str(error)
describe("y_long", y_long)
loss = bce(logits, y_long.float())  # right

print("\n   Mistake 7: features as NumPy made them")
X_double = torch.from_numpy(X_numpy)  # [1000, 2], float64
try:
    column = model(X_double)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["features are float64"] = str(error)
describe("X_double", X_double)
column = model(X_double.float())  # right

# Answer: .float() in both. The message of mistake 6 does not say "labels". Its "Long"
# does: of the two tensors in the line, only the labels have that dtype.

# %% 6. Values that a loss cannot take
# Now shapes and dtypes fit, and a value is wrong.
#
# BCELoss without "WithLogits" takes probabilities, so each value must lie between 0 and
# 1. Logits do not.
#
# And the labels of CrossEntropyLoss count the outputs from 0 on. With one output there
# is only class 0.
#
# Question: "Target 1 is out of bounds." Is the label wrong, or the network?

print("\n6. Mistake 8: logits for a loss that takes probabilities")
try:
    loss = nn.BCELoss()(logits, y)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["logits, not probabilities"] = str(error)
print(f"   The logits lie between {logits.min():.3f} and {logits.max():.3f}")
loss = bce(logits, y)  # right: the loss that takes logits

print("\n   Mistake 9: fewer outputs than classes")
try:
    loss = ce(column, y_long)  # wrong
except IndexError as error:
    print_error(error)
    messages["too few outputs"] = str(error)
describe("column", column)
print(f"   The labels go from {y_long.min()} to {y_long.max()}")
loss = ce(pairs, y_long)  # right: the network with an output per class

# Answer: here the network. It needs one output per class. But if your labels begin at
# 1 instead of 0, you get the same message, and then the labels need the fix.

# %% 7. Devices: data and model apart
# Each tensor lies on a device, the CPU or a GPU. PyTorch does not move it for you.
#
# Not every computer has a GPU. So we use "meta", a device that exists everywhere. Its
# tensors have a shape and a dtype, but no values.
#
# The message depends on the devices and on the release of PyTorch. With a GPU it begins
# "Expected all tensors to be on the same device".
#
# Question: the network is on the CPU. What has to move, the network or the data?

print("\n7. Mistake 10: data on one device, model on another")
X_elsewhere = X.to("meta")  # [1000, 2], without values
try:
    column = model(X_elsewhere)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["two devices"] = str(error)
describe("X", X_elsewhere)
describe("weights", model[0].weight)
column = model(X)  # right: both on the CPU

# Answer: either. What counts is that both are on one device. (Here X_elsewhere has no
# values to move, so we take X again.) Therefore the other lessons call pick_device()
# once, and write .to(device) behind the model and the data.

# %% 8. Gradients: lost, or in the way
# PyTorch records how each number was computed, because backward() needs that to find
# the gradients. Comparing and argmax end this record: a label jumps from 0 to 1, so it
# has no slope. Mistake 11 computes a loss from labels.
#
# Mistake 12 is the opposite: numbers that still carry the record, where plain numbers
# are needed. It happens in nearly everybody's first loss curve. The loop below trains
# the network correctly. But what it keeps cannot be drawn, as section 9 shows.
#
# Question: which line of the loop do you change, so that the drawing works?

print("\n8. Mistake 11: a loss that has no gradient")
preds = (model(X) >= 0).float()  # [1000, 1], labels
try:
    bce(preds.squeeze(1), y).backward()  # wrong
except RuntimeError as error:
    print_error(error)
    messages["labels have no gradient"] = str(error)
bce(model(X).squeeze(1), y).backward()  # right: the loss of the logits

optimizer = torch.optim.Adam(model.parameters(), lr=LR)
losses = []
for _ in range(EPOCHS):
    logits = model(X).squeeze(1)  # 1. Forward pass
    loss = bce(logits, y)  # 2. Loss
    optimizer.zero_grad()  # 3. Forget the gradients of the step before
    loss.backward()  # 4. Backward pass
    optimizer.step()  # 5. Step
    losses.append(loss)

# %% 9. Look: the curve, once all is fixed
# The training ran without an error. Only the drawing fails.

print("\n9. Mistake 12: drawing tensors that carry gradients")
fig, ax = plt.subplots(figsize=(6, 3.8), layout="constrained")
try:
    ax.plot(losses)  # wrong
except RuntimeError as error:
    print_error(error)
    messages["tensors with gradients"] = str(error)

numbers = [loss.item() for loss in losses]  # plain Python numbers
ax.plot(numbers, color="black")  # right
ax.set(xlabel="epoch", ylabel="training loss", ylim=(0, 0.8), xlim=(0, EPOCHS))
ax.set_title(f"2-{HIDDEN_UNITS}-1 on circles, Adam lr {LR}, seed {SEED}")
first_loss = numbers[0]
last_loss = numbers[-1]
print(f"   The loss goes from {first_loss:.5f} to {last_loss:.5f}")
save_figure(fig, "12_loss_curve.png")
# What to see: with every line fixed, the network learns. Its loss falls to nearly 0.
#
# Answer to section 8: the last line. It kept a tensor, and losses.append(loss.item())
# keeps a plain number. That is better than converting at the end, because each kept
# tensor also keeps its record, and that takes memory.
#
# If a tensor has many numbers, .detach() returns it without the record.

# %% 10. Twelve messages, twelve causes
# PyTorch changes the words of a message now and then. So we look for only a short piece
# of each message. When you meet an error, find its piece in this table.
#
# loud_caught counts the mistakes that raised an error with this piece in its message.

pieces = {
    "logits are a column": "Target size",
    "layers do not meet": "cannot be multiplied",
    "no dimension 1": "Dimension out of range",
    "labels are a column": "0D or 1D target",
    "labels are not whole numbers": "Long or Byte",
    "labels are not floats": "can't be cast",
    "features are float64": "same dtype",
    "logits, not probabilities": "between 0 and 1",
    "too few outputs": "out of bounds",
    "two devices": "device",
    "labels have no gradient": "not require grad",
    "tensors with gradients": "Can't call numpy()",
}
loud_caught = 0
print("\n10. Which message means what")
print("   piece of the message     cause")
for cause, piece in pieces.items():
    print(f"   {piece:<25}{cause}")
    if cause in messages and piece in messages[cause]:
        loud_caught += 1
print(f"   Errors raised and recognised: {loud_caught} of {len(pieces)}")

# %% 11. What we learned
# The last line of an error says what does not fit. The first lines say where your line
# is. Print shape, dtype and device of every tensor in it: one of them is usually not
# what the message expects.
#
# The fix often belongs one line earlier, where the wrong tensor was made.

results = {
    "loud_caught": loud_caught,
    "first_loss": first_loss,
    "last_loss": last_loss,
}
save_results("12_common_mistakes", results)

# %% 12. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set HIDDEN_UNITS = 5. One of the twelve errors goes away. Which one?
# 2. Set N_POINTS = 300. Which numbers in the messages change?
# 3. Set LR = 10. The steps of section 8 are far too long. Does an error appear?
#
# Answers:
# 1. Mistake 2: the layer expects five numbers, and now it gets five. The table in the
#    log now ends with 11 of 12.
# 2. Those that count rows. Mistake 1 says torch.Size([300]), the next one 300x10.
# 3. No. Nothing complains, and yet the loss stays near ln 2: it ends at 0.69316.
#    Lesson 14 is about such mistakes.
