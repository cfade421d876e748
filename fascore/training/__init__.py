"""Training: the engine on plain torch.distributed, the loop, its checkpoints and its randomness."""
