"""The committed pictures: real ones, small, and as the table says."""

from __future__ import annotations

import pytest
from PIL import Image

from scenarios.tattoo_directory.pictures import AVATARS, FOLDER, PORTFOLIO, SHOWING
from scenarios.tattoo_directory.styles import STYLES

PICTURES = PORTFOLIO + AVATARS
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
def test_is_a_small_real_picture(picture):
    """It decodes to the end, has the type and size that records say, and loads quickly."""
    with Image.open(picture.path) as image:
        image.load()
        assert FORMATS[image.format] == picture.content_type
        assert image.size == (picture.width, picture.height)
    assert picture.path.stat().st_size < 25_000


def test_table_and_folder_agree():
    """Each file is in the table once, and no other lies in the folder."""
    files = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())
    assert sorted(picture.file for picture in PICTURES) == files


def test_pictures_differ():
    """No picture is another one under a second name; all three types come up."""
    assert len({picture.path.read_bytes() for picture in PICTURES}) == len(PICTURES)
    assert {picture.content_type for picture in PORTFOLIO} == set(FORMATS.values())


def test_every_style_is_shown():
    """There is a picture for each style, and none for a style that nobody knows."""
    assert set(SHOWING) == set(STYLES)
