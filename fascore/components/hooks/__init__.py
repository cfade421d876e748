"""The built-in hook plugins: progress, JSON log, wandb, TensorBoard. The training loop does not know any of them."""
