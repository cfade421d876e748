"""The core's hook plugins: progress, JSON log, wandb, TensorBoard. The training loop knows none of them."""
