from typing import Literal

import pytest
from pydantic import Field

from fascore import Config, Fusion, Slot, Vector
from fascore.cli.component_text import explanation
from fascore.contract.component import named
from fascore.contract.registry import KINDS, Index, index, using


class Course(Config):
    """How fast."""

    rate: float = Field(0.5, gt=0, description="a rate")
    steps: int = Field(description="how many")


class Nested(Fusion):
    """Says nothing, slowly.

    A second paragraph.
    """

    type: Literal["test.nested"] = "test.nested"
    inner: Slot[Fusion] = Field(named("concat"), description="another fusion")
    course: Course = Field(Course(rate=0.25, steps=3), description="a course")
    width: int = Field(gt=1, le=9, description="of something")

    @classmethod
    def examples(cls):
        return [(cls(width=2), [Vector(3), Vector(4)])]

    def infer(self, signals):
        return {"": Vector(sum(s.d for s in signals)), "rest": Vector(1)}


@pytest.fixture
def lines():
    fusions = {"test.nested": f"{__name__}:Nested", "concat": index().provider("fusion", "concat").target}
    with using(Index.of({"fusion": fusions})):
        return [" ".join(line.split()) for line in explanation("fusion", "test.nested").splitlines()]


def test_the_docstring_is_printed_whole(lines):
    assert lines[0] == "fusion test.nested"
    assert "Says nothing, slowly." in lines
    assert "A second paragraph." in lines


def test_fields_show_type_default_and_description(lines):
    assert 'inner fusion = "concat" another fusion' in lines
    assert "width integer > 1 <= 9 required of something" in lines


def test_the_fields_of_a_config_inside_show_the_defaults_that_hold_there(lines):
    assert "course object a course" in lines
    assert "course.rate number > 0 = 0.25 a rate" in lines
    assert "course.steps integer = 3 how many" in lines


def test_what_it_takes_and_gives_comes_from_its_examples(lines):
    assert "Vector(3), Vector(4) -> Vector(7), .rest Vector(1)" in lines


def test_the_place_is_a_file_and_the_line_of_the_class(lines):
    path, _, number = lines[-1].rpartition(", ")[2].rpartition(":")
    assert path == __file__
    with open(path) as file:
        assert file.read().splitlines()[int(number) - 1] == "class Nested(Fusion):"


CORE = [(p.kind, p.name) for p in index().providers() if p.distribution == "fascore" and p.kind in KINDS]


@pytest.mark.parametrize(("kind", "name"), CORE)
def test_every_component_of_the_core_can_be_explained(kind, name):
    text = explanation(kind, name)
    assert text.startswith(f"{kind} {name}\n\n")
    assert "from fascore " in text


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("fusion", "concta", "Did you mean 'concat'"),
        ("fusoin", "concat", "available: dataset, modality"),
        ("encoder", "concat", "registered as fusion"),
    ],
)
def test_an_unknown_name_is_reported_with_the_nearest(fascore, kind, name, said):
    assert said in fascore("explain", kind, name, code=1).stderr
