"""The ten interfaces, one file each."""

from fascore.contract.kinds.dataset import Dataset
from fascore.contract.kinds.detector import Detector, DetectorModule, Face
from fascore.contract.kinds.encoder import Encoder
from fascore.contract.kinds.fusion import Fusion
from fascore.contract.kinds.head import Dense, Head, HeadModule, Labels, Target
from fascore.contract.kinds.metric import Measures, Metric, MetricModule, ThresholdMetric
from fascore.contract.kinds.modality import Arrays, Loaded, Modality, ModalityModule
from fascore.contract.kinds.objective import Objective
from fascore.contract.kinds.recipe import Recipe, Training
from fascore.contract.kinds.sampler import Sampler
from fascore.contract.kinds.unit import COUNT, NUMBER, PERCENT, SECONDS, Unit
from fascore.contract.kinds.values import Value

__all__ = [
    "COUNT",
    "NUMBER",
    "PERCENT",
    "SECONDS",
    "Arrays",
    "Dataset",
    "Dense",
    "Detector",
    "DetectorModule",
    "Encoder",
    "Face",
    "Fusion",
    "Head",
    "HeadModule",
    "Labels",
    "Loaded",
    "Measures",
    "Metric",
    "MetricModule",
    "Modality",
    "ModalityModule",
    "Objective",
    "Recipe",
    "Sampler",
    "Target",
    "ThresholdMetric",
    "Training",
    "Unit",
    "Value",
]
