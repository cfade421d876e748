"""The species: what the physics of each promises."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from fas_phantom import truth
from fas_phantom.attacks.worn import Worn
from fas_phantom.canvas import sample
from fas_phantom.components import Phantom
from fas_phantom.head import head
from fas_phantom.render import Scene
from fas_phantom.sources import Rendered
from fas_phantom.species import DEFAULT, SPECIES

OTHERS = tuple(name for name in SPECIES if name not in DEFAULT)
PARTIAL = ("partial.funny_eye", "partial.paper_glasses", "partial.eye_paper", "partial.mouth_paper", "mask.half")


@lru_cache(maxsize=32)
def clips(species, frames=3, difficulty=0.5):
    """Attack clips of a species in focus: what lies outside an instrument is then not blurred into it."""
    dataset = Phantom(subjects=4, frames=frames, size=128, species=(species,), difficulty=difficulty)
    found = [record.channels["rgb"].clip for record in dataset.records("all") if record.label == 0]
    return [replace(clip, capture=replace(clip.capture, defocus=0.0)) for clip in found]


def known(clip):
    record = next(iter(Phantom(subjects=3).records("dev")))
    return truth(replace(record, channels={"rgb": Rendered(clip, "rgb")}))


def face(clip, index=1):
    x1, y1, x2, y2 = known(clip).boxes[index].round().astype(int).clip(0, 127)
    return slice(y1 + (y2 - y1) // 5, y2 - 4), slice(x1 + 6, x2 - 6)


def cover(clip, index=1):
    """Coverage of what is worn, in the frame."""
    scene = Scene(clip)
    assert isinstance(scene.attack, Worn)
    return scene.attack.layer(scene.moment(index)).cover


def meters(clip, *, live=False, index=1):
    """Depth without the sensor's errors."""
    scene = Scene(clip, live=live)
    moment = scene.moment(index)
    return scene.shown.depth(lambda: scene._live_depth(moment), moment)


def near(clip, *, live=False, index=1):
    """Infrared picture under one exposure and no light but the lamp."""
    steady = replace(clip, capture=replace(clip.capture, infrared_exposure=0.8, infrared_ambient=0.0))
    return Scene(steady, live=live).infrared(index).astype(float)


def off_plane(depth):
    y, x = np.mgrid[: depth.shape[0], : depth.shape[1]].reshape(2, -1)
    design, z = np.column_stack([x, y, np.ones_like(x)]), depth.ravel()
    return 1000 * float(np.sqrt(np.mean((z - design @ np.linalg.lstsq(design, z, rcond=None)[0]) ** 2)))


SPOOFS = {
    "print.flat",
    "print.warped",
    "print.cut",
    "replay.phone",
    "replay.screen",
    "mask.rigid",
    "mask.paper",
    "mask.silicone",
    "mask.transparent",
    "mask.half",
    "makeup.cosmetic",
    "makeup.obfuscation",
    "makeup.impersonation",
    "partial.funny_eye",
    "partial.paper_glasses",
    "partial.eye_paper",
    "partial.mouth_paper",
    "glasses",
    "mannequin",
}
FORGERIES = {"forgery.faceswap", "forgery.reenactment", "forgery.generated", "forgery.lipsync"}


def test_the_species_are_the_nineteen_attacks_and_the_four_forgeries():
    assert {name for name, species in SPECIES.items() if species.task == "spoof"} == SPOOFS
    assert {name for name, species in SPECIES.items() if species.task == "forgery"} == FORGERIES
    assert set(DEFAULT) <= set(SPECIES)


@pytest.mark.parametrize("species", [name for name in OTHERS if SPECIES[name].task == "spoof"])
def test_every_stage_can_be_switched_off_and_does_something(species):
    clip = clips(species)[0]
    names, shown = known(clip).stages(), known(clip).shown(1)
    assert names
    for name in names:
        assert not np.array_equal(shown, known(clip).shown(1, without=frozenset({name}))), name


@pytest.mark.parametrize("species", OTHERS)
def test_every_species_leaves_a_finite_trace_that_difficulty_does_not_enlarge(species):
    sizes = []
    for difficulty in (0.0, 1.0):
        traces = [known(clip).trace(1)[face(clip)] for clip in clips(species, difficulty=difficulty)[:3]]
        assert all(np.isfinite(trace).all() for trace in traces)
        sizes.append(np.mean([np.abs(trace).mean() for trace in traces]))
    assert sizes[0] > 0.004
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.parametrize("species", [name for name in SPECIES if SPECIES[name].task == "spoof"])
def test_the_presenter_is_the_subject_only_where_one_wears_something_on_the_own_face(species):
    for record in Phantom(subjects=4, species=(species,)).records("train"):
        assert (record.presenter == record.subject) == (record.label == 1 or SPECIES[species].own)


@pytest.mark.parametrize("species", [*PARTIAL, "glasses", "mask.transparent"])
def test_outside_of_what_is_worn_every_modality_is_that_of_the_live_wearer(species):
    for clip in clips(species)[:3]:
        region = cover(clip) > 0
        if species == "glasses":  # the lenses lie within the rims
            contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            region = cv2.drawContours(region.astype(np.uint8), contours, -1, 1, cv2.FILLED) > 0
        outside = ~cv2.dilate(region.astype(np.uint8), np.ones((7, 7))).astype(
            bool
        )  # beyond the reach of the lenses' blur
        assert 0.3 < outside.mean() < 0.99
        np.testing.assert_array_equal(known(clip).trace(1)[outside], 0)
        np.testing.assert_array_equal(meters(clip)[outside], meters(clip, live=True)[outside])
        np.testing.assert_array_equal(near(clip)[outside], near(clip, live=True)[outside])


@pytest.mark.parametrize(
    ("species", "covered", "bare"),
    [
        ("partial.funny_eye", (37, 40, 43, 46), (30, 57, 8)),
        ("partial.eye_paper", (19, 24, 37, 40, 43, 46), (33, 57, 8)),
        ("partial.mouth_paper", (51, 57, 48, 54), (27, 30, 37, 46)),
        ("mask.half", (27, 29, 30), (57, 8, 9)),
        ("partial.paper_glasses", (), (37, 40, 43, 46, 33, 57)),
        ("glasses", (), (33, 57, 8)),
        ("mask.paper", (30, 51, 57, 27), ()),
    ],
)
def test_an_instrument_lies_where_it_belongs(species, covered, bare):
    for clip in clips(species):
        region, points = cover(clip), known(clip).landmarks[1].astype(np.float32) - 0.5
        at = sample(region, points[None, :, 0], points[None, :, 1])[0]
        inner = [point for point in covered if points[point].min() >= 0 and points[point].max() < 127]
        assert (at[inner] > 0.6).all(), at[inner]
        assert (at[list(bare)] < 0.5).all()


@pytest.mark.parametrize("species", [*PARTIAL, "glasses", "mask.paper"])
def test_what_is_worn_lies_nearer_to_the_camera_than_the_face(species):
    nearer = []
    for clip in clips(species):
        region = cover(clip) > 0.95
        moment = Scene(clip).moment(1)
        base = clip.capture.distance - moment.hit.lift
        nearer.append(np.median((base - meters(clip))[region]))
    assert 0.001 < np.median(nearer) < 0.03


def test_the_half_mask_has_relief_and_covers_only_the_upper_part_of_the_face():
    for clip in clips("mask.half"):
        region = cover(clip) > 0.5
        box = known(clip).boxes[1]
        share = region.sum() / np.prod(box[2:] - box[:2])
        assert 0.2 < share < 0.75
        assert off_plane(meters(clip)[face(clip)]) > 8


def test_the_paper_mask_is_creased_to_the_face_beneath_without_its_fine_form_and_has_a_white_edge():
    for clip in clips("mask.paper"):
        scene = Scene(clip)
        worn, relief = scene.attack.instrument(), scene.attack.head().relief
        fine = [
            np.abs(cv2.Laplacian(np.ascontiguousarray(field), cv2.CV_32F))[worn.cover > 0.99].mean()
            for field in (worn.surface, relief)
        ]
        assert fine[0] < 0.8 * fine[1]  # 0.46 to 0.78 on these four clips of phantom-2
        assert np.corrcoef(worn.surface[worn.cover > 0.99], relief[worn.cover > 0.99])[0, 1] > 0.9
        edge = (worn.cover > 0.4) & (worn.cover < 0.6)
        assert np.median(worn.color[edge]) > 0.6


def test_the_transparent_mask_only_adds_light_and_loses_depth_where_it_shines():
    for clip in clips("mask.transparent"):
        assert known(clip).trace(1).min() >= -1e-6
        assert (near(clip) - near(clip, live=True)).min() >= -1
        lost, live = meters(clip) > 10, meters(clip, live=True)
        assert 0 < lost.mean() < 0.2
        np.testing.assert_array_equal(meters(clip)[~lost], live[~lost])
        assert known(clip).shown(1, without=frozenset(known(clip).stages())).tobytes() == known(clip).live(1).tobytes()


@pytest.mark.parametrize("species", ["makeup.cosmetic", "makeup.obfuscation", "makeup.impersonation"])
def test_makeup_is_seen_in_rgb_only(species):
    for clip in clips(species):
        np.testing.assert_array_equal(meters(clip), meters(clip, live=True))
        np.testing.assert_array_equal(near(clip), near(clip, live=True))


def test_cosmetics_redden_the_lips():
    for clip in clips("makeup.cosmetic"):
        lips = known(clip).landmarks[1][[50, 52, 56, 58]].mean(0)
        x, y = lips.round().astype(int)
        place = slice(y - 3, y + 4), slice(x - 4, x + 5)
        painted, bare = (picture[place].mean((0, 1)) for picture in (known(clip).shown(1), known(clip).live(1)))
        assert painted[0] / painted[1] > 1.05 * bare[0] / bare[1]


def test_silicone_and_mannequin_keep_the_relief_of_a_face():
    for species in ("mask.silicone", "mannequin"):
        for clip in clips(species):
            place = face(clip)
            assert off_plane(meters(clip)[place]) > 0.8 * off_plane(meters(clip, live=True)[place])
            # nothing but hair and skin is painted: what is behind stays
            far = meters(clip, live=True) > 0.99 * clip.capture.background_depth
            assert (
                np.abs(known(clip).trace(1)[cv2.erode(far.astype(np.uint8), np.ones((7, 7))) > 0]).max(initial=0) < 1e-3
            )


def test_silicone_is_the_faintest_of_the_whole_masks():
    names = ("mask.silicone", "mask.paper", "mannequin")
    size = {name: np.mean([np.abs(known(clip).trace(1)[face(clip)]).mean() for clip in clips(name)]) for name in names}
    assert size["mask.silicone"] < 0.5 * min(size["mask.paper"], size["mannequin"])


def flush(clip, *, live=False):
    """Change of the picture from no blood to much."""
    pictures = []
    for blood in (0.0, 0.05):
        scene = Scene(clip, live=live)
        scene._blood = lambda moment, blood=blood: np.full(moment.hit.u.shape, blood, np.float32)
        pictures.append(scene.display(1))
    return np.abs(pictures[1] - pictures[0]).mean(2)


@pytest.mark.parametrize(
    ("species", "low", "high"),
    [
        ("print.warped", 0, 0),
        ("print.cut", 0, 0.1),
        ("replay.phone", 0.2, 0.95),
        ("mask.paper", 0, 0.1),
        ("mask.silicone", 0, 0.1),
        ("mask.transparent", 0.7, 1.01),
        ("makeup.cosmetic", 0.4, 0.95),
        ("mannequin", 0, 0),
        ("mask.half", 0.1, 0.8),
        ("glasses", 0.6, 1.01),
        ("makeup.obfuscation", 0.3, 0.9),
        ("makeup.impersonation", 0.4, 0.95),
    ],
)
def test_as_much_of_the_pulse_is_seen_as_the_attack_lets_through(species, low, high):
    shares = [flush(clip)[face(clip)].mean() / flush(clip, live=True)[face(clip)].mean() for clip in clips(species)[:3]]
    assert low <= np.median(shares) <= high


@pytest.mark.parametrize("species", ["mask.paper", *PARTIAL])
def test_no_blood_is_seen_through_what_is_opaque(species):
    for clip in clips(species)[:2]:
        assert flush(clip)[cover(clip) == 1].max() < 1e-6


def test_a_mannequin_neither_turns_blinks_nor_speaks():
    scene = Scene(clips("mannequin", 20)[0])
    poses = [scene.pose(index) for index in range(20)]
    assert {(pose.yaw, pose.pitch, pose.lids, pose.mouth) for pose in poses} == {
        (scene.clip.capture.yaw, scene.clip.capture.pitch, 0.0, 0.0)
    }


def test_a_warped_print_is_part_of_a_cylinder_and_its_picture_bends_along():
    for clip in clips("print.warped"):
        scene = Scene(clip)
        moment, attack = scene.moment(1), scene.attack
        sheet = attack.inside(attack.bent(moment)) > 0.004
        axis, radius = clip.trait("axis"), clip.trait("radius")
        across = moment.hit.plane_x * np.cos(axis) + moment.hit.plane_y * np.sin(axis)
        lift = attack.lift(moment)
        height = (lift - 0.05)[sheet] * -clip.trait("side")
        np.testing.assert_allclose((radius - height) ** 2 + across[sheet] ** 2, radius**2, rtol=1e-3)
        # a landmark of the frame, unrolled, is that of the flat picture
        flat = np.column_stack([moment.hit.plane_x.ravel(), moment.hit.plane_y.ravel()])
        pose, rolled = moment.pose, attack.bent(moment).hit
        turn = np.deg2rad(pose.roll)
        to_frame = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * pose.scale
        paper = np.column_stack([rolled.plane_x.ravel(), rolled.plane_y.ravel()]) @ to_frame + [pose.x, pose.y]
        there = flat @ to_frame + [pose.x, pose.y]
        inner = sheet.ravel()
        np.testing.assert_allclose(attack.placed(paper, pose)[inner], there[inner], atol=0.02)


def test_behind_the_holes_of_a_cut_print_eyes_blink_live_deeper_than_the_paper():
    for clip in clips("print.cut"):
        scene = Scene(clip)
        moment = scene.moment(1)
        hole = scene.attack.hole(moment)
        on_sheet = scene.attack.cover(moment) > 0.99
        assert 0.003 < (hole > 0.5).mean() < 0.05
        flat = scene.attack.lift(moment)
        gap = meters(clip) - (clip.capture.distance - flat)
        np.testing.assert_allclose(gap[(hole > 0.6) & on_sheet], clip.trait("gap"), atol=1e-5)
        np.testing.assert_allclose(gap[(hole < 0.4) & on_sheet], 0, atol=1e-5)
        assert np.ptp(scene.attack.pulse(1.0, moment)) == pytest.approx(1, abs=0.05)
        shut = moment.elsewhere(moment.hit, moment.pose._replace(lids=1.0))
        change = np.abs(
            scene._color(shut) - scene._color(moment.elsewhere(moment.hit, moment.pose._replace(lids=0.0)))
        ).max(2)
        assert change[hole > 0.6].max() > 0.02
        assert change[hole < 0.01].max() < 1e-6


def test_a_phone_is_a_dark_plane_in_infrared_with_bright_fingers_and_round_corners():
    for clip in clips("replay.phone"):
        scene = Scene(clip)
        moment = scene.moment(1)
        fingers, height = scene.attack._fingers(moment)
        inside = scene.attack.inside(moment)
        picture = near(clip)
        assert np.median(picture[(inside > 0.01) & (fingers < 0.01)]) < 0.6 * np.median(
            picture[(fingers > 0.9) & (height > 0.6)]
        )
        middle = (inside > 0.01) & (fingers < 0.01)
        assert off_plane_at(meters(clip), middle) < 0.5
        assert 0 < (fingers > 0.5).mean() < 0.12
        wide, high = clip.capture.sheet.half_width, clip.capture.sheet.half_height
        x, y = scene.attack._from_center(moment)
        corner = (np.abs(x) > wide - 0.002) & (np.abs(y) > high - 0.002)
        assert (inside[corner] < 0).all()


def off_plane_at(depth, where):
    y, x = np.nonzero(where)
    design, z = np.column_stack([x, y, x * y, x * x, y * y, np.ones_like(x)]).astype(float), depth[y, x].astype(float)
    return 1000 * float(np.abs(z - design @ np.linalg.lstsq(design, z, rcond=None)[0]).max())


def test_greasepaint_hides_the_persons_tone_and_draws_lines_of_age():
    for clip in clips("makeup.obfuscation"):
        names = known(clip).stages()
        assert names == ("base", "contour", "wrinkles", "colours")
        shown, smooth = known(clip).shown(1), known(clip).shown(1, without=frozenset({"wrinkles"}))
        x1, y1, x2, _ = known(clip).boxes[1]
        brow = known(clip).landmarks[1][[19, 24], 1].min()
        forehead = slice(int(y1), int(brow) - 2), slice(int(0.7 * x1 + 0.3 * x2), int(0.3 * x1 + 0.7 * x2))
        fine = [np.abs(cv2.Laplacian(picture.mean(2), cv2.CV_32F))[forehead].mean() for picture in (shown, smooth)]
        assert fine[0] > 1.03 * fine[1]


def test_painted_skin_comes_nearer_to_the_tone_of_the_impersonated():
    for clip in clips("makeup.impersonation"):
        attack, wearer = Scene(clip).attack, head(clip.subject)
        target, gain = attack.target(), attack._gains["tone"]
        cheek = slice(195, 205), slice(85, 95)
        before, after = wearer.color[cheek].mean((0, 1)), (wearer.color * gain)[cheek].mean((0, 1))
        aim = before * target.who.skin / wearer.who.skin
        assert np.abs(after - aim).sum() < 0.7 * np.abs(before - aim).sum()
