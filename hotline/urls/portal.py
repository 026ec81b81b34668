"""Pages for citizens."""

from django.urls import path

from hotline.views.portal import home, mine, raising, sending, suggesting, tracking

app_name = "hotline"
_NEW, _TRACK = "hotline/new/", "track/<str:no>/"
_coming = "coming_soon.html"
_static = home.StaticPage.as_view

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    path("search/", home.Search.as_view(), name="search"),
    path("search/suggest/", home.SearchSuggestions.as_view(), name="search_suggestions"),
    path("services/", _static(template=_coming, door_name="services"), name="services"),
    path("licenses/", _static(template=_coming, door_name="licenses"), name="licenses"),
    path("community/", _static(template=_coming, door_name="community"), name="community"),
    path("accessibility/", _static(template="accessibility.html"), name="accessibility"),
    path("privacy/", _static(template="privacy.html"), name="privacy"),
    path(_NEW, raising.Start.as_view(), name="raise_start"),
    path(f"{_NEW}check/", sending.CheckPage.as_view(), name="raise_check"),
    path(f"{_NEW}hints/", suggesting.Suggest.as_view(), name="raise_hints"),
    path(f"{_NEW}uploads/", raising.Evidence.as_view(), name="raise_uploads"),
    path(f"{_NEW}divisions/", raising.Divisions.as_view(), name="raise_divisions"),
    path(f"{_NEW}start-over/", raising.StartOver.as_view(), name="raise_start_over"),
    path(f"{_NEW}cleared/", raising.Cleared.as_view(), name="raise_cleared"),
    path(f"{_NEW}done/<str:no>/", tracking.Raised.as_view(), name="raised"),
    path(f"{_NEW}<slug:slug>/", raising.AskPage.as_view(), name="raise"),
    path("track/", tracking.Lookup.as_view(), name="track"),
    path(_TRACK, tracking.Track.as_view(), name="track_ticket"),
    path(f"{_TRACK}due.ics", tracking.Calendar.as_view(), name="calendar"),
    path(f"{_TRACK}files/<uuid:token>/", tracking.File.as_view(), name="file"),
    path(f"{_TRACK}supplement/", tracking.AddFacts.as_view(), name="supplement"),
    path(f"{_TRACK}withdraw/", tracking.Withdraw.as_view(), name="withdraw"),
    path(f"{_TRACK}evaluate/", tracking.Evaluate.as_view(), name="evaluate"),
    path(f"{_TRACK}thanks/", tracking.Thanks.as_view(), name="thanks"),
    path("my/", mine.Mine.as_view(), name="my_tickets"),
    path("my/messages/<int:pk>/read/", mine.ReadMessage.as_view(), name="read_message"),
]
