"""Who acts: users, the people behind them, organisations, memberships and API keys."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.accounts.states import OrganisationKind, Role
from core.personal_data.fields import BlindIndexField, EncryptedTextField
from core.personal_data.register import classify


class User(AbstractUser):
    """One who signs in. What the law calls personal data lives on Person."""

    display_name = models.CharField(_("姓名"), max_length=60, blank=True)
    first_name = None  # type: ignore[assignment]  # Chinese names are one field
    last_name = None  # type: ignore[assignment]

    REQUIRED_FIELDS: ClassVar[list[str]] = []
    data_classes = classify(
        public="",
        internal="id password last_login is_superuser username is_staff is_active date_joined"
        " groups user_permissions",
        personal="display_name email",
    )

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """Return the name to show to colleagues."""
        return self.display_name or self.username

    def get_short_name(self) -> str:
        """Return the same name."""
        return self.get_full_name()


class Person(models.Model):
    """The identity of a citizen: encrypted, found by blind index, masked wherever shown."""

    user = models.OneToOneField(
        User, verbose_name=_("账号"), null=True, blank=True, on_delete=models.PROTECT
    )
    name = EncryptedTextField(_("姓名"), max_length=60)
    phone = EncryptedTextField(_("手机号"), max_length=40)
    phone_index = BlindIndexField(
        source="phone", purpose="phone", normalise="core.personal_data.canonical.phone"
    )
    id_no = EncryptedTextField(_("身份证号"), max_length=18)
    id_no_index = BlindIndexField(
        source="id_no", purpose="id_no", normalise="core.personal_data.canonical.bare"
    )
    verified_at = models.DateTimeField(_("实名时间"), null=True, blank=True)
    verified_by = models.CharField(_("实名来源"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("建立时间"), auto_now_add=True)

    data_classes = classify(
        internal="id user verified_at verified_by created_at",
        personal="name phone phone_index",
        sensitive="id_no id_no_index",
    )

    class Meta:
        verbose_name = _("自然人")
        verbose_name_plural = _("自然人")
        indexes = [models.Index(fields=["phone_index"], name="person_phone_idx")]
        constraints = [
            models.UniqueConstraint(
                fields=["id_no_index"],
                condition=Q(id_no_index__isnull=False),
                name="person_id_no_once",
            )
        ]

    def __str__(self) -> str:
        return f"person {self.pk}"


class Organisation(models.Model):
    """A government unit, institution or company in a tree; ``path`` answers containment."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=120)
    short_name = models.CharField(_("简称"), max_length=60, blank=True)
    kind = models.CharField(_("类别"), max_length=20, choices=OrganisationKind)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = models.CharField(max_length=400, editable=False, db_index=True)
    region = models.ForeignKey("core.Region", verbose_name=_("区域"), on_delete=models.PROTECT)
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    phone = models.CharField(_("对外电话"), max_length=40, blank=True)
    legal_duties = models.CharField(_("主要职责"), max_length=300, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)

    data_classes = classify(
        public="id code name short_name kind parent path region uscc phone legal_duties is_active"
    )

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        constraints = [
            models.UniqueConstraint(
                fields=["uscc"], condition=~Q(uscc=""), name="organisation_uscc_once"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                name="organisation_not_its_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name


class Membership(models.Model):
    """A user in a role at an organisation, limited to a region and all that lies in it."""

    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.CASCADE, related_name="memberships"
    )
    organisation = models.ForeignKey(
        Organisation, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("角色"), max_length=30, choices=Role)
    region = models.ForeignKey("core.Region", verbose_name=_("区域范围"), on_delete=models.PROTECT)
    starts_at = models.DateTimeField(_("生效"), null=True, blank=True)
    ends_at = models.DateTimeField(_("失效"), null=True, blank=True)

    data_classes = classify(internal="id user organisation role region starts_at ends_at")

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role", "region"], name="membership_once"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="membership_period_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} @ {self.organisation_id}"


class ApiKey(models.Model):
    """A machine's key. Only its digest is kept; the key is shown once when it is issued."""

    user = models.ForeignKey(
        User, verbose_name=_("所属账号"), on_delete=models.CASCADE, related_name="api_keys"
    )
    label = models.CharField(_("用途"), max_length=100)
    prefix = models.CharField(_("前缀"), max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("权限范围"))
    created_at = models.DateTimeField(_("签发时间"), auto_now_add=True)
    expires_at = models.DateTimeField(_("到期"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("吊销"), null=True, blank=True)

    data_classes = classify(
        internal="id user label prefix digest scopes created_at expires_at revoked_at"
    )

    class Meta:
        verbose_name = _("接口密钥")
        verbose_name_plural = _("接口密钥")

    def __str__(self) -> str:
        return f"{self.prefix}…"
