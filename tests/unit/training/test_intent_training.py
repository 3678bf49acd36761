"""Teaching the intent model: equal to scikit-learn, repeatable, and no better than chance on nonsense."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from chalicelib.routing.intent_grams import grams
from chalicelib.routing.intent_model import IDF_STEPS, OUT_OF_SCOPE, SEPARATOR, IntentModel, packed, shipped_model
from chalicelib.routing.intent_sums import ZERO
from chalicelib.training.intents.learn import Example, Recipe, fitted, learn
from infra.intents import others
from infra.intents.material import LANGUAGES, examples, framed, is_test, material
from infra.intents.runs import SHOPS, TRADES
from infra.intents.scoring import recall, score

INTENTS = ("refund", "logistics", "invoice", "broadband", OUT_OF_SCOPE)
RECIPE = Recipe(folds=2)
NEEDS = pytest.mark.skipif(not others.here(), reason="the texts of others are not here")


@cache
def some() -> list[Example]:
    """A few sentences of a few intents, in both languages."""
    made = [one for language in LANGUAGES for one in examples(language, test=False, each=3, seed=1)]
    return [one for one in made if one.intent in INTENTS]


@cache
def small() -> IntentModel:
    """A model of them."""
    return fitted(some(), RECIPE, "small")


@cache
def in_scikit(model: IntentModel) -> tuple[TfidfVectorizer, LinearSVC]:
    """The same weights in scikit-learn's own classes."""
    weights = model.weights
    pieces = weights.pieces.split(SEPARATOR)
    vectorizer = TfidfVectorizer(analyzer=grams, sublinear_tf=True, vocabulary=pieces)
    vectorizer.idf_ = np.frombuffer(weights.rarity, "<u2") / IDF_STEPS
    rows = np.frombuffer(weights.rows, np.uint8).astype(float).reshape(len(pieces), -1) - ZERO
    machine = LinearSVC()
    machine.coef_ = rows.T * np.array(weights.scales)[:, None]
    machine.intercept_ = np.array(weights.biases)
    machine.classes_ = np.array(weights.intents)
    return vectorizer, machine


def sentences() -> st.SearchStrategy[str]:
    """Sentences of the material, put together, cut, and mixed with anything."""
    known = st.sampled_from([one.text for one in some()])
    return st.one_of(known, st.tuples(known, st.text(max_size=40), known).map("".join), st.text(max_size=200))


@pytest.mark.parametrize("model", [small, shipped_model], ids=["small", "shipped"])
@given(text=sentences())
def test_scores__in_pure_python__are_those_of_scikit_learn(model, text):
    """For the same weights the scores are equal within a millionth."""
    vectorizer, machine = in_scikit(model())
    expected = machine.decision_function(vectorizer.transform([text]))[0]
    assert model().scores(text)[0] == pytest.approx(list(expected), abs=1e-6)


def test_training__again__gives_the_same_bytes():
    """The same sentences and seed make the same file."""
    assert packed(learn(some(), RECIPE, "v").weights) == packed(learn(some(), RECIPE, "v").weights)


def test_training__with_fewer_pieces__gives_a_smaller_file():
    """The number of pieces bounds the file; the strongest stay."""
    bare = fitted(some(), Recipe(most_pieces=50), "v")
    assert len(bare.weights.pieces.split(SEPARATOR)) == 50
    assert len(packed(bare.weights)) < len(packed(small().weights)) / 4


def test_training__with_shuffled_labels__scores_at_chance():
    """Negative control: what is learned of wrong labels is no better than guessing."""
    test = [one for lang in LANGUAGES for one in examples(lang, test=True, each=6, seed=2) if one.intent in INTENTS[:4]]
    labels = [one.intent for one in some() if one.intent in INTENTS[:4]]
    random.Random(3).shuffle(labels)
    given_ = [one for one in some() if one.intent in INTENTS[:4]]
    wrong = [Example(one.text, label, one.template) for one, label in zip(given_, labels, strict=True)]
    assert score("right", fitted(given_, RECIPE, "v"), test).right > 0.9
    assert score("shuffled", fitted(wrong, RECIPE, "v"), test).right < 0.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_material__of_a_language__has_each_intent_on_both_sides(language):
    """Every intent is taught and tested, and no template is on both sides."""
    taught, tested = (set(material(language).templates(test=test)) for test in (False, True))
    assert not taught & tested
    assert (
        {intent for intent, _ in taught}
        == {intent for intent, _ in tested}
        == {*material(language).intents, OUT_OF_SCOPE}
    )
    assert len(material(language).intents) >= 20
    assert 0.1 < sum(is_test(str(number)) for number in range(1_000)) / 1_000 < 0.3


def test_shipped_model__on_chinese_kept_apart__is_right():
    """At least 0.95 on 25 intents, templates and frames kept apart; at most 3% of it is lost."""
    apart = [*examples("zh", test=True, each=12, seed=7), *framed("zh", test=True, each=4, seed=7)]
    found = score("zh", shipped_model(), apart, SHOPS)
    assert found.intents == 25
    assert found.right >= 0.95
    assert found.lost <= 0.03


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_model__on_what_is_out_of_scope__does_not_know(language):
    """At least 0.6 of sentences about other things are answered with "don't know"."""
    assert recall(shipped_model(), examples(language, test=True, each=12, seed=7))[0] >= 0.6


@pytest.mark.parametrize("trade", TRADES)
def test_shipped_model__among_a_trades_intents__is_right(trade):
    """Each trade's intents are told apart in both languages, on templates never taught."""
    apart = [one for language in LANGUAGES for one in examples(language, test=True, each=6, seed=7)]
    assert score(trade, shipped_model(), apart, TRADES[trade]).right >= 0.9


@NEEDS
def test_shipped_model__on_texts_of_others__does_not_know():
    """Restaurants and sights, asked for in Chinese, are out of scope."""
    assert recall(shipped_model(), others.crosswoz())[0] >= 0.6


@NEEDS
def test_trainer__on_bitext__reaches_the_figure():
    """Taught with the training part, at least 0.99 of the validation part."""
    model = fitted(others.bitext("Training"), Recipe(), "bitext")
    assert score("bitext", model, others.bitext("Validation")).right >= 0.99
