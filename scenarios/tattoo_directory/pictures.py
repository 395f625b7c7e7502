"""The small real pictures in `images/`, and which style each of them shows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "images"

CONTENT_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


class Picture(NamedTuple):
    """A file in `images/`; width and height in pixels."""

    file: str
    width: int
    height: int
    styles: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where it lies."""
        return FOLDER / self.file

    @property
    def suffix(self) -> str:
        """The end of its name with the dot, e.g. ``.jpg``."""
        return Path(self.file).suffix

    @property
    def content_type(self) -> str:
        """Its media type, e.g. ``image/jpeg``."""
        return CONTENT_TYPES[self.suffix]

    @property
    def motif(self) -> str:
        """What it shows, e.g. ``Rose``."""
        return Path(self.file).stem.capitalize()


PORTFOLIO = (
    Picture("portfolio/rose.jpg", 320, 400, ("traditional", "neo_traditional")),
    Picture("portfolio/koi.jpg", 320, 420, ("japanese",)),
    Picture("portfolio/fern.webp", 260, 420, ("fine_line",)),
    Picture("portfolio/moon.jpg", 320, 320, ("dotwork", "blackwork")),
    Picture("portfolio/anchor.png", 320, 320, ("traditional", "minimalist")),
    Picture("portfolio/portrait.jpg", 320, 400, ("realism",)),
    Picture("portfolio/mandala.webp", 360, 360, ("geometric", "dotwork")),
    Picture("portfolio/lotus.webp", 400, 320, ("watercolor",)),
    Picture("portfolio/fox.jpg", 340, 360, ("neo_traditional",)),
    Picture("portfolio/wave.jpg", 320, 400, ("japanese",)),
    Picture("portfolio/dagger.webp", 280, 400, ("blackwork", "traditional")),
    Picture("portfolio/banner.webp", 420, 260, ("lettering",)),
    Picture("portfolio/polyhedron.webp", 340, 340, ("geometric",)),
    Picture("portfolio/armband.png", 420, 280, ("tribal", "blackwork")),
    Picture("portfolio/mountain.png", 400, 300, ("minimalist", "fine_line")),
    Picture("portfolio/swallow.jpg", 400, 320, ("traditional",)),
)

AVATARS = (
    Picture("avatars/portrait-1.png", 160, 160),
    Picture("avatars/portrait-2.webp", 160, 160),
    Picture("avatars/portrait-3.jpg", 160, 160),
    Picture("avatars/portrait-4.webp", 160, 160),
)

SHOWING = {
    style: tuple(picture for picture in PORTFOLIO if style in picture.styles)
    for style in sorted({style for picture in PORTFOLIO for style in picture.styles})
}
"""The portfolio pictures of each style; every style has one."""
