"""The optimizers of a spec against the installed torch: classes, arguments, defaults and the ranges that torch accepts."""

import copy
import inspect
import json
import pickle
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
import torch
from torch import nn

from fascore import Config, FascoreError, Optimizer, SpecErrors
from fascore.components.recipes import Supervised
from fascore.contract.component import validate
from fascore.training.config import CLASSES, OPTIONS, REFUSED, TYPED, Adam, AdamW, OtherOptimizer, RmsProp, Sgd

CHOSEN_HERE = {"self", "params", "lr", "foreach", "fused", "capturable", "differentiable"}
"""`lr` is a field of every optimizer; the others choose an implementation, not what is computed."""
OF_TORCH = {
    name: item
    for name, item in vars(torch.optim).items()
    if isinstance(item, type) and issubclass(item, torch.optim.Optimizer) and item is not torch.optim.Optimizer
}


def arguments_of_torch(name: str) -> dict[str, Any]:
    """Names and defaults of the arguments of a class that a spec may give."""
    parameters = inspect.signature(OF_TORCH[CLASSES[name]].__init__).parameters
    return {key: parameter.default for key, parameter in parameters.items() if key not in CHOSEN_HERE}


def optimizer(**fields: Any) -> Optimizer:
    return validate(Optimizer, {"lr": 0.1, **fields})


def test_every_class_of_torch_is_usable_or_refused_with_a_reason() -> None:
    assert {name.lower() for name in OF_TORCH} == set(CLASSES) | set(REFUSED)
    assert set(CLASSES.values()) < set(OF_TORCH)
    assert set(CLASSES) == set(TYPED) | set(OPTIONS)


@pytest.mark.parametrize("name", TYPED)
def test_the_fields_of_a_typed_optimizer_are_the_arguments_and_defaults_of_its_class(name: str) -> None:
    fields = {key: field.default for key, field in TYPED[name].model_fields.items() if key not in ("name", "lr")}
    assert fields == arguments_of_torch(name)
    assert optimizer(name=name).arguments == {}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_of_any_other_optimizer_are_the_arguments_of_its_class(name: str) -> None:
    assert set(OPTIONS[name].model_fields) == set(arguments_of_torch(name))


@pytest.mark.parametrize("name", OPTIONS)
def test_torchs_own_defaults_are_valid_options(name: str) -> None:
    defaults = {key: value for key, value in arguments_of_torch(name).items() if value is not None}
    assert optimizer(name=name, options=json.loads(json.dumps(defaults))).arguments == defaults


LIMITS: list[dict[str, Any]] = [
    {"name": "sgd", "momentum": 0},
    {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0},
    {"name": "sgd", "momentum": 1.5, "dampening": -1},
    {"name": "adam", "betas": [0, 0], "eps": 0, "weight_decay": 0, "decoupled_weight_decay": True, "amsgrad": True},
    {"name": "adamw", "betas": [0.999999, 0.999999], "eps": 1, "weight_decay": 9, "maximize": True},
    {"name": "rmsprop", "alpha": 0, "eps": 0, "momentum": 0, "centered": True},
    {"name": "rmsprop", "alpha": 1, "momentum": 2},
    {"name": "adadelta", "options": {"rho": 0, "eps": 0}},
    {"name": "adadelta", "options": {"rho": 1, "weight_decay": 0}},
    {"name": "adafactor", "options": {"beta2_decay": 0, "d": 1, "eps": [None, 0]}},
    {"name": "adafactor", "options": {"eps": [0, 0], "weight_decay": 0}},
    {"name": "adagrad", "options": {"lr_decay": 0, "initial_accumulator_value": 0, "eps": 0, "weight_decay": 0}},
    {"name": "adamax", "options": {"betas": [0, 0.5], "eps": 0, "weight_decay": 0}},
    {"name": "asgd", "options": {"weight_decay": 0, "t0": 0}},
    {"name": "muon", "options": {"momentum": 0, "weight_decay": 0, "ns_steps": 0, "adjust_lr_fn": "original"}},
    {"name": "nadam", "options": {"momentum_decay": 0, "betas": [0, 0], "eps": 0, "weight_decay": 0}},
    {"name": "radam", "options": {"betas": [0, 0], "eps": 0, "weight_decay": 0, "decoupled_weight_decay": True}},
    {"name": "rprop", "options": {"etas": [0.001, 1.001], "step_sizes": [1e-6, 50]}},
]


@pytest.mark.parametrize("fields", LIMITS, ids=str)
def test_what_the_config_accepts_torch_accepts_and_steps_with(fields: dict[str, Any]) -> None:
    config = optimizer(**fields)
    weight = nn.Parameter(torch.ones(2, 2))
    built = OF_TORCH[CLASSES[config.name]]([weight], lr=config.lr, **config.arguments)
    weight.grad = torch.ones(2, 2)
    built.step()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "sgd", "momentum": -0.1}, "momentum"),
    ({"name": "sgd", "weight_decay": -1}, "weight_decay"),
    ({"name": "sgd", "nesterov": True}, ""),
    ({"name": "sgd", "nesterov": True, "momentum": 0.9, "dampening": 0.1}, ""),
    ({"name": "adam", "betas": [1, 0.9]}, "betas.0"),
    ({"name": "adam", "betas": [0.9, -0.1]}, "betas.1"),
    ({"name": "adamw", "betas": [0.9, 1]}, "betas.1"),
    ({"name": "adamw", "eps": -1e-9}, "eps"),
    ({"name": "adam", "weight_decay": -1}, "weight_decay"),
    ({"name": "adam", "eps": -1}, "eps"),
    ({"name": "adamw", "weight_decay": -1}, "weight_decay"),
    ({"name": "rmsprop", "alpha": -0.1}, "alpha"),
    ({"name": "rmsprop", "momentum": -0.1}, "momentum"),
    ({"name": "rmsprop", "eps": -0.1}, "eps"),
    ({"name": "rmsprop", "weight_decay": -0.1}, "weight_decay"),
    ({"name": "adadelta", "options": {"rho": 1.1}}, "options.rho"),
    ({"name": "adafactor", "options": {"d": 0.9}}, "options.d"),
    ({"name": "adafactor", "options": {"beta2_decay": 0.1}}, "options.beta2_decay"),
    ({"name": "adagrad", "options": {"lr_decay": -1}}, "options.lr_decay"),
    ({"name": "adamax", "options": {"betas": [0.5, 1]}}, "options.betas.1"),
    ({"name": "asgd", "options": {"weight_decay": -1}}, "options.weight_decay"),
    ({"name": "muon", "options": {"ns_steps": 100}}, "options.ns_steps"),
    ({"name": "muon", "options": {"adjust_lr_fn": "none"}}, "options.adjust_lr_fn"),
    ({"name": "nadam", "options": {"momentum_decay": -1}}, "options.momentum_decay"),
    ({"name": "radam", "options": {"eps": -1}}, "options.eps"),
    ({"name": "rprop", "options": {"etas": [0, 1.2]}}, "options.etas.0"),
    ({"name": "rprop", "options": {"etas": [0.5, 1]}}, "options.etas.1"),
    ({"name": "sgd", "lr": 0}, "lr"),
    ({"name": "nadam", "lr": -1}, "lr"),
]


@pytest.mark.parametrize(("fields", "path"), WRONG, ids=str)
def test_a_number_that_cannot_train_is_refused_by_the_config(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecErrors) as caught:
        optimizer(**fields)
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize("fields", [wrong for wrong, path in WRONG if path != "lr"], ids=str)
def test_what_the_config_refuses_torch_refuses_too(fields: dict[str, Any]) -> None:
    """The other way round: no range is narrower than torch's."""
    weight = nn.Parameter(torch.ones(2, 2))
    arguments = {**fields, **fields.get("options", {})}
    arguments = {key: value for key, value in arguments.items() if key not in ("name", "options")}
    with pytest.raises(ValueError):
        built = OF_TORCH[CLASSES[fields["name"]]]([weight], lr=0.1, **arguments)
        weight.grad = torch.ones(2, 2)
        built.step()


def test_rmsprop_with_an_alpha_above_1_is_refused_since_its_mean_square_turns_negative() -> None:
    weight = nn.Parameter(torch.ones(1))
    built = torch.optim.RMSprop([weight], lr=0.1, alpha=1.1)
    weight.grad = torch.ones(1)
    built.step()
    assert weight.isnan().all()
    with pytest.raises(SpecErrors, match="alpha"):
        optimizer(name="rmsprop", alpha=1.1)


@pytest.mark.parametrize(
    ("fields", "path", "sentence"),
    [
        ({"name": "adamm"}, "name", "torch.optim has no 'adamm'. Did you mean 'adam'?"),
        ({"name": "AdamW"}, "name", "torch.optim has no 'AdamW'. Did you mean 'adamw'?"),
        ({"name": "quasi"}, "name", "torch.optim has no 'quasi'. It has adadelta, adafactor, adagrad, adam, adamw"),
        ({"name": "lbfgs"}, "name", "lbfgs cannot train here: it evaluates the loss several times per step"),
        ({"name": "sparseadam"}, "name", "sparseadam cannot train here: it accepts only sparse gradients"),
        ({}, "name", "is missing"),
        ({"name": 3}, "name", "Input should be a valid string; got 3"),
        ({"name": "sgd", "momentun": 0.9}, "momentun", "there is no field 'momentun'. Did you mean 'momentum'?"),
        ({"name": "adamw", "xyz": 0}, "xyz", "there is no field 'xyz'. Fields: name, lr, betas, eps"),
        ({"name": "adam", "weight_decay": "much"}, "weight_decay", "Input should be a valid number"),
        ({"name": "adam", "options": {}}, "options", "there is no field 'options'. Fields: name, lr, betas"),
        (
            {"name": "nadam", "momentum_deacy": 1},
            "",
            "nadam has no argument 'momentum_deacy'. Did you mean 'momentum_decay'?",
        ),
        ({"name": "nadam", "xyz": 1}, "", "nadam has no argument 'xyz'. Its arguments are lr, betas, eps"),
        ({"name": "nadam", "options": {"esp": 1}}, "options.esp", "there is no field 'esp'. Did you mean 'eps'?"),
        ({"name": "nadam", "options": {"lr": 1}}, "options.lr", "there is no field 'lr'"),
        ({"name": "nadam", "options": {"eps": None}}, "options.eps", "Input should be a valid number"),
        ({"name": "nadam", "options": [1]}, "options", "Input should be a valid dictionary"),
        (
            {"name": "nadam", "eps": 1, "options": {"eps": 1}},
            "",
            "the argument 'eps' of nadam is in 'options' too; remove one of them",
        ),
        ({"name": "sgd", "nesterov": True}, "", "'nesterov' needs a momentum above 0 and a dampening of 0"),
    ],
    ids=str,
)
def test_a_wrong_optimizer_is_named_in_a_sentence(fields: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(SpecErrors) as caught:
        optimizer(**fields)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert problem.message.startswith(sentence)


def test_all_mistakes_of_an_optimizer_are_found_in_one_pass() -> None:
    wrong = {"name": "nadam", "lr": -1, "options": {"esp": 1, "betas": [2, 0]}}
    with pytest.raises(SpecErrors) as caught:
        validate(Supervised, {"optimizer": wrong, "epochs": 0})
    paths = {problem.path for problem in caught.value.problems}
    assert paths == {"epochs", "optimizer.lr", "optimizer.options.esp", "optimizer.options.betas.0"}


@pytest.mark.parametrize("value", ["adamw", 3, None, ["sgd"]])
def test_what_is_not_an_object_gets_an_example(value: object) -> None:
    with pytest.raises(SpecErrors, match=r'optimizer: must be an optimizer of torch.optim, such as \{"name": "adamw"'):
        validate(Supervised, {"optimizer": value})


def test_python_and_json_give_an_object_of_the_named_class() -> None:
    classes = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "rmsprop": RmsProp, "nadam": OtherOptimizer}
    for name, of in classes.items():
        assert type(Optimizer(name=name, lr=0.1)) is of
        assert type(validate(Supervised, {"optimizer": {"name": name, "lr": 0.1}}).optimizer) is of
        assert Optimizer(name=name, lr=0.1) == Optimizer.model_validate({"name": name, "lr": 0.1})
    assert Sgd(lr=0.1, momentum=0.9) == Optimizer(name="sgd", lr=0.1, momentum=0.9)
    assert Optimizer(name="sgd", lr=0.1, momentum=0.9).arguments == {"momentum": 0.9}
    with pytest.raises(ValueError, match="has its own config"):
        OtherOptimizer(name="sgd", lr=0.1)
    with pytest.raises(ValueError, match="Field required"):
        Optimizer(lr=0.1)  # type: ignore[call-arg]


def test_the_flat_form_of_any_class_means_the_same_as_its_options() -> None:
    flat = optimizer(name="nadam", momentum_decay=0.004, betas=[0.9, 0.98])
    assert flat == optimizer(name="nadam", options={"momentum_decay": 0.004, "betas": [0.9, 0.98]})
    assert flat == optimizer(name="nadam", momentum_decay=0.004, options={"betas": [0.9, 0.98]})
    assert flat.arguments == {"momentum_decay": 0.004, "betas": (0.9, 0.98)}
    assert json.loads(flat.canonical()) == {
        "name": "nadam",
        "lr": 0.1,
        "options": {"momentum_decay": 0.004, "betas": [0.9, 0.98]},
    }


@pytest.mark.parametrize("fields", LIMITS, ids=str)
def test_an_optimizer_survives_json_and_copies(fields: dict[str, Any]) -> None:
    recipe = validate(Supervised, {"optimizer": {"lr": 0.1, **fields}})
    assert validate(Supervised, json.loads(recipe.canonical())) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == copy.deepcopy(recipe) == recipe


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        *((fields, True) for fields in LIMITS),
        ({"name": "nadam", "momentum_decay": 0.1}, True),
        ({"name": "nadam", "rho": 0.1}, False),
        ({"name": "nadam", "options": {"rho": 0.1}}, False),
        ({"name": "sgd", "momentun": 0.1}, False),
        ({"name": "lbfgs"}, False),
        ({"name": "adamw", "options": {}}, False),
        ({}, False),
    ],
    ids=str,
)
def test_the_json_schema_accepts_what_validation_accepts(fields: dict[str, Any], accepted: bool) -> None:
    schema = jsonschema.Draft202012Validator(Supervised.model_json_schema())
    assert schema.is_valid({"type": "supervised", "optimizer": {"lr": 0.1, **fields}}) is accepted
    assert not schema.is_valid({"type": "supervised", "optimizer": fields})  # without lr


def test_no_optimizer_can_be_changed() -> None:
    for name in CLASSES:
        with pytest.raises(ValueError, match="frozen"):
            optimizer(name=name).lr = 3  # type: ignore[misc]


def test_every_field_of_every_optimizer_is_described() -> None:
    owners: list[type[Config]] = [Optimizer, OtherOptimizer, *TYPED.values()]
    assert [
        (owner, name) for owner in owners for name, field in owner.model_fields.items() if not field.description
    ] == []


def test_a_class_that_this_torch_lacks_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from fascore.training import optim

    build = optim.make_optimizer
    monkeypatch.delattr(torch.optim, "Muon")
    schedule = Supervised().schedule
    with pytest.raises(FascoreError, match=r"torch rejects the optimi[sz]er muon"):
        build([nn.Parameter(torch.ones(2, 2))], optimizer(name="muon"), schedule, epochs=1, steps_per_epoch=1)


def test_recipes_are_checked_without_importing_torch() -> None:
    code = (
        "import sys; from fascore.components.recipes import Supervised; from fascore.contract.component import validate;"
        "validate(Supervised, {'optimizer': {'name': 'sgd', 'lr': 0.1, 'momentum': 0.9}}); "
        "assert not {'torch', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
