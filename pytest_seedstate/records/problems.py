"""What went wrong inside the user's code, told in the user's terms."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.masking import MASK, masking_of_run

if TYPE_CHECKING:
    from pydantic import ValidationError

_LIBRARIES = tuple(
    Path(path).resolve()
    for path in {
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
    }
)
_OURS = Path(__file__).resolve().parent.parent
_LONGEST_VALUE = 120


def own_frames(trace: TracebackType | None) -> traceback.StackSummary:
    """The part of a traceback that is neither Python's, a library's nor ours."""
    frames = traceback.extract_tb(trace)
    return traceback.StackSummary.from_list([one for one in frames if _is_own(one.filename)])


def a_kind(name: str) -> str:
    """The name of a class with its article."""
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def failure(error: BaseException, *, what: str, where: str) -> SeedstateError:
    """The error that a user sees for one that the user's code raised.

    Args:
        error: what was raised.
        what: what failed, such as ``scenario 'shop/three-products'``.
        where: its file and line, used where the traceback has none of the user's.
    """
    frames = own_frames(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else where
    if isinstance(error, SeedstateError):
        return _placed(error, what, place)
    if type(error).__module__.startswith("pydantic_core") and hasattr(error, "errors"):
        return _invalid(error, what, place)  # type: ignore[arg-type]
    return SeedstateError(
        f"{what} failed: {_text(error)}",
        where=place,
        detail="".join(frames.format()) or None,
    )


def import_failure(error: BaseException, *, pack: str, path: Path) -> SeedstateError:
    """The error for a pack whose module cannot be imported: file, line and cause."""
    what = f"the pack '{pack}' cannot be imported"
    if isinstance(error, SeedstateError):
        frames = own_frames(error.__traceback__)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(path)
        return _placed(error, what, place)
    if isinstance(error, SyntaxError) and error.filename:
        return SeedstateError(
            f"{what}: {type(error).__name__}: {error.msg}",
            where=f"{error.filename}:{error.lineno}",
            detail=error.text,
        )
    frames = own_frames(error.__traceback__)
    return SeedstateError(
        f"{what}: {_text(error)}",
        where=f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(path),
        detail="".join(frames.format()) or None,
    )


def _placed(error: SeedstateError, what: str, place: str) -> SeedstateError:
    known = error.where or ""
    parts = (what if what not in known else "", known, place if place not in known else "")
    return SeedstateError(
        error.problem,
        where=", ".join(filter(None, parts)),
        checked=error.checked,
        fix=error.fix,
        detail=error.detail,
    )


def _invalid(error: ValidationError, what: str, place: str) -> SeedstateError:
    lines = [_invalid_line(error.title, one) for one in error.errors(include_url=False)]
    return SeedstateError(
        f"{what} makes {a_kind(error.title)} that is not valid: {lines[0]}",
        where=place,
        detail="\n".join(lines[1:]) or None,
    )


def _invalid_line(title: str, one: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in one["loc"])
    allowed = str(one["msg"])
    if not field:
        return allowed
    if one["type"] == "missing":
        return f"{field} is missing"
    value = MASK if _is_secret(title, one["loc"]) else _shown(one["input"])
    return f"{field} = {value}: {allowed}"


def _is_secret(title: str, place: tuple[Any, ...]) -> bool:
    from pydantic import SecretBytes, SecretStr

    from pytest_seedstate.records.record import Record

    masking = masking_of_run()
    if any(isinstance(part, str) and masking.hides("", part) for part in place):
        return True
    kinds = [kind for kind in _all_kinds(Record) if kind.__name__ == title]
    fields = [kind.model_fields.get(place[0]) for kind in kinds]
    return any(
        field is not None and _mentions(field.annotation, (SecretStr, SecretBytes))
        for field in fields
    )


def _mentions(annotation: Any, kinds: tuple[type, ...]) -> bool:
    return annotation in kinds or any(
        _mentions(part, kinds) for part in getattr(annotation, "__args__", ())
    )


def _all_kinds(kind: Any) -> list[Any]:
    return [kind, *(one for child in kind.__subclasses__() for one in _all_kinds(child))]


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return f"a mapping of {', '.join(map(str, value))}"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _text(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_own(filename: str) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(filename).resolve()
    return not any(path.is_relative_to(folder) for folder in (*_LIBRARIES, _OURS))
