"""Why a file is not taken, each with its code and a way out."""

from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _


class UploadError(InvalidError):
    """The file is not taken."""

    code = "upload_refused"
    message = _("文件无法接收。")


class FileMissingError(UploadError):
    """The request brought no file, or an empty one."""

    code = "file_missing"
    message = _("没有收到文件，或文件是空的。请重新选择。")


class FileTooLargeError(UploadError):
    """More bytes than settings.ATTACHMENT_MAX_BYTES."""

    code = "file_too_large"
    message = _("文件太大。请压缩，或分成几个文件上传。")
    status = 413


class PictureTooLargeError(UploadError):
    """More pixels than we unpack."""

    code = "picture_too_large"
    message = _("图片的像素太多。请缩小后再上传。")
    status = 413


class TypeNotAllowedError(UploadError):
    """The content is none of the kinds that we take, whatever its name says."""

    code = "type_not_allowed"
    message = _(
        "不支持这种文件。可以上传：JPEG、PNG、WebP 图片，PDF，DOCX、XLSX 文档（不含宏），"
        "MP4 视频，MP3、AMR、WAV 录音。"
    )
    status = 415


class FileBrokenError(UploadError):
    """It claims to be of a kind that it cannot be read as."""

    code = "file_broken"
    message = _("文件已损坏或内容与类型不符，无法读取。请检查后重新上传。")


class ArchiveUnsafeError(UploadError):
    """A document that unpacks into far more than it seems, or carries macros."""

    code = "archive_unsafe"
    message = _("文档结构异常或含有宏，无法接收。请另存为普通文档后再上传。")


class InfectedError(UploadError):
    """The virus scanner found something."""

    code = "infected"
    message = _("文件未通过病毒检查，已丢弃。")


class ScannerUnavailableError(DomainError):
    """A scanner is configured but does not answer: nothing unchecked is kept."""

    code = "scanner_unavailable"
    message = _("病毒检查暂时不可用，请稍后再上传。")
    status = 503


class TooManyFilesError(InvalidError):
    """More files than one form may carry."""

    code = "too_many_files"
    message = _("附件数量超过上限。")


class UploadUnknownError(InvalidError):
    """A token that is unknown, somebody else's, or used already: the three look the same."""

    code = "upload_unknown"
    message = _("有附件已失效，请重新上传。")
