"""Addresses of uploads."""

from django.urls import path

from core.attachments.views import UploadedView, UploadView

urlpatterns = [
    path("uploads/", UploadView.as_view(), name="uploads"),
    path("uploads/<uuid:token>/", UploadedView.as_view(), name="upload"),
]
