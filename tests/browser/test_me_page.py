"""A person opens their link in Chromium, sees what is held and why, corrects, withdraws, takes it along, and erases."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.site import NICKNAME, Site
from tests.entrypoints.service import unique

pytestmark = pytest.mark.browser

PATIENCE_MS = 30_000


class Visit:
    """One browser of one person, and what went wrong in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.sent: list[tuple[str, str]] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self.sent.append((request.url, request.headers.get("referer", ""))))

    def _said(self, message: Any) -> None:
        # A refusal that the page tells in words is no fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong.append(message.text)

    def open(self, url: str) -> None:
        self.page.goto(url)

    def ready(self) -> None:
        self.page.locator("#held").wait_for()

    def told(self, sentence: str) -> None:
        """Wait until the page says so."""
        self.page.get_by_text(sentence).first.wait_for()

    def button(self, name: str, *, exact: bool = False) -> Any:
        return self.page.get_by_role("button", name=name, exact=exact)

    def shoot(self, name: str, *parts: str) -> None:
        """A picture of some parts for the docs, where the variable SCREENSHOTS says where to; the others are left out."""
        if not (folder := os.environ.get("SCREENSHOTS")):
            return
        named = ", ".join(parts)
        left_out = f"section:not({named})"
        self.page.locator(left_out).evaluate_all("all => all.forEach(one => { one.hidden = true; })")
        self.page.screenshot(path=Path(folder) / f"me-{name}.png", full_page=True, animations="disabled")
        self.page.locator(left_out).evaluate_all("all => all.forEach(one => { one.hidden = false; })")


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def begin(locale: str = "en-GB", width: int = 900, **more: Any) -> Visit:
        context = chromium.new_context(
            locale=locale, timezone_id="Asia/Shanghai", viewport={"width": width, "height": 900}, **more
        )
        contexts.append(context)
        return Visit(context.new_page())

    yield begin
    for context in contexts:
        context.close()


def test_link__opened__secret_is_in_no_address_no_request_line_and_no_referrer(
    site: Site, visit: Callable[..., Visit]
) -> None:
    """What stands behind # leaves the address bar at once, and nothing on the way could have logged it."""
    url = site.link(site.register(unique("u")))
    seen = visit()
    seen.open(url)
    seen.ready()
    assert seen.page.url == url.partition("#")[0]
    secret = url.partition("#")[2]
    assert seen.sent and all(secret not in address + referrer for address, referrer in seen.sent)
    seen.page.go_back()
    assert secret not in seen.page.url
    assert seen.wrong == []


def test_page__nickname_that_is_markup__is_text_and_runs_nothing(site: Site, visit: Callable[..., Visit]) -> None:
    """Bad input 33: no image, no script, and no policy that had to stop one."""
    seen = visit()
    seen.open(site.link(site.register(unique("u"))))
    seen.ready()
    assert seen.page.locator('[data-field="name"] .value').inner_text() == NICKNAME
    assert seen.page.locator("img").count() == 0
    assert seen.page.title() == "My data"
    assert seen.wrong == []


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "hasOwnProperty"])
def test_page__value_called_like_a_part_of_an_object__is_text(
    site: Site, visit: Callable[..., Visit], name: str
) -> None:
    """Bad input 22: a value is looked up among the page's words, and never among what JavaScript gives every object."""
    seen = visit()
    seen.open(site.link(site.register(unique("u"), name=name)))
    seen.ready()
    assert seen.page.locator('[data-field="name"] .value').inner_text() == name
    assert seen.wrong == []


def test_link__another_one_in_its_place__late_answer_to_the_first_is_not_shown(
    site: Site, visit: Callable[..., Visit]
) -> None:
    """Two links in one tab: what is shown is always of the link that would be acted by."""
    first, second = (site.link(site.register(unique("u"), name=name)) for name in ("First Person", "Second Person"))
    seen, held = visit(), list[Any]()

    def hold_the_first(route: Any) -> None:
        is_read = "authorization" in route.request.headers
        held.append(route) if is_read and not held else route.continue_()

    seen.page.route("**/v1/me", hold_the_first)
    seen.open(first)
    while not held:
        seen.page.wait_for_timeout(50)
    seen.page.evaluate("(hash) => { location.hash = hash; }", "#" + second.partition("#")[2])
    seen.ready()
    with seen.page.expect_response("**/v1/me"):
        held[0].continue_()
    seen.page.wait_for_timeout(300)
    assert seen.page.locator('[data-field="name"] .value').inner_text() == "Second Person"


def test_policy__of_the_page__stops_what_would_run(site: Site, visit: Callable[..., Visit]) -> None:
    """The negative control: were markup put in after all, the browser would refuse to take or to run it."""
    seen = visit()
    seen.open(site.link(site.register(unique("u"))))
    seen.ready()
    put = "(markup) => { document.getElementById('content').innerHTML = markup; }"
    with pytest.raises(Exception, match="TrustedHTML"):
        seen.page.evaluate(put, NICKNAME)
    handler = "() => document.createElement('p').setAttribute('onclick', 'document.title = 1')"
    with pytest.raises(Exception, match="TrustedScript"):
        seen.page.evaluate(handler)
    foreign = "() => fetch('https://example.com/').then(() => 'sent', () => 'stopped')"
    assert seen.page.evaluate(foreign) == "stopped"
    assert any("Content Security Policy" in one for one in seen.wrong)


@pytest.mark.parametrize(
    ("locale", "title", "held"),
    [("zh-CN", "我的资料", "保存了您的哪些信息"), ("en-GB", "My data", "What is held about you")],
)
def test_page__in_the_browsers_language__can_be_switched(
    site: Site, visit: Callable[..., Visit], locale: str, title: str, held: str
) -> None:
    """Chinese or English as the browser is set, and the other by a button; the page says which it is in."""
    seen = visit(locale)
    seen.open(site.link(site.register(unique("u"))))
    seen.ready()
    assert seen.page.title() == title
    assert seen.page.locator("#held-title").inner_text() == held
    other = "English" if locale.startswith("zh") else "中文"
    seen.button(other).click()
    assert seen.page.title() != title
    assert seen.page.locator("html").get_attribute("lang") == ("en" if other == "English" else "zh")
    assert seen.page.locator(f'button:has-text("{other}")').get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("width", [320, 900])
def test_page__narrow_or_wide__nothing_is_cut_off_and_everything_has_a_name(
    site: Site, visit: Callable[..., Visit], width: int
) -> None:
    """No scrolling sideways at 320 pixels; every control has a name, a heading tells each part."""
    seen = visit(width=width)
    seen.open(site.link(site.register(unique("u"))))
    seen.ready()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    for control in seen.page.locator("button, input, select").all():
        assert control.evaluate("one => one.ariaLabel || one.labels?.[0]?.textContent || one.textContent")
    titles = seen.page.locator("section").evaluate_all(
        "all => all.map(one => document.getElementById(one.getAttribute('aria-labelledby')).textContent)"
    )
    assert all(titles) and len(titles) == len(set(titles)) >= 5


def test_page__by_keyboard_alone__a_value_is_corrected(site: Site, visit: Callable[..., Visit]) -> None:
    """Tab, Enter and typing are enough."""
    seen = visit()
    seen.open(site.link(site.register(unique("u"))))
    seen.ready()
    seen.page.locator('[data-field="city"] button').focus()
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.id") == "right-city"
    seen.page.keyboard.press("Control+A")
    seen.page.keyboard.type("北京")
    seen.page.keyboard.press("Enter")
    seen.told("Your correction of “City” is in force.")
    assert seen.page.locator('[data-field="city"] .value').inner_text() == "北京"


@pytest.mark.parametrize("address", ["#zl_nonsense", "#zl_" + "A" * 80 + "." + "B" * 43, ""])
def test_page__without_a_link_that_holds__says_what_to_do(
    site: Site, visit: Callable[..., Visit], address: str
) -> None:
    """A stranger sees a sentence and nothing of anybody."""
    seen = visit()
    page = site.link(site.register(unique("u"))).partition("#")[0]
    seen.open(page + address)
    seen.page.locator("#problem").wait_for()
    assert "ask for a new one" in seen.page.locator("#problem").inner_text()
    assert seen.page.locator("section").count() == 0


def test_person__from_their_link_to_a_stranger(site: Site, visit: Callable[..., Visit], tmp_path: Path) -> None:
    """Sees what is held and why, corrects a value, withdraws a consent, takes it along, erases, and is a stranger."""
    user = unique("u")
    profile_id = site.register(user, name="王芳", phone="13901234567", email="fang@example.com")
    url = site.link(profile_id)
    seen = visit()
    seen.open(url)
    seen.ready()
    sees(seen, "王芳")
    seen.shoot("en", "#who", "#held")
    seen.shoot("en-why", "#tags", "#consents", "#decisions", "#readers")
    corrects(seen, "王小芳")
    withdraws(seen)
    takes_along(seen, tmp_path, "王小芳")
    assert json.loads((tmp_path / "my-data-1.json").read_text())["profile_id"] == profile_id
    erases(seen)
    assert site.becomes_a_stranger(user)
    assert seen.wrong == []

    again = visit()
    again.open(url)
    again.page.locator("#problem").wait_for()
    assert "does not open anything" in again.page.locator("#problem").inner_text()
    assert again.page.locator("section").count() == 0


def sees(seen: Visit, name: str) -> None:
    row = seen.page.locator('[data-field="name"]')
    assert row.locator(".value").inner_text() == name
    row.get_by_text("Why, from where, how long").click()
    grounds = row.locator("dl").inner_text()
    assert all(word in grounds for word in ("Source", "Used for", "contract with you", "Kept until", "service staff"))
    tag = seen.page.locator("#tags > ul > li").first
    tag.locator("summary").click()
    assert tag.locator("details li").count() >= 1
    assert seen.page.locator("#decisions > ul > li").count() >= 1
    assert seen.page.locator("#readers > ul > li").count() >= 1


def corrects(seen: Visit, name: str) -> None:
    seen.page.locator('[data-field="name"]').get_by_role("button", name="Correct").click()
    seen.page.get_by_label("What is right for “Name”?").fill(name)
    seen.button("Save").click()
    seen.told("Your correction of “Name” is in force.")
    assert seen.page.locator('[data-field="name"] .value').inner_text() == name


def withdraws(seen: Visit) -> None:
    switch = seen.page.get_by_role("switch", name="statistics")
    assert switch.is_checked()
    switch.click()
    seen.told("Kept: statistics is off now.")
    assert not seen.page.get_by_role("switch", name="statistics").is_checked()


def takes_along(seen: Visit, folder: Path, name: str) -> None:
    for kind in ("JSON", "HTML", "CSV"):
        with seen.page.expect_download() as download:
            seen.button(kind, exact=True).click()
        file = folder / download.value.suggested_filename
        download.value.save_as(file)
        assert name in file.read_text(encoding="utf-8-sig")
        seen.told(f"The file {file.name} was downloaded.")
    with seen.page.expect_download() as download:
        seen.button("Part 2 of 2 (CSV)").click()
    download.value.save_as(folder / "events.csv")
    assert "order.paid" in (folder / "events.csv").read_text(encoding="utf-8-sig")


def erases(seen: Visit) -> None:
    seen.button("Erase my data").click()
    for_good = seen.button("Erase everything for good")
    assert for_good.is_disabled(), "nothing is erased by one press"
    seen.page.get_by_label("I understand that this cannot be undone.").check()
    seen.shoot("erase", "#restrict", "#take", "#erase")
    for_good.click()
    seen.told("Your data is being erased.")
    assert seen.page.locator("section").count() == 0


def test_person__in_chinese_on_a_phone(site: Site, visit: Callable[..., Visit]) -> None:
    """The same in Chinese, as narrow as a phone: read, and restricted."""
    url = site.link(site.register(unique("u"), name="王芳", phone="13901234567", email="fang@example.com"))
    seen = visit("zh-CN", 390, device_scale_factor=1)
    seen.open(url)
    seen.ready()
    seen.page.get_by_text("理由").first.click()
    seen.shoot("zh", "#who", "#held")
    seen.button("限制使用", exact=True).click()
    seen.told("您的资料现已限制使用。")
    assert seen.page.locator("#tags li").count() == 0
    seen.button("解除限制").click()
    seen.told("限制已解除。")
    assert seen.wrong == []
