"""fascore: one system for face presentation-attack and forgery detection.

Names are imported when they are first used, so that `import fascore` costs nothing. Most names need pydantic and pluggy
only. These import more, so a config module uses them inside `build`:

- numpy: MediaSource, as_gray, as_rgb, auc, clopper_pearson, cut, not_measurable, open_source, progress_bar, scatter_chart,
  too_few
- numpy when they are called: compare, evaluate
- torch when they are called: open_scorer, predict, run, run_study
- torch: make_optimizer, node_weights, open_trained, recoloured, sample

The Protocols (Batch, Engine, Graph, Plan, ScoreTable, Trained, …) are types of what the core hands to a plugin. Tests that
need a real Batch or Draws find the classes in `fascore.testing`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fascore.contract.version import VERSION as __version__

_WHERE = {
    "fascore.api.answers": ("Answer", "Answers"),
    "fascore.api.check": ("CheckedSpec", "check"),
    "fascore.api.compare": ("Comparison", "compare"),
    "fascore.api.evaluate": ("Evaluation", "evaluate"),
    "fascore.api.figures": ("Figure",),
    "fascore.api.open_scorer": ("Scorer", "open_scorer"),
    "fascore.api.predict": ("predict",),
    "fascore.api.run": ("Run", "run"),
    "fascore.api.run_study": ("Study", "run_study"),
    "fascore.contract.random_streams": ("generator",),
    "fascore.contract.errors": ("FascoreError", "NoResponse", "Problem", "SpecError", "SpecErrors"),
    "fascore.contract.component": ("Component", "Config", "Node", "Slot", "load", "replaced", "validate"),
    "fascore.contract.paper": ("Paper",),
    "fascore.data.augmentation": ("recoloured", "sample"),
    "fascore.data.geometry": ("cut",),
    "fascore.data.open_source": ("open_source",),
    "fascore.data.map_records": ("map_records",),
    "fascore.data.media": ("MediaSource", "as_gray", "as_rgb"),
    "fascore.contract.files": ("write_whole", "writing"),
    "fascore.contract.refs": ("Ref",),
    "fascore.contract.registry": ("add_targets",),
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
    ),
    "fascore.contract.kinds.head": ("class_numbers",),
    "fascore.contract.kinds.plan_protocols": ("NodePlan", "Plan", "Spec"),
    "fascore.contract.kinds.protocols": (
        "Batch",
        "Draws",
        "Engine",
        "Graph",
        "ManagedOptimizer",
        "Outputs",
        "Prepared",
        "Quarantined",
        "Trained",
    ),
    "fascore.contract.kinds.score_protocols": (
        "Categorical",
        "Clusters",
        "ResampledCurves",
        "ResampledRates",
        "Resampling",
        "ScoreTable",
        "Shown",
        "SortedScores",
        "Threshold",
    ),
    "fascore.evaluation.intervals": ("clopper_pearson", "not_measurable", "too_few"),
    "fascore.contract.hooks": ("RunFacts", "Section", "hookimpl"),
    "fascore.evaluation.roc": ("auc",),
    "fascore.model.weights": ("node_weights",),
    "fascore.report.charts": ("scatter_chart",),
    "fascore.running.open_trained": ("open_trained",),
    "fascore.running.progress": ("progress_bar",),
    "fascore.spec.documents": ("RunSpec", "StudySpec", "read_spec"),
    "fascore.training.config": ("Optimizer", "Schedule"),
    "fascore.training.optim": ("make_optimizer",),
}
_MODULE = {name: module for module, names in _WHERE.items() for name in names}

if TYPE_CHECKING:
    from fascore.api.answers import Answer as Answer, Answers as Answers
    from fascore.api.check import CheckedSpec as CheckedSpec, check as check
    from fascore.api.compare import Comparison as Comparison, compare as compare
    from fascore.api.evaluate import Evaluation as Evaluation, evaluate as evaluate
    from fascore.api.figures import Figure as Figure
    from fascore.api.open_scorer import Scorer as Scorer, open_scorer as open_scorer
    from fascore.api.predict import predict as predict
    from fascore.api.run import Run as Run, run as run
    from fascore.api.run_study import Study as Study, run_study as run_study
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
    from fascore.contract.files import write_whole as write_whole, writing as writing
    from fascore.contract.hooks import RunFacts as RunFacts, Section as Section, hookimpl as hookimpl
    from fascore.contract.kinds import (
        COUNT as COUNT,
        NUMBER as NUMBER,
        PERCENT as PERCENT,
        SECONDS as SECONDS,
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
        Measures as Measures,
        Metric as Metric,
        MetricModule as MetricModule,
        Modality as Modality,
        ModalityModule as ModalityModule,
        Objective as Objective,
        Recipe as Recipe,
        Sampler as Sampler,
        Target as Target,
        ThresholdMetric as ThresholdMetric,
        Training as Training,
        Unit as Unit,
        Value as Value,
    )
    from fascore.contract.kinds.head import class_numbers as class_numbers
    from fascore.contract.kinds.plan_protocols import NodePlan as NodePlan, Plan as Plan, Spec as Spec
    from fascore.contract.kinds.protocols import (
        Batch as Batch,
        Draws as Draws,
        Engine as Engine,
        Graph as Graph,
        ManagedOptimizer as ManagedOptimizer,
        Outputs as Outputs,
        Prepared as Prepared,
        Quarantined as Quarantined,
        Trained as Trained,
    )
    from fascore.contract.kinds.score_protocols import (
        Categorical as Categorical,
        Clusters as Clusters,
        ResampledCurves as ResampledCurves,
        ResampledRates as ResampledRates,
        Resampling as Resampling,
        ScoreTable as ScoreTable,
        Shown as Shown,
        SortedScores as SortedScores,
        Threshold as Threshold,
    )
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
    from fascore.contract.registry import add_targets as add_targets
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
    from fascore.data.geometry import cut as cut
    from fascore.data.map_records import map_records as map_records
    from fascore.data.media import MediaSource as MediaSource, as_gray as as_gray, as_rgb as as_rgb
    from fascore.data.open_source import open_source as open_source
    from fascore.evaluation.intervals import (
        clopper_pearson as clopper_pearson,
        not_measurable as not_measurable,
        too_few as too_few,
    )
    from fascore.evaluation.roc import auc as auc
    from fascore.model.weights import node_weights as node_weights
    from fascore.report.charts import scatter_chart as scatter_chart
    from fascore.running.open_trained import open_trained as open_trained
    from fascore.running.progress import progress_bar as progress_bar
    from fascore.spec.documents import RunSpec as RunSpec, StudySpec as StudySpec, read_spec as read_spec
    from fascore.training.config import Optimizer as Optimizer, Schedule as Schedule
    from fascore.training.optim import make_optimizer as make_optimizer

__all__ = ["__version__", *_MODULE]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'fascore' has no attribute '{name}'")
    try:
        return getattr(importlib.import_module(_MODULE[name]), name)
    except ModuleNotFoundError as error:
        from fascore.contract.extras import missing_extra

        raise (missing_extra(error) or error) from error


def __dir__() -> list[str]:
    return sorted(__all__)
