"""The modules of the data graph. Each is built once, when it is first needed."""

from __future__ import annotations

from fascore.contract.errors import FascoreError
from fascore.contract.kinds.modality import ModalityModule
from fascore.spec.plan import NodePlan


class Modules:
    """The modules of modalities, by node. A copy for another process starts empty and builds its own modules."""

    def __init__(self) -> None:
        self._built: dict[str, ModalityModule] = {}

    def __getstate__(self) -> dict[str, object]:
        return {"_built": {}}

    def of(self, node: NodePlan) -> ModalityModule:
        """The module of a modality. Raises FascoreError with its path in the spec if it cannot be built."""
        if node.name not in self._built:
            try:
                self._built[node.name] = node.component.build(list(node.signals))
            except FascoreError as error:
                raise FascoreError(f"{node.path}: {error}") from error
        return self._built[node.name]
