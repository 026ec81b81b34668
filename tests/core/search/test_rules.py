"""Cutting and folding text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.search.folding import fold
from core.search.rules import MAX_CHARACTERS, TOKEN_LENGTH, runs, tokenise, tokens_of_run
from core.search.synonyms import GROUPS, alternatives


class TestFold:
    @pytest.mark.parametrize(
        ("written", "folded"),
        [
            ("佔道經營", "占道经营"),
            ("ＡＢＣ１２３", "abc123"),
            ("NoiseＸ噪聲", "noisex噪声"),
            ("雲計算與檔案館", "云计算与档案馆"),
            ("占道经营", "占道经营"),
        ],
    )
    def test_brings_spellings_together(self, written: str, folded: str) -> None:
        assert fold(written) == folded

    @given(text=st.text())
    def test_takes_any_text_and_is_stable_for_what_it_gives(self, text: str) -> None:
        once = fold(text)

        assert runs(once) == runs(fold(once))


class TestTokenise:
    def test_gives_characters_pairs_and_words(self) -> None:
        assert tokenise("占道经营 No.12345") == {
            "占", "道", "经", "营", "占道", "道经", "经营", "no", "12345",
        }  # fmt: skip

    def test_does_not_pair_across_punctuation(self) -> None:
        assert "道，经" not in tokenise("占道，经营")
        assert "道经" not in tokenise("占道，经营")

    def test_knows_rare_characters(self) -> None:
        assert {"𬭚", "𬭚于"} <= tokenise("淳𬭚于")

    @pytest.mark.parametrize("text", ["", " \t\n", "，。！？", "\x00\x01", "\ud800", "😀🎉"])
    def test_finds_nothing_where_nothing_is(self, text: str) -> None:
        assert tokenise(text) == set()

    def test_bounds_its_cost(self) -> None:
        assert tokenise("占" * MAX_CHARACTERS + "尾") == {"占", "占占"}
        assert max(map(len, tokenise("x" * 5000))) == TOKEN_LENGTH

    @given(text=st.text(max_size=200), start=st.integers(0, 200), size=st.integers(1, 40))
    def test_whatever_is_cut_out_of_a_chinese_text_is_found_in_it(
        self, text: str, start: int, size: int
    ) -> None:
        stored = tokenise(text)

        for run in runs(text):
            if not run[0].isascii():
                part = run[start % len(run) :][:size]
                assert set(tokens_of_run(part)) <= stored


class TestAlternatives:
    def test_say_the_same_in_other_words(self) -> None:
        assert {"城管投诉", "执法局投诉", "综合执法投诉"} <= set(alternatives("城管投诉"))

    def test_work_from_each_word_of_a_group(self) -> None:
        assert "城管" in alternatives("执法局")

    def test_leave_everything_else_alone(self) -> None:
        assert alternatives("蔷薇") == ["蔷薇"]

    def test_are_few(self) -> None:
        everything = "".join(word for group in GROUPS for word in group)

        assert len(alternatives(everything)) <= 8

    def test_table_is_folded_unique_and_never_a_single_character(self) -> None:
        words = [word for group in GROUPS for word in group]

        assert all(fold(word) == word and len(word) > 1 for word in words)
        assert len(words) == len(set(words))
