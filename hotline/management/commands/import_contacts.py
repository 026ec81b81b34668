"""Bring contacts in from a file of another platform."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from core.errors import DomainError
from core.imports.readers import FileProblemError, count_rows, read_rows
from hotline.actions.importing import import_rows
from hotline.rules.import_rows import FIELDS, Row, RowReader
from hotline.states import MatterKind, Source, Urgency

SHOWN = 50


class Command(BaseCommand):
    """Stream a CSV, XLSX or JSONL file into the pool; running it again adds nothing."""

    help = "导入诉求：CSV、XLSX、JSONL。坏行报行号和原因，其余照常导入；重复运行不会重复登记。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, its source and the meaning of its columns."""
        parser.add_argument("file", type=Path, help="文件路径（.csv .xlsx .jsonl）")
        parser.add_argument("--source", choices=Source.values, required=True, help="来源渠道")
        parser.add_argument(
            "--map", default="", help="列名对应，如 title=标题,content=正文,received_at=时间"
        )
        parser.add_argument("--region", default=settings.CITY_REGION, help="缺省区划代码")
        parser.add_argument("--kind", default=MatterKind.HELP, choices=MatterKind.values)
        parser.add_argument("--encoding", default="", help="文本编码，缺省自动识别")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and print what became of the rows."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"没有找到文件：{path}")
        reader = RowReader(
            source=options["source"],
            columns=self._columns(options["map"]),
            defaults={
                "region": options["region"],
                "kind": options["kind"],
                "urgency": Urgency.ORDINARY,
            },
            zone=timezone.get_default_timezone(),
        )
        try:
            counts = self._import(path, reader, options["encoding"])
        except FileProblemError as error:
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(
            f"新增 {counts['added']} 条，已有 {counts['known']} 条，未导入 {counts['bad']} 条。"
        )

    def _columns(self, text: str) -> dict[str, str]:
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        columns = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
        unknown = sorted(set(columns) - set(FIELDS))
        if unknown:
            raise CommandError(
                f"--map 中有未知字段：{'、'.join(unknown)}。可用：{'、'.join(FIELDS)}"
            )
        return columns

    def _import(self, path: Path, reader: RowReader, encoding: str) -> Counter[str]:
        counts: Counter[str] = Counter()
        rows = (
            Row(line=line, values=values, problem=problem)
            for line, values, problem in read_rows(path, encoding=encoding)
        )
        total = count_rows(path)
        with tqdm(total=total, unit="行", desc="导入", file=sys.stderr) as bar:
            for outcome in import_rows(rows=rows, reader=reader, by=None, at=timezone.now()):
                counts[outcome.state] += 1
                bar.update()
                if outcome.state == "bad" and counts["bad"] <= SHOWN:
                    bar.write(f"第 {outcome.line} 行未导入：{outcome.reason}", file=sys.stdout)
        if counts["bad"] > SHOWN:
            self.stdout.write(f"另有 {counts['bad'] - SHOWN} 行未导入，未逐一列出。")
        return counts
