"""The model graph, built from a Plan and run on Batches."""

from fascore.model.cost import Cost, costs, describe_cost
from fascore.model.graph import ModelGraph, Outputs
from fascore.model.weights import PREFIX, load_weights

__all__ = ["PREFIX", "Cost", "ModelGraph", "Outputs", "costs", "describe_cost", "load_weights"]
