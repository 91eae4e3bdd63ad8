"""The words of verdicts, in the languages that models answer in."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FINAL_VERDICT = r"""
    final[\s_*`-]{1,6}(?:verdict|judge?ment|decision) | final[Vv]erdict
  | verdict[\ _]final | verdict\ définitif | (?:veredicto|veredito|verdetto)\ (?:finale?|definitivo)
  | (?:endgültiges|abschließendes|abschliessendes|finales|letztes)\ (?:urteil|verdikt) | endurteil
  | eindoordeel | (?:definitief|uiteindelijk)\ oordeel
  | (?:slutlig|endelig)t?\ (?:dom|utslag|afgørelse)
  | (?:итоговый|окончательный|финальный)\ вердикт | остаточний\ вердикт
  | (?:ostateczny|końcowy)\ werdykt | werdykt\ (?:ostateczny|końcowy)
  | (?:ke)?putusan\ akhir | lopullinen\ (?:tuomio|päätös)
  # number and noun, and nothing else
  | végső\ (?:ítélet|döntés)(?=\W{1,6}(?:az?\ )?\d{1,2}\.\ ?megoldás\W*$)
  # the noun is in it: its vowel signs would part it
  | अंतिम\ (?:निर्णय|फैसला)(?:\W{1,6}समाधान)?
  | (?:nihai|son)\ karar | phán\ quyết\ cuối\ cùng
  | الحكم\ النهائي
  | (?:最终|最終|最后|最後)(?:的)?\s?
    (?:判决|判決|裁决|裁決|裁定|判定|判断|判斷|结论|結論|決定|决定|评决|評決)
  | 최종\s?(?:판정|평결|결정|결론|판결|판단)
"""
"""The label of a verdict's line, as a verbose pattern."""

_NOUN = r"[\s*_`\"'-]{0,4}(?:solution|option|candidate|attempt|response|submission)"
LAST_LINE = rf"""
    (?:
        \b(?:verdict|winner|vote|(?:chosen|preferred|selected|winning|better|best){_NOUN})
      | \b(?:choice|pick|decision|selection|preference|selected|chosen|(?:better|best)(?:\ one)?)
      | (?:判决|判決|裁决|裁決|答案|胜者|勝者)
    )(?=[\s*_`"']{{0,4}}(?:[:=→⇒]|->|=>|[–—-]\s|is\b|是|は))
  | \b(?:result|conclusion)
    (?=[\s*_`"']{{0,4}}[:=]\W{{0,8}}(?:the\s)?{_NOUN}\W{{0,4}}\d{{1,9}}[\W_]*$)
  | \banswer(?=[\s*_`"']{{0,4}}(?:[:=→⇒]|->|=>|is\b)\W{{0,8}}(?:the\s)?{_NOUN}\W)
  | \b(?:I|we)\s(?:choose|select|pick|prefer|favou?r|vote\sfor|go\swith)(?=\s)
"""
"""What introduces a verdict in the last line of an answer, as a verbose pattern."""

LEAD_IN = _words(
    """
    so thus therefore hence overall in conclusion summary short accordingly and here
    is this the my our after weighing all evidence based on above for these reasons
    reason given considering everything finally then as a result conclude with now
    to answer output mein meine das daher also le mon donc mi el por tanto lo o meu
    portanto il mio quindi мой итак 因此 所以 我的 那么 故 text textbf mathbf boxed div p b
    strong em i td th tr h1 h2 h3 h4 span br verdict final_verdict final 最终 最終
    """
)
"""Words that may stand before the label in its line."""

NOUNS = _words(
    """
    solution option candidate attempt response submission lösung lösungsvorschlag
    variante versuch solución solucion opción solução solucao opção soluzione
    opzione oplossing løsning lösning решение решению вариант рішення rozwiązanie
    opcja çözüm seçenek giải pháp الحل 方案 解决方案 解決方案 解法 解答 解 解决办法 选项 選項 候选
    solusi ratkaisu ソリューション 解決策 解決案 回答 솔루션 해결책 풀이 답안 해법
    """
)
"""Words for a numbered solution."""

ANNOUNCES = (
    (LEAD_IN - _words("given considering"))
    | NOUNS
    | _words(
        """
    winner choice vote pick answer decision selection better best stronger preferred
    selected one for i choose select prefer
    """
    )
)
"""Words of a line that only announces the verdict of the next line."""

FILLER = _words(
    """
    is are the goes to for in favor favour of be as a my number no nr num text
    textbf mathbf mathrm boxed b strong em i td th ist die der das est la le es el è
    il é o a в — это является 是 为 為 選 选 選擇 选择 第 は が 는 은 이 가 n verdict answer
    solution_number br az → ⇒ i we choose select pick prefer vote winner best
    therefore thus hence clearly
    """
)
"""Words that may stand between the label and the number."""

SINCE = _words(
    """
    because since weil da denn parce car porque perché pois omdat want потому так поскольку
    ponieważ bo çünkü fordi eftersom 因为 因為
    """
)
"""Words that begin a clause with a reason."""

BECAUSE = SINCE | _words("as for by with on due given based over wins aufgrund")
"""Words that begin a reason."""

_ENGLISH = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NUMBERS = {
    **{word: number for number, word in enumerate(_ENGLISH, start=1)},
    **{word: number for number, word in enumerate("一二三四五六七八九十", start=1)},
}
"""Numbers written as words; they count only after a noun."""
