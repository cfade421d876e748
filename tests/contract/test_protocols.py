"""The Protocols say what the concrete classes have: every member, and every method with the same parameters."""

import ast
import inspect
import re
import subprocess
import sys
from typing import Any

import pytest

import fascore
from fascore.contract.kinds import plan_protocols, protocols, score_protocols
from fascore.data import batch, draws, prepare
from fascore.evaluation import bootstrap, categorical, sorted_scores, subjects, table, threshold
from fascore.model import ModelGraph, Outputs
from fascore.running import trained
from fascore.spec import documents, plan
from fascore.training import engine, optim

CONCRETE: dict[str, type] = {
    "Batch": batch.Batch,
    "Clusters": subjects.Clusters,
    "Draws": draws.Draws,
    "Engine": engine.Engine,
    "Categorical": categorical.Categorical,
    "Graph": ModelGraph,
    "ManagedOptimizer": optim.ManagedOptimizer,
    "NodePlan": plan.NodePlan,
    "Outputs": Outputs,
    "Plan": plan.Plan,
    "Prepared": prepare.Prepared,
    "Quarantined": prepare.Quarantined,
    "SortedScores": sorted_scores.SortedScores,
    "ResampledCurves": bootstrap.Curves,
    "ResampledRates": bootstrap.Rates,
    "Resampling": bootstrap.Resampling,
    "ScoreTable": table.ScoreTable,
    "Shown": subjects.Shown,
    "Spec": documents.RunSpec,
    "Threshold": threshold.Threshold,
    "Trained": trained.Trained,
}
MODULES = (protocols, plan_protocols, score_protocols)


def members(protocol: type) -> list[str]:
    """What a Protocol asks for."""
    own = [
        name for name in vars(protocol) if not name.startswith("_") or name in ("__call__", "__getitem__", "__len__")
    ]
    return sorted({*own, *vars(protocol).get("__annotations__", {})})


def attributes(concrete: type) -> set[str]:
    """Names that an instance has: of the class, its fields, and what `__init__` assigns to self."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(concrete)))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == concrete.__name__)
    assigned = {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    return {
        *dir(concrete),
        *(name for base in concrete.__mro__ for name in vars(base).get("__annotations__", {})),
        *assigned,
    }


def test_every_protocol_has_its_class_and_is_public() -> None:
    named = {name for module in MODULES for name in module.__all__}
    assert named == set(CONCRETE)
    assert all(getattr(fascore, name) is next(vars(m)[name] for m in MODULES if name in vars(m)) for name in named)


@pytest.mark.parametrize("name", sorted(CONCRETE))
def test_the_class_has_every_member_and_every_method_its_parameters(name: str) -> None:
    protocol, concrete = getattr(fascore, name), CONCRETE[name]
    assert members(protocol)
    assert [member for member in members(protocol) if member not in attributes(concrete)] == []
    for member in members(protocol):
        asked = inspect.getattr_static(protocol, member, None)
        if not inspect.isfunction(asked):
            continue
        wanted = inspect.signature(asked).parameters
        # `__call__` of a torch module takes anything and hands it to `forward`.
        called = ModelGraph.forward if (name, member) == ("Graph", "__call__") else getattr(concrete, member)
        there = inspect.signature(called).parameters
        assert [described(there[key]) for key in there if key in wanted] == [*map(described, wanted.values())], member
        assert all(there[key].default is not inspect.Parameter.empty for key in there if key not in wanted), member


def described(parameter: inspect.Parameter) -> tuple[str, Any, Any]:
    return parameter.name, parameter.kind, parameter.default


@pytest.mark.parametrize("name", sorted(CONCRETE))
def test_every_member_is_described(name: str) -> None:
    protocol = getattr(fascore, name)
    assert protocol.__doc__ and not protocol.__doc__.startswith("Protocol")
    for member in members(protocol):
        value = vars(protocol).get(member)
        assert value is None or member in ("__len__", "__getitem__") or inspect.getdoc(value), f"{name}.{member}"


def in_a_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_contract_needs_pydantic_pluggy_and_the_standard_library_alone() -> None:
    program = (
        "import importlib, pkgutil, sys; before = set(sys.modules); import fascore.contract\n"
        "for module in pkgutil.walk_packages(fascore.contract.__path__, 'fascore.contract.'): importlib.import_module(module.name)\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))\n"
        "print(*(n for n in sys.modules if n.startswith('fascore.') and not n.startswith('fascore.contract')))"
    )
    packages, modules = in_a_new_process(program).split("\n")[:2]
    allowed = {
        "annotated_types",
        "fascore",
        "pluggy",
        "pydantic",
        "pydantic_core",
        "typing_extensions",
        "typing_inspection",
    }
    assert {name for name in packages.split() if not name.startswith("_sysconfigdata")} <= allowed
    assert modules == ""


def listed(package: str) -> set[str]:
    """Public names that the docstring of fascore lists as importing a package."""
    names = re.search(rf"^- {package}: (.*?)(?=^-|^$)", fascore.__doc__, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"\w+", names[1]))


def test_the_docstring_names_the_public_names_that_import_numpy_or_torch() -> None:
    program = (
        "import sys, fascore\n"
        "heavy = lambda: [package for package in ('numpy', 'torch') if package in sys.modules]\n"
        "for name in sys.argv[1:]: getattr(fascore, name); print(name, *heavy())"
    )
    order = [name for name in fascore.__all__ if name not in listed("numpy") | listed("torch")]
    order += sorted(listed("numpy"))
    done = subprocess.run([sys.executable, "-c", program, *order], capture_output=True, text=True, check=True)
    after = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert all(packages == [] for name, packages in after.items() if name not in listed("numpy"))
    assert all(packages == ["numpy"] for name, packages in after.items() if name in listed("numpy"))
    assert set(fascore.__all__) == {*after, *listed("torch")}


@pytest.mark.parametrize("package", ["numpy", "torch"])
def test_every_name_that_the_docstring_lists_imports_the_package(package: str) -> None:
    # A package that cannot be imported shows at once that a name imports it.
    program = (
        "import sys, fascore\n"
        "name, package = sys.argv[1:]\n"
        "sys.modules[package] = None\n"
        "try: getattr(fascore, name)\n"
        "except Exception as error: sys.exit(package not in str(error))\n"
        "sys.exit('it does not import the package')"
    )
    for name in sorted(listed(package)):
        assert subprocess.run([sys.executable, "-c", program, name, package]).returncode == 0, name
