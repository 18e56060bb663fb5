"""Media without their private metadata: where and when they were taken, by whom, and by which
device.

Nothing is decoded: segments, chunks and boxes are left out or overwritten, so that no quality is
lost and a decompression bomb has no effect. `clean` returns a plan, which the caller carries out.
"""

from collections.abc import Callable

from trio_chat.server.uploads.media import gif, iso_media, jpeg, matroska, mp3, ogg, png, webp
from trio_chat.server.uploads.media.plan import DamagedMedia, Data, Plan

__all__ = ["DamagedMedia", "Plan", "clean"]

CLEANERS: dict[str, Callable[[Data], Plan]] = {
    "image/jpeg": jpeg.clean,
    "image/png": png.clean,
    "image/webp": webp.clean,
    "image/gif": gif.clean,
    "image/avif": iso_media.clean,
    "image/heic": iso_media.clean,
    "video/mp4": iso_media.clean,
    "video/3gpp": iso_media.clean,
    "video/quicktime": iso_media.clean,
    "audio/mp4": iso_media.clean,
    "video/webm": matroska.clean,
    "video/x-matroska": matroska.clean,
    "audio/mpeg": mp3.clean,
    "audio/ogg": ogg.clean,
}
"""The readers by media type."""


def clean(content_type: str, data: Data) -> Plan | None:
    """Return how a file is to be written without private metadata; None if it is left as it is.

    Args:
        content_type: as it was detected.
        data: the whole file.

    Raises:
        DamagedMedia: the file is damaged, so its metadata cannot be found.
    """
    cleaner = CLEANERS.get(content_type)
    return cleaner(data) if cleaner else None
