"""What the dataset lists: people, splits, ids, nuisances; and what it refuses."""

import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
from fas_phantom import fingerprint, mini
from fas_phantom.attacks import Live, renderer_of
from fas_phantom.components import Phantom
from fas_phantom.sources import CHANNELS
from fas_phantom.species import DEFAULT, SPECIES
from hypothesis import given, settings, strategies as st
from scipy.stats import ks_2samp

from fascore import SpecError, SpecErrors
from fascore.contract.component import validate

SPLITS = ("train", "dev", "test")


def people(records):
    return {
        name for record in records for name in (record.subject, record.presenter, record.metadata["source"]) if name
    }


@settings(deadline=None, max_examples=20)
@given(subjects=st.integers(3, 24), seed=st.integers(0, 1000), site=st.sampled_from("ABC"))
def test_nobody_occurs_in_two_splits_in_any_role(subjects, seed, site):
    dataset = Phantom(site=site, subjects=subjects, seed=seed)
    crowds = [people(dataset.records(split)) for split in SPLITS]
    assert all(crowds)
    assert len(set.union(*crowds)) == sum(map(len, crowds))


def test_nobody_occurs_at_two_sites_or_under_two_seeds():
    crowds = [people(Phantom(site=site, seed=seed).records("all")) for site in "ABC" for seed in (0, 1)]
    assert len(set.union(*crowds)) == sum(map(len, crowds))
    faces = [
        {r.channels["rgb"].clip.subject.seed for r in Phantom(site=site, seed=seed).records("all")}
        for site in "ABC"
        for seed in (0, 1)
    ]
    assert len(set.union(*faces)) == sum(map(len, faces))


def test_the_same_seed_is_the_same_person_whatever_else_is_asked_for():
    few, many = Phantom(subjects=8), Phantom(subjects=8, clips=3, frames=2, size=64, species=("mask.rigid",))
    assert {r.channels["rgb"].clip.subject for r in few.records("all")} == {
        r.channels["rgb"].clip.subject for r in many.records("all")
    }


def test_ids_are_unique_and_all_is_the_union_of_the_splits():
    dataset = Phantom(subjects=9, clips=2)
    ids = [record.id for record in dataset.records("all")]
    assert len(set(ids)) == len(ids) == 9 * 2 * 2 * len(DEFAULT)
    assert ids == [record.id for split in SPLITS for record in dataset.records(split)]
    assert not {record.id for record in Phantom(seed=1).records("all")} & {
        record.id for record in Phantom(seed=2).records("all")
    }


def test_every_subject_has_every_species_and_a_bona_fide_clip_of_the_same_task_for_each():
    by_subject = {}
    for record in Phantom(clips=2).records("all"):
        by_subject.setdefault(record.subject, []).append((record.species, record.task))
    expected = [(species, SPECIES[species].task) for species in DEFAULT for _ in range(2)]
    for rows in by_subject.values():
        assert sorted(rows, key=str) == sorted(expected + [(None, task) for _, task in expected], key=str)


def test_labels_species_and_presenters_agree():
    for record in Phantom().records("all"):
        assert record.label == (record.species is None)
        if record.task == "spoof":
            assert (record.presenter == record.subject) == (record.label == 1)
        else:
            assert (record.metadata["source"] is None) == (record.label == 1)
        assert 1 <= record.column("skin_tone") <= 6


def test_species_come_from_one_list_and_each_has_its_renderer():
    assert Phantom().species == DEFAULT == tuple(SPECIES)[: len(DEFAULT)]
    renderers = [renderer_of(name) for name in SPECIES]
    assert len(set(renderers)) == len(SPECIES)
    assert all(issubclass(found, Live) for found in renderers)


def test_nothing_about_a_capture_depends_on_the_label():
    records = Phantom(subjects=100, clips=2).records("all")
    drawn = [nuisances(record.channels["rgb"].clip) for record in records]
    labels = np.array([record.label for record in records])
    for name in drawn[0]:
        values = np.array([row[name] for row in drawn])
        assert ks_2samp(values[labels == 1], values[labels == 0]).pvalue > 1e-3, name


def nuisances(clip):
    """All numbers of a clip's capture and pulse; None as -1, devices by name."""
    nested = {**asdict(clip.capture), **asdict(clip.capture.sheet), **asdict(clip.pulse)}
    numbers = {
        name: -1 if value is None else value for name, value in nested.items() if name not in ("domain", "sheet")
    }
    return numbers | {"device": numbers["device"].endswith(("-webcam", "-tablet"))} | {"coded": numbers["crf"] >= 0}


def test_the_capture_domain_follows_the_task_and_is_balanced_over_labels():
    count = {}
    for record in Phantom(clips=3).records("all"):
        key = (record.metadata["domain"], record.label)
        count[key] = count.get(key, 0) + 1
        assert record.metadata["domain"] == {"spoof": "laboratory", "forgery": "wild"}[record.task]
    assert count["laboratory", 0] == count["laboratory", 1]
    assert count["wild", 0] == count["wild", 1]


def test_the_order_of_records_reveals_nothing_of_the_label():
    labels = np.array([record.label for record in Phantom(subjects=100).records("all")])
    place = np.arange(len(labels)) % 8
    assert ks_2samp(place[labels == 1], place[labels == 0]).pvalue > 1e-3


def test_sites_differ_in_skin_tones_and_cameras():
    a, b = (Phantom(site=site, subjects=200, species=("print.flat",)).records("all") for site in "AB")
    tones = [np.mean([record.metadata["skin_tone"] for record in records]) for records in (a, b)]
    assert tones[1] > tones[0] + 0.5
    assert not {record.metadata["device"] for record in a} & {record.metadata["device"] for record in b}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"species": ["print.flatt"]}, "species", "did you mean 'print.flat'"),
        ({"species": ["zebra"]}, "species", "available: print.flat"),
        ({"species": ["mask.rigid", "mask.rigid"]}, "species", "twice"),
        ({"species": []}, "species", "at least 1"),
        ({"subjects": 2}, "subjects", "greater than or equal to 3"),
        ({"size": 31}, "size", "greater than or equal to 32"),
        ({"site": "D"}, "site", "'A', 'B' or 'C'"),
        ({"difficulty": 1.5}, "difficulty", "less than or equal to 1"),
        ({"frame": 3}, "frame", "Did you mean 'frames'"),
    ],
)
def test_a_mistake_is_an_error_at_its_path(change, path, words):
    with pytest.raises(SpecErrors) as error:
        validate(Phantom, change)
    assert error.value.problems[0].path.startswith(path)
    assert words in str(error.value)


def test_an_unknown_split_names_those_there_are():
    with pytest.raises(SpecError, match="no split 'valid'; it has train, dev, test, all"):
        Phantom().records("valid")


def test_importing_the_config_imports_no_numpy():
    code = "import sys, fas_phantom.components; sys.exit('numpy' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_mini_has_fifty_records_of_every_split_and_less_than_two_megabytes_of_frames():
    records = mini()
    assert len(records) == len({record.id for record in records}) == 50
    assert {record.species for record in records} == {None, *DEFAULT, "partial.funny_eye"}
    assert sum(record.label for record in records) == 25
    sizes = {name: sum(frame.image.nbytes for frame in channel.read()) for name, channel in records[0].channels.items()}
    assert set(sizes) == set(CHANNELS)
    assert 50 * sum(sizes.values()) < 2_000_000
    assert [
        record.id
        for split in SPLITS
        for record in Phantom(subjects=5, species=(*DEFAULT, "partial.funny_eye")).records(split)
    ] == [record.id for record in records]


def test_a_fingerprint_knows_every_record_and_no_order():
    records = mini()
    assert fingerprint(records[::-1]) == fingerprint(records)
    assert (
        len(
            {
                fingerprint(records),
                fingerprint(records[1:]),
                fingerprint(Phantom(subjects=5, frames=4, size=33).records("all")),
            }
        )
        == 3
    )


def test_a_digest_hangs_on_nine_digits_of_each_number():
    clip = mini()[0].channels["rgb"].clip
    digests = [
        replace(clip, capture=replace(clip.capture, yaw=clip.capture.yaw * (1 + step))).digest("rgb")
        for step in (0, 1e-14, 1e-6)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_ids_name_the_person_and_nothing_of_the_presentation():
    for record in Phantom(subjects=3, species=tuple(SPECIES)).records("all"):
        site, person, rest = record.id.split("/")
        assert f"{site}/{person}" == record.subject
        assert len(rest) == 8 and int(rest, 16) >= 0
