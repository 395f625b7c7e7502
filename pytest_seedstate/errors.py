"""The one error that users see, and the wording that all messages share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class SeedstateError(Exception):
    """Something a user can act on, told as text without a traceback.

    Args:
        problem: what is wrong, one sentence without a full stop.
        where: the file, test, scenario or endpoint it was met at.
        checked: what was looked at before giving up.
        fix: what to do next.
        detail: longer text from elsewhere (a command's output), shown last.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str | None = None,
        checked: str | None = None,
        fix: str | None = None,
        detail: str | None = None,
    ) -> None:
        self.problem = problem
        self.where = where
        self.checked = checked
        self.fix = fix
        self.detail = detail
        super().__init__(self.render())

    def render(self) -> str:
        """The whole message: the problem first, one labelled line for each known fact."""
        lines = [f"seedstate: {self.problem}"]
        for label, text in (
            ("where", self.where),
            ("checked", self.checked),
            ("to do", self.fix),
        ):
            if text:
                lines.append(f"  {label}: {text}")
        if self.detail:
            lines.extend(f"  | {line}" for line in self.detail.rstrip().splitlines())
        return "\n".join(lines)


class LostPositionError(SeedstateError):
    """A store cannot go back to where a fixture or snapshot has left it; it is at its baseline."""


class MissingExtraError(SeedstateError):
    """A part of the plugin needs a package that is not installed.

    Args:
        extra: the extra of ours that brings it, as in ``pip install "pytest-seedstate[aws]"``.
        package: the package that could not be imported.
        what: what needs it.
    """

    def __init__(self, extra: str, package: str, what: str) -> None:
        super().__init__(
            f"{what} needs the package '{package}', which is not installed",
            fix=f'pip install "pytest-seedstate[{extra}]", or "pytest-seedstate[all]" for all parts',
        )


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None where none is near."""
    found = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.5)
    return found[0] if found else None


def unknown_name(
    kind: str, name: str, candidates: Sequence[str], *, where: str | None = None
) -> SeedstateError:
    """The error for a name that nothing answers to: the closest valid one, and all of them."""
    near = closest(name, candidates)
    return SeedstateError(
        f"unknown {kind} '{name}'",
        where=where,
        checked=f"known: {', '.join(sorted(candidates))}" if candidates else f"no {kind} is known",
        fix=f"did you mean '{near}'?" if near else None,
    )
