"""The ten interfaces, one file each."""

from fascore.kinds.dataset import Dataset
from fascore.kinds.detector import Detector, DetectorModule, Face
from fascore.kinds.encoder import Encoder
from fascore.kinds.fusion import Fusion
from fascore.kinds.head import Dense, Head, HeadModule, Labels, Target
from fascore.kinds.metric import Metric, ThresholdMetric, Value
from fascore.kinds.modality import Arrays, Loaded, Modality, ModalityModule
from fascore.kinds.objective import Objective
from fascore.kinds.recipe import Recipe, Training
from fascore.kinds.sampler import Sampler

__all__ = [
    "Arrays", "Dataset", "Dense", "Detector", "DetectorModule", "Encoder", "Face", "Fusion", "Head", "HeadModule", "Labels",
    "Loaded", "Metric", "Modality", "ModalityModule", "Objective", "Recipe", "Sampler", "Target", "ThresholdMetric", "Training", "Value",
]
