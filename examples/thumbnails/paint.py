"""Paints the photos of this example, hills under a low sun; run `python paint.py` to make them again."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

PHOTOS = Path(__file__).with_name("photos")
SIZE = WIDTH, HEIGHT = 1440, 960
RANGES = 6  # of hills, the farthest first
SCENES = {  # of each photo: the sky above, the sky at the horizon, the nearest hill, where the sun stands
    "dawn": ("#3b4a7a", "#f6c9a8", "#231f3a", 0.30),
    "noon": ("#3f86c9", "#dceff5", "#1f4a3a", 0.72),
    "dusk": ("#2a1b4d", "#f08a5d", "#1a1230", 0.58),
    "night": ("#050b1f", "#2f4b73", "#04070f", 0.80),
}


def main() -> None:
    """Paint every scene."""
    PHOTOS.mkdir(exist_ok=True)
    for number, (name, (zenith, horizon, hill, sun)) in enumerate(SCENES.items()):
        photo = landscape(Random(number), zenith, horizon, hill, sun)  # noqa: S311  # a picture is no secret
        photo.save(PHOTOS / f"{name}.jpg", quality=72, optimize=True)


def landscape(random: Random, zenith: str, horizon: str, hill: str, sun: float) -> Image.Image:
    """Sky, sun and ranges of hills, which pale with distance."""
    image = ImageOps.colorize(Image.linear_gradient("L").resize(SIZE), zenith, horizon, mid=None)
    image = ImageChops.screen(image, glow(sun))
    for distance in range(RANGES):
        share = (distance + 1) / RANGES
        base = HEIGHT * (0.42 + 0.5 * share**1.4)
        mask = Image.new("L", SIZE)
        ImageDraw.Draw(mask).polygon([(0, HEIGHT), *ridge(random, base, 150 * share + 60), (WIDTH, HEIGHT)], fill=255)
        colour = Image.blend(Image.new("RGB", SIZE, horizon), Image.new("RGB", SIZE, hill), share**0.8)
        image.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(1.5)))
    return image


def glow(sun: float) -> Image.Image:
    """The sun and the light around it, black elsewhere."""
    halo = ImageOps.invert(Image.radial_gradient("L")).point(lambda light: int((light / 255) ** 4 * 190))
    image = Image.new("L", SIZE)
    image.paste(halo.resize((HEIGHT, HEIGHT)), (int(WIDTH * sun) - HEIGHT // 2, -HEIGHT // 8))
    x, y, radius = WIDTH * sun, HEIGHT * 0.375, HEIGHT * 0.045
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=235)
    return ImageOps.colorize(image.filter(ImageFilter.GaussianBlur(3)), "black", "#fff2d6")


def ridge(random: Random, base: float, height: float) -> list[tuple[float, float]]:
    """The outline of one range: waves of shrinking length added up."""
    waves = [(2**octave, random.uniform(0, math.tau), height / 1.9**octave) for octave in range(8)]
    return [
        (x, base + sum(high * math.sin(x / WIDTH * math.tau * often + phase) for often, phase, high in waves) / 2)
        for x in range(0, WIDTH + 1, 4)
    ]


if __name__ == "__main__":
    main()
