"""Every page of the kernel in the admin site, gathered for Django."""

import core.accounts.admin
import core.audit.admin
import core.clocks.admin
import core.documents.admin
import core.notifications.admin
import core.regions.admin
import core.transitions.admin
import core.workdays.admin

__all__ = ["core"]
