"""Lesson 09: Datasets and DataLoaders

Question: How do batches reach the model?
You will learn:
    - to write a Dataset, and to let a DataLoader make shuffled batches of it
    - to train and to measure in batches, with the right mean
    - to compare batch sizes by epoch and by step
Builds on: Lessons 04 and 06
Guide: docs/10-datasets-dataloaders.md, 13 minutes
Minutes: 9
Run: python module_03/09_datasets_and_dataloaders.py
Writes:
    outputs/09_batches.png - the last batch of an epoch: images with their labels
    outputs/09_batch_sizes.png - the loss with three batch sizes, by epoch and by step
"""

# %% Setup
import math
from time import perf_counter

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from helper_functions import (
    load_images,
    logits_to_labels,
    losses_by_step,
    pick_device,
    plot_batch_sizes,
    plot_images,
    save_figure,
    save_results,
)

DATASET = "digits"  # or "mnist" (12 MB) or "fashion_mnist" (31 MB), downloaded once
BATCH_SIZE = 32  # images per step
EPOCHS = 12  # how often the network sees all training images
LOG_EVERY = 2  # epochs between two lines of the log
LR = 0.1  # learning rate of SGD, the same for every batch size
COMPARE_AFTER = 32  # steps after which we compare the batch sizes
SEED = 42  # of the order of the images and of the first weights

device = pick_device()

# %% 1. Data: an image is a table of numbers
# Our images are handwritten digits. Each is a small table of pixels, and each pixel is
# a number from 0, which is paper, to 1, which is the blackest ink. The label is the
# digit. So there are ten classes.
#
# The images come with scikit-learn. load_images() returns them split into a training
# set and a test set.

images = load_images(DATASET)
X_train = images.X_train  # [N, height, width]
y_train = images.y_train  # [N]
X_test = images.X_test
y_test = images.y_test
n_train = len(X_train)
n_pixels = X_train[0].numel()  # how many numbers are in one image

print(f"1. Data: {images.name}")
print("Training set: X", list(X_train.shape), "and y", list(y_train.shape))
print("Test set:     X", list(X_test.shape), "and y", list(y_test.shape))

# %% 2. A Dataset answers two questions
# In lesson 04 all rows went through the network at once. A million photos do not fit
# into memory like that. So training takes a few rows at a time, a batch. Lesson 06 cut
# its batches by hand. PyTorch has two objects for it, and the first one is the Dataset.
#
# A Dataset answers two questions: how many samples are there, and what is sample number
# i? Where the samples come from does not matter: memory, files, a camera.
#
# So a Dataset is a class with two methods. len(dataset) calls __len__, and dataset[0]
# calls __getitem__ with i = 0.


class ImageDataset(Dataset):
    def __init__(self, X, y):
        self.X = X
        self.y = y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.X[i], self.y[i]  # one image [height, width], one label []


train_data = ImageDataset(X_train, y_train)
image, label = train_data[0]

print("\n2. A Dataset")
print("Samples:", len(train_data))
print("Sample 0: an image", list(image.shape), "with the label", label.item())

# %% 3. A DataLoader makes batches
# The second object is the DataLoader. It asks the Dataset for one sample after the
# other and stacks them into batches. A loop over the DataLoader gives one batch per
# round.
#
# shuffle=True means that each epoch has a new random order. Otherwise the same images
# would meet in a batch every time. The generator gives the order a seed of its own.
#
# Can the images be divided into batches of 32 with none left over? If not, what becomes
# of the rest?

generator = torch.Generator().manual_seed(SEED)
loader = DataLoader(train_data, BATCH_SIZE, shuffle=True, generator=generator)

first_run = list(loader)  # one epoch: [(X_batch, y_batch), (X_batch, y_batch), ...]
n_batches = len(loader)

print("\n3. A DataLoader")
print("Batches in an epoch:", n_batches)
X_batch, y_batch = first_run[0]
print("First batch: X", list(X_batch.shape), "and y", list(y_batch.shape))
X_batch, y_batch = first_run[-1]
print("Last batch:  X", list(X_batch.shape), "and y", list(y_batch.shape))
last_length = len(y_batch)

# %% 4. Orders and seeds
# The last batch is short, because 29 images are left over after the full batches. With
# drop_last=True the DataLoader would leave this batch out.
#
# Now we go through the same DataLoader a second time. Then we make a new one with the
# same seed. In which of the two do we meet the batches of section 3 again?

next_epoch = list(loader)

generator = torch.Generator().manual_seed(SEED)
loader = DataLoader(train_data, BATCH_SIZE, shuffle=True, generator=generator)
second_run = list(loader)

same_next_epoch = 0
same_batches = 0
for number in range(n_batches):
    _, first_labels = first_run[number]
    _, next_labels = next_epoch[number]
    _, second_labels = second_run[number]
    same_next_epoch += int(torch.equal(first_labels, next_labels))
    same_batches += int(torch.equal(first_labels, second_labels))

print("\n4. How many batches have the same labels as those of section 3?")
print(f"The next epoch of the same DataLoader: {same_next_epoch} of {n_batches}")
print(f"A new DataLoader with the same seed:   {same_batches} of {n_batches}")

# %% 5. Look: the last batch
# In the new one. The order changes from epoch to epoch, and a new DataLoader with the
# same seed begins with the same order again. Here is the last batch of the second
# epoch.

X_batch, y_batch = next_epoch[-1]
fig, ax = plt.subplots(figsize=(9, 2.1), layout="constrained")
plot_images(X_batch[:32], ax, columns=16, labels=y_batch[:32].tolist())
ax.set_title(
    f"{images.name}: the last of {n_batches} batches, {len(y_batch)} images; "
    f"batch size {BATCH_SIZE}, seed {SEED}"
)

print("\n5. A picture of the last batch")
save_figure(fig, "09_batches.png")
# See in 09_batches.png: images and labels stay together, in a random order. Three
# places at the end are empty.

# %% 6. Model, loss and optimizer
# The five steps stay as they are. They move into a second loop, the loop over the
# batches. So an epoch is no longer one step, but one step per batch.
#
# Rows of tensors are so common that PyTorch has a Dataset for them, TensorDataset. It
# does what our ImageDataset does, and we use it from here on.
#
# nn.Flatten() puts the 8 rows of an image one after another into a single row, because
# a linear layer wants one row of numbers per image.

train_data = TensorDataset(X_train, y_train)
generator = torch.Generator().manual_seed(SEED)
loader = DataLoader(train_data, BATCH_SIZE, shuffle=True, generator=generator)

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Flatten(),  # [B, 8, 8] -> [B, 64], where B is the number of rows in the batch
    nn.Linear(n_pixels, 32),
    nn.ReLU(),
    nn.Linear(32, 10),  # ten logits, one per class
).to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

print("\n6. The network")
print(model)

# %% 7. Train in batches
# Only one batch at a time moves to the device. So the data may be larger than the
# memory of a GPU.
#
# The loss of a batch is the mean over its rows. To get the mean over the epoch, we
# multiply the loss of each batch by its number of rows. We add these up, and divide
# once by the number of all rows.
#
# A network without any idea has a loss of log(10), which is 2.30259. How far below that
# will 12 epochs get?

loss_without_idea = math.log(10)  # ten classes, each with the probability 1/10

print(f"\n7. Training in batches of {BATCH_SIZE}")
print(f"Without any idea: {loss_without_idea:.5f}")
for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for X_batch, y_batch in loader:
        X_batch = X_batch.to(device)  # [B, 8, 8]
        y_batch = y_batch.to(device)  # [B]

        # 1. Forward pass
        logits = model(X_batch)  # [B, 10]
        # 2. Loss
        loss = loss_fn(logits, y_batch)
        # 3. Forget the gradients of the last step
        optimizer.zero_grad()
        # 4. Backward pass
        loss.backward()
        # 5. Step
        optimizer.step()

        total += loss.item() * len(y_batch)  # mean times rows is the sum over the rows
    train_loss = total / n_train
    if epoch % LOG_EVERY == 0 or epoch == EPOCHS - 1:
        print(f"Epoch {epoch:3d} | Train loss: {train_loss:.5f}")

# %% 8. Measure in batches
# The loss falls from 2.20577 to 0.19312. Each of these is a mean over an epoch, and the
# network changes with each step of it. So it is not exactly the loss at the end of the
# epoch.
#
# Now the test set, in batches as well, without shuffling. We compute its accuracy
# twice. First the right way: count the right answers, and divide once by the number of
# images.
#
# Then the wrong way: the mean of the batches' accuracies. It gives a short batch as
# much weight as a full one.
#
# There are 360 test images. In batches of 359, one is left over, alone in its batch.
# How far will the two ways lie apart?


def measure_in_batches(model, loader, device):
    n_right = 0
    shares = []
    model.eval()
    with torch.inference_mode():
        for X_batch, y_batch in loader:
            logits = model(X_batch.to(device))  # [B, 10]
            right = logits_to_labels(logits).cpu() == y_batch  # [B], True or False
            n_right_here = right.sum().item()
            n_right += n_right_here
            shares.append(n_right_here / len(right))
    share_of_all = n_right / len(loader.dataset)
    mean_of_shares = sum(shares) / len(shares)
    return 100 * share_of_all, 100 * mean_of_shares


test_data = TensorDataset(X_test, y_test)
all_but_one = len(X_test) - 1
print("\n8. Accuracy on the test set")
for size in [BATCH_SIZE, 100, all_but_one]:
    test_loader = DataLoader(test_data, size)
    test_acc, mean_of_means = measure_in_batches(model, test_loader, device)
    print(f"Batches of {size:4d} | Right of all: {test_acc:.2f}%", end="")
    print(f" | Mean of means: {mean_of_means:.2f}%")

# %% 9. Three batch sizes
# The right way gives the same for every batch size. With the wrong one, the single
# image of the last batch counts as much as all the others together. The network gets
# this image right, so the mean of means is too good.
#
# Which batch size is best for training? We train the same network with 1 image per
# step, with 32, and with all. Everything else stays the same.
#
# losses_by_step() runs the loop of section 7. It measures the loss on the whole
# training set after the first step, and again each time the number of steps has
# doubled. It also does so after the first epoch and at the end.
#
# Which batch size will have the lowest loss after one epoch? And after 32 steps?

steps_by_size = {
    1: n_train,  # one epoch
    BATCH_SIZE: max(EPOCHS * n_batches, COMPARE_AFTER),
    n_train: COMPARE_AFTER,  # all images in each step, so each step is an epoch
}
losses_by_size = {}  # for each batch size the losses: {step: loss}
steps_per_epoch = {}

print("\n9. Training with three batch sizes")
for size, steps in steps_by_size.items():
    generator = torch.Generator().manual_seed(SEED)
    loader = DataLoader(train_data, size, shuffle=True, generator=generator)
    torch.manual_seed(SEED)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(n_pixels, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    start = perf_counter()  # seconds
    losses_by_size[size] = losses_by_step(model, loader, loss_fn, optimizer, steps)
    seconds = perf_counter() - start
    steps_per_epoch[size] = len(loader)
    seconds_per_epoch = seconds * len(loader) / steps
    print(f"Batch size {size:4d} | {seconds_per_epoch:.3f} seconds per epoch")

# %% 10. Compare by epoch and by step
# An epoch with one image per step takes longest, because each step has a cost of its
# own, however few images it has. But what does each epoch, and what does each
# step, achieve?

after_epoch = {}  # for each batch size the loss after one epoch
after_steps = {}  # for each batch size the loss after COMPARE_AFTER steps
print("\n10. Loss on the training set")
for size, losses in losses_by_size.items():
    last_step = steps_per_epoch[size]
    after_epoch[size] = losses[last_step]
    after_steps[size] = losses[COMPARE_AFTER]
    print(f"Batch size {size:4d} | After 1 epoch: {after_epoch[size]:.5f}", end="")
    print(f" | After {COMPARE_AFTER} steps: {after_steps[size]:.5f}")

# %% 11. Look: three batch sizes
# After one epoch, one image per step is far ahead. That is no surprise: it made 1437
# steps, batches of 32 made 45, and all images together made one.
#
# Step by step, one image is worst. A single image says little about all the others, so
# its steps go in noisy directions. At this learning rate 32 images do nearly as well as
# all, with a small part of the work. That is not always so, as you will see in "Try
# it".

fig = plot_batch_sizes(losses_by_size, steps_per_epoch, loss_without_idea)
fig.suptitle(f"{images.name}, {n_pixels}-32-10, SGD with lr {LR}, seed {SEED}")

print("\n11. A picture of the three runs")
save_figure(fig, "09_batch_sizes.png")
# See in 09_batch_sizes.png: the same three runs twice. By epoch, the small batches are
# far ahead. By step, 32 images and all images lie on one curve, as far as both go.

# %% 12. What we learned
# A Dataset knows its samples. A DataLoader draws them in random order and makes
# batches. The five steps run once per batch. The last batch may be short, so add up
# over rows and divide once.
#
# Small batches make more steps out of an epoch, and the steps of large batches have
# less noise. A batch size between 32 and a few hundred is a common first choice.

results = {
    "n_batches": n_batches,
    "last_batch": last_length,
    "same_batches": same_batches,
    "same_batches_next_epoch": same_next_epoch,
    "train_loss_last_epoch": train_loss,
    f"loss_1_epoch_batch_{BATCH_SIZE}": after_epoch[BATCH_SIZE],
    f"loss_32_updates_batch_{BATCH_SIZE}": after_steps[BATCH_SIZE],
    "loss_1_epoch_batch_1": after_epoch[1],
    "loss_32_updates_batch_1": after_steps[1],
    "loss_1_epoch_batch_all": after_epoch[n_train],
    "loss_32_updates_batch_all": after_steps[n_train],
    "test_acc_batch_32": test_acc,
    "mean_of_means_acc": mean_of_means,
}
save_results("09_datasets_and_dataloaders", results)

# %% 13. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set LR = 0.5. The steps are five times as long. Are 32 images still as good as all,
#    after 32 steps? And what becomes of one image per step?
# 2. Set BATCH_SIZE = 256. Is a step on 256 images better than one on 32?
#
# Answers:
# 1. No. Batches of 32 images get to 0.99049, and all images to 0.73895, because noise
#    matters more with longer steps. One image per step learns nothing: after an epoch
#    its loss is even above that of a network without any idea.
# 2. Hardly. The loss after 32 steps is 2.15318 now. But there are fewer steps in the
#    same number of epochs, so the test accuracy ends at only 79.44%.
