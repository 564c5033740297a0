"""Writing films as files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

from steered_env.system import atomic_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = (".mp4", ".gif")
_H264 = {"preset": "veryfast"}
"""Options of the encoder: the default preset takes twice the time, and on flat colours its files are no smaller."""
_ENCODER_THREADS = 2
"""As many on every machine, since the file's bytes depend on it."""
_SHADES, _COLOURS_OF_GIF = 32, 128


def write_film(frames: Iterable[NDArray[np.uint8]], path: Path, frames_per_second: int) -> None:
    """Write frames as ``.mp4`` or ``.gif``, whole or not at all.

    Args:
        frames: Each ``(H, W, 3)`` uint8, of one shape with even sides. Those of an ``.mp4`` are taken one by one.
        path: Where the film goes; its suffix is its format.
        frames_per_second: Film frames per second.

    Raises:
        OSError: if it cannot be written, for instance since the disk is full; names the path.
    """
    # encoded in memory, since an encoder that cannot write complains once more when it is cleaned up
    encoded = gif(list(frames), frames_per_second) if path.suffix == ".gif" else _mp4(frames, frames_per_second)
    with atomic_file(path) as temporary:
        temporary.write_bytes(encoded)


def _mp4(frames: Iterable[NDArray[np.uint8]], frames_per_second: int) -> bytes:
    with io.BytesIO() as file:
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=frames_per_second, options=_H264)
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count, stream.codec_context.thread_type = _ENCODER_THREADS, "FRAME"
            for number, frame in enumerate(_one_ahead(iter(frames))):
                if number == 0:
                    stream.height, stream.width = frame.shape[:2]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())
        return file.getvalue()


def _one_ahead(frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """The same frames, of which the next is drawn in another thread while one is encoded."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = pool.submit(next, frames, None)
            yield frame


def gif(frames: Sequence[NDArray[np.uint8]], frames_per_second: int) -> bytes:
    """Encode an animated GIF, with one palette for the whole film, so that still parts cost nothing."""
    palette = _palette(frames)
    first, *rest = (Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    duration = round(1000 / frames_per_second)
    with io.BytesIO() as file:
        first.save(file, "gif", save_all=True, append_images=rest, duration=duration, loop=0, optimize=False)
        return file.getvalue()


def _palette(frames: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Make an image whose palette stands for every colour of the film, rare ones too.

    Counted by pixels, the cheese's few would vanish among those of walls and background: every shade, of 32 steps a
    channel, counts once for each doubling of its pixels.
    """
    pixels = np.zeros(_SHADES**3, np.int64)
    for frame in frames:
        red, green, blue = np.moveaxis(frame.astype(np.int64) * _SHADES // 256, 2, 0)
        pixels += np.bincount(((red * _SHADES + green) * _SHADES + blue).ravel(), minlength=len(pixels))
    shades = np.flatnonzero(pixels)
    weighed = np.repeat(shades, np.log2(pixels[shades]).astype(np.int64) + 1)
    colours = np.stack(np.unravel_index(weighed, (_SHADES,) * 3), axis=1)
    middles = (colours * 2 + 1) * 128 // _SHADES
    return Image.fromarray(middles[None].astype(np.uint8)).quantize(colors=_COLOURS_OF_GIF, dither=Image.Dither.NONE)
