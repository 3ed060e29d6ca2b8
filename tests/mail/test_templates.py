"""Templates: which one is taken, what it may do, and what is said of a broken one."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ostiary.mail.errors import BrokenTemplate
from ostiary.mail.mails import Look, Mail
from ostiary.mail.templates import Brand, Templates
from tests.mail.mailroom import make_templates
from tests.support.clocks import MONDAY


def make_mail(**changes: Any) -> Mail:
    usual: dict[str, Any] = {
        "id": "mail",
        "template": "ready",
        "recipient_name": "Megan",
        "address": "megan@contoso.example",
        "values": {"thing": "Parcel", "until": MONDAY},
        "created_at": MONDAY,
    }
    return Mail(**{**usual, **changes})


@pytest.fixture
def overrides(tmp_path: Path) -> Path:
    """The operator's folder."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_template_of_the_operator_takes_the_place_of_ours_for_its_language(
    tmp_path: Path, overrides: Path
) -> None:
    write(overrides, "de/ready.txt", "Subject: Neu: {{ thing }}\n\nDa ist es, {{ recipient }}.")
    templates = make_templates(tmp_path / "feature", overrides=overrides)
    templates.check()

    german = templates.render(make_mail(language="de"))
    english = templates.render(make_mail())

    assert german.subject == "Neu: Parcel"
    assert "<p>Da ist es, Megan.</p>" in german.html
    assert english.subject == "Your Parcel is ready"


def test_a_language_of_the_operators_own_is_found_by_region_and_by_language(
    tmp_path: Path, overrides: Path
) -> None:
    write(overrides, "pt/ready.txt", "Subject: Pronto\n\nAté {{ until|day }}.")
    write(overrides, "pt-BR/ready.txt", "Subject: Tudo pronto\n\n{{ until }}")
    templates = make_templates(
        tmp_path / "feature", overrides=overrides, zone=ZoneInfo("America/Sao_Paulo")
    )
    templates.check()

    assert templates.render(make_mail(language="pt-PT")).subject == "Pronto"
    brazilian = templates.render(make_mail(language="pt-br"))
    assert brazilian.subject == "Tudo pronto"
    assert "5 de janeiro de 2026" in brazilian.text
    assert "06:00" in brazilian.text
    assert '<html lang="pt-BR">' in brazilian.html


def test_the_default_language_is_for_those_whose_own_is_not_there(tmp_path: Path) -> None:
    templates = make_templates(tmp_path / "feature", language="de")

    assert templates.render(make_mail(language="ja")).subject == "Parcel ist fertig"
    assert templates.render(make_mail(language="en-GB")).subject == "Your Parcel is ready"


def test_values_cannot_bring_html_headers_or_templates(tmp_path: Path, overrides: Path) -> None:
    evil = "<script>alert(1)</script>\r\nBcc: x@y.example {{ 7 * 7 }}"
    write(overrides, "en/ready.html", "<h1>{{ thing }}</h1>")
    own = make_templates(tmp_path / "feature", overrides=overrides)
    ours = make_templates(tmp_path / "feature")
    mail = make_mail(values={"thing": evil, "until": MONDAY}, recipient_name="<b>Megan</b>")

    for templates in (own, ours):
        said = templates.render(mail)
        assert "\n" not in said.subject
        assert "<script>" not in said.html
        assert "&lt;script&gt;" in said.html
        assert "{{ 7 * 7 }}" in said.html
        assert "49" not in said.html
    assert "&lt;b&gt;Megan&lt;/b&gt;" in ours.render(mail).html


def test_an_html_template_is_used_beside_the_text_of_its_own_language_only(
    tmp_path: Path, overrides: Path
) -> None:
    write(overrides, "en/ready.html", "<h1>{{ thing }}</h1>")
    templates = make_templates(tmp_path / "feature", overrides=overrides)
    templates.check()

    assert "<h1>Parcel</h1>" in templates.render(make_mail()).html
    assert "<h1>" not in templates.render(make_mail(language="de")).html


def test_layout_and_footer_show_the_organisation(tmp_path: Path, overrides: Path) -> None:
    brand = Brand(
        organization="Contoso & Sons",
        logo_url="https://contoso.example/logo.png",
        portal_url="https://access.contoso.example/",
    )
    templates = make_templates(tmp_path / "feature", brand=brand)
    said = templates.render(make_mail())
    plain = templates.render(make_mail(look=Look(is_branded=False, has_notice=True)))

    assert "automatically by Contoso & Sons" in said.text
    assert "Contoso &amp; Sons" in said.html
    assert '<a href="https://access.contoso.example/">' in said.html
    assert 'src="https://contoso.example/logo.png"' in said.html
    assert "logo.png" not in plain.html
    assert "written by an administrator of Contoso & Sons" in plain.text

    write(overrides, "layout.html", "<html><body>{{ content }}</body></html>")
    write(overrides, "en/footer.txt", "Yours, {{ organization }}")
    bare = make_templates(tmp_path / "feature", overrides=overrides, brand=brand)
    bare.check()
    assert bare.render(make_mail()).text.endswith("-- \nYours, Contoso & Sons\n")
    assert bare.render(make_mail()).html.startswith("<html><body><p>Hello Megan,</p>")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("en/ready.txt", "Subject: {{ thing }\n", r"en/ready\.txt, line 1: unexpected '}'"),
        ("en/ready.txt", "Subject: {{ thign }}\n\n.", r"'thign' is undefined.*may name.*thing"),
        ("en/ready.txt", "{{ thing }}", "must begin with a line 'Subject: …'"),
        ("en/ready.txt", "Subject: {{ thing.__class__.__mro__ }}\n\n.", "unsafe|undefined"),
        ("en/ready.txt", "Subject: {% for n in range(10**9) %}{% endfor %}", "Range too big"),
        ("en/ready.txt", "Subject: {{ thing|day }}\n\n.", r"ready\.txt cannot be written"),
        ("en/redy.txt", "Subject: x\n\n.", "there is no mail template 'redy'; there are"),
        ("english/ready.txt", "Subject: x\n\n.", "'english' is no language"),
        ("DE/ready.txt", "Subject: x\n\n.", "the folder of that language is 'de'"),
        ("ready.txt", "Subject: x\n\n.", "is no mail template"),
        ("en/ready.md", "Subject: x\n\n.", "is no mail template"),
        ("layout.html", "{{ contents }}", r"layout\.html cannot be written: 'contents'"),
        ("en/footer.txt", "{{ thing }}", r"footer\.txt cannot be written: 'thing'"),
        ("en/ready.txt", "Subject: {% include 'en/x.txt' %}\n\n.", "x.txt"),
    ],
)
def test_a_broken_template_is_told_by_file_and_reason(
    tmp_path: Path, overrides: Path, name: str, text: str, problem: str
) -> None:
    write(overrides, name, text)
    templates = make_templates(tmp_path / "feature", overrides=overrides)

    with pytest.raises(BrokenTemplate, match=problem):
        templates.check()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    templates = make_templates(tmp_path / "feature", overrides=tmp_path / "nowhere")

    with pytest.raises(BrokenTemplate, match="does not exist"):
        templates.check()


def test_a_template_that_nobody_declared_is_told(templates: Templates) -> None:
    with pytest.raises(BrokenTemplate, match="no mail template 'unknown'"):
        templates.render(make_mail(template="unknown"))
