"""The picture: what changes, in its components, with what waits for what, and never too large."""

from __future__ import annotations

from parity.preview.picture import MOST, mermaid
from support import plans
from support.plans import DATABASE, DEPLOYMENT, DOMAIN, GRANT, LIVE, ROLE, VARIABLE


def picture(found):
    report = plans.report(found)
    return mermaid(report.entries, report.plan)


def test_nothing_changes_no_picture():
    assert picture(plans.plan(plans.same(DATABASE, "db", {}))) == ""


def test_changes_stand_in_their_component_and_wait_for_each_other():
    role, deployment, variable = (plans.urn(*each) for each in ((ROLE, "r"), (DEPLOYMENT, "d"), (VARIABLE, "v")))
    text = picture(
        plans.plan(
            plans.create(ROLE, "r", {}),
            plans.create(VARIABLE, "v", {}, dependencies=(role,)),
            plans.create(DEPLOYMENT, "d", {}, dependencies=(role, variable)),
            plans.create(LIVE, "l", {}, dependencies=(role, deployment, variable)),
        )
    )
    assert 'subgraph c0["WebApp shop"]' in text
    nodes = {line.split("<br/>")[1][0]: line.split("[")[0].strip() for line in text.splitlines() if "<br/>" in line}
    edges = {tuple(line.split(" --> ")) for line in map(str.strip, text.splitlines()) if " --> " in line}
    # Only the next step of each: what follows from it is not drawn again.
    assert edges == {(nodes["r"], nodes["v"]), (nodes["v"], nodes["d"]), (nodes["d"], nodes["l"])}


def test_names_cannot_break_out_of_a_node():
    text = picture(plans.plan(plans.create(ROLE, 'x"]; click n0 "javascript:1" <b>#', {})))
    line = next(each for each in text.splitlines() if "click" in each)
    assert line.count('"') == 2
    assert "<b>" not in line


def test_many_changes_are_drawn_in_groups_and_dangers_each_for_itself():
    made = [plans.create(GRANT, f"g{n}", {}) for n in range(200)]
    text = picture(plans.plan(*made, plans.delete(DOMAIN, "shop.example", {"domain": "shop.example"})))
    assert "200 \N{MULTIPLICATION SIGN} Grant" in text
    assert "shop.example" in text
    assert text.count(":::") == 2


def test_a_picture_too_large_to_read_is_left_out():
    gone = [plans.delete(DOMAIN, f"d{n}", {"domain": f"d{n}"}) for n in range(MOST + 1)]
    assert picture(plans.plan(*gone)) == ""
