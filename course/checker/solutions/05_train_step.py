"""Solution of exercise 05: The five steps."""


def train_step(model, X, y, loss_fn, optimizer):
    """Do one optimizer step; return the loss before it."""
    model.train()
    logits = model(X)
    loss = loss_fn(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
