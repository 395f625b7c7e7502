"""Tables of the cat APIs: columns that are chosen, sorted, named, explained or sent as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, unsupported
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.routes.registry import Request, Response

PARAMETERS = (
    *("v", "h", "s", "help", "bytes", "time", "size", "local", "master_timeout"),
    *("cluster_manager_timeout", "timeout"),
)
_POWERS = {"b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4, "pb": 5}

Row = dict[str, Any]


@plain
class Column:
    """A column.

    Attributes:
        shown: whether it is there when no columns are chosen.
        right: whether its cells are aligned to the right, as those of numbers are.
    """

    name: str
    aliases: tuple[str, ...]
    about: str
    shown: bool = True
    right: bool = False


@plain
class Size:
    """A number of bytes."""

    bytes: int

    def text(self, unit: str | None) -> str:
        """Return it in a unit, or as people read it."""
        if unit is not None:
            return str(self.bytes // 1024 ** _POWERS[unit])
        size, name = float(self.bytes), "b"
        for larger in ("kb", "mb", "gb"):
            if size >= 1024:
                size, name = size / 1024, larger
        return f"{int(size * 10) / 10:g}{name}"


def table(request: Request, columns: Sequence[Column], rows: list[Row]) -> Response:
    """Return a table as the request's parameters want it.

    Args:
        request: with ``v``, ``h``, ``s``, ``help``, ``bytes`` and ``format``.
        columns: all there are.
        rows: cells by the columns' names; a missing or None cell is empty.

    Raises:
        ApiError: it is to be sorted by a column that is not there, or in an unknown format.
    """
    if request.flag("help"):
        return Response(_help(columns))
    unit = request.parameters.get("bytes")
    if unit is not None and unit not in _POWERS:
        raise ApiError(
            400, "illegal_argument_exception", f"Unit [{unit}] of [bytes] is not supported"
        )
    rows = _sorted(request.parameters.get("s", ""), columns, rows)
    chosen = _chosen(request.parameters.get("h"), columns)
    cells = [[_text(row.get(column.name), unit) for _, column in chosen] for row in rows]
    form = request.parameters.get("format", "text")
    if form == "json":
        names = [name for name, _ in chosen]
        return Response(
            [
                {
                    name: None if row.get(column.name) is None else cell
                    for name, cell, (_, column) in zip(names, line, chosen, strict=True)
                }
                for row, line in zip(rows, cells, strict=True)
            ]
        )
    if form not in ("text", "txt", ""):
        raise unsupported(f"[format={form}]")
    return Response(_text_table(request.flag("v"), chosen, cells))


def _chosen(wanted: str | None, columns: Sequence[Column]) -> list[tuple[str, Column]]:
    if wanted is None:
        return [(column.name, column) for column in columns if column.shown]
    chosen: list[tuple[str, Column]] = []
    for name in wanted.split(","):
        if "*" in name:
            chosen += [(each.name, each) for each in columns if fnmatchcase(each.name, name)]
        else:
            found = _column(name, columns)
            if found is not None:
                chosen.append((name, found))
    return chosen


def _column(name: str, columns: Sequence[Column]) -> Column | None:
    return next((each for each in columns if name == each.name or name in each.aliases), None)


def _sorted(wanted: str, columns: Sequence[Column], rows: list[Row]) -> list[Row]:
    for part in reversed([each for each in wanted.split(",") if each]):
        name, _, direction = part.partition(":")
        column = _column(name, columns)
        if column is None or direction not in ("", "asc", "desc"):
            raise ApiError(
                400,
                "unsupported_operation_exception",
                f"Unable to sort by unknown sort key `{name}`",
            )
        rows = sorted(
            rows,
            key=lambda row, of=column.name: _order(row.get(of)),  # type: ignore[misc]
            reverse=direction == "desc",
        )
    return rows


def _order(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, Size):
        return (1, value.bytes)
    return (1, value) if isinstance(value, (int, float)) else (2, str(value))


def _text(value: Any, unit: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Size):
        return value.text(unit)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_table(with_names: bool, chosen: list[tuple[str, Column]], cells: list[list[str]]) -> str:
    lines = [[name for name, _ in chosen], *cells] if with_names else cells
    widths = [max((len(line[i]) for line in lines), default=0) for i in range(len(chosen))]
    text = []
    for line in lines:
        padded = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, (_, column) in zip(line, widths, chosen, strict=True)
        ]
        if chosen and not chosen[-1][1].right:
            padded[-1] = line[-1]
        text.append(" ".join(padded) + "\n")
    return "".join(text)


def _help(columns: Sequence[Column]) -> str:
    lines = [(each.name, ",".join(each.aliases), each.about) for each in columns]
    widths = [max(len(line[i]) for line in lines) for i in range(3)]
    return "".join(
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + "\n"
        for line in lines
    )
