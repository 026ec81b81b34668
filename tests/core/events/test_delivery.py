"""From the sequence to subscribers and open consoles."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from channels.layers import BaseChannelLayer, get_channel_layer
from django.db import OperationalError, connection, transaction

from core.events import hints, relay, wake
from core.events.models import Event, Subscription
from core.numbering.actions import next_in_series
from core.numbering.models import NumberSeries
from tests.core.events.outbox import write
from tests.core.transitions.rivals import race

Subscribers = dict[str, relay.Handler]


class HandlerFailsError(Exception):
    """A subscriber cannot cope."""


def heard_by(handler_log: list[str]) -> relay.Handler:
    def handle(events: Sequence[Event]) -> None:
        handler_log.extend(event.subject_no for event in events)

    return handle


@pytest.mark.django_db
class TestDeliver:
    def test_hands_over_in_order_and_remembers_how_far(self, subscribers: Subscribers) -> None:
        heard: list[str] = []
        subscribers["mine"] = heard_by(heard)
        for no in "abc":
            write(no)

        relay.run_once()
        relay.run_once()

        assert heard == ["a", "b", "c"]
        assert Subscription.objects.get(name="mine").position == 3

    def test_a_new_subscriber_starts_at_the_beginning(self, subscribers: Subscribers) -> None:
        write("before")
        relay.run_once()
        heard: list[str] = []
        subscribers["late"] = heard_by(heard)

        relay.run_once()

        assert heard == ["before"]

    def test_more_than_a_batch_is_delivered_in_batches(
        self, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes: list[int] = []
        subscribers["mine"] = lambda events: sizes.append(len(events))
        monkeypatch.setattr(relay, "BATCH", 2)
        monkeypatch.setitem(relay.deliver.__wrapped__.__kwdefaults__, "limit", 2)
        for no in "abcde":
            write(no)

        relay.run_once()

        assert sizes == [2, 2, 1]

    def test_what_fails_keeps_its_place_and_is_tried_again(
        self, subscribers: Subscribers, caplog: pytest.LogCaptureFixture
    ) -> None:
        heard: list[str] = []
        troubles = [HandlerFailsError, HandlerFailsError]

        def handle(events: Sequence[Event]) -> None:
            next_in_series(key="half done")
            if troubles:
                raise troubles.pop()
            heard.extend(event.subject_no for event in events)

        others: list[str] = []
        subscribers.update({"shaky": handle, "steady": heard_by(others)})
        write("a")

        with caplog.at_level(logging.ERROR, logger="core.events.relay"):
            relay.run_once()
        assert (heard, others) == ([], ["a"])
        assert Subscription.objects.get_or_create(name="shaky")[0].position == 0
        assert not NumberSeries.objects.filter(key="half done").exists()
        assert "shaky" in caplog.text

        relay.run_once()
        relay.run_once()
        assert (heard, others) == (["a"], ["a"])
        assert NumberSeries.objects.get(key="half done").last == 1

    def test_trouble_with_the_database_is_everybodys(self, subscribers: Subscribers) -> None:
        def handle(events: Sequence[Event]) -> None:
            raise OperationalError("gone")

        subscribers["mine"] = handle
        write("a")

        with pytest.raises(OperationalError):
            relay.run_once()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestTwoRelays:
    def test_do_the_database_work_of_a_batch_once(self, subscribers: Subscribers) -> None:
        def handle(events: Sequence[Event]) -> None:
            for event in events:
                next_in_series(key=f"told {event.subject_no}")

        subscribers["mine"] = handle
        for number in range(20):
            write(str(number))
        relay.number_pending()

        race([lambda: relay.deliver("mine", limit=3)] * 8 + [relay.number_pending] * 2)
        while relay.deliver("mine"):
            pass

        told = dict(NumberSeries.objects.values_list("key", "last"))
        assert told == {f"told {number}": 1 for number in range(20)}


class TestGroupNames:
    @pytest.mark.parametrize("scope", ["desk:519900", "unit:7", "user:12", "ticket:51990120261116"])
    def test_are_what_a_layer_accepts_and_tell_scopes_apart(self, scope: str) -> None:
        name = hints.group_name(scope)

        BaseChannelLayer().require_valid_group_name(name)
        assert name == "scope." + scope.replace(":", ".")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestHints:
    def test_reach_the_scopes_groups_after_the_commit_with_nothing_personal(
        self, subscribers: Subscribers
    ) -> None:
        listening, ready = threading.Event(), threading.Event()
        heard: list[Any] = []

        async def listen() -> None:
            layer = get_channel_layer()
            channel = await layer.new_channel()
            await layer.group_add(hints.group_name("desk:519900"), channel)
            listening.set()
            async with asyncio.timeout(20):
                heard.append(await layer.receive(channel))
            await layer.group_discard(hints.group_name("desk:519900"), channel)
            await layer.flush()
            ready.set()

        ear = threading.Thread(target=lambda: asyncio.run(listen()))
        ear.start()
        assert listening.wait(20)
        with transaction.atomic():
            write("early", "unit:5")
            write("mine")
            assert relay_elsewhere() == 0  # nothing is committed yet, so nothing can be told
            assert heard == []

        relay.run_once()
        ear.join(30)

        assert heard == [
            {
                "type": "hint",
                "position": 2,
                "kind": "test.thing.moved",
                "subject_type": "test.thing",
                "subject_no": "mine",
                "version": 1,
            }
        ]

    def test_a_dead_layer_stops_nothing(
        self, subscribers: Subscribers, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        heard: list[str] = []
        subscribers["mine"] = heard_by(heard)
        dead = dict(settings.CHANNEL_LAYERS["default"])
        dead["CONFIG"] = {"hosts": ["redis://127.0.0.1:1/0"]}
        settings.CHANNEL_LAYERS = {"default": dead}
        write("a")

        assert relay.run_once() == 1

        assert heard == ["a"]
        assert "hints not sent" in caplog.text

    def test_a_dead_broker_does_not_hinder_the_commit(
        self,
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        monkeypatch.setattr(wake, "_local", threading.local())

        with transaction.atomic():
            write("a")

        assert Event.objects.count() == 1
        assert "relay not woken" in caplog.text


def relay_elsewhere() -> int:
    """Let a relay with its own connection number what it can see."""
    found: list[int] = []

    def run() -> None:
        found.append(len(relay.number_pending()))
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return found[0]
