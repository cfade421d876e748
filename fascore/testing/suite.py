"""The conformance suite as one parametrised pytest function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

import pytest

from fascore.testing.case import Case, Check, Failure, cases, reason
from fascore.testing.checks import data, metrics, modalities, modules, papers, recipes, sinks, static

Expected: TypeAlias = Mapping[tuple[str, str, str], str]
"""`(kind, name, check) -> reason`: checks that a component fails for a reason that its page gives."""
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
"""Options of pytest with which a user runs a part of the suite on purpose."""


def conformance(distribution: str, expected_failures: Expected | None = None) -> Callable[..., None]:
    """A test function over every component of an installed distribution; a plugin's whole test file is::

        from fascore.testing import conformance

        test_conformance = conformance("fas-example")

    Each check of each component is a test of its own (`fusion-example.product-gradients`). A failure listed in
    `expected_failures` is a strict xfail: it must fail, and its reason is printed. Raises FascoreError where the
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
    """Run one check; fail with a sentence on what is wrong and one on how to fix it.

    A component that fails a check which this one needs is skipped here: one cause gives one failure.
    """
    if (first := blocker(case, check)) is not None:
        pytest.skip(f"not checked, because {case.kind} '{case.name}' fails '{first.name}'; see that check")
    if (what := complaint(case, check)) is not None:
        about = f"{case.kind} '{case.name}' of {case.distribution} ({case.point.value}) fails '{check.name}'"
        pytest.fail(f"{about}:\n  {what}\nHow to fix: {check.fix}", pytrace=False)


def blocker(case: Case, check: Check) -> Check | None:
    """The first check that this one needs and that the component fails; None where there is none."""
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
    """What a check finds wrong with a component, in a sentence; None if nothing."""
    try:
        check.run(case)
    except Failure as failure:
        return str(failure)
    except Exception as error:
        return f"it raises {reason(error, case.module)}"
    return None


@cache
def _gate(case: Case, check: Check) -> str | None:
    """The complaint of a check that others need, found once."""
    return complaint(case, check)


def _marks(case: Case, check: Check, expected: Expected) -> list[pytest.MarkDecorator]:
    reason = expected.get((case.kind, case.name, check.name))
    return [] if reason is None else [pytest.mark.xfail(strict=True, reason=reason)]


def _whole(request: pytest.FixtureRequest, whole: frozenset[str], expected: Expected) -> None:
    """Nothing was taken out of the suite, and every expected failure names a check of it and gives a reason."""
    unknown = [key for key in expected if "-".join(key) not in whole]
    if unknown:
        pytest.fail(
            f"expected_failures names {unknown[0]}, which is not a (kind, name, check) of this suite; correct or delete it",
            pytrace=False,
        )
    silent = [key for key, reason in expected.items() if len(reason.split()) < 3]
    if silent:
        pytest.fail(
            f"expected_failures gives no reason for {silent[0]}; write why the component deviates", pytrace=False
        )
    if missing := sorted(whole - _collected(request)):
        pytest.fail(
            f"{len(missing)} checks were taken out of the suite, such as {missing[0]}; leave the test function as conformance() gives it, "
            "and list a deviation in expected_failures with its reason",
            pytrace=False,
        )


def _collected(request: pytest.FixtureRequest) -> frozenset[str]:
    """Ids of this test function that are parametrised and, unless the user picked tests, are to be run."""
    item: Any = request.node
    marks = [mark for mark in item.function.pytestmark if mark.name == "parametrize"]
    parametrised = {str(row.id) for mark in marks for row in mark.args[1]}
    option = request.config.option
    if any(getattr(option, name, None) for name in _PICKING) or any(
        "::" in argument for argument in request.config.args
    ):
        return frozenset(parametrised)
    mine = [
        other
        for other in request.session.items
        if getattr(other, "originalname", "") == item.originalname and other.path == item.path
    ]
    return frozenset(parametrised & {other.callspec.id for other in mine if isinstance(other, pytest.Function)})
