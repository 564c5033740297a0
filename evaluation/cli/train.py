"""``steered-env train``: its options, and what each algorithm makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evaluation.results import terminal

from .parsing import parse_numbers

if TYPE_CHECKING:
    import torch

    from steered_env import ImpalaPolicy
    from steered_env.training.imitation import TrainingConfig
    from steered_env.training.ppo import PPOConfig

_IMITATION, _PPO = "imitation", "ppo"
_FOR = {
    "pictures": _IMITATION,
    "batch_size": _IMITATION,
    "pictures_per_level": _IMITATION,
    "dense_weight": _IMITATION,
    "mouse_weight": _IMITATION,
    "workers": _IMITATION,
    "steps": _PPO,
    "start": _PPO,
    "start_temperature": _PPO,
    "heads_only": _PPO,
    "sizes": _PPO,
    "mouse_anywhere": _PPO,
    "num_envs": _PPO,
    "n_steps": _PPO,
    "epochs": _PPO,
    "minibatches": _PPO,
    "gamma": _PPO,
    "gae_lambda": _PPO,
    "clip_range": _PPO,
    "anneal": _PPO,
    "entropy": _PPO,
    "by_moves": _PPO,
    "shape_rewards": _PPO,
    "value_weight": _PPO,
    "time_limit": _PPO,
    "value_warmup": _PPO,
    "evaluate_every": _PPO,
}
"""Options that belong to one algorithm."""
_BESIDE_A_RECIPE = ("recipe", "out", "device", "bfloat16", "workers", "rate_levels", "other_code")
_VALUE_WARMUP = 4
_out, _err = terminal(), terminal(stderr=True)


def train(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; a run that is there is continued. runs/RECIPE unless said.")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="All settings of a packaged policy, such as small-7.")] = None,
    algorithm: Annotated[
        str, typer.Option(help="imitation of shortest paths, or ppo: reinforcement learning.")
    ] = _IMITATION,
    minutes: Annotated[float | None, typer.Option(help="Time budget.")] = None,
    pictures: Annotated[int | None, typer.Option(help="Imitation: budget in pictures, instead of minutes.")] = None,
    steps: Annotated[int | None, typer.Option(help="PPO: budget in steps over all mazes.")] = None,
    cheese_region: Annotated[int, typer.Option(help="The cheese lies in the top-right n×n cells.")] = 5,
    width: Annotated[int | None, typer.Option(help="Of the network: 1 is small, 4 full.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of mazes and initial weights.")] = 0,
    start: Annotated[
        str | None, typer.Option(help="PPO: packaged policy or file to start from; new weights unless said.")
    ] = None,
    start_temperature: Annotated[
        float | None, typer.Option(help="PPO: divides the logits of the policy to start from, so that it explores; 1.")
    ] = None,
    sizes: Annotated[str | None, typer.Option(help="PPO: inner sizes of the mazes, such as 3,5,7; all.")] = None,
    heads_only: Annotated[
        bool, typer.Option(help="PPO: change nothing but the policy's and the value's head.")
    ] = False,
    mouse_anywhere: Annotated[
        bool, typer.Option(help="PPO: episodes begin in any open cell instead of at the bottom left.")
    ] = False,
    learning_rate: Annotated[
        float | None, typer.Option(help="Adam's. Imitation: 0.004 at its highest; PPO: 0.0005 throughout.")
    ] = None,
    anneal: Annotated[
        bool, typer.Option(help="PPO: let the learning rate fall to 0 over the budget of steps.")
    ] = False,
    batch_size: Annotated[int | None, typer.Option(help="Imitation: pictures per gradient step, 128.")] = None,
    pictures_per_level: Annotated[
        int | None, typer.Option(help="Imitation: pictures drawn from each level, 4.")
    ] = None,
    dense_weight: Annotated[
        float | None, typer.Option(help="Imitation: of the loss of the head that names the move in every cell, 3.")
    ] = None,
    mouse_weight: Annotated[
        float | None, typer.Option(help="Imitation: of the loss of the head that finds the mouse, 0.3.")
    ] = None,
    average_decay: Annotated[
        float | None,
        typer.Option(
            help="Of the running average of the weights; 0 for none. Imitation: over gradient steps, 0.999; "
            "PPO: over updates, 0."
        ),
    ] = None,
    num_envs: Annotated[int | None, typer.Option(help="PPO: mazes side by side, 64.")] = None,
    n_steps: Annotated[int | None, typer.Option(help="PPO: steps of each between updates, 256.")] = None,
    epochs: Annotated[int | None, typer.Option(help="PPO: passes over what was collected, 3.")] = None,
    minibatches: Annotated[int | None, typer.Option(help="PPO: gradient steps in a pass, 8.")] = None,
    gamma: Annotated[float | None, typer.Option(help="PPO: discount per step, 0.999.")] = None,
    gae_lambda: Annotated[float | None, typer.Option(help="PPO: of the advantage estimate, 0.95.")] = None,
    clip_range: Annotated[float | None, typer.Option(help="PPO: of the probability ratio, 0.2.")] = None,
    entropy: Annotated[float | None, typer.Option(help="PPO: weight of the entropy bonus, 0.01.")] = None,
    by_moves: Annotated[bool, typer.Option(help="PPO: see the 15 actions as the 5 moves that they make.")] = False,
    shape_rewards: Annotated[
        bool, typer.Option(help="PPO: reward every step in the right direction; the best policy stays the same.")
    ] = False,
    value_weight: Annotated[float | None, typer.Option(help="PPO: weight of the value loss, 0.5.")] = None,
    time_limit: Annotated[int | None, typer.Option(help="PPO: steps after which an episode is cut, 500.")] = None,
    value_warmup: Annotated[
        int | None,
        typer.Option(help=f"PPO: first updates of the value head alone; {_VALUE_WARMUP} with --start, else 0."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU if there is one.")] = "auto",
    bfloat16: Annotated[
        bool | None,
        typer.Option(help="Matrix products in bfloat16; where the hardware has them, unless said."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Imitation: processes that draw pictures, 1.")] = None,
    rate_levels: Annotated[
        int, typer.Option(min=0, help="Held-out mazes for the cheese rate in the curve; 0 for none.")
    ] = 16,
    evaluate_every: Annotated[int | None, typer.Option(min=1, help="PPO: updates between two of them, 5.")] = None,
    other_code: Annotated[
        bool, typer.Option("--other-code", help="Go on with a run that other code began; its files then name both.")
    ] = False,
) -> None:
    """Train a policy, or continue.

    By imitation of shortest paths, or by Stable-Baselines3's PPO. A run that was interrupted goes on where it was.
    """
    from evaluation.results import make_folder
    from steered_env.training import choose_device

    given = {name: value for name, value in context.params.items() if _was_given(context, name)}
    chosen = choose_device(device)
    config = _of_recipe(recipe, given, chosen) if recipe else _config(algorithm, given, chosen)
    out = out or (Path("runs") / recipe if recipe else None)
    if out is None:
        raise ValueError("name the run's folder: --out runs/mine")
    make_folder(out)
    beside = {"workers": workers, "evaluate_every": evaluate_every, "other_code": other_code}
    try:
        _train(config, out, chosen, rate_levels, {name: value for name, value in beside.items() if value is not None})
    except KeyboardInterrupt as stopped:
        raise KeyboardInterrupt(
            str(stopped) or f"interrupted: what is saved is in {out}; the same command goes on"
        ) from None
    for name in ("policy.safetensors", "config.json", "curve.csv"):
        _out.print(str(out / name), highlight=False, soft_wrap=True)


def _train(
    config: TrainingConfig | PPOConfig, out: Path, device: torch.device, rate_levels: int, beside: dict[str, int]
) -> None:
    """Train into a folder, and show how far it is.

    Args:
        config: of either algorithm.
        out: the run's folder.
        device: where the network is trained.
        rate_levels: mazes for the cheese rate in the curve; 0 for none.
        beside: further arguments of that algorithm's function.

    Raises:
        RuntimeError: if what the algorithm needs is not installed.
        KeyboardInterrupt: when it was stopped.
    """
    from evaluation.cards import cheese_rate
    from steered_env.training.imitation import train as imitate
    from steered_env.training.ppo import PPOConfig

    from .progress_bars import training

    own_sizes = config.sizes if isinstance(config, PPOConfig) else None

    def rates(policy: ImpalaPolicy) -> dict[str, float]:
        return cheese_rate(policy, config.cheese_region, rate_levels, own_sizes) if rate_levels else {}

    trainer: Callable[..., ImpalaPolicy] = _ppo_trainer() if isinstance(config, PPOConfig) else imitate
    with training(_err) as update:
        trainer(config, out, device=device, on_progress=update, on_evaluation=rates, **beside)


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _of_recipe(name: str, given: dict[str, Any], device: torch.device) -> TrainingConfig:
    """The configuration of a recipe.

    Raises:
        ValueError: if there is no such recipe, or an option would change it.
    """
    from steered_env.training import has_fast_bfloat16
    from steered_env.training.imitation import recipe

    config = recipe(name)
    for option in given:
        if option not in _BESIDE_A_RECIPE:
            raise ValueError(f"--{option.replace('_', '-')} would change the recipe: leave one of them out")
    return replace(config, bfloat16=given.get("bfloat16", has_fast_bfloat16(device)))


def _config(algorithm: str, given: dict[str, Any], device: torch.device) -> TrainingConfig | PPOConfig:
    """The configuration that the options ask for.

    Raises:
        ValueError: if there is no such algorithm or no budget, or an option belongs to the other algorithm.
    """
    from steered_env import load_policy
    from steered_env.training import has_fast_bfloat16
    from steered_env.training.imitation import TrainingConfig
    from steered_env.training.ppo import PPOConfig

    if algorithm not in (_IMITATION, _PPO):
        raise ValueError(f"algorithm must be {_IMITATION} or {_PPO}, got {algorithm!r}")
    for name in given:
        if _FOR.get(name, algorithm) != algorithm:
            raise ValueError(f"--{name.replace('_', '-')} is for --algorithm {_FOR[name]}, not for {algorithm}")
    counted = "steps" if algorithm == _PPO else "pictures"
    if ("minutes" in given) == (counted in given):
        raise ValueError(f"a training run needs one budget: --minutes or --{counted}")
    values = {"bfloat16": has_fast_bfloat16(device), **given}
    if "sizes" in values:
        values["sizes"] = parse_numbers(values["sizes"], "sizes")
    if "start" in values:
        values = {"width": load_policy(values["start"]).width, "value_warmup": _VALUE_WARMUP, **values}
    kind = PPOConfig if algorithm == _PPO else TrainingConfig
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})


def _ppo_trainer() -> Callable[..., ImpalaPolicy]:
    try:
        from steered_env.training.ppo import train_ppo
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"--algorithm ppo needs {error.name}: in the clone of steered-env, "
            "pip install -c constraints.txt -e '.[sb3]'"
        ) from None
    return train_ppo
