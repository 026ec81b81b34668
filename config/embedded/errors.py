"""The one error of the plant: a sentence for the person at the keyboard."""

import errno
from pathlib import Path

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class PlantError(Exception):
    """Something outside the program is in the way; `str()` is one sentence that says what."""


def disk_full(place: Path) -> PlantError:
    """Say that the disk behind `place` has no room left."""
    return PlantError(f"磁盘空间不足：{place} 所在磁盘已满，请清理后重试。 / Disk full at {place}.")


def from_os_error(error: OSError, place: Path) -> PlantError:
    """Turn a failed file operation on `place` into a sentence."""
    if error.errno in DISK_FULL:
        return disk_full(place)
    if error.errno in NOT_WRITABLE:
        return PlantError(
            f"数据目录不可写：无法写入 {place}，请检查权限或用 DATA_DIR 另选目录。"
            f" / Not writable: {place}."
        )
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return PlantError(
            f"数据目录不可用：{place} 的路径上有同名文件。 / A file is in the way: {place}."
        )
    return PlantError(f"无法使用 {place}：{error.strerror or error}。 / Cannot use {place}.")
