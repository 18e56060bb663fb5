"""Pictures without their private metadata: where and when they were taken, and by which device.

The pictures are not decoded: segments, chunks and boxes are left out or overwritten, so that no
quality is lost and a decompression bomb has no effect. `clean` returns a plan, which the caller
carries out.
"""

from collections.abc import Callable
from mmap import mmap

from trio_chat.server.uploads.images import gif, iso_media, jpeg, png, webp
from trio_chat.server.uploads.images.plan import BadImage, Plan

__all__ = ["BadImage", "Plan", "clean"]

Data = bytes | mmap

_CLEANERS: dict[str, Callable[[Data], Plan]] = {
    "image/jpeg": jpeg.clean,
    "image/png": png.clean,
    "image/webp": webp.clean,
    "image/gif": gif.clean,
    "image/avif": iso_media.clean,
    "video/mp4": iso_media.clean,
    "audio/mp4": iso_media.clean,
}


def clean(content_type: str, data: Data) -> Plan | None:
    """Return how a file is to be written without private metadata; None if it is left as it is.

    Args:
        content_type: as it was detected.
        data: the whole file.

    Raises:
        BadImage: the file is damaged, so its metadata cannot be found.
    """
    cleaner = _CLEANERS.get(content_type)
    return cleaner(data) if cleaner else None
