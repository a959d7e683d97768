"""A Python twin of the 19 corruptions, written from their recipes with numpy, SciPy, scikit-image, OpenCV, Pillow and ImageMagick (wand), for
benchmarks/corruptions.sh and for the fixtures of 299 pixels, of which no published outputs are kept.

usage: corruptions.py serve PHOTO [OVERLAYS]     reads "NAME SEVERITY SECONDS" lines, answers "BEST_MS MEDIAN_MS CALLS"
       corruptions.py check REFERENCE.json       holds the twin against outputs of the published functions in that file and the .bin beside it
       corruptions.py golden SIZE OUT.json       writes outputs in the same form for another size
"""
import io
import json
import math
import os
import pathlib
import statistics
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MAGICK_THREAD_LIMIT"):
    os.environ.setdefault(threads, "1")

import cv2
import numpy as np
import scipy
import scipy.ndimage
import skimage
import skimage.color
import skimage.filters
import skimage.util
from PIL import Image
from wand.image import Image as Magick

cv2.setNumThreads(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSTANTS = json.loads((ROOT / "tests/fixtures/reference/corruption_params.json").read_text())
VARIANTS = {variant["size"]: variant for variant in CONSTANTS["variants"].values()}


class NumpyDraws:
    """numpy's own generator: what a user of these libraries would call."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)

    def uniform(self, low, high, shape=None):
        return self.random.uniform(low, high, shape)

    def normal(self, mean, deviation, shape):
        return self.random.normal(mean, deviation, shape)

    def integers(self, low, high, shape=None):
        return self.random.randint(low, high, shape)

    def poisson(self, rates):
        return self.random.poisson(rates)

    def impulses(self, image, amount):
        return skimage.util.random_noise(image, mode="s&p", amount=amount, seed=self.random.randint(1 << 31))


class StreamDraws:
    """splitmix64 as tests/fixtures/reference documents it: every draw can be made again in any language."""

    def __init__(self, seed):
        self.seed, self.used = np.uint64(seed), 0

    def _uniforms(self, count):
        with np.errstate(over="ignore"):
            z = self.seed + (np.arange(self.used + 1, self.used + count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
        self.used += count
        return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def uniform(self, low, high, shape=None):
        drawn = low + (high - low) * self._uniforms(1 if shape is None else math.prod(shape))
        return drawn[0] if shape is None else drawn.reshape(shape)

    def normal(self, mean, deviation, shape):
        pairs = self._uniforms(2 * math.prod(shape)).reshape(-1, 2)
        return (mean + deviation * (np.sqrt(-2 * np.log(1 - pairs[:, 0])) * np.cos(2 * np.pi * pairs[:, 1]))).reshape(shape)

    def integers(self, low, high, shape=None):
        drawn = low + np.floor(self._uniforms(1 if shape is None else math.prod(shape)) * (high - low)).astype(np.int64)
        return int(drawn[0]) if shape is None else drawn.reshape(shape)

    def impulses(self, image, amount):
        replaced = self._uniforms(image.size).reshape(image.shape) < amount
        salt = self._uniforms(image.size).reshape(image.shape) < 0.5
        return np.where(replaced, salt.astype(np.float64), image)


def unit(image):
    return image / 255.0


def levels(values):
    """Truncated, as the published generators store them."""
    return np.uint8(np.clip(values, 0, 1) * 255)


# ---- noise ----

def gaussian_noise(image, c, draws, size):
    return levels(unit(image) + draws.normal(0, c[0], image.shape))


def shot_noise(image, c, draws, size):
    return levels(draws.poisson(unit(image) * c[0]) / float(c[0]))


def impulse_noise(image, c, draws, size):
    return levels(draws.impulses(unit(image), c[0]))


def speckle_noise(image, c, draws, size):
    x = unit(image)
    return levels(x + x * draws.normal(0, c[0], image.shape))


# ---- blur ----

def gaussian(values, sigma):
    return skimage.filters.gaussian(values, sigma=sigma, channel_axis=-1 if values.ndim == 3 else None)


def gaussian_blur(image, c, draws, size):
    return levels(gaussian(unit(image), c[0]))


def defocus_blur(image, c, draws, size):
    radius, alias = c
    reach, side = (8, 3) if radius <= 8 else (radius, 5)
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disk = np.array(x**2 + y**2 <= radius**2, dtype=np.float32)
    disk /= disk.sum()
    kernel = cv2.GaussianBlur(disk, ksize=(side, side), sigmaX=alias)
    return levels(cv2.filter2D(unit(image), -1, kernel))


def glass_blur(image, c, draws, size):
    sigma, delta, iterations = c
    blurred = np.uint8(gaussian(unit(image), sigma) * 255)
    rows = list(range(size - delta, delta, -1))
    for _ in range(iterations):
        for row in rows:
            moves = draws.integers(-delta, delta, (len(rows), 2)).tolist()
            for column, (dx, dy) in zip(rows, moves):
                blurred[row, column] = blurred[row + dy, column + dx]
    return levels(gaussian(unit(blurred), sigma))


def motion(image, radius, sigma, angle):
    """ImageMagick's filter on 8 bits; of its 16-bit result the multiple of 257 below."""
    height, width = image.shape[:2]
    kind = "rgb" if image.ndim == 3 else "gray"
    with Magick(blob=image.tobytes(), format=kind, width=width, height=height, depth=8) as picture:
        picture.motion_blur(radius=radius, sigma=sigma, angle=angle)
        picture.depth = 16
        words = np.frombuffer(picture.make_blob(kind), dtype=">u2" if sys.byteorder == "big" else "<u2")
    return np.uint8(words // 257).reshape(image.shape)


def motion_blur(image, c, draws, size):
    return motion(image, c[0], c[1], draws.uniform(-45, 45))


def clipped_zoom(values, factor):
    side = values.shape[0]
    crop = math.ceil(side / factor)
    top = (side - crop) // 2
    zoomed = scipy.ndimage.zoom(values[top:top + crop, top:top + crop], (factor, factor) + (1,) * (values.ndim - 2), order=1)
    trim = (zoomed.shape[0] - side) // 2
    return zoomed[trim:trim + side, trim:trim + side]


def zoom_blur(image, c, draws, size):
    start, stop, step, count = c
    x = unit(image).astype(np.float32)
    total = np.zeros_like(x)
    for factor in np.arange(start, stop, step):
        total += clipped_zoom(x, factor)
    return levels((x + total) / (count + 1))


# ---- weather ----

def snow(image, c, draws, size):
    mean, deviation, zoom, threshold, radius, sigma, mix = c
    layer = clipped_zoom(draws.normal(mean, deviation, (size, size)), zoom)
    layer[layer < threshold] = 0
    layer = unit(motion(np.uint8(np.clip(layer, 0, 1) * 255), radius, sigma, draws.uniform(-135, -45)))[..., np.newaxis]
    x = unit(image).astype(np.float32)
    grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    x = mix * x + (1 - mix) * np.maximum(x, grey * 1.5 + 0.5)
    return levels(x + layer + np.rot90(layer, k=2))


def frost(image, c, draws, size):
    """Reads its overlay in each call, as the published function does."""
    overlay = cv2.cvtColor(cv2.imread(OVERLAYS[draws.integers(0, 5)]), cv2.COLOR_BGR2RGB)
    scale = VARIANTS[size]["frost_scale"]
    if scale != 1:
        overlay = cv2.resize(overlay, (0, 0), fx=scale, fy=scale)
    top, left = draws.integers(0, overlay.shape[0] - size), draws.integers(0, overlay.shape[1] - size)
    return np.uint8(np.clip(c[0] * image + c[1] * overlay[top:top + size, left:left + size], 0, 255))


def plasma(side, decay, draws):
    """Diamond-square on a torus; the square of the amplitude enters, as published."""
    field = np.zeros((side, side))
    step, amplitude = side, 100.0
    while step >= 2:
        half = step // 2
        shape = (side // step, side // step)

        def noise():
            return amplitude * draws.uniform(-amplitude, amplitude, shape)

        corners = field[0:side:step, 0:side:step]
        rows = corners + np.roll(corners, -1, 0)
        field[half:side:step, half:side:step] = (rows + np.roll(rows, -1, 1)) / 4 + noise()
        centres, corners = field[half:side:step, half:side:step], field[0:side:step, 0:side:step]
        field[0:side:step, half:side:step] = ((centres + np.roll(centres, 1, 0)) + (corners + np.roll(corners, -1, 1))) / 4 + noise()
        field[half:side:step, 0:side:step] = ((centres + np.roll(centres, 1, 1)) + (corners + np.roll(corners, -1, 0))) / 4 + noise()
        step, amplitude = half, amplitude / decay
    field -= field.min()
    return field / field.max()


def fog(image, c, draws, size):
    strength, decay = c
    x = unit(image)
    most = x.max()
    x = x + strength * plasma(VARIANTS[size]["fog_map"], decay, draws)[:size, :size, np.newaxis]
    return levels(x * most / (most + strength))


def in_hsv(image, change):
    hsv = skimage.color.rgb2hsv(unit(image))
    change(hsv)
    return levels(skimage.color.hsv2rgb(hsv))


def brightness(image, c, draws, size):
    def change(hsv):
        hsv[..., 2] = np.clip(hsv[..., 2] + c[0], 0, 1)
    return in_hsv(image, change)


# ---- digital ----

def saturate(image, c, draws, size):
    def change(hsv):
        hsv[..., 1] = np.clip(hsv[..., 1] * c[0] + c[1], 0, 1)
    return in_hsv(image, change)


def contrast(image, c, draws, size):
    x = unit(image)
    means = x.mean(axis=(0, 1), keepdims=True)
    return levels((x - means) * c[0] + means)


def elastic_transform(image, c, draws, size):
    alpha, sigma, jitter = c
    x = unit(image).astype(np.float32)
    centre, third = size // 2, size // 3
    points = np.float32([[centre + third] * 2, [centre + third, centre - third], [centre - third] * 2])
    moved = points + draws.uniform(-jitter, jitter, (3, 2)).astype(np.float32)
    x = cv2.warpAffine(x, cv2.getAffineTransform(points, moved), (size, size), borderMode=cv2.BORDER_REFLECT_101)

    def field():
        drawn = draws.uniform(-1, 1, (size, size))
        return (skimage.filters.gaussian(drawn, sigma, mode="reflect", truncate=3) * alpha).astype(np.float32)

    dx, dy = field()[..., np.newaxis], field()[..., np.newaxis]
    columns, rows, channels = np.meshgrid(np.arange(size), np.arange(size), np.arange(3))
    places = np.reshape(rows + dy, (-1, 1)), np.reshape(columns + dx, (-1, 1)), np.reshape(channels, (-1, 1))
    return levels(scipy.ndimage.map_coordinates(x, places, order=1, mode="reflect").reshape(x.shape))


def pixelate(image, c, draws, size):
    small = int(size * c[0])
    return np.asarray(Image.fromarray(image).resize((small, small), Image.BOX).resize((size, size), Image.BOX))


def jpeg_compression(image, c, draws, size):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=c[0])
    return np.asarray(Image.open(stream))


def spatter(image, c, draws, size):
    mean, deviation, sigma, threshold, strength, is_mud = c
    x = unit(image).astype(np.float32)
    liquid = gaussian(draws.normal(mean, deviation, (size, size)), sigma)
    liquid[liquid < threshold] = 0
    if is_mud:
        mud = gaussian((liquid > threshold).astype(np.float32), strength)
        mud[mud < 0.8] = 0
        mud = mud[..., np.newaxis]
        return levels(x * (1 - mud) + np.array([63, 42, 20]) / 255.0 * mud)
    liquid = (liquid * 255).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(liquid, 50, 150), cv2.DIST_L2, 5)
    distance = cv2.blur(np.minimum(distance, 20), (3, 3)).astype(np.uint8)
    relief = cv2.filter2D(cv2.equalizeHist(distance), cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    water = (liquid.astype(np.float32) * cv2.blur(relief, (3, 3)))[..., np.newaxis]
    if water.max() == 0:
        return image
    return levels(x + water / water.max() * strength * np.array([175, 238, 238]) / 255.0)


CORRUPTIONS = {name: globals()[name] for name in CONSTANTS["order"]}
OVERLAYS = []


def corrupt(name, image, severity, draws):
    size = image.shape[0]
    return CORRUPTIONS[name](image, VARIANTS[size]["severities"][name][severity - 1], draws, size)


# ---- the three uses ----

def versions():
    from wand.version import MAGICK_VERSION, VERSION
    return (f"Python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}, scikit-image {skimage.__version__}, "
            f"OpenCV {cv2.__version__}, Pillow {Image.__version__}, Wand {VERSION} / {MAGICK_VERSION.split(' https')[0]}")


def serve(photo, overlays=None):
    image = np.asarray(Image.open(photo).convert("RGB"))
    if overlays:
        OVERLAYS.extend(str(path) for path in sorted(pathlib.Path(overlays).glob("overlay*.png")))
    print(versions(), flush=True)
    for line in sys.stdin:
        name, severity, seconds = line.split()
        draws, times, end = NumpyDraws(1), [], None
        while end is None or time.perf_counter() < end:
            # Processor time: what other work on the machine takes is not counted against the twin.
            before = time.process_time()
            corrupt(name, image, int(severity), draws)
            times.append(time.process_time() - before)
            # The first call warms caches and sets the clock going.
            end = end or time.perf_counter() + float(seconds)
        print(f"{1e3 * min(times):.4f} {1e3 * statistics.median(times):.4f} {len(times)}", flush=True)


def picture(n):
    """The computed test image of tests/fixtures/reference."""
    y, x, c = np.meshgrid(np.arange(n), np.arange(n), np.arange(3), indexing="ij")
    value = x * (200 // n + 1) + y * (90 // n + 1) + 40 * c + (((x // 5) ^ (y // 7)) & 1) * (50 + 20 * c) + (x * y + 3 * c) % 13 * 4
    return np.uint8(value % 256)


def check(reference):
    file = pathlib.Path(reference)
    data = file.with_suffix(".bin").read_bytes()
    for case in json.loads(file.read_text())["cases"]:
        shape = case["shape"]
        expected = np.frombuffer(data, np.uint8, math.prod(shape), case["offset"]).reshape(shape).astype(int)
        made = corrupt(case["corruption"], picture(case["n"]), case["severity"], StreamDraws(case["seed"]))
        difference = np.abs(made[::case["stride"], ::case["stride"]][:shape[0], :shape[1]].astype(int) - expected)
        if difference.any():
            print(f"{case['corruption']} {case['n']} s{case['severity']}: {100 * np.mean(difference > 0):.2f} % differ, at most by {difference.max()}")


def golden(size, out):
    stride, taken = max(size // 32, 1), 32
    cases, data = [], bytearray()
    for name in CONSTANTS["order"]:
        if name in ("frost", "shot_noise"):
            continue
        for severity in range(1, 6):
            seed = 1000 * CONSTANTS["order"].index(name) + severity
            sampled = corrupt(name, picture(size), severity, StreamDraws(seed))[::stride, ::stride][:taken, :taken]
            cases.append({"n": size, "corruption": name, "severity": severity, "seed": seed, "offset": len(data), "stride": stride, "shape": list(sampled.shape)})
            data += sampled.tobytes()
    file = pathlib.Path(out)
    file.write_text("{\n \"made_with\": " + json.dumps(versions()) + ",\n \"cases\": [\n  " + ",\n  ".join(json.dumps(c) for c in cases) + "\n ]\n}\n")
    file.with_suffix(".bin").write_bytes(data)


if __name__ == "__main__":
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "serve":
        serve(*arguments)
    elif verb == "check":
        check(arguments[0])
    else:
        golden(int(arguments[0]), arguments[1])
