"""Encrypt all personal data anew with the current key.

Put the new key in front of PERSONAL_DATA_KEYS, restart every process, run this, and only then take
the old key away.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from core.accounts.second_factor import encrypt_secrets_anew
from core.audit import actions as audit
from core.personal_data import keys, rotation


class Command(BaseCommand):
    """``manage.py rotate_personal_data_keys [--batch N] [--quiet]``."""

    help = "把加密的个人信息全部改用 PERSONAL_DATA_KEYS 的第一把密钥，可中断、可重复运行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch", type=int, default=rotation.BATCH, help="每批行数")
        parser.add_argument("--quiet", action="store_true", help="不显示进度条")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move everything, then look whether anything is left."""
        moved = 0
        for column in rotation.columns():
            moved += self._rotate(column, size=options["batch"], quiet=options["quiet"])
        moved += encrypt_secrets_anew()
        left = {column.label: rotation.count_stale(column) for column in rotation.columns()}
        audit.record(
            action="personal_data.rotate_keys",
            by=None,
            at=timezone.now(),
            data={"key": keys.current_key_id(), "moved": moved, "left": sum(left.values())},
        )
        self._report(moved, {label: count for label, count in left.items() if count})

    def _rotate(self, column: rotation.Column, *, size: int, quiet: bool) -> int:
        stale = rotation.count_stale(column)
        if not stale:
            return 0
        with tqdm(total=stale, desc=column.label, unit="行", disable=quiet) as bar:
            return rotation.rotate(column, done=bar.update, size=size)

    def _report(self, moved: int, left: dict[str, int]) -> None:
        self.stdout.write(f"已用密钥 {keys.current_key_id()} 重新加密 {moved} 个值。")
        if left:
            rest = "；".join(f"{label}：{count}" for label, count in left.items())
            raise CommandError(
                f"仍有未更换密钥的值（{rest}）。可能被占用或缺少旧密钥，请检查后重新运行。"
            )
        self.stdout.write("核对完成：没有遗留旧密钥的值。")
