"""Draws the icons and logos of the integration: a sleeping child on a crescent that is a cradle, under a watching arc.

.venv/bin/python -m scripts.draw_brand
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

BRAND = Path(__file__).resolve().parents[1] / "custom_components" / "cradlewatch" / "brand"
CANVAS = 1024
"""Drawn this large, then scaled down: Pillow's own edges are not smooth."""

NIGHT_TOP, NIGHT_BOTTOM = (72, 92, 190), (24, 30, 84)
MOON, MOON_SHADE = (255, 222, 134), (240, 150, 50)
SKIN, CHEEK, INK = (255, 226, 204), (250, 178, 160), (74, 52, 66)
ARC = (150, 214, 255)
FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
)

type Box = tuple[float, float, float, float]


def circle(x: float, y: float, radius: float) -> Box:
    return (x - radius, y - radius, x + radius, y + radius)


def night() -> Image.Image:
    """A rounded square, lighter above."""
    ramp = Image.new("RGBA", (1, CANVAS))
    for y in range(CANVAS):
        part = y / (CANVAS - 1)
        ramp.putpixel((0, y), (*(round(a + (b - a) * part) for a, b in zip(NIGHT_TOP, NIGHT_BOTTOM, strict=True)), 255))
    shape = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(shape).rounded_rectangle((16, 16, CANVAS - 16, CANVAS - 16), radius=228, fill=255)
    picture = Image.new("RGBA", (CANVAS, CANVAS))
    picture.paste(ramp.resize((CANVAS, CANVAS)), mask=shape)
    return picture


def crescent() -> Image.Image:
    """A moon lying on its back: the cradle."""
    mask = Image.new("L", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(mask)
    pen.ellipse(circle(512, 560, 330), fill=255)
    pen.ellipse(circle(512, 420, 300), fill=0)
    colour = Image.new("RGBA", (CANVAS, CANVAS), MOON)
    shade = Image.linear_gradient("L").resize((CANVAS, CANVAS)).point(lambda level: max(0, level - 110))
    colour.paste(MOON_SHADE, mask=shade)
    colour.putalpha(mask)
    return colour


def child(pen: ImageDraw.ImageDraw) -> None:
    """A round face with closed eyes, tucked in."""
    pen.ellipse(circle(512, 500, 178), fill=SKIN)
    for side in (-1, 1):
        pen.ellipse(circle(512 + side * 108, 546, 30), fill=CHEEK)
        pen.arc(circle(512 + side * 72, 488, 40), 20, 160, fill=INK, width=17)
    pen.arc((468, 528, 556, 600), 25, 155, fill=INK, width=15)
    pen.arc((482, 296, 562, 372), 190, 60, fill=INK, width=17)


def watch(pen: ImageDraw.ImageDraw) -> None:
    """Arcs as of a camera that listens, above the child."""
    for radius, width in ((262, 30), (350, 30)):
        pen.arc(circle(512, 500, radius), 232, 308, fill=ARC, width=width)


def icon() -> Image.Image:
    picture = night()
    watch(ImageDraw.Draw(picture))
    child(ImageDraw.Draw(picture))
    picture.alpha_composite(crescent())
    pen = ImageDraw.Draw(picture)
    for x, y, size in ((196, 300, 15), (838, 344, 18), (128, 640, 11), (902, 690, 13)):
        pen.ellipse(circle(x, y, size), fill=(255, 255, 255, 220))
    return picture


def font(size: int) -> ImageFont.FreeTypeFont:
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size)
    raise SystemExit("no font found: install fonts-dejavu-core")


def logo(ink: tuple[int, int, int]) -> Image.Image:
    """The icon with the name beside it."""
    letters = font(400)
    left, top, right, bottom = letters.getbbox("Cradlewatch")
    gap = 140
    picture = Image.new("RGBA", (CANVAS + gap + round(right - left) + 20, CANVAS))
    picture.alpha_composite(icon())
    y = (CANVAS - (bottom - top)) / 2 - top
    ImageDraw.Draw(picture).text((CANVAS + gap - left, y), "Cradlewatch", font=letters, fill=ink)
    return picture


def save(picture: Image.Image, name: str, height: int) -> None:
    width = round(picture.width * height / picture.height)
    picture.resize((width, height), Image.Resampling.LANCZOS).save(BRAND / name, optimize=True)


def main() -> None:
    BRAND.mkdir(exist_ok=True)
    square = icon()
    for prefix, ink in (("", (38, 44, 104)), ("dark_", (236, 240, 255))):
        save(square, f"{prefix}icon.png", 256)
        save(square, f"{prefix}icon@2x.png", 512)
        words = logo(ink)
        save(words, f"{prefix}logo.png", 128)
        save(words, f"{prefix}logo@2x.png", 256)


if __name__ == "__main__":
    main()
