"""The page's colours can be told apart, by day and by night (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from sandbox.page.environment import HERE

_CSS = (HERE / "static" / "page.css").read_text()
_DAY, _NIGHT = _CSS.split("@media (prefers-color-scheme: dark)", 1)
_GROUNDS = ("paper", "panel", "raised", "sunk", "accent-soft", "warn-soft")
#: Text on its ground.
_TEXTS = (
    *((ink, ground) for ink in ("ink", "quiet", "link") for ground in _GROUNDS),
    ("on-accent", "accent"), ("on-accent", "accent-hover"),
    ("on-danger", "danger"), ("on-danger", "danger-hover"),
    ("danger-ink", "raised"), ("danger-ink", "danger-soft"), ("danger-ink", "accent-soft"),
    ("accent-ink", "accent-soft"), ("accent-ink", "panel"), ("accent-ink", "raised"),
    ("warn-ink", "warn-soft"), ("strip-ink", "strip"), ("strip-quiet", "strip"),
)  # fmt: skip
#: The edges of what is filled in, and the ring around what has the focus.
_EDGES = (
    *((edge, ground) for edge in ("field", "focus") for ground in ("paper", "raised")),
    ("focus", "panel"), ("focus", "strip"),
)  # fmt: skip


def _colours(css: str) -> dict[str, str]:
    root = css[css.index(":root") :]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", root[: root.index("}")]))


_PALETTES = {"day": _colours(_DAY), "night": {**_colours(_DAY), **_colours(_NIGHT)}}


def _contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("time", _PALETTES)
def test_text_and_edges_can_be_told_from_their_ground(time: str) -> None:
    palette = _PALETTES[time]
    wanted = {**dict.fromkeys(_TEXTS, 4.5), **dict.fromkeys(_EDGES, 3.0)}

    faint = {
        pair: round(ratio, 2)
        for pair, least in wanted.items()
        if (ratio := _contrast(*(palette[name] for name in pair))) < least
    }

    assert faint == {}


def test_the_initials_of_people_can_be_read() -> None:
    tints = re.findall(r"\.tint-\d \{ background: (#\w{6})", _CSS)

    assert len(tints) == 5
    assert all(_contrast(tint, "#ffffff") >= 4.5 for tint in tints)
