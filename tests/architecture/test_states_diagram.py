"""The drawn machines are those of the tables."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.management.commands import draw_states
from core.management.commands.draw_states import drawings
from hotline.states import ORDER_TRANSITIONS, TICKET_TRANSITIONS, OrderState, TicketState


class TestDrawStates:
    def test_the_files_are_as_drawn(self) -> None:
        said = io.StringIO()

        call_command("draw_states", check=True, stdout=said)

        assert said.getvalue() == "状态图与流转表一致。\n"

    def test_an_old_drawing_is_found_and_drawn_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "states.md"
        target.write_text("old")
        monkeypatch.setattr(draw_states, "drawings", lambda: iter([(target, "new")]))

        with pytest.raises(CommandError, match="已过时"):
            call_command("draw_states", check=True)
        assert target.read_text() == "old"
        call_command("draw_states", stdout=io.StringIO())

        assert target.read_text() == "new"
        call_command("draw_states", check=True, stdout=io.StringIO())

    def test_every_state_and_transition_is_in_the_picture(self) -> None:
        [(path, text)] = list(drawings())

        assert path.name == "states.md"
        for state in (*TicketState, *OrderState):
            assert f'state "{state.label}" as {state.value}\n' in text
        for name, rule in (*TICKET_TRANSITIONS.items(), *ORDER_TRANSITIONS.items()):
            for source in rule.sources:
                assert f"    {source} --> {rule.target}: {name}\n" in text
        assert "    closed --> [*]\n" in text
        assert "    [*] --> registered\n" in text
