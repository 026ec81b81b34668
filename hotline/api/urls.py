"""Addresses of the hotline API."""

from django.urls import path

from hotline.api import views
from hotline.api.steps import order_views, ticket_views

urlpatterns = [
    path("contacts", views.CreateContact.as_view(), name="api-contacts"),
    path("tickets", views.ListTickets.as_view(), name="api-tickets"),
    path("tickets/<str:no>", views.ReadTicket.as_view(), name="api-ticket"),
    path("tickets/<str:no>/similar", views.ListSimilar.as_view(), name="api-similar"),
    path("events", views.ListEvents.as_view(), name="api-events"),
    path("suggest", views.Suggest.as_view(), name="api-suggest"),
    path("track", views.Track.as_view(), name="api-track"),
]
urlpatterns += [
    path(f"tickets/<str:no>/{name}", view.as_view(), name=f"api-ticket-{name}")
    for name, view in ticket_views.items()
]
urlpatterns += [
    path(f"orders/<str:no>/{name}", view.as_view(), name=f"api-order-{name}")
    for name, view in order_views.items()
]
