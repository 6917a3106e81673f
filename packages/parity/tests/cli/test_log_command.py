"""What `parity log` says of an update, at the width of a terminal and without a word of Python's."""

from __future__ import annotations

import csv
import io
import json

import pytest

from parity.backend import deployments
from parity.backend.ledger import Ledger, Record
from parity.cli.commands import log_output
from parity.cli.main import application
from parity.console import Screen
from parity.engine import state
from parity.engine.store import FolderStore
from parity.errors import ParityError, UsageError
from support.program import copy_program

WIDTH = 80
OLD, NEW, PLAN = "a1" * 20, "b2" * 20, "c3" * 32
BEGIN = {
    "time": "2026-11-29T11:58:03+00:00",
    "command": "release",
    "actor": "ada",
    "approver": "grace",
    "commit": f"{NEW}+changes",
    "pull_request": 12,
    "why": "r2 of shop in staging is commit b2b2b2b2b2b2, config 7e3c26cc, credentials 1, and live",
    "before": {"shop": {"live": "r1", "commit": OLD, "deployment": "dpl_1"}, "admin": {"live": None, "commit": None}},
    "intent": {
        "shop": {"live": "r2", "commit": NEW, "kept": ["r1", "r2"]},
        "admin": {"live": None, "commit": None, "kept": []},
    },
    "plan": PLAN,
    "approval": f"--plan {PLAN}",
}
KEY = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"
ORIGIN = {"kind": "config", "key": KEY, "commits": [{"sha": NEW, "subject": "More (#12)"}]}
FINDING = {
    "vendor": "GitHub",
    "type": "github:index/repositoryEnvironment:RepositoryEnvironment",
    "name": "delivery-environment",
    "kind": "changed",
    "property": "reviewers",
    "declared": '[{"teams": [13201435]}]',
    "live": None,
}
END = {
    "time": "2026-11-29T11:58:45.250000+00:00",
    "result": "succeeded",
    "changes": {"create": 1, "same": 40},
    "causes": [{"urn": "u", "property": "value", "origins": [ORIGIN, ORIGIN, {"kind": "program", "commits": []}]}],
    "verify": {"findings": [FINDING, {**FINDING, "kind": "missing"}], "unread": ["the drains could not be read"]},
    "errors": [],
}


def said(*records: Record) -> str:
    out = io.StringIO()
    screen = Screen(stdout=out, stderr=io.StringIO())
    screen.out.width = WIDTH
    log_output.show(screen, list(records), "file:///ledger")
    return out.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_full_record_says_everything_in_eighty_columns():
    text = said(Record("id", BEGIN, END))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "None" not in text
    for expected in (
        "2026-11-29 11:58:03 UTC release: succeeded after 42 s",
        f"by ada, from commit {NEW[:12]} with changes, pull request #12",
        "why: r2 of shop in staging is commit",
        f"shop: r1 ({OLD[:12]}) -> r2 ({NEW[:12]})",
        "admin: stays at nothing live",
        f"because of: {KEY} ({NEW[:12]}); the program",
        f"approved by grace (--plan, plan {PLAN[:12]})",
        "changes: 1 create",
        "not kept as declared, 2: GitHub: RepositoryEnvironment delivery-environment, reviewers: nothing instead of",
        "delivery-environment is missing",
        "not verified: the drains could not be read",
    ):
        assert expected in words(text)
    assert words(text).count(KEY) == 1, "a key is named once"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ({"time": BEGIN["time"]}, None),
        ({"time": BEGIN["time"], "command": "up", "commit": "", "actor": "", "why": None}, None),
        ({**BEGIN, "before": {}, "pull_request": None, "approval": "asked", "plan": None}, {**END, "verify": None}),
        (
            {"time": BEGIN["time"], "command": "up"},
            {"time": BEGIN["time"], "result": "refused", "errors": ["no\nmore"]},
        ),
    ],
)
def test_a_record_that_lacks_something_is_readable_too(begin, end):
    text = said(Record("id", begin, end))
    assert "None" not in text
    assert "by" in text


def test_an_update_without_an_end_and_one_that_was_refused():
    assert "release: unfinished\n" in said(Record("id", BEGIN, None))
    refused = Record("id", BEGIN, {"time": END["time"], "result": "refused", "errors": ["1 dangerous change\n  urn:x"]})
    assert "error: 1 dangerous change" in said(refused)


def test_what_a_person_wrote_is_no_markup():
    assert "[bold]x[/]" in said(Record("id", {**BEGIN, "why": "[bold]x[/]"}, None))


def test_the_json_has_the_record_as_one_object_with_its_duration():
    document = Record("id", BEGIN, END).document()
    assert {name: document[name] for name in ("command", "pull_request", "before", "intent", "plan", "verify")} == {
        **{name: BEGIN[name] for name in ("command", "pull_request", "before", "intent", "plan")},
        "verify": END["verify"],
    }
    assert document["seconds"] == 42.25
    assert Record("id", BEGIN, None).document()["seconds"] is None


# --- show, diff, blame, and what an auditor gets ----------------------------------------------------------------------

URN = "urn:pulumi:staging::storefront::vercel:index/x:ProjectEnvironmentVariable::shop-variable-L"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A checkout whose backend is a folder; gives the ledger of its stack."""
    (tmp_path / "state").mkdir()
    copy_program(tmp_path / "program")
    monkeypatch.chdir(tmp_path / "program")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")
    return Ledger(FolderStore(tmp_path / "state"), "storefront", "staging")


def operation(project, before, after, *, actor="ada", result="succeeded"):
    row = {"path": "value", "before": {"value": before}, "after": {"value": after}}
    rows = [{"urn": URN, "operation": "update", "properties": [row]}]
    facts = {
        "command": "up",
        "stack": "staging",
        "actor": actor,
        "approver": "grace",
        "approval": "--yes",
        "why": "=1+1",
    }
    identity = project.begin({**facts, "differences": rows})
    origin = {"kind": "config", "key": KEY, "line": 14, "commits": [{"sha": NEW, "subject": "More (#12)"}]}
    project.end(identity, {"result": result, "causes": [{"urn": URN, "property": "value", "origins": [origin]}]})
    return identity


def parity(capsys, *words):
    """What a command prints, and its exit code."""
    said, code = "", 0
    try:
        application()(list(words), prog_name="parity")
    except SystemExit as ended:
        code = ended.code
    except ParityError as error:
        said, code = f"{error.what}\nto do: {error.remedy}", error.exit_code
    out = capsys.readouterr()
    return out.out + out.err + said, code


def test_an_operation_is_shown_with_both_values_and_the_key(project, capsys):
    identity = operation(project, "20", "25")
    for name in ("@", identity, identity[:20], f"staging:{identity}"):
        text, code = parity(capsys, "show", name)
        assert code == 0
        assert "value: 20 -> 25" in text
        assert f"follows {KEY} (line 14), commit {NEW[:12]}" in text


@pytest.mark.parametrize(
    ("name", "what"),
    [("@-", "the record has 1 operations"), ("2099", "no operation is called"), ("20", "no operation is called"),
     ("nowhere:@", "there is no stack nowhere")],
)  # fmt: skip
def test_an_operation_that_is_not_there_is_said_with_a_remedy(project, capsys, name, what):
    operation(project, "20", "25")
    text, code = parity(capsys, "show", name)
    assert code == 2
    assert what in text
    assert "to do:" in text


def test_two_that_begin_alike_are_named(project, capsys):
    made = [operation(project, "20", "25") for _ in range(2)]
    text, code = parity(capsys, "show", made[0][:8])
    assert code == 2
    assert all(f"staging:{each}" in text for each in made)


def test_a_difference_is_shown_in_both_directions(project, capsys):
    for before, after in (("1", "20"), ("20", "25"), ("25", "30")):
        operation(project, before, after)
    assert "value: 20 -> 30" in parity(capsys, "diff", "@--", "@")[0]
    assert "value: 30 -> 20" in parity(capsys, "diff", "@", "@--")[0]
    assert "Nothing differs." in parity(capsys, "diff", "@", "@")[0]


def test_blame_is_printed_with_its_reason(project, capsys):
    operation(project, "20", "25")
    text, code = parity(capsys, "blame", "staging", "shop.L")
    assert code == 0
    assert "shop-variable-L value: 25" in text
    assert f"{KEY} (line 14), commit {NEW[:9]}, pull request #12, approved by grace" in text


def test_an_auditor_gets_the_operations_of_a_time_and_no_formula(project, capsys, monkeypatch):
    operation(project, "20", "25")
    operation(project, "25", "30", actor="grace")
    text, _ = parity(capsys, "log", "staging", "--csv", "--from", "2026-01-01")
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["requester"], first["reviewer"], first["approved_before"]) == ("ada", "grace", "yes")
    assert second["reviewer"] == "", "who asked and who approved are one person"
    assert first["why"] == "'=1+1"
    assert len(parity(capsys, "log", "staging", "--csv", "--to", "2026-01-01")[0].splitlines()) == 1
    text, code = parity(capsys, "log", "--csv", "--from", "yesterday")
    assert (code, "no time" in text) == (2, True)
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for words, said in ((("--csv", "--github"), "there is no token for GitHub"), (("--github",), "belong to --csv")):
        text, code = parity(capsys, "log", *words)
        assert (code, said in text) == (2, True)


def test_a_record_that_was_edited_ends_the_log_with_22_and_is_named(project, capsys):
    first = operation(project, "20", "25")
    operation(project, "25", "30")
    assert parity(capsys, "log")[1] == 0
    assert parity(capsys, "log", "--verify")[1] == 0
    path = project.store.root / project.folder / f"{first}.2-end.json"
    path.write_text(path.read_text().replace("succeeded", "failed"))
    for words in (("log",), ("log", "--verify")):
        text, code = parity(capsys, *words)
        assert code == 22
        assert f"{first}.2-end.json: was edited" in text


def test_a_post_mortem_is_written_in_each_form_and_an_empty_time_is_refused(project, capsys, tmp_path):
    first = operation(project, "20", "25")
    operation(project, "25", "30")
    text, code = parity(capsys, "postmortem", "staging", "--operation", first)
    assert (code, f"It began with `up` `{first}` of staging" in text) == (0, True)
    assert json.loads(parity(capsys, "postmortem", "--operation", "@-", "--json")[0])["causes"][0]["after"] == "25"
    page = tmp_path / "page.html"
    assert parity(capsys, "postmortem", "--html", "--file", str(page)) == (f"{page} is written.\n", 0)
    assert "no sign of an incident" in page.read_text()
    for words in (("--from", "1h", "--to", "2h"), ("--from", "soon"), ("--html", "--json"), ("nowhere",)):
        assert parity(capsys, "postmortem", *words)[1] == 2


# --- From a log line's deployment to the release ----------------------------------------------------------------------

BUILT = "urn:pulumi:staging::storefront::vercel:index/deployment:Deployment::shop-deployment-r2"


def kept(deployment):
    """A state that keeps r2 of the shop."""
    outputs = {"meta": {"release": "r2", "commit": NEW}}
    row = {"urn": BUILT, "type": "vercel:index/deployment:Deployment", "custom": True, "id": deployment}
    return state.parse({"deployment": {"resources": [{**row, "inputs": {}, "outputs": outputs}]}})


def test_a_kept_deployment_names_its_release_and_the_operation_that_built_it(project):
    rows = [{"urn": BUILT, "operation": "create", "properties": []}]
    identity = project.begin({"command": "up", "differences": rows})
    done = [{"urn": BUILT, "operation": "create", "done": True}]
    project.end(identity, {"result": "succeeded", "operations": done})
    project.begin({"command": "up", "differences": [{**rows[0], "operation": "update"}]})
    found = deployments.find({"staging": kept("dpl_1")}, {}, "dpl_1")
    assert str(found) == f"dpl_1 is shop-deployment-r2 of staging: release r2, commit {NEW}"
    assert deployments.built_by(project, found).id == identity


def test_a_pruned_deployment_is_known_by_the_operation_that_found_it_live(project):
    project.begin({"command": "up", "before": {"shop": {"live": "r2", "commit": NEW, "deployment": "dpl_0"}}})
    found = deployments.find({"staging": kept("dpl_1")}, {"staging": project}, "dpl_0")
    assert (found.name, found.release, found.commit) == ("shop-deployment-r2", "r2", NEW)
    with pytest.raises(UsageError, match="which is older than the record"):
        deployments.built_by(project, found)


def test_a_deployment_that_no_stack_has_says_where_to_find_it(project):
    with pytest.raises(UsageError, match="no stack has a deployment dpl_9") as refused:
        deployments.find({"staging": kept("dpl_1")}, {"staging": project}, "dpl_9")
    assert "Vercel's page of it names the commit" in (refused.value.remedy or "")
