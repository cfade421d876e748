"""The list of clips: people, splits, and the draw of the parameters of every clip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fas_phantom.attacks import renderer_of
from fas_phantom.parameters import Capture, ClipParameters, Domain, Layout, Person, Pulse, Sheet
from fas_phantom.protocols import SPLITS, Part, Split, parts
from fas_phantom.scenery import POOL
from fas_phantom.sites import SITES, Site
from fas_phantom.sources import CHANNELS, Detected, Rendered
from fas_phantom.species import SPECIES
from fas_phantom.streams import key, stream
from fascore import Record, Source, Task

DOMAINS: dict[Task, Domain] = {"spoof": "laboratory", "forgery": "wild"}
"""Capture domain of the clips of a task, including its bona fide clips: a task is not a label."""
GLASSES = 0.25
"""Share of clips in which the depicted person wears ordinary glasses."""


@dataclass(frozen=True)
class Plan:
    """The clips that a config of the dataset describes."""

    site: str
    subjects: int
    clips: int
    frames: int
    fps: float
    size: int
    difficulty: float
    seed: int
    species: tuple[str, ...]
    protocol: str
    shortest: float
    landmarks: Layout
    device: str
    benchmark: str

    def people(self, split: str, site: str) -> list[Person]:
        """Return a site's people of a split: half train, a quarter dev, a quarter test. Nobody is in two splits."""
        quarter = max(1, self.subjects // 4)
        bounds = {"train": (2 * quarter, self.subjects), "dev": (0, quarter), "test": (quarter, 2 * quarter)}
        return [self._person(number, site) for number in range(*bounds[split])]

    def _person(self, number: int, site: str) -> Person:
        name = f"{site}/s{number:03d}" if self.seed == 0 else f"{site}{self.seed}/s{number:03d}"
        seed = key(self.seed, site, "person", number) >> 1
        tone = 1 + int(stream(seed, "tone").choice(6, p=SITES[site].tones))
        return Person(name, seed, tone)

    def records(self, split: str) -> list[Record]:
        """Return the records of `train`, `dev`, `test`, or `all`."""
        chosen = [name for name in SPLITS if split in (name, "all")]
        return [
            record
            for name in chosen
            for part in parts(self.protocol, name, self.site, self.species)
            for record in self._part(name, part)
        ]

    def _part(self, split: Split, part: Part) -> list[Record]:
        people, records = self.people(split, part.site), []
        for who in people:
            rows: list[tuple[str | None, Task, int]] = [
                (name, SPECIES[name].task, number) for name in part.species for number in range(self.clips)
            ]
            for task in DOMAINS:
                rows += [(None, task, number) for number in range(sum(row[1] == task for row in rows))]
            drawn = [self._record(who, part.site, people, *row) for row in rows]
            order = stream(who.seed, "order").permutation(len(drawn))
            records += [drawn[place] for place in order]
        return records

    def _record(
        self, who: Person, site: str, people: list[Person], species: str | None, task: Task, number: int
    ) -> Record:
        clip = self.clip(who, site, people, species, task, number)
        presenter = who if clip.other is None or task == "forgery" else clip.other
        channels: dict[str, Source] = {channel: Rendered(clip, channel, self.device) for channel in CHANNELS}
        return Record(
            self._id(clip),
            int(species is None),
            channels,
            dataset="phantom",
            task=task,
            species=species,
            subject=who.id,
            presenter=presenter.id,
            annotation=Detected(clip, self.landmarks),
            metadata=self._metadata(clip, task),
        )

    @staticmethod
    def _id(clip: ClipParameters) -> str:
        """Return an id that names the person and reveals nothing about the presentation."""
        return f"{clip.subject.id}/{key(clip.seed, 'id', clip.id) >> 32:08x}"

    def _metadata(self, clip: ClipParameters, task: Task) -> dict[str, str | int | float | None]:
        capture = clip.capture
        return {
            "benchmark": self.benchmark,
            "site": clip.site,
            "session": capture.session,
            "device": capture.device,
            "domain": capture.domain,
            "instrument": None if clip.species is None else f"{clip.site}-{clip.species.split('.')[0]}",
            "skin_tone": clip.subject.tone,
            "heart_rate": round(clip.pulse.heart_rate, 2),
            "pulse_amplitude": clip.pulse.amplitude,
            "source": clip.other.id if clip.other and task == "forgery" else None,
            "fps": capture.rate,
            "crf": capture.crf,
            "recoded": capture.recoded,
            "glasses": int(capture.glasses is not None),
        }

    def clip(
        self, who: Person, site: str, people: list[Person], species: str | None, task: Task, number: int
    ) -> ClipParameters:
        """Return the parameters of one clip.

        Length, capture, and pulse are drawn from the id of the clip alone, by the same rule for all species.
        """
        name = f"{who.id}/{species or f'bona_fide.{task}'}/{number}"
        place, random = SITES[site], stream(self.seed, "clip", name)
        attack = renderer_of(species).draw(stream(self.seed, "attack", name), place)
        alone = species is None or SPECIES[species].own
        return ClipParameters(
            id=name,
            site=site,
            seed=self.seed,
            size=self.size,
            frames=self._length(name),
            difficulty=self.difficulty,
            subject=who,
            other=None if alone else self._other(who, people, task, stream(self.seed, "other", name)),
            species=species,
            capture=_capture(random, place, DOMAINS[task], self.fps),
            pulse=_pulse(random, who),
            attack=tuple(sorted(attack.items())),
        )

    def _length(self, name: str) -> int:
        """Number of frames of a clip, uniform from the shortest to `frames`."""
        return int(stream(self.seed, "length", name).integers(math.ceil(self.shortest * self.frames), self.frames + 1))

    def _other(self, who: Person, people: list[Person], task: Task, random: np.random.Generator) -> Person:
        """Return another person of the split, or a new one if there is none; in forgeries, the nearest in skin tone."""
        others = [person for person in people if person != who]
        if not others:
            return Person(f"{who.id}x", key(who.seed, "other") >> 1, who.tone)
        apart = min(abs(person.tone - who.tone) for person in others) if task == "forgery" else 6
        others = [person for person in others if abs(person.tone - who.tone) <= apart]
        return others[int(random.integers(len(others)))]


def _capture(random: np.random.Generator, site: Site, domain: Domain, fps: float) -> Capture:
    """Draw everything about a clip that must not reveal its label. It may depend on nothing but its arguments."""

    def between(low: float, high: float) -> float:
        return float(random.uniform(low, high))

    wild = domain == "wild"
    face = between(0.5, 0.68)
    distance = 0.3 / face * between(0.9, 1.1)
    crf, recoded = _coding(random, site, wild)
    return Capture(
        domain=domain,
        session=int(random.integers(1, 4)),
        device=str(random.choice(site.devices)),
        illumination=between(0.15, 0.5) if random.random() < site.dim else 1.0,
        exposure=float(np.exp(random.normal(0, 0.16))),
        warmth=between(*site.warmth),
        tint=float(random.normal(0, 0.03)),
        gamma=between(*site.gamma),
        defocus=float(random.gamma(2.0, 0.25)),
        noise_gain=between(*site.noise_gain),
        noise_floor=between(0.002, 0.004),
        crf=crf,
        recoded=recoded,
        rate=fps * float(random.choice(site.rates)),
        jitter=between(0.0, 0.25),
        face=face,
        distance=distance,
        x=between(0.44, 0.56),
        y=between(0.45, 0.53),
        motion=between(0.4, 2.0) if wild else between(0.3, 1.0),
        yaw=float(np.clip(random.normal(0, 7), -16, 16)),
        pitch=float(np.clip(random.normal(-1, 3.5), -9, 8)),
        roll=float(np.clip(random.normal(0, 3), -8, 8)),
        azimuth=between(*site.azimuth),
        elevation=between(*site.elevation),
        ambient=between(*site.ambient),
        light_warmth=between(*site.light_warmth),
        background=int(random.integers(POOL)),
        background_gain=between(0.6, 1.3),
        background_depth=distance + float(np.exp(random.uniform(np.log(0.12), np.log(1.8)))),
        clothing=int(random.integers(1 << 31)),
        blink=between(0.15, 0.5),
        talk=between(0, 1) * float(random.random() < 0.6),
        depth_noise=between(1.0, 4.0),
        depth_error=float(np.exp(random.uniform(np.log(5), np.log(30)))),
        depth_holes=between(0, 0.9),
        infrared_exposure=float(np.exp(random.uniform(np.log(0.45), np.log(1.25)))),
        infrared_ambient=between(0.0, 0.6),
        glasses=int(random.integers(1 << 31)) if random.random() < GLASSES else None,
        sheet=_sheet(random),
        room=between(18, 31),
        thermal_noise=between(0.04, 0.1),
        thermal_offset=float(random.normal(0, 4)),
    )


def _coding(random: np.random.Generator, site: Site, wild: bool) -> tuple[int | None, int | None]:
    """Draw constant rate factors of H.264 and an earlier encoding: always, higher, and more often twice in the wild."""
    step, twice = (8, 0.4) if wild else (0, 0.2)
    crf = int(random.integers(site.crf[0], site.crf[1] + 1)) + step
    earlier = int(random.integers(18, 29)) + step // 2
    if not wild and random.random() < site.uncoded:
        return None, None
    return crf, earlier if random.random() < twice else None


def _sheet(random: np.random.Generator) -> Sheet:
    """Draw position, size, and bending of a sheet; a quarter of the sheets fill the frame."""
    wide = float(random.uniform(0.1, 0.135) if random.random() < 0.75 else random.uniform(0.2, 0.3))
    return Sheet(
        half_width=wide,
        half_height=wide * float(random.uniform(1.25, 1.4)),
        shift_x=float(random.uniform(-0.015, 0.015)),
        shift_y=float(random.uniform(-0.01, 0.02)),
        tilt_x=float(random.normal(0, 4)),
        tilt_y=float(random.normal(0, 4)),
        bend=float(random.normal(0, 1.2)),
        bend_angle=float(random.uniform(-0.5, 0.5)),
        background=int(random.integers(POOL)),
    )


def _pulse(random: np.random.Generator, who: Person) -> Pulse:
    """Draw the pulse; green amplitude is log-uniform from 0.15 % to 1 % of DC, or to 0.5 % on the darkest skin."""
    amplitude = float(np.exp(random.uniform(np.log(0.0015), np.log(0.011 - 0.001 * who.tone))))
    return Pulse(
        float(random.uniform(45, 160)), amplitude, float(random.uniform(0.02, 0.05)), float(random.uniform(0.2, 0.3))
    )
