"""Protocols: which species and sites each split has, and what they refuse."""

import json

import jsonschema
import pytest
from fas_phantom.components import Phantom
from fas_phantom.protocols import SITES
from fas_phantom.species import SPECIES
from pydantic import TypeAdapter

from fascore import SpecErrors
from fascore.contract.component import validate

SPLITS = ("train", "dev", "test")
SPOOF = {name for name, (task, *_) in SPECIES.items() if task == "spoof"}
PLANAR = {name for name in SPOOF if name.split(".")[0] in ("print", "replay")}


def listed(protocol, site="A", species="all", subjects=6):
    dataset = validate(
        Phantom, {"protocol": protocol, "site": site, "species": species, "subjects": subjects, "frames": 1, "size": 32}
    )
    return {split: dataset.records(split) for split in SPLITS}


def attacks(records):
    return {record.species for record in records} - {None}


def balanced(records):
    """Every subject has as many bona fide clips as attacks, in each task."""
    count = {}
    for record in records:
        pair = count.setdefault((record.subject, record.task), [0, 0])
        pair[record.label] += 1
    return all(bona_fide == attack for attack, bona_fide in count.values())


@pytest.mark.parametrize("protocol", ["joint", "grandtest", "cross_site", "openset", "loo_print.flat", "loo_glasses"])
def test_every_subject_has_every_attack_of_its_split_and_as_much_bona_fide_of_the_task_in_no_other_split(protocol):
    splits = listed(protocol)
    crowds = []
    for records in splits.values():
        assert len({record.id for record in records}) == len(records)
        assert balanced(records)
        by_subject = {}
        for record in records:
            by_subject.setdefault(record.subject, set()).add(record.species)
        assert all(found == {None, *attacks(records)} for found in by_subject.values())
        crowds.append({name for r in records for name in (r.subject, r.presenter, r.metadata["source"]) if name})
    assert len(set.union(*crowds)) == sum(map(len, crowds))


def test_joint_has_both_tasks_and_grandtest_spoof_alone():
    assert all(attacks(records) == set(SPECIES) for records in listed("joint").values())
    assert all(
        attacks(records) == SPOOF and {r.task for r in records} == {"spoof"} for records in listed("grandtest").values()
    )


@pytest.mark.parametrize("name", sorted(SPOOF))
def test_what_is_left_out_occurs_in_test_only_and_nothing_else_does_there(name):
    splits = listed(f"loo_{name}")
    assert attacks(splits["test"]) == {name}
    assert attacks(splits["train"]) == attacks(splits["dev"]) == SPOOF - {name}


def test_openset_trains_on_prints_and_replays_and_tests_on_all_other_spoofs():
    splits = listed("openset")
    assert attacks(splits["train"]) == attacks(splits["dev"]) == PLANAR
    assert attacks(splits["test"]) == SPOOF - PLANAR


@pytest.mark.parametrize("site", SITES)
def test_cross_site_tests_at_the_two_other_sites_on_the_people_who_are_test_there(site):
    splits = listed("cross_site", site=site)
    assert {r.metadata["site"] for split in ("train", "dev") for r in splits[split]} == {site}
    others = [place for place in SITES if place != site]
    assert {r.id for r in splits["test"]} == {r.id for place in others for r in listed("joint", site=place)["test"]}


def test_a_clip_of_two_protocols_is_the_same_clip():
    joint = {r.id: r.channels["rgb"].digest() for r in listed("joint")["train"]}
    grandtest = {r.id: r.channels["rgb"].digest() for r in listed("grandtest")["train"]}
    assert grandtest.items() < joint.items()


def test_all_means_every_species_and_the_schema_allows_it():
    assert validate(Phantom, {"species": "all"}).species == tuple(SPECIES)
    schema = TypeAdapter(Phantom).json_schema()
    for species in ("all", ["print.flat", "glasses"]):
        jsonschema.validate({"type": "phantom", "species": species}, schema)
    for species in ("any", ["zebra"]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"type": "phantom", "species": species}, schema)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"protocol": "grandtst"}, "protocol", "did you mean 'grandtest'"),
        ({"protocol": "loo_print.flatt"}, "protocol", "did you mean 'loo_print.flat'"),
        ({"protocol": "loo_glasses"}, "protocol", "which is not among the species"),
        ({"protocol": "openset", "species": ["print.flat"]}, "protocol", "no attack in test"),
        ({"protocol": "openset", "species": ["glasses"]}, "protocol", "no attack in train"),
        ({"protocol": "grandtest", "species": ["forgery.faceswap"]}, "protocol", "no attack in train"),
        ({"protocol": "loo_glasses", "species": ["glasses"]}, "protocol", "no attack in train"),
        ({"species": "any"}, "species", "tuple"),
        ({"species": "print.flat"}, "species", "tuple"),
        ({"shortest": 0}, "shortest", "greater than 0"),
    ],
)
def test_a_protocol_that_cannot_be_is_an_error_at_its_path(change, path, words):
    with pytest.raises(SpecErrors) as error:
        validate(Phantom, change)
    assert error.value.problems[0].path.startswith(path)
    assert words in str(error.value)


def test_lengths_are_drawn_between_the_shortest_and_all_frames_without_regard_to_the_label():
    records = Phantom(subjects=200, frames=20, shortest=0.55, species=("print.flat",)).records("all")
    lengths = {label: [len(r.channels["rgb"].times()) for r in records if r.label == label] for label in (0, 1)}
    for found in lengths.values():
        assert set(found) == set(range(11, 21))
        assert abs(sum(found) / len(found) - 15.5) < 0.6
    exact = Phantom(frames=20).records("all")
    assert {channel.times().shape for record in exact for channel in record.channels.values()} == {(20,)}


def test_the_benchmark_is_named_after_all_that_is_rendered():
    names = [
        Phantom(**change).benchmark()
        for change in ({}, {"seed": 1}, {"site": "B"}, {"frames": 17}, {"protocol": "grandtest"})
    ]
    assert len(set(names)) == len(names)
    assert all(name.startswith("phantom-2:") and len(name) == 22 and int(name[10:], 16) >= 0 for name in names)
    again = validate(Phantom, json.loads(json.dumps(Phantom().model_dump(mode="json"))))
    assert {record.metadata["benchmark"] for record in again.records("all")} == {names[0]}
