"""The demo city: its files are consistent, fictional, and cover every state, kind and channel."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from core.accounts.states import Role
from core.clocks.states import Unit
from core.identifiers.rules import check_resident_id, check_uscc, normalise_phone
from hotline.states import (
    CHANNEL_REQUIRED,
    CallbackResult,
    ClockKind,
    LegalChannel,
    MatterKind,
    Solved,
    TriageOutcome,
    Urgency,
)

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)
DISPATCHED = (
    "dispatched",
    "signed",
    "handling",
    "answered_pending_approval",
    "replied",
    "callback_due",
    "review",
    "redo",
    "closed",
)
ANSWERED_BY_A_UNIT = DISPATCHED[3:]
SETTLED_AT_TRIAGE = (
    "answered",
    "transferred",
    "redirected",
    "linked",
    "explained",
    "guided",
    "abuse",
)
STATES = {"registered", "withdrawn", *SETTLED_AT_TRIAGE, *DISPATCHED}
SOURCES = {
    "call",
    "portal",
    "wechat",
    "mayor_mailbox",
    "online_inquiry",
    "online_complaint",
    "petition",
    "grid_worker",
    "bad_rating",
    "sensor",
}
FICTIONAL_MOBILE = re.compile(r"1990000\d{4}")
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
RESIDENT_ID = re.compile(r"(?<!\d)\d{17}[\dX](?!\d)")
# No plate of the real province starts with 川N: plates in the texts are fictional too.
PLATE = re.compile(r"[\u4e00-\u9fff][A-Z]·[A-Z0-9]{5}")
FICTIONAL_PLATE = re.compile(r"川N·[A-Z0-9]{5}")


def load(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


REGIONS = load("core/demo/regions.json")
UNITS = load("core/demo/organisations.json")
PEOPLE = load("core/demo/people.json")
CATEGORIES = load("hotline/demo/categories.json")
MATTERS = load("hotline/demo/matters.json")
POLICIES = load("hotline/demo/clock_policies.json")
EVERYTHING = {
    "regions": REGIONS,
    "units": UNITS,
    "people": PEOPLE,
    "categories": CATEGORIES,
    "matters": MATTERS,
    "policies": POLICIES,
}
REGION = {row["code"]: row for row in REGIONS}
UNIT = {row["code"]: row for row in UNITS}
CATEGORY = {row["code"]: row for row in CATEGORIES}
MATTER = {row["key"]: row for row in MATTERS}


def strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)


def ring_of(region: dict[str, Any]) -> list[list[float]]:
    assert region["boundary"]["type"] == "Polygon"
    (ring,) = region["boundary"]["coordinates"]
    return list(ring)


def edges_of(region: dict[str, Any]) -> set[frozenset[tuple[float, float]]]:
    return {frozenset({(a[0], a[1]), (b[0], b[1])}) for a, b in pairwise(ring_of(region))}


def outline(regions: list[dict[str, Any]]) -> set[frozenset[tuple[float, float]]]:
    """Return the edges that only one of the regions has: what lies between two cancels out."""
    counts = Counter(edge for region in regions for edge in edges_of(region))
    assert max(counts.values()) <= 2
    return {edge for edge, count in counts.items() if count == 1}


def area(region: dict[str, Any]) -> float:
    """Return the signed area in square degrees, positive if counter-clockwise."""
    pairs = pairwise(ring_of(region))
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def holds(region: dict[str, Any], lng: float, lat: float) -> bool:
    """Cast a ray to the east and count the crossings."""
    crossings = 0
    for (x0, y0), (x1, y1) in pairwise(ring_of(region)):
        if (y0 > lat) != (y1 > lat) and lng < (x1 - x0) * (lat - y0) / (y1 - y0) + x0:
            crossings += 1
    return crossings % 2 == 1


def children(code: str) -> list[dict[str, Any]]:
    return [row for row in REGIONS if row["parent"] == code]


def bigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def at_level(level: str) -> list[dict[str, Any]]:
    return [row for row in REGIONS if row["level"] == level]


class TestRegions:
    def test_codes_are_unique_and_as_long_as_their_level_says(self) -> None:
        lengths = {"city": 6, "district": 6, "street": 9, "community": 12}

        assert len(REGION) == len(REGIONS)
        assert all(len(row["code"]) == lengths[row["level"]] for row in REGIONS)
        assert all(row["code"].isdigit() for row in REGIONS)

    def test_every_parent_exists_one_level_up_and_begins_the_code(self) -> None:
        levels = ["city", "district", "street", "community"]

        for row in REGIONS[1:]:
            parent = REGION[row["parent"]]
            assert levels.index(row["level"]) == levels.index(parent["level"]) + 1
            prefix = 4 if row["level"] == "district" else len(parent["code"])
            assert row["code"][:prefix] == parent["code"][:prefix]

    def test_names_are_unique_below_one_parent(self) -> None:
        counts = Counter((row["parent"], row["name"]) for row in REGIONS)

        assert counts.most_common(1)[0][1] == 1

    @pytest.mark.parametrize("level", ["city", "district", "street"])
    def test_rings_are_closed_counter_clockwise_and_touch_themselves_nowhere(
        self, level: str
    ) -> None:
        for region in at_level(level):
            ring = [tuple(point) for point in ring_of(region)]
            assert ring[0] == ring[-1]
            assert len(set(ring)) == len(ring) - 1
            assert area(region) > 0

    def test_children_tile_their_parent_without_gaps(self) -> None:
        for parent in [*at_level("city"), *at_level("district")]:
            parts = children(parent["code"])
            assert outline(parts) == edges_of(parent)
            assert sum(area(part) for part in parts) == pytest.approx(area(parent))

    def test_communities_lie_inside_their_street_and_streets_inside_the_city(self) -> None:
        (city,) = at_level("city")

        for row in at_level("community"):
            assert holds(REGION[row["parent"]], row["lng"], row["lat"])
            assert holds(city, row["lng"], row["lat"])
        for row in [*at_level("street"), *at_level("district")]:
            assert holds(row, row["lng"], row["lat"])


class TestUnits:
    def test_codes_names_and_credit_codes_are_unique(self) -> None:
        for field in ("code", "name", "short_name", "uscc", "phone"):
            assert len({row[field] for row in UNITS}) == len(UNITS), field

    def test_credit_codes_are_valid_and_of_the_fictional_city(self) -> None:
        for row in UNITS:
            check_uscc(row["uscc"])
            assert row["uscc"][2:8] == "519900"

    def test_parents_and_regions_exist_and_the_tree_has_one_root(self) -> None:
        roots = [row["code"] for row in UNITS if row["parent"] is None]

        assert roots == ["GOV"]
        assert all(row["parent"] in UNIT for row in UNITS if row["parent"])
        assert all(row["region"] in REGION for row in UNITS)

    def test_telephone_numbers_use_the_unassigned_area_code(self) -> None:
        assert all(re.fullmatch(r"0809-555\d{4}", row["phone"]) for row in UNITS)


class TestPeople:
    def test_usernames_and_telephone_numbers_are_unique(self) -> None:
        assert len({row["username"] for row in PEOPLE}) == len(PEOPLE)
        assert len({row["phone"] for row in PEOPLE}) == len(PEOPLE)
        assert all(re.fullmatch(r"[a-z0-9_]+", row["username"]) for row in PEOPLE)

    def test_roles_units_and_regions_exist(self) -> None:
        for held in (held for row in PEOPLE for held in row["roles"]):
            assert held["role"] in Role.values
            assert held["region"] in REGION
            assert held["organisation"] in UNIT or held["role"] == "citizen"

    def test_citizens_have_valid_numbers_of_the_fictional_city(self) -> None:
        citizens = [row for row in PEOPLE if row["roles"][0]["role"] == "citizen"]

        assert len(citizens) >= 6
        for row in citizens:
            check_resident_id(row["id_no"], on=TODAY)
            assert row["id_no"].startswith("5199")

    def test_the_three_administrators_are_three_people(self) -> None:
        admins = [
            row["username"]
            for row in PEOPLE
            for held in row["roles"]
            if held["role"] in {"system_admin", "security_admin", "audit_admin"}
        ]

        assert len(admins) == len(set(admins)) == 3

    def test_every_unit_that_gets_a_matter_has_a_handler_and_another_head(self) -> None:
        held = {
            (one["role"], one["organisation"]): row["username"]
            for row in PEOPLE
            for one in row["roles"]
        }
        needed = {unit for row in MATTERS for unit in row["path"].get("assists", [])}
        needed |= {row["path"]["lead"] for row in MATTERS if "lead" in row["path"]}

        assert needed <= set(UNIT)
        for unit in needed:
            assert held["handler", unit] != held["unit_head", unit]


class TestCategories:
    def test_codes_are_two_digits_a_level_and_parents_exist(self) -> None:
        assert len(CATEGORY) == len(CATEGORIES)
        for row in CATEGORIES:
            assert re.fullmatch(r"(\d{2}){1,3}", row["code"])
            assert row["parent"] == (row["code"][:-2] or None)
            assert row["parent"] is None or row["parent"] in CATEGORY

    def test_the_tree_has_the_promised_size(self) -> None:
        sizes = Counter(len(row["code"]) for row in CATEGORIES)

        assert sizes[2] >= 14
        assert sizes[4] >= 70
        assert sizes[6] >= 250

    def test_every_category_names_an_existing_unit_and_kind(self) -> None:
        assert all(row["default_unit"] in UNIT for row in CATEGORIES)
        assert all(row["default_kind"] in MatterKind.values for row in CATEGORIES)

    def test_the_third_level_has_distinct_names_and_distinct_keywords(self) -> None:
        leaves = [row for row in CATEGORIES if len(row["code"]) == 6]

        assert len({row["name"] for row in leaves}) == len(leaves)
        for row in leaves:
            assert row["keywords"]
            assert len(set(row["keywords"])) == len(row["keywords"])
            assert all(word == word.strip() for word in row["keywords"])


class TestMatters:
    def test_there_are_enough_and_their_keys_are_unique(self) -> None:
        assert len(MATTERS) >= 130
        assert len(MATTER) == len(MATTERS)

    def test_every_state_kind_source_and_first_level_is_covered(self) -> None:
        assert {row["final_state"] for row in MATTERS} == STATES
        assert {row["kind"] for row in MATTERS} == set(MatterKind.values)
        assert {row["source"] for row in MATTERS} == SOURCES
        assert {row["urgency"] for row in MATTERS} == set(Urgency.values)
        assert {row["category"][:2] for row in MATTERS} == {
            row["code"] for row in CATEGORIES if row["parent"] is None
        }

    def test_references_to_categories_regions_and_citizens_exist(self) -> None:
        citizens = {row["username"]: row for row in PEOPLE}

        for row in MATTERS:
            assert len(row["category"]) == 6
            assert row["category"] in CATEGORY
            assert REGION[row["region"]]["level"] in {"street", "community"}
            if row["citizen"]:
                assert row["caller"]["phone"] == citizens[row["citizen"]]["phone"]
            assert (row["caller"] is None) == (row["source"] == "sensor")

    def test_points_lie_inside_the_street_of_the_matter(self) -> None:
        pointed = [row for row in MATTERS if "lng" in row]

        assert len(pointed) > 50
        for row in pointed:
            street = REGION[row["region"][:9]]
            assert holds(street, row["lng"], row["lat"]), row["key"]

    def test_texts_are_as_long_as_people_write(self) -> None:
        lengths = [len(row["content"]) for row in MATTERS]

        assert min(lengths) >= 10
        assert max(lengths) <= 300
        assert sum(length >= 60 for length in lengths) >= 0.9 * len(lengths)
        assert all(2 <= len(row["title"]) <= 30 for row in MATTERS)

    def test_no_two_texts_are_near_copies_unless_they_share_a_family(self) -> None:
        grams = [(row["key"], row["family"], bigrams(row["content"])) for row in MATTERS]

        near = [
            (one, other)
            for (one, family, a), (other, second, b) in combinations(grams, 2)
            if len(a & b) / len(a | b) > 0.8 and not (family and family == second)
        ]
        assert near == []

    def test_at_least_three_families_have_three_voices(self) -> None:
        sizes = Counter(row["family"] for row in MATTERS if row["family"])

        assert sum(size >= 3 for size in sizes.values()) >= 3

    def test_texts_exercise_redaction_and_odd_characters(self) -> None:
        texts = "".join(row["content"] for row in MATTERS)

        assert len(FICTIONAL_MOBILE.findall(texts)) >= 3
        assert len(FICTIONAL_PLATE.findall(texts)) >= 2
        assert RESIDENT_ID.search(texts)
        assert re.search("[０-９]", texts)
        assert re.search("[\U0001f300-\U0001faff]", texts)

    def test_ages_are_within_forty_days_and_hours_are_hours(self) -> None:
        assert all(0 <= row["days_ago"] <= 40 for row in MATTERS)
        assert all(0 <= row["hour"] <= 23 for row in MATTERS)


class TestPaths:
    def test_what_waits_for_triage_has_no_path(self) -> None:
        waiting = [row for row in MATTERS if row["final_state"] == "registered"]

        assert all(row["path"] == {} for row in waiting)

    def test_every_outcome_of_triage_is_there_with_its_reason(self) -> None:
        triaged = [row for row in MATTERS if row["final_state"] not in {"registered", "withdrawn"}]

        assert {row["path"]["outcome"] for row in triaged} == set(TriageOutcome.values)
        assert all(row["path"]["triage_reason"] for row in triaged)

    def test_the_outcome_leads_to_the_final_state(self) -> None:
        for row in MATTERS:
            outcome = row["path"].get("outcome")
            if row["final_state"] in SETTLED_AT_TRIAGE:
                assert outcome.startswith(row["final_state"])
            elif row["final_state"] in DISPATCHED:
                assert outcome == "dispatched"

    def test_the_right_channel_is_named_where_the_law_wants_it(self) -> None:
        told = [row for row in MATTERS if row["path"].get("outcome") in CHANNEL_REQUIRED]

        for row in told:
            assert row["path"]["channel"] in LegalChannel.values
            assert row["path"]["right_channel"]

    def test_a_linked_matter_names_an_older_one_of_its_family(self) -> None:
        linked = [row for row in MATTERS if row["final_state"] == "linked"]

        for row in linked:
            earlier = MATTER[row["path"]["link_to"]]
            assert earlier["days_ago"] > row["days_ago"]
            assert earlier["family"] == row["family"]

    def test_dispatched_matters_have_a_lead_that_neither_assists_nor_is_accused(self) -> None:
        for row in (row for row in MATTERS if row["final_state"] in DISPATCHED):
            path = row["path"]
            assert path["instruction"]
            assert path["lead"] not in path["assists"]
            assert row["accused_unit"] not in {path["lead"], *path["assists"]}

    def test_handled_matters_have_first_contact_and_progress(self) -> None:
        for row in (row for row in MATTERS if row["final_state"] in DISPATCHED[2:]):
            assert row["path"]["first_contact_note"]
            assert row["path"]["progress"]

    def test_a_units_answer_gives_its_telephone_number_and_assists_answered_first(self) -> None:
        answered = [row for row in MATTERS if row["final_state"] in ANSWERED_BY_A_UNIT]

        for row in answered:
            path = row["path"]
            assert UNIT[path["lead"]]["phone"] in path["answer"], row["key"]
            assert set(path.get("assist_answers", {})) == set(path["assists"])

    def test_texts_have_no_unfilled_places(self) -> None:
        assert not [text for text in strings_in(MATTERS) if "{" in text or "}" in text]

    def test_an_answer_on_the_spot_needs_no_unit(self) -> None:
        spot = [row for row in MATTERS if row["final_state"] == "answered"]

        assert all(row["path"]["answer"] and "lead" not in row["path"] for row in spot)

    def test_approval_matches_the_state(self) -> None:
        for row in MATTERS:
            approval = row["path"].get("approval")
            if row["final_state"] in DISPATCHED[4:]:
                assert approval["decision"] == "approve"
            elif approval:
                assert (approval["decision"], row["final_state"]) == ("send_back", "handling")
        assert any(
            row["path"].get("approval", {}).get("decision") == "send_back" for row in MATTERS
        )

    def test_call_backs_say_how_they_ended(self) -> None:
        for row in (row for row in MATTERS if "callback" in row["path"]):
            back = row["path"]["callback"]
            results = [attempt["result"] for attempt in back["attempts"]]
            assert results
            assert set(results) <= set(CallbackResult.values)
            reached = results[-1] == CallbackResult.REACHED
            assert reached == (back["satisfaction"] in {1, 2, 3, 4, 5})
            assert reached == (back["solved"] in Solved.values)

    def test_closed_matters_are_evaluated_and_the_others_wait_for_it(self) -> None:
        verdict = {
            row["key"]: row["path"].get("callback", {}).get("satisfaction") for row in MATTERS
        }

        for row in MATTERS:
            if row["final_state"] == "closed":
                assert verdict[row["key"]] <= 3
            elif row["final_state"] in {"redo", "review"}:
                assert verdict[row["key"]] >= 4
            else:
                assert verdict[row["key"]] is None
        assert all(row["path"]["redo_reason"] for row in MATTERS if row["final_state"] == "redo")

    def test_the_withdrawn_say_why(self) -> None:
        withdrawn = [row for row in MATTERS if row["final_state"] == "withdrawn"]

        assert all(row["path"]["withdraw_reason"] for row in withdrawn)

    def test_what_is_secret_is_not_published_and_reports_of_neighbours_are_secret(self) -> None:
        assert not [row for row in MATTERS if row["confidential"] and row["publishable"]]
        for row in MATTERS:
            if "要求保密" in row["path"].get("triage_reason", ""):
                assert row["confidential"], row["key"]


class TestFiction:
    @pytest.mark.parametrize("name", sorted(EVERYTHING))
    def test_every_mobile_number_is_of_the_fictional_block(self, name: str) -> None:
        numbers = [n for text in strings_in(EVERYTHING[name]) for n in MOBILE.findall(text)]

        assert [n for n in numbers if not FICTIONAL_MOBILE.fullmatch(n)] == []

    @pytest.mark.parametrize("name", sorted(EVERYTHING))
    def test_every_resident_number_is_valid_and_of_the_fictional_city(self, name: str) -> None:
        for text in strings_in(EVERYTHING[name]):
            for number in RESIDENT_ID.findall(text):
                check_resident_id(number, on=TODAY)
                assert number.startswith("5199")

    def test_every_plate_is_of_a_series_that_is_not_issued(self) -> None:
        plates = [plate for text in strings_in(MATTERS) for plate in PLATE.findall(text)]

        assert plates
        assert all(FICTIONAL_PLATE.fullmatch(plate) for plate in plates)

    def test_caller_numbers_are_accepted_by_the_kernel(self) -> None:
        numbers = [row["caller"]["phone"] for row in MATTERS if row["caller"]]

        assert [n for n in numbers if not normalise_phone(n).endswith(n)] == []


class TestClockPolicies:
    def test_kinds_units_and_amounts_are_known(self) -> None:
        kinds = {*ClockKind.values, "objection_review"}

        for row in POLICIES:
            assert row["kind"] in kinds
            assert row["unit"] in Unit.values
            assert row["amount"] > 0
            assert row["region"] is None or row["region"] in REGION
            date.fromisoformat(row["effective_from"])

    def test_every_kind_of_matter_has_an_answer_clock_and_every_clock_a_policy(self) -> None:
        answer = {row["matter_kind"] for row in POLICIES if row["kind"] == "answer"}

        assert answer - {None} == set(MatterKind.values)
        assert {row["kind"] for row in POLICIES} >= set(ClockKind.values)
        assert {row["urgency"] for row in POLICIES if row["kind"] == "sign"} == set(Urgency.values)

    def test_only_the_decrees_five_periods_claim_a_source_in_law(self) -> None:
        sourced = {
            row["matter_kind"]: (row["amount"], row["unit"])
            for row in POLICIES
            if "默认值" not in row["source"]
        }

        assert sourced == {
            "consultation": (3, "working_days"),
            "help": (7, "working_days"),
            "suggestion": (7, "working_days"),
            "complaint": (15, "working_days"),
            "report": (15, "working_days"),
        }
