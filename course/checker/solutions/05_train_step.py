"""Exercise 05: The five steps

Task: Write train_step(model, X, y, loss_fn, optimizer): one step of training on all of
    X, with the model in train mode. loss_fn takes (logits, y). It returns the loss
    before the step as a Python float.
Target: After each of several calls, exactly the loss that the five steps give.
Minutes: 10
Lesson: 02
Check: python exercises/05_train_step.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one


def train_step(model, X, y, loss_fn, optimizer):
    """Do one optimizer step; return the loss before it."""
    # -- solution
    model.train()
    logits = model(X)  # 1. forward pass
    loss = loss_fn(logits, y)  # 2. loss
    optimizer.zero_grad()  # 3. empty the gradients of the step before
    loss.backward()  # 4. fill the gradients
    optimizer.step()  # 5. move the parameters
    return loss.item()
    # -- starter
    # # TODO: forward pass, loss, zero_grad, backward, step
    # raise NotImplementedError
    # -- end
