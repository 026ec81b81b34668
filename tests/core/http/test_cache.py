"""The cache with its server, and without."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches

from core.http.cache import CityCache


@pytest.fixture
def away(tmp_path: Path) -> CityCache:
    """A cache whose server is not there."""
    params: dict[str, Any] = {**settings.CACHES["default"], "KEY_PREFIX": tmp_path.name}
    return CityCache(f"unix://{tmp_path}/nobody.sock", params)


class TestCityCache:
    def test_shares_what_it_keeps(self) -> None:
        caches["default"].set("kept", {"n": 7}, 30)
        other = CityCache(settings.CACHES["default"]["LOCATION"], settings.CACHES["default"])

        assert other.get("kept") == {"n": 7}
        assert not other.add("kept", 8, 30)
        assert other.delete("kept")
        assert other.get("kept", "none") == "none"

    def test_remembers_for_itself_while_the_server_is_away(self, away: CityCache) -> None:
        away.set("kept", [1, 2], 30)

        assert away.get("kept") == [1, 2]
        assert away.get("other", "none") == "none"
        assert away.delete("kept")
        assert not away.delete("kept")

    def test_lets_one_of_two_add_while_the_server_is_away(self, away: CityCache) -> None:
        assert [away.add("lock", "a", 30), away.add("lock", "b", 30)] == [True, False]
        assert away.get("lock") == "a"
