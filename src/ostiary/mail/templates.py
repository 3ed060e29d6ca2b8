"""Templates: where they are found, and what a mail says in the end.

A template is a folder's ``<language>/<name>.txt``: a line ``Subject: …``, an empty line, and the
text. It is Jinja2 in a sandbox, and may name what its feature declares. The HTML part is made from
the text, or from ``<language>/<name>.html`` where there is one, and stands in ``layout.html``. A
folder of the operator's comes first, for each file by itself; ``check`` finds what is wrong in it
before the first mail is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from ostiary.mail import attributes, languages, texts
from ostiary.mail.errors import BrokenTemplate
from ostiary.mail.mails import Mail, Rendered

SHARED: Final = Path(__file__).parent / "templates"
"""What every mail has: the layout, the greeting, the footer."""

LAYOUT: Final = "layout.html"
FOOTER: Final = "footer"
NOTICE: Final = "notice"
_SUBJECT: Final = "Subject:"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSet:
    """The templates of a feature: their folder, and by name what each may name, with examples."""

    folder: Path
    samples: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """How the organisation's mails look."""

    organization: str = "Ostiary"
    logo_url: str | None = None
    color: str = "#1f4e79"
    portal_url: str | None = None
    """Where people see their requests and approvals; mails link there when it is set."""


class Templates:
    """Every template of a deployment."""

    def __init__(
        self,
        sets: Sequence[TemplateSet],
        *,
        overrides: Path | None = None,
        brand: Brand = Brand(),
        language: str = languages.FALLBACK,
        zone: tzinfo,
    ) -> None:
        self._overrides = overrides
        self._brand = brand
        self._language = languages.normal(language)
        self._zone = zone
        self._folders = [one.folder for one in sets] + [SHARED]
        self._samples = {name: values for one in sets for name, values in one.samples.items()}
        first = [overrides] if overrides else []
        # What is delivered with the server is compiled once; what overrides it may change.
        make = _environment if overrides else _kept_environment
        self._plain = make((*first, *self._folders), is_html=False)
        self._html = make((*first, *self._folders), is_html=True)
        self._found: dict[tuple[str, str, str], tuple[str, Template] | None] = {}

    @property
    def names(self) -> frozenset[str]:
        """The names of all templates."""
        return frozenset(self._samples)

    def render(self, mail: Mail) -> Rendered:
        """Write a mail.

        :raises BrokenTemplate: its template cannot be used, or names what the mail does not have.
        """
        language = mail.language
        values = {"recipient": mail.recipient_name or mail.address or "", **mail.values}
        subject, text, html = self._said(mail.template, language, values, mail)
        footer = self._shared(FOOTER, language)
        notice = self._shared(NOTICE, language) if mail.look.has_notice else ""
        below = "\n\n".join(part for part in (notice, footer) if part)
        return Rendered(
            subject=texts.one_line(subject),
            text=f"{text.strip()}\n\n-- \n{below}\n",
            html=self._laid_out(html, below, subject, mail),
        )

    def check(self) -> None:
        """Read and try every template in every language that it is there in.

        :raises BrokenTemplate: a file has no place, cannot be read, or names what there is not.
        """
        if self._overrides is not None:
            _check_places(self._overrides, self.names)
        for name, language in self._present():
            mail = Mail(
                id="check",
                template=name,
                recipient_name="Megan Bowen",
                language=language,
                values=self._samples[name],
                created_at=datetime.now(self._zone),
            )
            self.render(mail)

    def _said(
        self, name: str, language: str | None, values: Mapping[str, Any], mail: Mail
    ) -> tuple[str, str, str]:
        """Give subject, text and HTML, of the template or of whoever wrote their own."""
        said = self._of_template(name, language, values)
        if mail.custom_subject is None and mail.custom_body is None:
            return said
        spoken = self._spoken(language, name)
        subject, text, html = said
        if mail.custom_subject is not None:
            subject = self._filled(mail.custom_subject, mail, spoken)
        if mail.custom_body is not None:
            text, html = texts.marked(self._filled(_with_pass(mail), mail, spoken, is_html=True))
        return subject, text, html

    def _of_template(
        self, name: str, language: str | None, values: Mapping[str, Any]
    ) -> tuple[str, str, str]:
        where, template = self._needed(name, "txt", language)
        said = _rendered(template, self._context(where, values, is_html=False))
        subject, text = _split(said, template)
        own = self._template(name, "html", language)
        if own is None or own[0] != where:
            return subject, text, texts.paragraphs(text)
        return subject, text, _rendered(own[1], self._context(where, values, is_html=True))

    def _filled(self, text: str, mail: Mail, language: str, *, is_html: bool = False) -> str:
        def write(value: Any) -> str:
            said = texts.one_line(_written(value, language, self._zone))
            return str(Markup.escape(said)) if is_html else said

        return attributes.fill(text, mail.attributes, write)

    def _shared(self, name: str, language: str | None) -> str:
        where, template = self._needed(name, "txt", language)
        return _rendered(template, self._context(where, {}, is_html=False)).strip()

    def _laid_out(self, content: str, below: str, subject: str, mail: Mail) -> str:
        template = _read(self._html, LAYOUT)
        assert template is not None  # we ship one
        context = {
            "brand": self._brand,
            "logo_url": self._brand.logo_url if mail.look.is_branded else None,
            "subject": texts.one_line(subject),
            "content": Markup(content),  # noqa: S704  # escaped by texts, or by the template
            "below": Markup(texts.paragraphs(below)),  # noqa: S704  # escaped by texts
            "language": self._spoken(mail.language, mail.template),
        }
        return _rendered(template, context)

    def _context(
        self, language: str, values: Mapping[str, Any], *, is_html: bool
    ) -> dict[str, Any]:
        known = {name: _Value.of(value, language, self._zone) for name, value in values.items()}
        return {
            "organization": self._brand.organization,
            "portal_url": self._brand.portal_url,
            **known,
        }

    def _spoken(self, language: str | None, name: str) -> str:
        return self._needed(name, "txt", language)[0]

    def _needed(self, name: str, kind: str, language: str | None) -> tuple[str, Template]:
        found = self._template(name, kind, language)
        if found is None:
            raise BrokenTemplate(f"There is no mail template '{name}'.")
        return found

    def _template(self, name: str, kind: str, language: str | None) -> tuple[str, Template] | None:
        """Find a template in the best language; give that language too."""
        spoken = tuple(languages.chain(language, self._language))
        key = (name, kind, spoken[0])
        if key not in self._found:
            environment = self._html if kind == "html" else self._plain
            each = ((tag, _read(environment, f"{tag}/{name}.{kind}")) for tag in spoken)
            self._found[key] = next(((tag, t) for tag, t in each if t is not None), None)
        return self._found[key]

    def _present(self) -> Iterator[tuple[str, str]]:
        """Give every template with every language that it is there in."""
        folders = [*self._folders, *([self._overrides] if self._overrides else [])]
        for name in sorted(self._samples):
            found = {p.parent.name for f in folders for p in f.glob(f"*/{name}.*")}
            for language in sorted(found):
                yield name, language


def _environment(folders: tuple[Path, ...], *, is_html: bool) -> Environment:
    """Make what finds templates in these folders, those of the first before those of the others."""
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_finalized,
    )
    environment.filters["day"] = lambda value: value.day
    environment.filters["instant"] = lambda value: value.instant
    return environment


_kept_environment: Final = cache(_environment)


@dataclass(frozen=True, slots=True)
class _Value:
    """An instant in a template: it can be written as a day, or with its time."""

    day: str
    instant: str

    @classmethod
    def of(cls, value: Any, language: str, zone: tzinfo) -> Any:
        """Wrap an instant; anything else is as it is, texts without line breaks."""
        if isinstance(value, datetime):
            return cls(
                languages.written_day(value, language, zone),
                languages.written_instant(value, language, zone),
            )
        return texts.one_line(value) if isinstance(value, str) else value


def _finalized(value: Any) -> Any:
    """Write an instant that no filter has written."""
    return value.instant if isinstance(value, _Value) else value


def _written(value: Any, language: str, zone: tzinfo) -> str:
    if isinstance(value, date):
        return languages.written_day(value, language, zone)
    return str(value)


def _with_pass(mail: Mail) -> str:
    """Give the custom body; a mail that hands over a pass has it, whatever was written."""
    body = mail.custom_body or ""
    is_lacking = attributes.PASS.lower() not in attributes.names(body)
    if attributes.PASS.lower() in mail.attributes and is_lacking:
        return f"{body}\n\n{{{{{attributes.PASS}}}}}"
    return body


def _split(said: str, template: Template) -> tuple[str, str]:
    first, _, rest = said.strip().partition("\n")
    if not first.startswith(_SUBJECT):
        raise BrokenTemplate(
            f"The mail template {template.filename} must begin with a line '{_SUBJECT} …'."
        )
    return first.removeprefix(_SUBJECT), rest


def _read(environment: Environment, path: str) -> Template | None:
    try:
        return environment.get_template(path)
    except TemplateNotFound as error:
        if error.name == path:
            return None
        raise BrokenTemplate(
            f"The mail template {path} includes '{error.name}', which is not there."
        ) from None
    except TemplateSyntaxError as error:
        where = f"{error.filename or path}, line {error.lineno}"
        raise BrokenTemplate(f"The mail template {where}: {error.message}") from None
    except UnicodeDecodeError:
        raise BrokenTemplate(f"The mail template {path} is not written in UTF-8.") from None


def _rendered(template: Template, context: Mapping[str, Any]) -> str:
    try:
        return template.render(context)
    except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        known = ", ".join(sorted(context))
        raise BrokenTemplate(
            f"The mail template {template.filename} cannot be written: {error}. "
            f"It may name {known}."
        ) from None


def _check_places(folder: Path, known: frozenset[str]) -> None:
    """Refuse files that no mail would ever be written from."""
    if not folder.is_dir():
        raise BrokenTemplate(f"The folder of mail templates {folder} does not exist.")
    allowed = known | {FOOTER, NOTICE}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        parts = path.relative_to(folder).parts
        if path.name.startswith(".") or parts == (LAYOUT,):
            continue
        if len(parts) != 2 or path.suffix not in (".txt", ".html"):
            raise BrokenTemplate(
                f"{path} is no mail template: they are {LAYOUT}, <language>/<name>.txt and "
                "<language>/<name>.html."
            )
        _check_language(path)
        if path.stem not in allowed:
            raise BrokenTemplate(
                f"{path}: there is no mail template '{path.stem}'; there are "
                f"{', '.join(sorted(allowed))}."
            )


def _check_language(path: Path) -> None:
    tag = path.parent.name
    try:
        right = languages.normal(tag)
    except ValueError as error:
        raise BrokenTemplate(f"{path}: {error}.") from None
    if right != tag:
        raise BrokenTemplate(f"{path}: the folder of that language is '{right}'.")
