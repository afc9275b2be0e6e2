import pytest

from sojourn.sandbox.search_service.stemming import measure, stem

WORDS = """
caresses caress ponies poni cats cat feed feed agreed agre plastered plaster motoring motor
sing sing conflated conflat troubled troubl sized size hopping hop tanned tan falling fall
hissing hiss fizzed fizz failing fail filing file happy happi sky sky relational relat
conditional condit rational ration digitizer digit radically radic differently differ vilely vile
predication predic operator oper feudalism feudal decisiveness decis hopefulness hope
callousness callous formality formal sensitivity sensit sensibility sensibl triplicate triplic
formative form formalize formal electricity electr electrical electr hopeful hope goodness good
revival reviv allowance allow inference infer airliner airlin gyroscopic gyroscop
adjustable adjust defensible defens irritant irrit replacement replac adjustment adjust
dependent depend adoption adopt communism commun activate activ homologous homolog
effective effect bowdlerize bowdler probate probat rate rate cease ceas controlling control
roll roll is is by by
"""
STEMS = WORDS.split()


@pytest.mark.parametrize(("word", "wanted"), [*zip(STEMS[::2], STEMS[1::2], strict=True)])
def test_words_have_the_stems_that_porter_gave_them(word: str, wanted: str) -> None:
    assert stem(word) == wanted


def test_words_are_measured_in_runs_of_letters() -> None:
    assert [measure(w) for w in ("tree", "by", "trouble", "ivy", "private", "")] == [
        0,
        0,
        1,
        1,
        2,
        0,
    ]
