"""Check that the brand images are there, in the sizes that the brands repository asks for."""

from pathlib import Path
import struct

from .common import INTEGRATION, Findings

# The brands repository's rules: an icon is square, a logo's shorter side lies within bounds.
ICON_SIDE = {"": 256, "@2x": 512}
LOGO_SIDE = {"": (128, 256), "@2x": (256, 512)}


def png_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of a PNG in pixels; None when it is none."""
    head = path.read_bytes()[:24]
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def check_brand(findings: Findings) -> None:
    """Check that every brand image is there, in the size that the brands repository asks for."""
    for theme in ("", "dark_"):
        for density, side in ICON_SIDE.items():
            path = INTEGRATION / "brand" / f"{theme}icon{density}.png"
            if not path.is_file():
                findings.add(path, "is missing")
            elif png_size(path) != (side, side):
                findings.add(path, f"is not a PNG of {side} x {side}")
        for density, (least, most) in LOGO_SIDE.items():
            path = INTEGRATION / "brand" / f"{theme}logo{density}.png"
            if not path.is_file():
                findings.add(path, "is missing")
            elif not (size := png_size(path)) or not least <= min(size) <= most:
                findings.add(path, f"is not a PNG with a shorter side of {least} to {most}")
