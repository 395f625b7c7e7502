"""The styles that the directory knows: what marks each of them, and how hard it is."""

from __future__ import annotations

from typing import Any, NamedTuple

DIFFICULTIES = ("beginner", "intermediate", "advanced", "expert")
"""From what an apprentice learns first to what takes a specialist."""


class StyleFacts(NamedTuple):
    """A style's fixed description.

    Attributes:
        popularity: how often clients ask for it, 0 to 100; made up, but in a plausible order.
    """

    name: str
    description: str
    difficulty: str
    popularity: int
    characteristics: tuple[str, ...]
    motifs: tuple[str, ...]
    palette: tuple[str, ...]

    def metadata(self) -> dict[str, Any]:
        """What an artist's profile repeats about each of its styles."""
        return {
            "characteristics": self.characteristics,
            "difficulty": self.difficulty,
            "popular_motifs": self.motifs,
            "color_palette": self.palette,
        }


STYLES: dict[str, StyleFacts] = {
    "traditional": StyleFacts(
        "Traditional",
        "Western old school: heavy outlines around flat, saturated colour.",
        "intermediate",
        92,
        ("bold_lines", "vibrant_colors", "classic_motifs"),
        ("roses", "eagles", "anchors", "swallows"),
        ("red", "blue", "yellow", "green"),
    ),
    "neo_traditional": StyleFacts(
        "Neo-Traditional",
        "Old school drawing with shading, depth and a wider palette.",
        "advanced",
        84,
        ("varied_line_weight", "layered_color", "ornamental_detail"),
        ("foxes", "portraits", "moths", "roses"),
        ("burgundy", "teal", "mustard", "forest_green"),
    ),
    "realism": StyleFacts(
        "Realism",
        "Photographs on skin: tone instead of outlines.",
        "expert",
        88,
        ("photographic_detail", "smooth_gradients", "no_outlines"),
        ("portraits", "animals", "flowers", "eyes"),
        ("black", "grey", "skin_tones"),
    ),
    "blackwork": StyleFacts(
        "Blackwork",
        "Solid black areas and nothing else.",
        "intermediate",
        75,
        ("solid_black", "high_contrast", "negative_space"),
        ("snakes", "moons", "branches", "daggers"),
        ("black",),
    ),
    "japanese": StyleFacts(
        "Japanese",
        "Irezumi: large pieces that follow the body, with wind and water behind them.",
        "expert",
        80,
        ("large_scale", "flowing_composition", "background_waves"),
        ("koi", "dragons", "waves", "peonies"),
        ("black", "red", "orange", "indigo"),
    ),
    "watercolor": StyleFacts(
        "Watercolour",
        "Washes, splashes and bleeding colour with few lines.",
        "advanced",
        58,
        ("soft_edges", "color_splashes", "minimal_outlines"),
        ("flowers", "birds", "butterflies", "lotus"),
        ("turquoise", "pink", "violet", "yellow"),
    ),
    "geometric": StyleFacts(
        "Geometric",
        "Shapes and grids whose symmetry forgives no slip.",
        "advanced",
        66,
        ("precise_lines", "symmetry", "repeating_shapes"),
        ("polyhedra", "mandalas", "mountains", "sacred_geometry"),
        ("black", "grey"),
    ),
    "dotwork": StyleFacts(
        "Dotwork",
        "Shading built from single dots.",
        "advanced",
        54,
        ("stippling", "soft_gradients", "patience"),
        ("mandalas", "moons", "insects", "lotus"),
        ("black", "grey"),
    ),
    "fine_line": StyleFacts(
        "Fine Line",
        "Single-needle drawings, small and delicate.",
        "intermediate",
        90,
        ("single_needle", "delicate_detail", "light_shading"),
        ("botanicals", "constellations", "animals", "branches"),
        ("black",),
    ),
    "minimalist": StyleFacts(
        "Minimalist",
        "As few lines as an idea allows.",
        "beginner",
        78,
        ("few_lines", "small_scale", "open_space"),
        ("waves", "mountains", "hearts", "arrows"),
        ("black",),
    ),
    "tribal": StyleFacts(
        "Tribal",
        "Curved black bands after Polynesian and Bornean patterns.",
        "intermediate",
        42,
        ("black_bands", "sharp_points", "body_contour"),
        ("armbands", "suns", "turtles", "waves"),
        ("black",),
    ),
    "lettering": StyleFacts(
        "Lettering",
        "Script and blackletter, drawn for the place they go to.",
        "beginner",
        70,
        ("clean_curves", "even_spacing", "flourishes"),
        ("names", "dates", "quotes", "banners"),
        ("black", "red"),
    ),
}
"""Every style by its id, in the order of the directory's own menu."""


def in_menu_order(style_ids: set[str]) -> tuple[str, ...]:
    """Style ids in the order of `STYLES`."""
    return tuple(style for style in STYLES if style in style_ids)
