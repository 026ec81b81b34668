"""Issue a key to a connected system."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.accounts.actions import issue_api_key
from core.accounts.queries import get_user
from core.errors import DomainError
from core.http.scopes import Scope


class Command(BaseCommand):
    """Print a new key once; only its digest is kept."""

    help = "为接入系统签发接口密钥，密钥只显示一次。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Read whose key it is, what it may do and for how long."""
        parser.add_argument("user", help="以哪个账号的身份访问（用户名）")
        parser.add_argument(
            "--scopes", required=True, help=f"用逗号分隔：{', '.join(Scope.values)}"
        )
        parser.add_argument("--label", required=True, help="用途，例如：网格系统对接")
        parser.add_argument("--days", type=int, default=None, help="有效天数；不填为长期有效")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue and print."""
        at = timezone.now()
        days: int | None = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days 必须是正整数。")
        try:
            issued = issue_api_key(
                user=get_user(username=options["user"]),
                label=options["label"],
                scopes=[scope.strip() for scope in options["scopes"].split(",")],
                expires_at=at + timedelta(days=days) if days is not None else None,
                by=None,
                at=at,
            )
        except DomainError as error:
            raise CommandError(_explain(error, options["user"])) from error
        self.stdout.write(issued.token)
        self.stderr.write("请立即保存：密钥只显示这一次。")


def _explain(error: DomainError, username: str) -> str:
    if error.code == "not_found":
        return f"没有用户名为“{username}”的账号。"
    if error.code == "unknown_scope":
        return f"{error.message}可用的有：{', '.join(Scope.values)}。"
    return str(error.message)
