"""`embedding`: t-SNE plots of the features that nodes compute from the test records."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt

from fascore import Config, Ref, Section, hookimpl, validate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from fascore import Record, Trained

FEWEST = 5
"""Smallest number of records whose neighborhoods mean anything."""


class EmbeddingOptions(Config):
    """The options of `trackers.embedding` in a spec."""

    nodes: tuple[Ref, ...] = Field(
        min_length=1,
        description="nodes, ports or modalities whose features are plotted; tokens and maps are averaged first",
    )
    together: bool = Field(
        False,
        description="plot the features of all nodes in one plot (they must have the same width) instead of "
        "one per node",
    )
    by: Ref = Field(Ref("record.species"), description="column that colors the points")
    perplexity: float = Field(
        30.0, gt=0, description="perplexity of t-SNE: roughly the number of neighbors; reduced if there are few records"
    )
    records: PositiveInt = Field(
        600, description="maximum number of records per test set, spread evenly over the groups"
    )


class Embedding:
    """One plot per test set and node, or one per test set with `together`. It names nobody and shows no faces."""

    Options = EmbeddingOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(EmbeddingOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """A section with all plots."""
        plots = [plot for name, records in trained.tests.items() for plot in self._plots(trained, name, records)]
        lead = (
            f"t-SNE of features, one point per record, perplexity {self.options.perplexity:g}, seed "
            f"{trained.spec.seed}. "
            "Nearby points look alike to the model. The distances between groups and the sizes of groups mean nothing."
        )
        return [
            Section(
                "Features",
                f'<p class="small soft">{lead}</p><div class="charts">{"".join(plots)}</div>',
                shareable=True,
            )
        ]

    def _plots(self, trained: Trained, test: str, records: Sequence[Record]) -> list[str]:
        from fas_explain.sampled import evenly

        column = str(self.options.by.column)
        chosen = evenly(records, column, trained.spec.seed, self.options.records)
        features = _features(trained, chosen, self.options.nodes)
        if self.options.together:
            return [self._plot(" + ".join(features), test, features, chosen, trained.spec.seed)]
        return [self._plot(node, test, {node: rows}, chosen, trained.spec.seed) for node, rows in features.items()]

    def _plot(
        self, title: str, test: str, features: Mapping[str, NDArray[np.float32]], records: Sequence[Record], seed: int
    ) -> str:
        import numpy as np

        from fas_explain.sampled import group_of
        from fascore import scatter_chart

        widths = {node: rows.shape[1] for node, rows in features.items()}
        if len(set(widths.values())) > 1:
            return _figure(
                title, test, f"<p>No plot: the widths differ ({', '.join(f'{n} {w}' for n, w in widths.items())}).</p>"
            )
        groups: list[str] = []
        column = str(self.options.by.column)
        for node, rows in features.items():
            names = [group_of(record, column) for record in records]
            groups += [
                f"{node}, {name}" if len(features) > 1 else name
                for name, row in zip(names, rows)
                if np.isfinite(row).all()
            ]
        stacked = np.concatenate(list(features.values()))
        points = stacked[np.isfinite(stacked).all(axis=1)]
        if len(points) < FEWEST:
            return _figure(
                title, test, f"<p>No plot: only {len(points)} records have these features; {FEWEST} are needed.</p>"
            )
        positions = laid_out(points, self.options.perplexity, seed)
        by_group = {name: positions[[group == name for group in groups]] for name in dict.fromkeys(groups)}
        return _figure(title, test, scatter_chart(by_group, f"features of {title} on {test}"))


def laid_out(points: NDArray[np.float32], perplexity: float, seed: int) -> NDArray[np.float32]:
    """(N, D) to (N, 2) by scikit-learn's t-SNE of standardized features, initialized from the principal components."""
    import numpy as np
    from sklearn.manifold import TSNE

    deviation = points.std(axis=0)
    scaled = (points - points.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    if not scaled.any():
        return np.zeros((len(points), 2), np.float32)
    init = "pca" if min(scaled.shape) >= 2 else "random"
    tsne = TSNE(2, perplexity=min(perplexity, (len(points) - 1) / 3), init=init, random_state=seed % 2**32)
    return np.asarray(tsne.fit_transform(scaled), np.float32)


def _features(trained: Trained, records: Sequence[Record], nodes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """(R, D) for each node: means over views, tokens and positions; a row is NaN if the record lacks the node."""
    values_by_ref = trained.values(records, nodes, lambda ref, value: _pooled(trained, ref, value))
    return {ref: values.mean(axis=1) for ref, values in values_by_ref.items()}


def _pooled(trained: Trained, ref: str, value: Any) -> Tensor:
    """(N, D): Vectors unchanged, the mean of Tokens, the mean of each channel of a map or of a Pyramid's last level.

    Everything else is flattened.
    """
    from fascore import Image, Plane, Pyramid, Tokens

    signal = trained.plan.signal(Ref(ref))
    if isinstance(signal, Pyramid):
        return value[-1].float().mean((-2, -1))  # type: ignore[no-any-return]
    if isinstance(signal, Tokens):
        return value.float().mean(1)  # type: ignore[no-any-return]
    if isinstance(signal, Plane | Image):
        return value.float().mean((-2, -1)) if signal.c > 3 else value.float().flatten(1)  # type: ignore[no-any-return]
    return value.float().flatten(1)  # type: ignore[no-any-return]


def _figure(title: str, test: str, body: str) -> str:
    return f'<figure class="wide"><figcaption>{html.escape(title)} <span class="soft">· {html.escape(test)}</span></figcaption>{body}</figure>'
