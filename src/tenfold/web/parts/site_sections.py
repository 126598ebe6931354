"""The sections of the place's form: each a group of fields, some of them with rows to add."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from nicegui import ui

from tenfold.web.parts.site_form import (
    DAYS,
    FIELDS,
    MANY,
    TEXTS,
    Form,
    Place,
    Row,
    chosen_days,
    days_text,
    empty_row,
)
from tenfold.web.words import Words

# The groups of the form: its name, and of which section it has which fields; none: all of them.
GROUPS: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = (
    ("circuits", (("circuit", ()),)),
    ("quiet", (("quiet", ()),)),
    ("tariff", (("site", ("currency", "price_kwh")), ("tariff", ()), ("row", ()))),
    ("limits", (("site", ("watts", "host_watts", "yearly_kwh", "yearly_money")), ("psu", ()))),
    ("cooling", (("cooling", ()),)),
    ("noise", (("noise", ()),)),
    ("hours", (("site", ("night", "when", "zone", "decode_clock_mhz", "cloud_gpu_hour")),)),
)
CHOICES = {
    "phases": ("1", "3"),
    "kind": ("", "room", "air-conditioner", "liquid", "ambient"),
    "when": ("", "anytime", "cheap", "night", "quiet-ok"),
}
OF_KIND = {
    "heat_share": "liquid",
    "loop_watts": "liquid",
    "flow_l_min": "liquid",
    "ambient_c": "ambient",
    "kelvin_per_kw": "ambient",
}
RARE = frozenset(("price_kwh", "csv"))  # shown where the file has them


class SiteSections:
    """`form` is what is typed now."""

    def __init__(self, t: Words, form: Form) -> None:
        self._t = t
        self.form = form
        self._errors: dict[Place, ui.input | ui.select] = {}
        self._areas: dict[str, tuple[ui.element, tuple[str, ...]]] = {}
        with ui.element("div").classes("site-groups"):
            for name, sections in GROUPS:
                look = (
                    "panel group wide" if name in ("circuits", "quiet", "tariff") else "panel group"
                )
                with ui.element("section").classes(look).props(f"data-group={name}"):
                    about = escape(t(f"site.form.{name}_about"))
                    ui.html(
                        f"<h3>{escape(t('site.form.' + name))}</h3><p class=dim>{about}</p>",
                        sanitize=False,
                    )
                    for section, fields in sections:
                        self._area(section, fields)

    def fill(self, form: Form) -> None:
        """Another file's fields in place of these."""
        self.form = form
        for key in self._areas:
            self._draw(key)

    def blame(self, place: Place | None, why: str) -> bool:
        """Shows `why` beside the field at `place`, takes it away from all others; False where
        there is no such field."""
        for key, field in self._errors.items():
            if key != place:
                field.error = None
        found = None if place is None else self._errors.get(place)
        if found is None and place is not None:
            # A section as a whole: its first field in sight.
            near = [
                key for key in self._errors if (key.section, key.row) == (place.section, place.row)
            ]
            found = self._errors[near[0]] if near else None
        if found is None:
            return False
        found.error = why
        found.run_method("focus")
        return True

    def _area(self, section: str, fields: tuple[str, ...]) -> None:
        area = ui.element("div").classes("area")
        key = f"{section}:{','.join(fields)}"
        self._areas[key] = (area, fields or FIELDS[section])
        self._draw(key)

    def _draw(self, key: str) -> None:
        section = key.partition(":")[0]
        area, fields = self._areas[key]
        for place in [
            one for one in self._errors if one.section == section and one.field in fields
        ]:
            del self._errors[place]
        area.clear()
        with area:
            for number, row in enumerate(self.form[section]):
                self._row(key, section, number, row, fields)
            if section in MANY:
                self._button(f"add_{section}", "do second", lambda: self._add(key, section)).props(
                    f"id=site-add-{section}"
                )

    def _row(self, key: str, section: str, number: int, row: Row, fields: tuple[str, ...]) -> None:
        t, many = self._t, section in MANY
        label = (
            t(f"site.form.one_{section}", n=number + 1) if many else t(f"site.form.{section}_all")
        )
        with (
            ui.element("fieldset")
            .classes("fields many" if many else "fields")
            .props(f"data-row={section}-{number}")
        ):
            ui.html(
                f"<legend{'' if many else ' class=visually-hidden'}>{escape(label)}</legend>",
                sanitize=False,
            ).classes("legend")
            for field in fields:
                if field in RARE and not row[field]:
                    continue
                if OF_KIND.get(field, row.get("kind")) != row.get("kind") and not row[field]:
                    continue
                if field == "days":
                    self._days(row)
                else:
                    self._field(key, Place(section, number, field), row)
            if many:
                words = t("site.form.remove_named", name=label)
                self._button("remove", "quiet-button remove",
                             lambda: self._remove(key, section, number)).props(
                    f'aria-label="{escape(words)}" data-act=remove'
                )  # fmt: skip

    def _field(self, key: str, place: Place, row: Row) -> None:
        t, field = self._t, place.field
        label = t(f"site.field.{_worded(t, place)}")

        def keep(value: str | None) -> None:
            row[field] = value or ""
            shown = self._errors.get(place)
            if shown is not None:
                shown.error = None

        if field in CHOICES:
            options = {
                one: t(f"site.choice.{field}_{one.replace('-', '_') or 'unsaid'}")
                for one in CHOICES[field]
            }
            if row[field] not in options:
                options[row[field]] = row[field]

            def choose(value: str | None) -> None:
                keep(value)
                if field == "kind":
                    self._draw(key)

            shown: ui.input | ui.select = ui.select(
                options, label=label, value=row[field], on_change=lambda e: choose(e.value)
            )
        else:
            shown = ui.input(label, value=row[field], on_change=lambda e: keep(e.value))
            if field not in TEXTS:
                shown.props("inputmode=decimal")
            hint = f"site.hint.{field}"
            if t.has(hint):
                shown.props["placeholder"] = t(hint)
        shown.props(f"outlined dense stack-label data-field={place.section}-{place.row}-{field}")
        shown.classes("long" if field in ("zone", "when", "kind", "csv") else "short")
        self._errors[place] = shown

    def _days(self, row: Row) -> None:
        """Seven buttons; words that name no days stay until one is pressed."""
        t = self._t
        names = t("site.weekdays").split()
        buttons: list[ui.element] = []

        def show() -> None:
            chosen = chosen_days(row["days"]) or frozenset()
            for day, button in enumerate(buttons):
                button.props(f"aria-pressed={'true' if day in chosen else 'false'}")

        def press(day: int) -> None:
            after = (chosen_days(row["days"]) or frozenset()) ^ {day}
            if after:  # hours on no day at all would be a row that says nothing
                row["days"] = days_text(after)
                show()

        with (
            ui.element("div")
            .classes("days")
            .props(f'role=group aria-label="{escape(t("site.field.days"))}"')
        ):
            for day, name in enumerate(names):
                with ui.element("button").props(f"type=button data-day={DAYS[day]}") as button:
                    ui.html(escape(name), sanitize=False, tag="span")
                button.on("click", lambda day=day: press(day))
                buttons.append(button)
        show()

    def _add(self, key: str, section: str) -> None:
        self.form[section].append(empty_row(section))
        self._draw(key)

    def _remove(self, key: str, section: str, number: int) -> None:
        del self.form[section][number]
        self._draw(key)

    def _button(self, word: str, look: str, act: Callable[[], None]) -> ui.element:
        with ui.element("button").props("type=button").classes(look) as button:
            ui.html(escape(self._t("site.form." + word)), sanitize=False, tag="span")
        button.on("click", act)
        return button


def _worded(t: Words, place: Place) -> str:
    """`circuit_supplies` where a section has words of its own, else `supplies`."""
    own = f"{place.section}_{place.field}"
    return own if t.has(f"site.field.{own}") else place.field
