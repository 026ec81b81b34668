"""The console's addresses."""

from django.urls import path
from django.views.generic import RedirectView

from hotline.views.console import (
    callbacks,
    documents,
    live,
    orders,
    phone_desk,
    queues,
    revise,
    tickets,
    triage,
)

app_name = "console"
_T, _O = "tickets/<str:no>/", "orders/<str:no>/"
_to_queue = RedirectView.as_view(pattern_name="console:queue")

urlpatterns = [
    path("", queues.QueuePage.as_view(), name="home"),
    path("queues/<slug:key>/", queues.QueuePage.as_view(), name="queue"),
    path("queues/<slug:key>/rows/", queues.QueueRows.as_view(), name="queue_rows"),
    path("counts/", queues.QueueCounts.as_view(), name="counts"),
    path("search/", queues.Search.as_view(), name="search"),
    path("events/", live.EventsAfter.as_view(), name="events"),
    path("colleagues/", live.Colleagues.as_view(), name="colleagues"),
    path("phone/", phone_desk.PhoneDeskStart.as_view(), name="phone_start"),
    path("phone/lookup/", phone_desk.CallerLookup.as_view(), name="caller_lookup"),
    path("phone/suggest/", phone_desk.Suggestions.as_view(), name="suggestions"),
    path("phone/<uuid:key>/", phone_desk.PhoneDesk.as_view(), name="phone_desk"),
    path(_T, tickets.TicketPage.as_view(), name="ticket"),
    path(f"{_T}claim/", tickets.Claim.as_view(), name="claim"),
    path(f"{_T}release/", tickets.Release.as_view(), name="release"),
    path(f"{_T}notes/", tickets.AddNote.as_view(), name="add_note"),
    path(f"{_T}reopen/", tickets.Reopen.as_view(), name="reopen"),
    path(f"{_T}reveal/", tickets.Reveal.as_view(), name="reveal"),
    path(f"{_T}record/", tickets.RequestRecord.as_view(), name="request_record"),
    path(f"{_T}attachments/<uuid:token>/", tickets.DownloadAttachment.as_view(), name="attachment"),
    path(f"{_T}revise/", revise.Revise.as_view(), name="revise"),
    path(f"{_T}triage/", triage.TriageTicket.as_view(), name="triage"),
    path(f"{_T}dispatch/", triage.DispatchTicket.as_view(), name="dispatch"),
    path(_O, orders.OrderPage.as_view(), name="order"),
    path(f"{_O}sign/", orders.Sign.as_view(), name="sign"),
    path(f"{_O}first-contact/", orders.FirstContact.as_view(), name="first_contact"),
    path(f"{_O}progress/", orders.Progress.as_view(), name="progress"),
    path(f"{_O}answer/", orders.Answer.as_view(), name="answer"),
    path(f"{_O}approve/", orders.Approve.as_view(), name="approve"),
    path(f"{_O}send-back/", orders.SendBack.as_view(), name="send_back"),
    path("documents/<uuid:token>/", documents.DocumentPage.as_view(), name="document"),
    path(
        "documents/<uuid:token>/file/",
        documents.DownloadDocument.as_view(),
        name="download_document",
    ),
    path("callbacks/", _to_queue, {"key": "callback"}, name="callbacks"),
    path("callbacks/<str:no>/", callbacks.Callback.as_view(), name="callback"),
    path("reviews/", _to_queue, {"key": "review"}, name="reviews"),
    path("reviews/<str:no>/", callbacks.Review.as_view(), name="review"),
]
