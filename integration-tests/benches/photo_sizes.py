"""What the three sizes of a photo cost: our decoder against libvips in process.

Both read the same photographs of 12 megapixels, decode each once, and make upright JPEG files of 1600, 640 and 320 pixels
without metadata, quality 80, halved colors. Ours is the program as documents runs it, a sandboxed process a photo; libvips
does nothing but its work, in this process, which has started already. What counts is processor time. Quality is each
side's likeness (SSIM) to the same photograph shrunk by libvips at full size, before any compression.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

# threads would cost processor time
os.environ["VIPS_CONCURRENCY"] = "1"

import pyvips  # noqa: E402
from skimage.metrics import structural_similarity  # noqa: E402

SIZES = [1600, 640, 320]
QUALITY = 80
GOAL = 0.80
TOLERATED_LOSS = 0.01
ROUNDS = 5
# as phones write them: upside down and turned to the left or right
ORIENTATIONS = [3, 6, 8]
PHOTOGRAPHS = Path("/usr/share/backgrounds/mate/nature")
WIDTH, HEIGHT = 4000, 3000


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("decoder", help="the decoder's program, built for release")
    decoder = arguments.parse_args().decoder
    # operations that were done before are otherwise answered from memory
    pyvips.cache_set_max(0)
    with tempfile.TemporaryDirectory() as folder:
        photos = prepare(Path(folder))
        likeness = compare(decoder, photos)
        ours, theirs = measure(decoder, photos)
    ratio = theirs / ours
    is_alike = all(our_mean >= their_mean - TOLERATED_LOSS for our_mean, their_mean in likeness)
    is_met = ratio >= GOAL and is_alike
    result = f"{ratio:.2f} >={GOAL:.2f} {'ok' if is_met else 'short'}"
    print(f"bench photo.sizes {result}")
    print(
        f"  CPU of a photo: decoder {1000 * ours / len(photos):.1f} ms, "
        f"libvips {pyvips.version(0)}.{pyvips.version(1)} in process {1000 * theirs / len(photos):.1f} ms; "
        f"{len(photos)} photographs of 12 megapixels to {', '.join(map(str, SIZES))} px, median of {ROUNDS} rounds"
    )
    sides = ", ".join(f"{size} px {our_mean:.4f} and {their_mean:.4f}" for size, (our_mean, their_mean) in zip(SIZES, likeness))
    print(f"  likeness, decoder and libvips, mean SSIM: {sides}; {TOLERATED_LOSS} less is allowed")
    if notes := os.environ.get("CONTRACTOROS_PROOFS"):
        with open(notes, "a") as file:
            print("photo.sizes", date.today(), result, sep="\t", file=file)
    return 0 if is_met else 1


def prepare(folder):
    """Enlarges photographs to what phones take, each in two orientations."""
    sources = sorted(PHOTOGRAPHS.glob("*.jpg"))
    if len(sources) < 10:
        sys.exit(f"{PHOTOGRAPHS} has too few photographs; run: deploy/install.sh --bench")
    photos = []
    for index, source in enumerate(sources):
        photograph = pyvips.Image.thumbnail(str(source), WIDTH, height=HEIGHT, size="both", crop="centre")
        for turn in range(2):
            orientation = ORIENTATIONS[(index + turn) % len(ORIENTATIONS)]
            photo = photograph.copy()
            photo.set_type(pyvips.GValue.gint_type, "orientation", orientation)
            path = folder / f"{source.stem}-{orientation}.jpg"
            photo.jpegsave(str(path), Q=92)
            photos.append(path)
    return photos


def ours(decoder, photo):
    """The files that the decoder answers with, largest first."""
    with photo.open("rb") as file:
        arguments = [decoder, "photo", "--type", "jpeg"]
        answer = subprocess.run(arguments, stdin=file, stdout=subprocess.PIPE, env={}, check=True).stdout
    header, _, files = answer.partition(b"\n")
    sizes = {}
    for variant in json.loads(header)["variants"]:
        sizes[variant["size"]], files = files[: variant["bytes"]], files[variant["bytes"] :]
    return [sizes[size] for size in SIZES]


def libvips(photo):
    """The files that libvips makes, largest first: each size from the next larger one.

    Its own thumbnails would take longer: they decode 4000 pixels where 2000 are enough.
    """
    picture = pyvips.Image.jpegload(str(photo), shrink=2, access="sequential")
    # turning reads a picture in another order than it comes
    picture = shrunk(picture, SIZES[0]).copy_memory().autorot().copy_memory()
    files = []
    for size in SIZES:
        picture = shrunk(picture, size).copy_memory()
        files.append(picture.jpegsave_buffer(Q=QUALITY, strip=True))
    return files


def shrunk(picture, size):
    longer = max(picture.width, picture.height)
    return picture if longer == size else picture.resize(size / longer)


def measure(decoder, photos):
    """The processor seconds of all photos on each side: medians of rounds in turn."""

    def cost(whose, work):
        before = getrusage(whose)
        for photo in photos:
            work(photo)
        after = getrusage(whose)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    rounds = [
        (cost(RUSAGE_CHILDREN, lambda photo: ours(decoder, photo)), cost(RUSAGE_SELF, libvips)) for _ in range(ROUNDS)
    ]
    return [statistics.median(side) for side in zip(*rounds)]


def compare(decoder, photos):
    """How alike the files of both sides are to the photographs: the means of each size, the decoder's first."""
    pairs = {size: [] for size in SIZES}
    for photo in photos:
        original = pyvips.Image.new_from_file(str(photo)).autorot().copy_memory()
        for size, *files in zip(SIZES, ours(decoder, photo), libvips(photo)):
            reference = gray(shrunk(original, size))
            pictures = [gray(pyvips.Image.new_from_buffer(file, "")) for file in files]
            pairs[size].append([structural_similarity(reference, picture) for picture in pictures])
    return [[statistics.mean(side) for side in zip(*pairs[size])] for size in SIZES]


def gray(picture):
    return picture.colourspace("b-w").numpy()


if __name__ == "__main__":
    sys.exit(main())
