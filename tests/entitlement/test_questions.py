"""Questions in the language of whoever is asked."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.entitlement.questions import read_language
from tests.entitlement.house import BETA, EM, GRAPH, SUBJECT, House
from tests.entitlement.offers import offer
from tests.support.callers import person

WHERE: dict[str, Any] = {
    "@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion",
    "text": "Where from?",
    "localizations": [{"languageCode": "fr-CA", "text": "D'où?"}],
    "choices": [
        {
            "actualValue": "AZ",
            "text": "Arizona",
            "localizations": [
                {"languageCode": "fr", "text": "L'Arizona"},
                {"languageCode": "de", "text": "Arizona (USA)"},
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr"),
        ("FR-ca, fr;q=0.9, en;q=0.8", "fr-ca"),
        ("en;q=0.5, fr ; q=0.7", "fr"),
        ("en, fr", "en"),
        ("fr;q=0", None),
        ("*", None),
        ("", None),
        ("fr;q=much, de;q=0.1", "de"),
    ],
)
def test_the_most_wanted_language_counts(header: str, language: str | None) -> None:
    assert read_language(header) == language


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("fr-CA", ("D'où?", "L'Arizona")),
        ("fr", ("D'où?", "L'Arizona")),
        ("de-AT", ("Where from?", "Arizona (USA)")),
        ("en, fr;q=0.5", ("Where from?", "Arizona")),
    ],
)
async def test_who_is_asked_reads_the_question_in_the_language_of_the_call(
    house: House, language: str, texts: tuple[str, str]
) -> None:
    it = await offer(house)
    policy = await house.policy(it.package, questions=[WHERE])
    path = f"accessPackages/{it.package}/getApplicablePolicyRequirements"
    headers = {**person(it.alice, SUBJECT), "accept-language": language}

    (asked,) = (await house.post(path, status=200, headers=headers))["value"][0]["questions"]
    beta = await house.post(f"{BETA}/{path}", status=200, headers=headers)
    kept = await house.get(f"{EM}/assignmentPolicies/{policy}", headers={"accept-language": "fr"})

    assert (asked["text"], asked["choices"][0]["text"]) == texts
    assert beta["value"][0]["questions"][0]["text"]["defaultText"] == "Where from?"
    assert kept["questions"][0]["text"] == "Where from?"
