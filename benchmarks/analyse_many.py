"""``attnviz.analyse_many`` beside a plain loop of the same network with the same decoding: a ratio of images a second.

``python -m benchmarks.analyse_many FOLDER`` takes photographs spread over a folder. Both are given the same files; the
plain loop decodes, prepares and runs them in batches of the same size, one after the other and without gates. They take
turns, so that a busy machine slows both, and the ratio is that of the medians.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

import attnviz
from attnviz.analysis.analyse_many import photographs_in
from attnviz.images.decode import open_photograph
from attnviz.images.prepare import prepare


def plain(network, files, batch):
    """The same decoding and the same passes, one after the other, and nothing else."""
    started = time.perf_counter()
    with torch.inference_mode():
        for first in range(0, len(files), batch):
            part = files[first : first + batch]
            images = [prepare(open_photograph(path), network.input, 320) for path in part]
            network.module(torch.cat([network.given(image) for image in images])).float().cpu()
    return time.perf_counter() - started


def ours(network, files, batch, workers):
    """Every gate as well."""
    started = time.perf_counter()
    for _ in attnviz.analyse_many(network, files, batch=batch, workers=workers):
        pass
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="cbam")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    every = photographs_in(args.folder)
    files = [every[i * len(every) // args.images] for i in range(args.images)]
    network = attnviz.load(args.model)
    ours(network, files[:32], args.batch, args.workers), plain(network, files[:32], args.batch)
    times = [
        (plain(network, files, args.batch), ours(network, files, args.batch, args.workers)) for _ in range(args.rounds)
    ]
    loop, many = (statistics.median(column) for column in zip(*times, strict=True))
    threads = torch.get_num_threads()
    print(f"{len(files)} photographs, {args.model}, threads {threads}, batch {args.batch}, workers {args.workers}")
    print(f"plain loop {len(files) / loop:.1f} images/s, analyse_many {len(files) / many:.1f} images/s")
    print(f"ratio {loop / many:.2f} (above 1: analyse_many is faster, gates included)")


if __name__ == "__main__":
    main()
