"""The conformance suite as one parametrized pytest function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

import pytest

from fascore.testing.case import Case, Check, Failure, cases, reason
from fascore.testing.checks import data, metrics, modalities, modules, papers, recipes, sinks, static

Expected: TypeAlias = Mapping[tuple[str, str, str], str]
"""`(kind, name, check) -> reason`: checks that a component fails for a documented reason."""
CHECKS: tuple[Check, ...] = (
    *static.CHECKS,
    *modules.CHECKS,
    *sinks.CHECKS,
    *modalities.CHECKS,
    *data.CHECKS,
    *metrics.CHECKS,
    *recipes.CHECKS,
    *papers.CHECKS,
)

_PICKING = ("keyword", "markexpr", "lf", "last_failed", "deselect", "stepwise")
"""Options of pytest with which a user deliberately runs a part of the suite."""


def conformance(distribution: str, expected_failures: Expected | None = None) -> Callable[..., None]:
    """A test function for every component of an installed distribution. The complete test file of a plugin is::

        from fascore.testing import conformance

        test_conformance = conformance("fas-example")

    Each check of each component is a separate test (`fusion-example.product-gradients`). A failure listed in
    `expected_failures` is a strict xfail: it must fail, and its reason is printed. Raises FascoreError if the
    distribution is not installed or has no components.
    """
    expected = dict(expected_failures or {})
    rows = [
        pytest.param(case, check, id=f"{case.kind}-{case.name}-{check.name}", marks=_marks(case, check, expected))
        for case in cases(distribution)
        for check in CHECKS
        if case.kind in check.kinds
    ]
    whole = frozenset(str(row.id) for row in rows)

    @pytest.mark.parametrize(("case", "check"), [*rows, pytest.param(None, None, id=f"suite-{distribution}-whole")])
    def test_conformance(case: Case | None, check: Check | None, request: pytest.FixtureRequest) -> None:
        if case is None or check is None:
            _whole(request, whole, expected)
        else:
            run(case, check)

    return test_conformance


def run(case: Case, check: Check) -> None:
    """Run one check. A failure has one sentence about the error and one about the fix.

    A component that fails a check that this one needs is skipped, so that one cause gives one failure.
    """
    if (first := blocker(case, check)) is not None:
        pytest.skip(f"not checked, because {case.kind} '{case.name}' fails '{first.name}'; see that check")
    if (what := complaint(case, check)) is not None:
        about = f"{case.kind} '{case.name}' of {case.distribution} ({case.point.value}) fails '{check.name}'"
        pytest.fail(f"{about}:\n  {what}\nHow to fix: {check.fix}", pytrace=False)


def blocker(case: Case, check: Check) -> Check | None:
    """The first check that this one needs and that the component fails; None if there is none."""
    for name in check.needs:
        needed = next((other for other in CHECKS if other.name == name and case.kind in other.kinds), None)
        if needed is None:
            continue
        if (deeper := blocker(case, needed)) is not None:
            return deeper
        if _gate(case, needed) is not None:
            return needed
    return None


def complaint(case: Case, check: Check) -> str | None:
    """The error that a check detects in a component, as a sentence; None if there is none."""
    try:
        check.run(case)
    except Failure as failure:
        return str(failure)
    except Exception as error:
        return f"it raises {reason(error, case.module)}"
    return None


@cache
def _gate(case: Case, check: Check) -> str | None:
    """The error of a check that others need, computed once."""
    return complaint(case, check)


def _marks(case: Case, check: Check, expected: Expected) -> list[pytest.MarkDecorator]:
    reason = expected.get((case.kind, case.name, check.name))
    return [] if reason is None else [pytest.mark.xfail(strict=True, reason=reason)]


def _whole(request: pytest.FixtureRequest, whole: frozenset[str], expected: Expected) -> None:
    """Check that no check was removed from the suite, and that every expected failure names one of its checks and has a
    reason.
    """
    unknown = [key for key in expected if "-".join(key) not in whole]
    if unknown:
        pytest.fail(
            f"expected_failures lists {unknown[0]}, which is not a (kind, name, check) of this suite; correct or delete it",
            pytrace=False,
        )
    silent = [key for key, reason in expected.items() if len(reason.split()) < 3]
    if silent:
        pytest.fail(
            f"expected_failures has no reason for {silent[0]}; explain why the component deviates", pytrace=False
        )
    if missing := sorted(whole - _collected(request)):
        pytest.fail(
            f"{len(missing)} checks were removed from the suite, for example {missing[0]}; use the test function that conformance() returns "
            "unchanged, and list deviations in expected_failures with their reasons",
            pytrace=False,
        )


def _collected(request: pytest.FixtureRequest) -> frozenset[str]:
    """Ids of this test function's parameters that, unless the user selected tests, are scheduled to run."""
    item: Any = request.node
    marks = [mark for mark in item.function.pytestmark if mark.name == "parametrize"]
    parameters = {str(row.id) for mark in marks for row in mark.args[1]}
    option = request.config.option
    if any(getattr(option, name, None) for name in _PICKING) or any(
        "::" in argument for argument in request.config.args
    ):
        return frozenset(parameters)
    own_items = [
        other
        for other in request.session.items
        if getattr(other, "originalname", "") == item.originalname and other.path == item.path
    ]
    return frozenset(parameters & {other.callspec.id for other in own_items if isinstance(other, pytest.Function)})
