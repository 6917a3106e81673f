"""Everything that is written for GitHub: text that others chose gives no link, mention or reference, ends no block."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from packages.parity.tests.check.conftest import graph_of
from packages.parity.tests.test_postmortem import DELIVERED, FAILED, WENT_BACK, material
from parity.check import report as check
from parity.check.compare import Side, compare
from parity.check.proof import Checked
from parity.config.stack_models import Releases
from parity.drift import issues, model, render
from parity.drift.model import Finding, Report
from parity.drift.remediation import Step
from parity.errors import UpdateError
from parity.inventory.model import ReadFailure
from parity.postmortem import report as postmortem
from parity.postmortem import write
from parity.preview import comment, markdown
from parity.releases import pull_request, summary
from parity.releases.pull_request import PullRequest
from parity.releases.steps import Change
from support import plans
from support.github_markdown import HOSTILE, Rendered, github, resolved

LINES = [each for each in HOSTILE if each.strip() and each.isascii()]
PULL, RUN = "https://github.example/12", "https://run.example"


def finding(said: str, **more: Any) -> Finding:
    given: dict[str, Any] = {
        "kind": "changed",
        "type": "vercel:index/project:Project",
        "name": said,
    }
    given |= {"name": said, "key": ("project", said), "path": said, "declared": said, "live": said, "detail": said}
    return Finding(**(given | more))


def report(said: str, *findings: Finding) -> Report:
    failure = ReadFailure("Vercel", said, said, 500, said, frozenset(), ())
    return Report("prod", findings or (finding(said),), (failure,), (said,), 1, 2, {}, datetime.now(UTC), said)


def drift_report(said: str) -> str:
    found = report(said)
    return render.markdown(found, [Step(found.findings[0], "up", said, said)], drifted=True)


def drift_comment(said: str) -> str:
    names = {"d-1": said}
    return issues._news(set(), issues.Summary("prod", "drifted", ("d-1",), names, "", ""))


def preview_comment(said: str) -> str:
    event = {"diagnosticEvent": {"severity": "error", "message": said}}
    policy = {"policyEvent": {"resourceUrn": plans.urn(plans.ROLE, said), "message": said, "policyName": said,
                              "enforcementLevel": "mandatory"}}  # fmt: skip
    gone, made = plans.delete(plans.DOMAIN, said, {"domain": said}), plans.create(plans.ROLE, f"{said}2", {said: said})
    found = plans.report(plans.plan(gone, made, events=(event, policy), failed=True), run=None)
    return "\n".join(markdown.render(found, limit=size) for size in (markdown.COMMENT_LIMIT, 3_000))


def missing_preview(said: str) -> str:
    return comment.missing("prod", comment.Entry(1, 1, "", said, said, "", ""), why=said).body


def delivery(said: str) -> str:
    found = SimpleNamespace(number=12, url=PULL, title=said)
    origin = summary.Origin("", PullRequest(found.number, found.url, found.title, said), RUN, said)
    sick = SimpleNamespace(
        application="shop", faults=lambda: [said], releases=Releases.model_construct(live="r1", kept={}),
        served=None, served_release="r1",
    )  # fmt: skip
    return summary.markdown("prod", {}, [sick], origin, UpdateError(said))  # pyright: ignore[reportArgumentType]


def pull_request_body(said: str) -> str:
    change = Change("prod", "shop", "release", None, said, (said,), (said,), "r1")  # pyright: ignore[reportArgumentType]
    return pull_request.body_of(change, applied=False, run="")


def parity_check(said: str) -> str:
    def program(stack: str, values: Any) -> Any:
        return graph_of(stack, {"a": {"size": values["parity:size"], said: said + stack, "same": said}})

    sides = [
        Side(stack, {"parity:environment": stack, "parity:size": f"{said}{number}"}, (), lambda _: said)
        for number, stack in enumerate(("staging", "prod"))
    ]
    return check.markdown(Checked(compare(*sides, program, workers=1), True, ()))


def post_mortem(said: str) -> str:
    change = {"urn": said, "operation": "update", "properties": [{"path": said, "after": {"value": said}}]}
    origin = {"kind": "config", "key": said, "before": said, "after": "x", "commits": [{"sha": said, "subject": said}]}
    cause = {"urn": said, "property": said, "origins": [origin]}
    begin = {"command": said, "actor": said, "approver": said, "approval": said, "why": said, "differences": [change]}
    end = {"errors": [said], "decisions": [{"urn": said, "decision": said, "why": said}], "causes": [cause]}
    record = replace(FAILED, begin=FAILED.begin | begin, end=FAILED.end | end | {"operations": None})
    return write.markdown(postmortem.make("storefront", [material(record, DELIVERED, WENT_BACK)], ("staging", record)))


WRITERS = {
    drift_report: [], drift_comment: [], preview_comment: [], missing_preview: [], delivery: [PULL, RUN],
    pull_request_body: [], parity_check: [], post_mortem: [],
}  # fmt: skip


@pytest.mark.parametrize("said", LINES)
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_it_resolves_to_nothing_and_links_only_where_it_is_meant_to(write, said):
    shown = github(write(said))
    # Its own words hold `#12` as a link, and code.
    assert resolved(shown) == []
    assert shown.links == WRITERS[write]
    assert not {"img", "script", "del", "input"}.intersection(shown.tags)
    wanted, plain = (github(write(each)).tags.count("h2") for each in (said, "plain"))
    assert wanted == plain


@pytest.mark.parametrize("said", LINES)
def test_the_page_of_a_drift_shows_it_as_text(said):
    found = report(said)
    shown = Rendered(render.page(found, [Step(found.findings[0], "up", said, said)], drifted=True))
    assert {"img", "script", "a", "comment"}.isdisjoint(shown.tags)
    assert said.replace("\0", "") in shown.shown.replace("\0", "")


# --- The page of a drift ----------------------------------------------------------------------------------------------


def test_a_clean_page_says_so_first_and_folds_what_cannot_be_known():
    unknown = finding("token", kind="unknowable")
    clean = replace(report("x", unknown), read_failures=(), notes=())
    text = render.page(clean, [], drifted=False)
    assert '<header class="clean"><h1>prod: clean: 1 of 2 resources are as declared' in text
    assert "Nothing is to be done." in text
    assert text.index("<details>") < text.index("token")
    assert "<h2>" not in text


def test_a_drifted_page_has_the_gravest_kind_first_and_each_remedy_with_its_finding():
    kinds = ("unmanaged", "changed", "unknowable", "cross-stack", "missing")
    findings = sorted((finding(f"name-{kind}", kind=kind) for kind in kinds), key=model.order)
    found = replace(report("x", *findings), read_failures=())
    changed = next(each for each in findings if each.kind == "changed")
    text = render.page(found, [Step(changed, "up", "parity up prod", "it follows the program")], drifted=True)
    assert '<header class="drifted">' in text
    places = [text.index(f"name-{kind}") for kind in ("cross-stack", "missing", "changed", "unmanaged", "unknowable")]
    assert places == sorted(places)
    article = text[text.index("name-changed") :].partition("</article>")[0]
    assert "<pre>parity up prod</pre>" in article
    assert "Nothing is to be done." not in text


def test_a_page_that_could_not_read_everything_is_not_clean():
    assert '<header class="unread">' in render.page(report("x"), [], drifted=False)
