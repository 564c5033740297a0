"""``steered-env train``: its options, most of them made from the algorithms' configurations, and what they ask for."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evaluation.results import terminal
from steered_env.training import OLDER_NAMES, PPOConfig, TrainingConfig, config_fields, with_present_names

from .parsing import parse_numbers

if TYPE_CHECKING:
    import torch

    from steered_env import ImpalaPolicy

_CONFIGS: dict[str, type[TrainingConfig | PPOConfig]] = {kind.algorithm: kind for kind in (TrainingConfig, PPOConfig)}
_TITLES = {TrainingConfig.algorithm: "Imitation", PPOConfig.algorithm: "PPO"}
_ALGORITHM_OF = {"workers": TrainingConfig.algorithm, "evaluate_every": PPOConfig.algorithm}
"""Options of how one algorithm is run; those of what is trained are fields of its configuration."""
_WITHOUT_DEFAULT = {
    "bfloat16": "defaults to where the hardware has them",
    "width": "defaults to that of --start, or 1",
}
"""Options whose default depends on others or on the machine, and the words for it."""
_BESIDE_A_RECIPE = ("recipe", "out", "device", "bfloat16", "workers", "rate_levels", "evaluate_every", "other_code")
_out, _err = terminal(), terminal(stderr=True)


def train(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; a run that is there is continued. Defaults to runs/RECIPE.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="All settings by the name of a recipe, such as small-7; a wrong name lists all.")
    ] = None,
    algorithm: Annotated[
        str, typer.Option(help="imitation of shortest paths, or ppo: reinforcement learning.")
    ] = TrainingConfig.algorithm,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU if there is one.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Imitation: Processes that draw examples.")] = 1,
    rate_levels: Annotated[
        int, typer.Option(min=0, help="Held-out mazes for the cheese rate in the curve; 0 for none.")
    ] = 16,
    evaluate_every: Annotated[int, typer.Option(min=1, help="PPO: Updates between two evaluations.")] = 5,
    other_code: Annotated[
        bool, typer.Option("--other-code", help="Go on with a run that other code began; its files then name both.")
    ] = False,
    **settings: Any,
) -> None:
    """Train a policy, or continue.

    By imitation of shortest paths, or by Stable-Baselines3's PPO. A run that was interrupted goes on where it was.
    """
    from evaluation.results import make_folder
    from steered_env.policy import choose_device

    given = with_present_names({name: value for name, value in context.params.items() if _was_given(context, name)})
    chosen = choose_device(device)
    config = _of_recipe(recipe, given, chosen) if recipe else _config(algorithm, given, chosen)
    out = out or (Path("runs") / recipe if recipe else None)
    if out is None:
        raise ValueError("name the run's folder: --out runs/mine")
    make_folder(out)
    own_options = {TrainingConfig: {"workers": workers}, PPOConfig: {"evaluate_every": evaluate_every}}[type(config)]
    try:
        _train(config, out, rate_levels, device=chosen, other_code=other_code, command=_command(given), **own_options)
    except KeyboardInterrupt as stopped:
        raise KeyboardInterrupt(
            str(stopped) or f"interrupted: what is saved is in {out}; the same command goes on"
        ) from None
    for name in ("policy.safetensors", "config.json", "curve.csv"):
        _out.print(str(out / name), highlight=False, soft_wrap=True)


def _add_config_options(command: Callable[..., None]) -> None:
    """Replace a command's ``**settings`` by an option for every field of every configuration."""
    signature = inspect.signature(command, eval_str=True)
    *own, _settings = signature.parameters.values()
    parameters = [*own[:4], *_config_options(), *own[4:]]
    vars(command)["__signature__"] = signature.replace(parameters=parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def _config_options() -> Iterator[inspect.Parameter]:
    """Options of the fields: those of all algorithms first, then each one's own; and their older names, hidden."""
    described = {algorithm: config_fields(kind) for algorithm, kind in _CONFIGS.items()}
    owners: dict[str, list[str]] = {}
    for algorithm, known in described.items():
        for name in known:
            owners.setdefault(name, []).append(algorithm)
    for name in sorted(owners, key=lambda name: -len(owners[name])):
        variants = {algorithm: described[algorithm][name] for algorithm in owners[name]}
        field = next(iter(variants.values()))
        default = None if name in _WITHOUT_DEFAULT else field.default
        if len(variants) == len(_CONFIGS) and len(set(variants.values())) == 1:
            text = field.help
        elif len(variants) == 1:
            text = f"{_TITLES[owners[name][0]]}: {field.help}"
        else:
            default = None
            text = " ".join(
                f"{_TITLES[a]}: {field.help.rstrip('.')} ({field.default:g})." for a, field in variants.items()
            )
        if name in _WITHOUT_DEFAULT:
            text = f"{text.rstrip('.')}; {_WITHOUT_DEFAULT[name]}."
        kind = str if field.type == tuple[int, ...] | None else field.type
        annotation: Any = Annotated[kind if default is not None else kind | None, typer.Option(help=text)]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    for name in OLDER_NAMES:
        hidden: Any = Annotated[int | None, typer.Option(hidden=True)]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hidden)


_add_config_options(train)


def _command(given: dict[str, Any]) -> str:
    """The command line with these options, as a shell takes it."""
    words = ["steered-env", "train"]
    for name, value in given.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", str(value)]
    return shlex.join(words)


def _train(config: TrainingConfig | PPOConfig, out: Path, rate_levels: int, **options: Any) -> None:
    """Train into a folder, and show how far it is.

    Args:
        config: Settings of either algorithm.
        out: The run's folder.
        rate_levels: Mazes for the cheese rate in the curve; 0 for none.
        options: Further arguments of that algorithm's function.

    Raises:
        MissingExtraError: if what the algorithm needs is not installed.
        KeyboardInterrupt: when it was stopped.
    """
    from evaluation.cards import cheese_rate
    from steered_env.training.imitation import train as imitate

    from .progress_bars import training

    sizes = config.sizes if isinstance(config, PPOConfig) else None

    def rates(policy: ImpalaPolicy) -> dict[str, float]:
        return cheese_rate(policy, config.cheese_region, rate_levels, sizes) if rate_levels else {}

    trainer: Callable[..., ImpalaPolicy] = _ppo_trainer() if isinstance(config, PPOConfig) else imitate
    with training(_err) as update:
        trainer(config, out, on_progress=update, on_evaluation=rates, **options)


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _of_recipe(name: str, given: dict[str, Any], device: torch.device) -> TrainingConfig | PPOConfig:
    """The configuration of a recipe.

    Raises:
        ValueError: if there is no such recipe, or an option would change it.
    """
    from steered_env.training import has_fast_bfloat16, recipe

    config = recipe(name)
    for option in given:
        if option not in _BESIDE_A_RECIPE:
            raise ValueError(f"--{option.replace('_', '-')} would change the recipe: leave one of them out")
    _check_owners(given, config.algorithm)
    return replace(config, bfloat16=given.get("bfloat16", has_fast_bfloat16(device)))


def _config(algorithm: str, given: dict[str, Any], device: torch.device) -> TrainingConfig | PPOConfig:
    """The configuration that the options ask for.

    Raises:
        ValueError: if there is no such algorithm or no budget, or an option belongs to another algorithm.
    """
    from steered_env import load_policy
    from steered_env.training import has_fast_bfloat16

    if algorithm not in _CONFIGS:
        raise ValueError(f"algorithm must be {' or '.join(_CONFIGS)}, got {algorithm!r}")
    kind = _CONFIGS[algorithm]
    _check_owners(given, algorithm)
    if ("minutes" in given) == (kind.budget in given):
        raise ValueError(f"a training run needs one budget: --minutes or --{kind.budget}")
    values = {"bfloat16": has_fast_bfloat16(device), **given}
    if "sizes" in values:
        values["sizes"] = parse_numbers(values["sizes"], "sizes")
    if "start" in values:
        values = {"width": load_policy(values["start"]).width, **values}
    known = config_fields(kind)
    return kind(**{name: value for name, value in values.items() if name in known})


def _check_owners(given: dict[str, Any], algorithm: str) -> None:
    """Check that no option belongs to another algorithm.

    Raises:
        ValueError: if one does.
    """
    for name in given:
        owners = _owners(name)
        if owners and algorithm not in owners:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} is for --algorithm {' or '.join(owners)}, not for {algorithm}")


def _owners(name: str) -> list[str]:
    """The algorithms that an option belongs to; none if it belongs to the command itself."""
    if name in _ALGORITHM_OF:
        return [_ALGORITHM_OF[name]]
    return [algorithm for algorithm, kind in _CONFIGS.items() if name in config_fields(kind)]


def _ppo_trainer() -> Callable[..., ImpalaPolicy]:
    from steered_env.training.ppo import train_ppo

    return train_ppo
