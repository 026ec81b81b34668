"""Each state machine is declared once: table, model and gate tell the same."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django_fsm import FSMField

from core.accounts.states import Role
from core.transitions.actions import Machine
from hotline.machines import ORDERS, TICKETS
from hotline.models import HandlingOrder, Ticket
from hotline.states import (
    CHANNEL_REQUIRED,
    FINAL_TICKET_STATES,
    OPEN_TICKET_STATES,
    ORDER_TRANSITIONS,
    OUTCOME_TRANSITION,
    TICKET_TRANSITIONS,
    OrderState,
    Rule,
    TicketState,
    TriageOutcome,
)

MACHINES: list[tuple[Machine[Any], Mapping[str, Rule], type[models.TextChoices]]] = [
    (TICKETS, TICKET_TRANSITIONS, TicketState),
    (ORDERS, ORDER_TRANSITIONS, OrderState),
]
every_machine = pytest.mark.parametrize(
    ("machine", "table", "states"), MACHINES, ids=lambda value: getattr(value, "name", "")
)


def models_with_machines() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        if any(isinstance(field, FSMField) for field in model._meta.get_fields()):
            yield model


def declared(model: Any) -> dict[str, tuple[set[str], str]]:
    """Read the transitions that the library knows of a model."""
    found: dict[str, tuple[set[str], str]] = {}
    for move in model._meta.get_field("state").get_all_transitions(model):
        sources, _target = found.get(move.name, (set(), ""))
        found[move.name] = (sources | {move.source}, move.target)
    return found


class TestDeclarations:
    def test_every_model_with_states_has_its_machine_here(self) -> None:
        assert set(models_with_machines()) == {machine.model for machine, _, _ in MACHINES}

    @every_machine
    def test_model_and_table_tell_the_same(
        self, machine: Machine[Any], table: Mapping[str, Rule], states: Any
    ) -> None:
        expected = {name: (set(rule.sources), rule.target) for name, rule in table.items()}

        assert declared(machine.model) == expected
        assert {name: rule.target for name, rule in machine.rules.items()} == {
            name: rule.target for name, rule in table.items()
        }

    @every_machine
    def test_the_row_has_a_version_and_the_database_knows_the_states(
        self, machine: Machine[Any], table: Any, states: Any
    ) -> None:
        fields = {field.name for field in machine.model._meta.get_fields()}
        checks = [
            constraint
            for constraint in machine.model._meta.constraints
            if isinstance(constraint, models.CheckConstraint)
            and constraint.name.endswith("_state_known")
        ]

        assert {"state", "version"} <= fields
        assert len(checks) == 1
        assert set(dict(checks[0].condition.children)["state__in"]) == set(states.values)

    @every_machine
    def test_every_state_can_be_reached_and_left_or_is_final(
        self, machine: Machine[Any], table: Mapping[str, Rule], states: Any
    ) -> None:
        start = machine.model._meta.get_field("state").default
        reached, before = {start}, set[str]()
        while reached != before:
            before = set(reached)
            reached |= {rule.target for rule in table.values() if rule.sources & reached}

        assert reached == set(states.values)

    @every_machine
    def test_a_transition_that_takes_something_away_wants_a_reason(
        self, machine: Machine[Any], table: Mapping[str, Rule], states: Any
    ) -> None:
        taking = {"withdraw", "redo", "reopen_triage", "send_back", "terminate", "close_as_abuse"}

        assert all(table[name].needs_reason for name in taking & set(table))


class TestWords:
    def test_final_and_open_states_are_all_states_once(self) -> None:
        assert set(TicketState) == FINAL_TICKET_STATES | OPEN_TICKET_STATES
        assert not FINAL_TICKET_STATES & OPEN_TICKET_STATES

    def test_final_states_are_left_only_by_the_shift_lead(self) -> None:
        leaving = {
            name: rule.roles
            for name, rule in TICKET_TRANSITIONS.items()
            if rule.sources & FINAL_TICKET_STATES
        }

        assert leaving == {"reopen_triage": frozenset({Role.SHIFT_LEAD})}

    def test_the_nine_outcomes_have_their_transitions(self) -> None:
        assert set(OUTCOME_TRANSITION) == set(TriageOutcome)
        assert len(TriageOutcome) == 9
        assert set(OUTCOME_TRANSITION.values()) <= set(TICKET_TRANSITIONS)
        assert set(OUTCOME_TRANSITION) >= CHANNEL_REQUIRED

    def test_logs_and_events_hold_every_name(self) -> None:
        for machine, table, _ in MACHINES:
            longest = max(len(f"{machine.name}.{name}") for name in table)
            assert longest <= 60
            assert len(machine.name) <= 40
        assert {machine.name for machine, _, _ in MACHINES} == {"hotline.ticket", "hotline.order"}
        assert Ticket is TICKETS.model
        assert HandlingOrder is ORDERS.model
