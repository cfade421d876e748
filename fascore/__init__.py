"""fascore: one system for face presentation-attack and forgery detection.

Names are imported when they are first used, so that `import fascore` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "fascore.contract.random_streams": ("generator",),
    "fascore.contract.errors": ("FascoreError", "NoResponse", "Problem", "SpecError", "SpecErrors"),
    "fascore.contract.component": ("Component", "Config", "Node", "Slot", "load", "replaced", "validate"),
    "fascore.contract.paper": ("Paper",),
    "fascore.data.augmentation": ("recoloured", "sample"),
    "fascore.data.draws": ("Draws",),
    "fascore.data.geometry": ("cut",),
    "fascore.data.media": ("as_rgb", "open_source"),
    "fascore.contract.files": ("writing",),
    "fascore.contract.refs": ("Ref",),
    "fascore.contract.record": (
        "ATTACK",
        "BONA_FIDE",
        "Annotation",
        "AnnotationSource",
        "Frame",
        "Record",
        "Source",
        "Task",
    ),
    "fascore.contract.signals": (
        "Clip",
        "Image",
        "Level",
        "Plane",
        "Points",
        "Pyramid",
        "Series",
        "Signal",
        "Tokens",
        "Vector",
    ),
    "fascore.contract.kinds": (
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
        "Metric",
        "Modality",
        "ModalityModule",
        "Objective",
        "Recipe",
        "Sampler",
        "Target",
        "ThresholdMetric",
        "Training",
        "Value",
    ),
    "fascore.contract.kinds.head": ("class_numbers",),
    "fascore.evaluation.intervals": ("clopper_pearson", "not_measurable", "too_few"),
    "fascore.contract.hooks": ("RunFacts", "Section", "hookimpl"),
    "fascore.model.weights": ("node_weights",),
    "fascore.running.trained": ("Trained",),
    "fascore.running.open_trained": ("open_trained",),
    "fascore.spec.documents": ("RunSpec", "StudySpec"),
    "fascore.training.config": ("Optimizer", "Schedule"),
    "fascore.training.optim": ("Optimisation", "optimisation"),
}
_MODULE = {name: module for module, names in _WHERE.items() for name in names}

if TYPE_CHECKING:
    from fascore.contract.component import (
        Component as Component,
        Config as Config,
        Node as Node,
        Slot as Slot,
        load as load,
        replaced as replaced,
        validate as validate,
    )
    from fascore.contract.errors import (
        FascoreError as FascoreError,
        NoResponse as NoResponse,
        Problem as Problem,
        SpecError as SpecError,
        SpecErrors as SpecErrors,
    )
    from fascore.contract.files import writing as writing
    from fascore.contract.hooks import RunFacts as RunFacts, Section as Section, hookimpl as hookimpl
    from fascore.contract.kinds import (
        Arrays as Arrays,
        Dataset as Dataset,
        Dense as Dense,
        Detector as Detector,
        DetectorModule as DetectorModule,
        Encoder as Encoder,
        Face as Face,
        Fusion as Fusion,
        Head as Head,
        HeadModule as HeadModule,
        Labels as Labels,
        Loaded as Loaded,
        Metric as Metric,
        Modality as Modality,
        ModalityModule as ModalityModule,
        Objective as Objective,
        Recipe as Recipe,
        Sampler as Sampler,
        Target as Target,
        ThresholdMetric as ThresholdMetric,
        Training as Training,
        Value as Value,
    )
    from fascore.contract.kinds.head import class_numbers as class_numbers
    from fascore.contract.paper import Paper as Paper
    from fascore.contract.random_streams import generator as generator
    from fascore.contract.record import (
        ATTACK as ATTACK,
        BONA_FIDE as BONA_FIDE,
        Annotation as Annotation,
        AnnotationSource as AnnotationSource,
        Frame as Frame,
        Record as Record,
        Source as Source,
        Task as Task,
    )
    from fascore.contract.refs import Ref as Ref
    from fascore.contract.signals import (
        Clip as Clip,
        Image as Image,
        Level as Level,
        Plane as Plane,
        Points as Points,
        Pyramid as Pyramid,
        Series as Series,
        Signal as Signal,
        Tokens as Tokens,
        Vector as Vector,
    )
    from fascore.data.augmentation import recoloured as recoloured, sample as sample
    from fascore.data.draws import Draws as Draws
    from fascore.data.geometry import cut as cut
    from fascore.data.media import as_rgb as as_rgb, open_source as open_source
    from fascore.evaluation.intervals import (
        clopper_pearson as clopper_pearson,
        not_measurable as not_measurable,
        too_few as too_few,
    )
    from fascore.model.weights import node_weights as node_weights
    from fascore.running.open_trained import open_trained as open_trained
    from fascore.running.trained import Trained as Trained
    from fascore.spec.documents import RunSpec as RunSpec, StudySpec as StudySpec
    from fascore.training.config import Optimizer as Optimizer, Schedule as Schedule
    from fascore.training.optim import Optimisation as Optimisation, optimisation as optimisation

__all__ = ["__version__", *_MODULE]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'fascore' has no attribute '{name}'")
    return getattr(importlib.import_module(_MODULE[name]), name)
