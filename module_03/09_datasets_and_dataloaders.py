"""Lesson 09: Datasets and data loaders

Question: How do batches reach the model?
You will learn:
    - to write a Dataset, and to let a DataLoader make shuffled batches of it, with worker processes where they pay
    - to compare batch sizes by epoch, by update and by second
    - to treat the short last batch right, in shapes and in averages
Builds on: Lesson 04
Run: python module_03/09_datasets_and_dataloaders.py
Writes:
    outputs/09_batches.png - the last batch of an epoch as images with their labels: 29 digits instead of 32
    outputs/09_batch_sizes.png - training loss at batch sizes 1, 32 and 1437, by epoch and by update
"""

# %% Setup
from bisect import bisect
from time import perf_counter

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import helper_functions as hf  # hf. marks what is NEW: the functions for images and worker processes
from helper_functions import CLASS_COLORS, accuracy_fn, logits_to_labels, pick_device, save_figure, save_results

DATASET = "digits"  # or "mnist" (12 MB) or "fashion_mnist" (31 MB): downloaded once; offline you get the digits
BATCH_SIZE = 32  # images an update
EPOCHS = {1: 1, BATCH_SIZE: 12, "all": 32}  # for each batch size, so that the three take about equally long
LR = 0.1  # learning rate of SGD, the same for every batch size
SEED = 42  # of the order of the images and of the first weights

device = pick_device()

# %% 1. Data: an image is a table of numbers
# So far all points went through the model at once. A million photos do not fit into memory like that, and section 5
# shows that it is slow as well. Our images are handwritten digits of 8 x 8 pixels, each from 0 (paper) to 1 (ink).

name, _, X_train, y_train, X_test, y_test = hf.load_images(DATASET)
n_train, n_pixels = len(y_train), X_train[0].numel()
print(f"1. Data: {name}. Train X {list(X_train.shape)}, y {list(y_train.shape)}; test X {list(X_test.shape)}")

# %% 2. NEW: a Dataset answers two questions
# How many samples are there, and what is sample number i? A class with __len__ and __getitem__ is a dataset, wherever
# the samples come from: memory, files, a camera. Nothing but the sample asked for has to be in memory.
# Ours hands out rows of tensors. That is so common that PyTorch has it ready: TensorDataset.


class ImageDataset(Dataset):
    def __init__(self, X, y):
        self.X, self.y = X, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.X[i], self.y[i]  # one image [H, W], one label []


own_data, train_data = ImageDataset(X_train, y_train), TensorDataset(X_train, y_train)
print(f"\n2. Dataset: {len(own_data)} samples; number 0: {list(own_data[0][0].shape)}, label {own_data[0][1]}")

# %% 3. NEW: a DataLoader makes batches
# It takes an order, asks the dataset for one sample after the other, and stacks them. With shuffle=True each epoch has
# a new order; otherwise the same images would meet in a batch every time. A generator of its own makes the orders
# depend on one seed, not on whatever else drew random numbers before.
# 1437 = 44 * 32 + 29, so the last batch is short. drop_last=True leaves it out; with a new order each time, that hits
# other images in each epoch.

print("\n3. DataLoader: the first labels of an epoch. The orders differ by epoch, not by run")
for run in (1, 2):
    generator = torch.Generator().manual_seed(SEED)
    loader = DataLoader(own_data, BATCH_SIZE, shuffle=True, generator=generator)
    for epoch in (0, 1):
        batches = list(loader)  # [(X_batch, y_batch), ...]
        print(f"   Run {run}, epoch {epoch}: {batches[0][1][:16].tolist()}")
X_batch, y_batch = batches[-1]
n_whole = len(DataLoader(own_data, BATCH_SIZE, drop_last=True))
print(f"   {len(batches)} batches, the last of {len(y_batch)} images; {n_whole} with drop_last=True")

fig, ax = plt.subplots(figsize=(9, 2.1), layout="constrained")
hf.plot_images(X_batch[:32], ax, columns=16, labels=y_batch[:32].tolist())
ax.set_title(f"{name}: the last of {len(batches)} batches, {len(y_batch)} images; batch size {BATCH_SIZE}, seed {SEED}")
save_figure(fig, "09_batches.png")

# %% 4. NEW: training in batches
# See in 09_batches.png: images and labels stay together, in random order, and three places at the end are empty.
# The five steps stay, inside a second loop: an epoch is now one update for each batch. Only a batch at a time moves to
# the device, so the data may be larger than its memory. We train three networks that differ in nothing but batch size.
# After 1, 2, 4, 8, ... updates and after the first epoch, the function looks at the loss on the whole training part:
# the losses of single batches jump too much to be compared. `predict_logits` returns the logits of any number of
# images, 1000 at a time, in eval mode and inference mode.


def train(model, loader, loss_fn, optimizer, epochs, X, y):
    device, updates, looks, start = next(model.parameters()).device, 0, [], perf_counter()
    for _ in range(epochs):
        for X_batch, y_batch in loader:  # [B, H, W] and [B]
            model.train()
            loss = loss_fn(model(X_batch.to(device)), y_batch.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
            if updates == len(loader) or updates.bit_count() == 1:  # 1, 2, 4, 8, ...: one bit set
                loss_of_all = loss_fn(hf.predict_logits(model, X), y).item()
                looks.append((updates, updates / len(loader), perf_counter() - start, loss_of_all))
                print("Update {:5d} | Epoch {:6.3f} | {:5.3f} s | Loss: {:.5f}".format(*looks[-1]))
    return looks


loss_fn, runs, test_preds = nn.CrossEntropyLoss(), {}, {}
for size, epochs in EPOCHS.items():
    print(f"\n4. Batch size {size}")
    generator = torch.Generator().manual_seed(SEED)
    loader = DataLoader(train_data, n_train if size == "all" else size, shuffle=True, generator=generator)
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Flatten(), nn.Linear(n_pixels, 32), nn.ReLU(), nn.Linear(32, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    runs[size] = train(model, loader, loss_fn, optimizer, epochs, X_train, y_train)
    test_preds[size] = logits_to_labels(hf.predict_logits(model, X_test))  # [360, 10] -> [360]
    print(f"Test accuracy at the end: {accuracy_fn(y_test, test_preds[size]):.2f}% (chance: 10%)")

# %% 5. Look: which batch size learns fastest?
# Count epochs, and one image at a time wins, because its epoch has 1437 updates. Count updates, and all images at once
# get no further than 32 at a time, which look at 45 times fewer; a single image points in a noisy direction.
# Count seconds, and 32 images win: an update on 32 costs less than twice one on a single image, because the layers
# compute all rows in one go. Seconds differ from machine to machine, so the table has them and the figure does not.

budget, results = min(looks[-1][2] for looks in runs.values()), {}  # seconds of the fastest run
print(f"\n5. Training loss after {'1 epoch':>19}{'32 updates':>20}{f'{budget:.2f} seconds':>20}")
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for (size, looks), color in zip(runs.items(), CLASS_COLORS, strict=False):
    updates, epochs, seconds, losses = zip(*looks, strict=True)
    after = [losses[max(bisect(unit, at) - 1, 0)] for unit, at in ((epochs, 1), (updates, 32), (seconds, budget))]
    print(f"   Batch size {size!s:<10}" + "".join(f"{loss:20.5f}" for loss in after))
    results |= {f"loss_1_epoch_batch_{size}": after[0], f"loss_32_updates_batch_{size}": after[1]}
    axes[0].plot(epochs, losses, color=color, label=f"batch size {size}: {after[0]:.2f} after 1 epoch")
    axes[1].plot(updates, losses, color=color, label=f"batch size {size}: {after[1]:.2f} after 32 updates")
for ax, xlabel in zip(axes, ("epochs, log scale", "updates, log scale"), strict=True):
    ax.axhline(2.3026, color="0.45", linewidth=0.8, linestyle="--", label="ln 10 = 2.3026: knows nothing")
    ax.set(xscale="log", xlabel=xlabel, ylabel="loss on the training part")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.19), fontsize=9)
fig.suptitle(f"{name}, {n_pixels}-32-10, SGD with learning rate {LR}, seed {SEED}")
save_figure(fig, "09_batch_sizes.png")

# %% 6. Two traps in the short last batch
# See in 09_batch_sizes.png: the same runs twice. By epoch, small batches are far ahead; by update, the two large ones
# lie on one line. Whichever size you take, mind the last batch.
# squeeze() removes every dimension of length 1. Of the logits [1, 1] of a batch of one image it leaves [], which no
# longer fits the label [1]: training fails, but only at the end of its first epoch. squeeze(1) removes what you mean.
# The mean of the batches' means counts every batch alike, so an image in a short last batch weighs more than others.
# In batches of 359, the one image left over counts as much as all the rest. Sum over images and divide once: then the
# result no longer depends on the batch size.

column = torch.zeros(1, 1)  # the logit of a batch of one image, in a problem with two classes
print(f"\n6. Logits [1, 1]. squeeze(): {list(column.squeeze().shape)}, squeeze(1): {list(column.squeeze(1).shape)}")
right = (test_preds[BATCH_SIZE] == y_test).float() * 100  # [360], 100 or 0
for size in (BATCH_SIZE, 100, len(right) - 1):
    mean_of_means = torch.stack([batch.mean() for batch in right.split(size)]).mean().item()  # the last one is short
    print(f"   Batches of {size:3d}: mean of means {mean_of_means:.2f}%, sum over images / images {right.mean():.2f}%")

# %% 7. NEW: worker processes
# With num_workers=2, two more processes fetch samples while the model trains. Where a process does not start as a copy
# of its parent (Windows, macOS, and Linux from Python 3.14 on), a worker begins by running your file from the top,
# under another name than "__main__". The guard keeps it from starting workers of its own, which Python refuses. What is
# not guarded runs again in every worker. `without_main_script` spares us that, because a TensorDataset needs nothing
# that this file defines. Put a Dataset of your own into a file of its own, and import it, for the same reason.
# For data in memory workers are slower: to start them and to send them batches costs more than to index a tensor.
# They pay where a sample takes milliseconds to prepare: a photo to read, decode and crop.

labels, took = {}, {}
if __name__ == "__main__":
    with hf.without_main_script():
        for n_workers in (0, 2):
            generator = torch.Generator().manual_seed(SEED)
            loader = DataLoader(train_data, BATCH_SIZE, shuffle=True, generator=generator, num_workers=n_workers)
            start = perf_counter()
            labels[n_workers] = [y_batch for _, y_batch in loader]
            took[n_workers] = perf_counter() - start
    same = results["same_batches"] = sum(map(torch.equal, labels[0], labels[2]))
    print(f"\n7. One epoch: {took[0]:.3f} s alone, {took[2]:.3f} s with two workers; {same} of {len(loader)} equal")

# %% 8. What we learned
# - A Dataset knows its samples. A DataLoader puts them in order, makes batches and shuffles. An update sees one batch.
# - Small batches make more of an epoch, large ones a surer step. By the second, 32 images are best here.
# - The last batch is short: say which dimension you squeeze, and divide sums by the number of images.
# - Workers are for samples that are slow to prepare. Measure before you start them, and guard the cell that does.

results |= {"test_acc_batch_32": right.mean().item(), "mean_of_means_acc": mean_of_means}
save_results("09_datasets_and_dataloaders", results)

# %% 9. Try it
# Change one constant, predict what happens, run the lesson again.
# - LR = 0.5. Which batch size gains most, and which one learns nothing any more?
# - BATCH_SIZE = 256. Does it get further than 32 in the same number of updates? And in the same time?
# - DATASET = "fashion_mnist". It takes minutes. With 60000 images an epoch, which curves move in which panel?
