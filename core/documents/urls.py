"""Where documents are verified."""

from django.urls import path

from core.documents.views import VerifyDocument

urlpatterns = [path("verify/<uuid:token>/", VerifyDocument.as_view(), name="verify-document")]
