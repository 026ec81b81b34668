"""Unpacking a picture and writing it anew: what comes out holds pixels and nothing else.

EXIF with its place and camera, comments, colour profiles, hidden thumbnails and whatever was
appended behind the picture stay behind (个人信息保护法 art. 6: no more than the purpose needs).
"""

import io
import warnings
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from core.attachments.errors import FileBrokenError, PictureTooLargeError
from core.attachments.kinds import JPEG, PNG, WEBP, Kind

MAX_PIXELS = 50_000_000
MAX_SIDE = 4096
QUALITY = 88
_FORMATS = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
_MODES = {"JPEG": ("RGB", "L"), "PNG": ("RGB", "RGBA", "L", "LA"), "WEBP": ("RGB", "RGBA")}


def rewrite(file: BinaryIO, kind: Kind) -> bytes:
    """Return the picture upright, at most MAX_SIDE wide and high, in its own format.

    Raises PictureTooLargeError before anything is unpacked, FileBrokenError if it cannot be read.
    """
    name = _FORMATS[kind]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _rewritten(file, name)
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, EOFError) as error:
        raise FileBrokenError from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureTooLargeError(max_pixels=MAX_PIXELS) from error


def _rewritten(file: BinaryIO, name: str) -> bytes:
    file.seek(0)
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint switches it on where it is loaded
    with Image.open(file, formats=[name]) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise PictureTooLargeError(max_pixels=MAX_PIXELS)
        picture.draft(None, (MAX_SIDE, MAX_SIDE))
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    plain = _in_plain_mode(upright, name)
    plain.info.clear()
    out = io.BytesIO()
    plain.save(out, name, **({} if name == "PNG" else {"quality": QUALITY}))
    return out.getvalue()


def _in_plain_mode(picture: Image.Image, name: str) -> Image.Image:
    if picture.mode in _MODES[name]:
        return picture
    transparent = "A" in picture.getbands() or "transparency" in picture.info
    return picture.convert("RGBA" if transparent and name != "JPEG" else "RGB")
