#!/usr/bin/env python3
"""Makes the bundled Fashion-MNIST subset from the full set; see README.md. Standard library only.

    python3 make-subset.py [FULL_SET_FOLDER] [OUTPUT_FOLDER]

Keeps the first 1500 training and 300 test images of each class, in file order. The gzip header carries no name and no time, so one
zlib version writes the same bytes every time; other versions may compress differently, the uncompressed bytes stay the same.
"""
import gzip
import hashlib
import io
import os
import struct
import sys

CLASSES = 10
PARTS = {"train": 1500, "t10k": 300}


def read(folder, name, magic, dimensions):
    with gzip.open(os.path.join(folder, name), "rb") as file:
        data = file.read()
    header = struct.unpack(f">{1 + dimensions}I", data[: 4 * (1 + dimensions)])
    if header[0] != magic:
        sys.exit(f"{name}: magic number {header[0]} found, {magic} expected")
    return header[1:], data[4 * (1 + dimensions):]


def write(folder, name, data):
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(data)
    packed = packed.getvalue()
    path = os.path.join(folder, name)
    with open(path + ".part", "wb") as file:
        file.write(packed)
    os.replace(path + ".part", path)
    print(f"{name}  {len(packed)} bytes\n  file         {hashlib.sha256(packed).hexdigest()}"
          f"\n  uncompressed {hashlib.sha256(data).hexdigest()}")


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"
    target = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
    for part, per_class in PARTS.items():
        images_name, labels_name = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
        (count, rows, columns), pixels = read(source, images_name, 2051, 3)
        (label_count,), labels = read(source, labels_name, 2049, 1)
        size = rows * columns
        if not count == label_count == len(labels) or len(pixels) != count * size:
            sys.exit(f"{source}: {images_name} and {labels_name} do not belong together")
        kept, taken = [], [0] * CLASSES
        for index, label in enumerate(labels):
            if taken[label] < per_class:
                taken[label] += 1
                kept.append(index)
        if taken != [per_class] * CLASSES:
            sys.exit(f"{source}: {labels_name} has fewer than {per_class} images of some class: {taken}")
        write(target, images_name, struct.pack(">4I", 2051, len(kept), rows, columns)
              + b"".join(pixels[index * size:(index + 1) * size] for index in kept))
        write(target, labels_name, struct.pack(">2I", 2049, len(kept)) + bytes(labels[index] for index in kept))


main()
