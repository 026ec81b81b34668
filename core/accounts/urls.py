"""Addresses of accounts that allauth does not have."""

from django.urls import path

from core.accounts import views

urlpatterns = [path("landing/", views.landing, name="account_landing")]
