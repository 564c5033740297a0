"""The page: every claim with its criterion, numbers, verdict, figures and tables, in one file."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd
from PIL import Image, ImageSequence

from evaluation.results import write_text

from .finding import Illustration
from .verdict import Check, Verdict

if TYPE_CHECKING:
    from .claim import Claim
    from .store import Stored

_TEMPLATE = "page.html.jinja"
_WIDEST = 1500
_QUALITY, _FILM_QUALITY = 82, 50
_ORIGIN = ("date", "machine", "version", "commit")
_ORDER = (Verdict.DOES_NOT, Verdict.PARTLY, Verdict.OPEN, Verdict.REPLICATES)


def write_page(folder: Path, findings: Mapping[Claim, Stored], description: Mapping[str, str]) -> Path:
    """Write ``index.html`` and ``summary.csv``; both are whole or not there.

    Args:
        folder: Folder of the run.
        findings: Claim to what is stored of it.
        description: Policy, command and levels of the run.
    """
    summary = summary_frame(findings)
    write_text(folder / "summary.csv", summary.to_csv(index=False))
    sections = [_section(claim, stored) for claim, stored in findings.items()]
    text = template_of(_TEMPLATE).render(
        description=description,
        counts=counted(stored.verdict_text for stored in findings.values()),
        sections=sections,
        worst_first=worst_first(sections),
        origin={name: all_of(stored.origin[name] for stored in findings.values()) for name in _ORIGIN},
    )
    write_text(folder / "index.html", text)
    return folder / "index.html"


def template_of(file: str) -> jinja2.Template:
    """Read one of the templates beside this file."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(file)


def counted(verdicts: Iterable[str]) -> list[tuple[str, int]]:
    """Count verdicts, the worst first."""
    return sorted(Counter(verdicts).items(), key=lambda item: _rank(item[0]))


def worst_first(sections: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort the sections of a page by their verdicts, the worst first, and otherwise as they were."""
    return sorted(sections, key=lambda section: _rank(section["verdict"]))


def _rank(verdict: str) -> int:
    names = [known.value for known in _ORDER]
    return names.index(verdict) if verdict in names else len(names)


def all_of(values: Iterable[str]) -> str:
    """Join the different values, in order."""
    return ", ".join(sorted(set(values)))


def summary_frame(findings: Mapping[Claim, Stored]) -> pd.DataFrame:
    """One row for each check of each claim; one for a claim that has none."""
    rows = []
    for claim, stored in findings.items():
        common = {"number": claim.number, "claim": claim.name, "verdict": stored.verdict_text}
        for check in stored.checks:
            mean, low, high = check.interval
            rows.append(
                {
                    **common,
                    "check": check.what,
                    "must be": check.range,
                    "mean": mean,
                    "low": low,
                    "high": high,
                    "outcome": check.outcome.value,
                }
            )
        if not stored.checks:
            rows.append({**common, "check": stored.summary})
    return pd.DataFrame(rows)


def _section(claim: Claim, stored: Stored) -> dict[str, Any]:
    return {
        "claim": claim,
        "verdict": stored.verdict_text,
        "kind": stored.verdict_text.replace(" ", "-"),
        "summary": stored.summary,
        "checks": [_check(check) for check in stored.checks],
        "illustrations": [
            {
                "source": _embedded(illustration),
                "caption": illustration.caption,
                "is_film": isinstance(illustration.content, Path) and illustration.content.suffix == ".gif",
            }
            for illustration in stored.illustrations
        ],
        "tables": [
            {"title": title, "columns": list(frame.columns), "rows": frame.to_numpy().tolist()}
            for title, frame in stored.tables.items()
        ],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "what": check.what,
        "range": check.range,
        "text": check_text(check),
        "outcome": check.outcome.value,
        "drawing": drawing_of(check),
    }


def check_text(check: Check) -> str:
    """Write a check's interval, with a third digit where a bound would be rounded onto an end of the range."""
    ends = {round(end, 2) for end in (check.least, check.most)}
    close = any(round(bound, 2) in ends for bound in check.interval[1:])
    return format(check.interval, ".3" if close else "")


def drawing_of(check: Check, points: Sequence[float] = ()) -> dict[str, Any] | None:
    """Place the interval, the range that it must lie in, and further numbers on a scale from 0 to 100."""
    mean, low, high = check.interval
    if not all(abs(value) < float("inf") for value in (mean, low, high)):
        return None
    ends = [end for end in (check.least, check.most) if abs(end) < float("inf")]
    first, last = min(0.0, low, *ends, *points), max(0.0, high, *ends, *points)
    room = 0.12 * (last - first) or 0.1
    first, last = first - room, last + room

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - first) / (last - first))), 2)

    return {
        "zero": place(0.0),
        "least": place(check.least),
        "most": place(check.most),
        "low": place(low),
        "high": place(high),
        "mean": place(mean),
        "points": [place(point) for point in points],
    }


def _embedded(illustration: Illustration) -> str:
    """A stored illustration as a data URI, packed smaller than its PNG or GIF."""
    path = illustration.content
    assert isinstance(path, Path)
    with Image.open(path) as opened:
        images = [_narrowed(frame.convert("RGB")) for frame in ImageSequence.Iterator(opened)]
        duration = opened.info.get("duration", 0)
    packed = io.BytesIO()
    quality, method = (_QUALITY, 6) if len(images) == 1 else (_FILM_QUALITY, 4)
    images[0].save(
        packed,
        "WEBP",
        quality=quality,
        method=method,
        save_all=True,
        append_images=images[1:],
        duration=duration,
        loop=0,
    )
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


def _narrowed(image: Image.Image) -> Image.Image:
    if image.width <= _WIDEST:
        return image
    return image.resize((_WIDEST, round(image.height * _WIDEST / image.width)), Image.Resampling.LANCZOS)
