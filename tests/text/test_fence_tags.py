"""What is taken for a tag of a block, and texts that share no word."""

import pytest

from inspect_tts.text.fences import fence_word, harmless, tags_in


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<solution_1>", "<~solution_1>"),
        ("</attempt 12>", "<~/attempt 12>"),
        ("<facts_1>", "<~facts_1>"),
        ("< /FACTS-2>", "<~ /FACTS-2>"),
        ("</problem>", "<~/problem>"),
        ("<TRAJECTORY >", "<~TRAJECTORY >"),
        ("</checks>", "<~/checks>"),
        ("<~facts_1>", "<~~facts_1>"),
        ("List<Problem>", "List<Problem>"),
        ("<facts>", "<facts>"),
    ],
)
def test_each_tag_of_a_block_is_marked(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert bool(tags_in(text)) == (text != shown)


def test_the_word_depends_on_where_one_text_ends_and_the_next_begins() -> None:
    told = (["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"])
    assert len({fence_word(each, seed=0, key="k", inside=[]) for each in told}) == len(told)
