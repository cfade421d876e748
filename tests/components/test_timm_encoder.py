"""The timm encoder: its static Signal against the real model, its normalisation, its errors."""

import subprocess
import sys

import pytest
import timm
import torch
from safetensors.torch import save_file

from fascore import Clip, FascoreError, Image, Plane, Pyramid, SpecError, Tokens, Vector
from fascore.components.encoders import Identity, Timm
from fascore.components.encoders.timm_facts import _table


def shapes(given):
    return [tuple(t.shape) for t in (given if isinstance(given, list) else [given])]


SAMPLES = [
    ("resnet18", (224, 224), (97, 130)),
    ("resnet50", (224, 224), (65, 224)),
    ("mobilenetv3_small_100", (224, 224), (33, 101)),
    ("vit_tiny_patch16_224", (224, 224), None),
    ("swin_tiny_patch4_window7_224", (224, 224), None),
    ("convnext_atto", (224, 224), (70, 95)),
    ("efficientnet_b0", (224, 224), (61, 90)),
    ("test_resnet", (32, 32), (33, 47)),
    ("test_vit", (160, 160), None),
    ("test_convnext", (160, 160), (63, 94)),
    ("test_nfnet", (160, 160), (61, 35)),
    ("test_mambaout", (96, 96), (65, 99)),
    ("test_maxvit", (160, 160), None),
    ("test_byobnet", (64, 64), (35, 66)),
]


@pytest.mark.parametrize("output", ["vector", "tokens", "pyramid"])
@pytest.mark.parametrize(("name", "size", "odd"), SAMPLES, ids=[row[0] for row in SAMPLES])
def test_the_table_says_what_the_model_gives(name, size, odd, output):
    """On the meta device, where the real code runs and shapes are real, at the usual size and an odd one, with other channels."""
    for channels, (h, w) in ((3, size), (5, odd or size)):
        config, signal = Timm(name=name, output=output), Plane(channels, h, w)
        with torch.device("meta"):
            given = config.build([signal]).eval()(torch.empty(2, channels, h, w))
        assert shapes(given) == [(2, *shape) for shape in config.infer([signal]).shapes]


@pytest.mark.parametrize("name", ["test_vit", "vit_tiny_patch16_224", "test_maxvit", "swin_tiny_patch4_window7_224"])
@pytest.mark.parametrize("output", ["tokens", "pyramid"])
def test_a_model_of_fixed_size_can_be_built_for_another(name, output):
    config, signal = Timm(name=name, output=output, img_size=(64, 96)), Image(3, 64, 96)
    with torch.device("meta"):
        given = config.build([signal]).eval()(torch.empty(1, 3, 64, 96))
    assert shapes(given) == [(1, *shape) for shape in config.infer([signal]).shapes]


def test_every_model_of_the_installed_timm_is_in_the_table():
    if _table()["timm"] == timm.__version__:
        assert set(_table()["models"]) == set(timm.list_models())


def test_a_model_that_is_not_tabulated_is_measured_and_this_is_reported(monkeypatch, capsys):
    known = [Timm(name="test_resnet", output=o).infer([Image(3, 50, 64)]) for o in ("vector", "tokens", "pyramid")]
    vit = Timm(name="test_vit", output="tokens").infer([Image(3, 160, 160)])
    for name in ("test_resnet", "test_vit"):
        monkeypatch.setitem(_table()["models"], name, {"build": True, "tags": {}})
    assert [
        Timm(name="test_resnet", output=o).infer([Image(3, 50, 64)]) for o in ("vector", "tokens", "pyramid")
    ] == known
    assert Timm(name="test_vit", output="tokens").infer([Image(3, 160, 160)]) == vit
    assert (
        "timm 'test_resnet' is not in fascore's table: the check built it on torch's meta device"
        in capsys.readouterr().err
    )
    with pytest.raises(SpecError, match="timm 'test_vit' refuses an input of 3 x 100 x 100"):
        Timm(name="test_vit").infer([Image(3, 100, 100)])


def test_an_image_is_normalized_by_the_model_s_own_statistics_and_a_plane_never():
    image, plane = (Timm(name="test_vit").build([signal(3, 160, 160)]).eval() for signal in (Image, Plane))
    plane.load_state_dict(image.state_dict())
    x, facts = torch.rand(2, 3, 160, 160), timm.get_pretrained_cfg("test_vit")
    mean, std = (torch.tensor(s).view(3, 1, 1) for s in (facts.mean, facts.std))
    torch.testing.assert_close(image(x), plane((x - mean) / std))


def test_other_channel_counts_take_the_average_statistics():
    encoder = Timm(name="test_resnet").build([Image(1, 32, 32)])
    facts = timm.get_pretrained_cfg("test_resnet")
    assert encoder.mean.flatten().tolist() == pytest.approx([sum(facts.mean) / 3])
    assert encoder.deviation.flatten().tolist() == pytest.approx([sum(facts.std) / 3])
    assert not [key for key in encoder.state_dict() if "mean" in key.split(".")[0]]


def test_a_clip_gives_the_mean_or_the_sequence_of_its_frames_vectors():
    signal = Clip(4, 3, 32, 32)
    mean, tokens = (Timm(name="test_resnet", clip=clip).build([signal]).eval() for clip in ("mean", "tokens"))
    tokens.load_state_dict(mean.state_dict())
    frame = Timm(name="test_resnet").build([Image(3, 32, 32)]).eval()
    frame.load_state_dict(mean.state_dict())
    clip = torch.rand(2, *signal.shape)
    by_frame = torch.stack([frame(clip[:, t]) for t in range(4)], 1)
    torch.testing.assert_close(tokens(clip), by_frame)
    torch.testing.assert_close(mean(clip), by_frame.mean(1))


@pytest.mark.parametrize("name", ["test_mambaout", "test_resnet", "test_vit", "test_maxvit"])
def test_tokens_stand_where_the_feature_map_has_them(name):
    """Behind the prefix, by rows, tokens are the last feature map that timm itself calls NCHW."""
    height, width = _table()["models"][name]["size"]
    signal, x = Image(3, height, width), torch.rand(1, 3, height, width)
    encoder = Timm(name=name, output="tokens").build([signal]).eval()
    static = Timm(name=name, output="tokens").infer([signal])
    places = encoder(x)[0, static.prefix :].view(*static.grid, -1)
    last = encoder.model.forward_intermediates(
        (x - encoder.mean) / encoder.deviation, indices=1, norm=True, intermediates_only=True
    )[-1]
    torch.testing.assert_close(places, last[0].permute(1, 2, 0))


def test_pretrained_weights_come_from_a_file_and_adapt_to_channels(tmp_path):
    source = timm.create_model("test_resnet", num_classes=7)
    path = tmp_path / "weights.safetensors"
    save_file(source.state_dict(), path)
    encoder = Timm(name="test_resnet", pretrained=str(path)).build([Image(1, 32, 32)])
    random = encoder.model.layer1[0].conv1.weight.clone()
    encoder.adopt_pretrained()
    assert not torch.equal(random, encoder.model.layer1[0].conv1.weight)
    torch.testing.assert_close(encoder.model.layer1[0].conv1.weight, source.layer1[0].conv1.weight)
    torch.testing.assert_close(encoder.model.conv1[0].weight, source.conv1[0].weight.sum(1, keepdim=True))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none.safetensors", "is not one"),
        ("weights.pth", "is not one"),
        ("other.safetensors", "does not contain weights of this model"),
    ],
)
def test_pretrained_weights_that_cannot_be_had_are_an_error(tmp_path, name, says):
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    (tmp_path / "weights.pth").write_bytes(b"pickle")
    with pytest.raises(FascoreError, match=says):
        Timm(name="test_resnet", pretrained=str(tmp_path / name)).build([Image(3, 32, 32)]).adopt_pretrained()


def test_a_download_that_fails_says_what_to_do_without_network(monkeypatch):
    import huggingface_hub

    def refuse(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    with pytest.raises(
        FascoreError, match=r"timm/test_resnet.r160_in1k cannot be downloaded.*to the path of a safetensors file"
    ):
        Timm(name="test_resnet", pretrained=True).build([Image(3, 32, 32)]).adopt_pretrained()


IMAGE = Image(3, 224, 224)


@pytest.mark.parametrize(
    ("fields", "signal", "says"),
    [
        ({"name": "resnet51x"}, IMAGE, "timm .* has no model 'resnet51x'. Did you mean 'resnet5"),
        ({"name": "resnet50.nope"}, IMAGE, "timm has no weights 'nope' for 'resnet50'; it has .*a1_in1k"),
        ({"name": "test_coatnet", "pretrained": True}, IMAGE, "no pretrained weights for 'test_coatnet'"),
        (
            {"name": "vit_tiny_patch16_224"},
            Image(3, 256, 256),
            r"accepts 224 x 224 pixels, but its input has 256 x 256; .*\"img_size\": \[256, 256\]",
        ),
        (
            {"name": "vit_tiny_patch16_224", "img_size": 128},
            IMAGE,
            "accepts 128 x 128 pixels, but its input has 224 x 224",
        ),
        (
            {"name": "test_vit", "img_size": 100},
            Image(3, 100, 100),
            "sides that are multiples of 16 pixels, but its input has 100 x 100",
        ),
        (
            {"name": "resnet18", "img_size": 128},
            Image(3, 128, 128),
            "accepts inputs of any size, and 'img_size' does not change that",
        ),
        ({"name": "resnet18", "levels": (1,)}, IMAGE, '\'levels\' belongs to "output": "pyramid"'),
        (
            {"name": "resnet18", "levels": (5,), "output": "pyramid"},
            IMAGE,
            "has 5 feature maps, so 'levels' are 0 to 4 or -5 to -1; got 5",
        ),
        ({"name": "resnet18", "output": "tokens"}, Clip(4, 3, 64, 64), "for a Clip, timm produces vectors, not tokens"),
        ({}, Vector(4), r"timm accepts an Image, a Plane, or a Clip, not Vector\(4\)"),
    ],
)
def test_what_timm_cannot_do_is_refused_in_a_sentence(fields, signal, says):
    with pytest.raises(SpecError, match=says):
        Timm(**fields).infer([signal])


def test_levels_are_taken_from_either_end():
    sizes = Timm(name="resnet18", output="pyramid").infer([IMAGE])
    assert [level.stride for level in sizes.levels] == [4, 8, 16, 32]
    assert [
        level.stride for level in Timm(name="resnet18", output="pyramid", levels=(-1, 0)).infer([IMAGE]).levels
    ] == [2, 32]


def test_the_static_answer_needs_no_torch():
    code = (
        "import sys; from fascore.components.encoders import Timm; from fascore.contract.signals import Image; import fascore.components.fusions,"
        "fascore.components.heads, fascore.components.objectives, fascore.components.samplers;"
        "print(Timm(name='resnet50').infer([Image(3, 224, 224)]), [m for m in ('torch', 'timm', 'numpy', 'cv2') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "Vector(2048) []"


@pytest.mark.parametrize("signal", [Vector(3), Plane(2, 4, 5), Tokens(4, 3, 1), Image(3, 8, 8)])
def test_identity_gives_what_it_takes(signal):
    assert Identity().infer([signal]) == signal
    x = torch.rand(2, *signal.shape)
    assert Identity().build([signal])(x) is x
    with pytest.raises(SpecError, match="identity reads one input; got 2"):
        Identity().infer([signal, signal])


def test_drop_reaches_the_model():
    torch.manual_seed(0)
    encoder, x = Timm(name="test_resnet", drop=0.9).build([Image(3, 32, 32)]), torch.rand(4, 3, 32, 32)
    assert (encoder(x) == 0).float().mean() > 0.8
    assert isinstance(Timm(name="test_resnet", output="pyramid").infer([IMAGE]), Pyramid)
