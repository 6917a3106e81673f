"""Edits of `parity:releases`: the invariants hold after any sequence, and every unrelated byte stays."""

import difflib
import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.errors import ConfigError, ProjectError, RefusedError, UsageError
from parity.releases import stack_file
from parity.releases.stack_file import ReleasesFile
from support.amounts import examples

A, B, C = "1a" * 20, "2b" * 20, "3c" * 20
ONE, TWO, THREE = "0f" * 16, "1e" * 16, "2d" * 16

TEXT = f"""\
# at the top
encryptionsalt: v1:x   # odd   spacing
config:
  "parity:environment":   staging
  parity:secret: {{secure: "v1:abc"}}

  # before the releases
  parity:releases:
    shop:   # of the shop
      live:  r1   # live since spring
      # about what is kept
      kept:
        r1: {{commit: {A}, config: {ONE}, credentials: 1}}  # the first

        # a comment between
        r2:
          commit: '{B}'
          config: "{TWO}"
          credentials: 2   # rotated
        # after the last
    admin: {{live: null, kept: {{}}}}   # none yet
    back-office:
      live:
      kept: {{}}  # none yet
  parity:acknowledged: []   # the end
other: >
  folded
  text
"""


def file_of(text=TEXT, path=None):
    return ReleasesFile(path or Path("Pulumi.staging.yaml"), text, stack_file.parse("Pulumi.staging.yaml", text), text)


def changed_lines(before, after):
    """The lines that only one of the two has, in order."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def test_a_release_is_one_new_line_after_the_last(tmp_path):
    after, name = stack_file.add_release(file_of(), "shop", commit=C, config=THREE, credentials=2)
    assert name == "r3"
    assert changed_lines(TEXT, after.text) == [f"+         r3: {{commit: {C}, config: {THREE}, credentials: 2}}\n"]
    assert after.text.index("r3: {") > after.text.index("# rotated")
    assert after.releases["shop"].live == "r1"
    assert after.releases["shop"].newest[0] == "r3"


def test_live_changes_one_word():
    after = stack_file.set_live(file_of(), "shop", "r2")
    assert changed_lines(TEXT, after.text) == [
        "-       live:  r1   # live since spring\n",
        "+       live:  r2   # live since spring\n",
    ]


def test_live_that_is_live_already_changes_nothing():
    assert stack_file.set_live(file_of(), "shop", "r1").text == TEXT


def test_the_first_release_of_an_application_in_flow_style():
    after, name = stack_file.add_release(file_of(), "admin", commit=C, config=THREE, credentials=1, live=True)
    assert name == "r1"
    assert changed_lines(TEXT, after.text) == [
        "-     admin: {live: null, kept: {}}   # none yet\n",
        f"+     admin: {{live: r1, kept: {{r1: {{commit: {C}, config: {THREE}, credentials: 1}}}}}}   # none yet\n",
    ]


def test_the_first_release_of_an_application_in_block_style_with_an_empty_live():
    after, _ = stack_file.add_release(file_of(), "back-office", commit=C, config=THREE, credentials=1, live=True)
    assert changed_lines(TEXT, after.text) == [
        "-       live:\n",
        "+       live: r1\n",
        "-       kept: {}  # none yet\n",
        "+       kept:\n",
        f"+         r1: {{commit: {C}, config: {THREE}, credentials: 1}}  # none yet\n",
    ]


def test_prune_takes_an_entry_with_its_lines_and_leaves_comments_of_their_own():
    file = stack_file.set_live(file_of(), "shop", "r2")
    for commit in (C, A, B):
        file, _ = stack_file.add_release(file, "shop", commit=commit, config=THREE, credentials=2)
    file = stack_file.set_live(file, "shop", "r5")
    after, gone = stack_file.prune(file, "shop", 2)
    assert gone == ("r1", "r2", "r3")
    assert "# a comment between" in after.text
    assert "# after the last" in after.text
    assert "# rotated" not in after.text
    assert [line[0] for line in changed_lines(file.text, after.text)] == ["-"] * 6


@pytest.mark.parametrize(
    ("live", "keep", "gone"),
    [
        ("r4", 4, ()),
        ("r4", 2, ("r1", "r2")),
        ("r4", 1, ("r1", "r2")),
        ("r3", 1, ("r1",)),
        ("r3", 3, ("r1",)),
        ("r2", 1, ()),
        ("r1", 1, ()),
    ],
)
def test_prune_never_takes_the_live_release_the_one_before_it_or_a_newer_one(live, keep, gone):
    kept = "".join(f"        r{n}: {{commit: {A}, config: {ONE}, credentials: {n}}}\n" for n in range(1, 5))
    text = f"config:\n  parity:releases:\n    shop:\n      live: {live}\n      kept:\n{kept}"
    after, names = stack_file.prune(file_of(text), "shop", keep)
    assert names == gone
    assert set(after.releases["shop"].kept) == {"r1", "r2", "r3", "r4"} - set(gone)


def test_digits_that_yaml_would_read_as_a_number_are_quoted():
    number, power = "12" * 20, "1" * 15 + "e" + "2" * 16
    after, _ = stack_file.add_release(file_of(), "shop", commit=number, config=power, credentials=2)
    assert f"commit: '{number}', config: '{power}'" in after.text
    assert after.releases["shop"].kept["r3"].commit == number


def test_a_file_without_a_last_line_break_and_with_windows_line_breaks():
    lines = ["config:", "  parity:releases:", "    shop:", "      live: r1", "      kept:"]
    text = "\r\n".join([*lines, f"        r1: {{commit: {A}, config: {ONE}, credentials: 1}}"])
    after, _ = stack_file.add_release(file_of(text), "shop", commit=C, config=THREE, credentials=1)
    assert after.text == text + f"\r\n        r2: {{commit: {C}, config: {THREE}, credentials: 1}}"


def test_windows_line_breaks_stay_what_they_are():
    after, _ = stack_file.add_release(file_of(), "shop", commit=C, config=THREE, credentials=2)
    windows = TEXT.replace("\n", "\r\n")
    same, _ = stack_file.add_release(file_of(windows), "shop", commit=C, config=THREE, credentials=2)
    assert same.text == after.text.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda f: stack_file.set_live(f, "shop", "r9"), "Release r9 of shop is not kept."),
        (lambda f: stack_file.set_live(f, "shp", "r1"), "parity:releases has no application shp."),
        (lambda f: stack_file.prune(f, "shop", 0), "At least one release must be kept."),
        (
            lambda f: stack_file.add_release(f, "shop", commit=B, config=TWO, credentials=2),
            "shop's newest release r2 has this very commit, config and credentials.",
        ),
        (
            lambda f: stack_file.add_release(f, "shop", commit=C, config=TWO, credentials=1),
            "Credentials generation 1 goes back behind r2's 2.",
        ),
        (
            lambda f: stack_file.add_release(f, "shop", commit="3c3c", config=TWO, credentials=2),
            "commit is not a commit of 40 hex digits, lower case.",
        ),
    ],
)
def test_refusals(call, what):
    with pytest.raises(UsageError) as caught:
        call(file_of())
    assert caught.value.what == what
    assert caught.value.remedy


def promoted(file, commit, **options):
    return stack_file.promote(file, "shop", commit, lambda generation: f"{generation:032x}", **options)


def made(number):
    return {"commit": C, "config": f"{number:032x}", "credentials": number, "deployment": None, "migrations": {}}


def test_a_release_notes_the_newest_migrations_and_is_the_same_one_whatever_they_are():
    before = file_of()
    after, name = promoted(before, C, migrations={"storefront": 12})
    assert "credentials: 2, migrations: {storefront: 12}}" in after.text
    assert after.releases["shop"].kept[name].migrations == {"storefront": 12}
    with pytest.raises(UsageError, match="is live"):
        promoted(after, C)


def test_a_promotion_is_a_new_live_release_with_the_stacks_own_digest():
    file = stack_file.set_live(file_of(), "shop", "r2")
    after, name = promoted(file, C)
    assert (name, after.releases["shop"].live) == ("r3", "r3")
    assert dict(after.releases["shop"].kept["r3"]) == made(2)
    rotated, _ = promoted(file, C, rotate=True)
    assert dict(rotated.releases["shop"].kept["r3"]) == made(3)


def test_a_promotion_never_skips_a_pinned_rollback():
    file, _ = promoted(stack_file.set_live(file_of(), "shop", "r2"), C)
    back = stack_file.set_live(file, "shop", "r2")
    with pytest.raises(RefusedError, match="rolled back from this very commit: r3"):
        promoted(back, C)
    again, name = promoted(back, C, again=True)
    assert (name, again.text) == ("r3", file.text), "nothing new to record: the newest is made live"
    # Older releases of the same commit are no pin, and neither is a commit that was never rolled back from.
    assert promoted(back, A)[1] == "r4"
    # Pruned while it is rolled back, the pin stays.
    pruned, gone = stack_file.prune(back, "shop", 1)
    assert gone == ()
    with pytest.raises(RefusedError):
        promoted(pruned, C)


def test_what_is_live_already_is_not_promoted():
    file, _ = promoted(stack_file.set_live(file_of(), "shop", "r2"), C)
    with pytest.raises(UsageError, match="is live"):
        promoted(file, C)


def test_anchors_are_not_edited():
    release = f"{{commit: {A}, config: {ONE}, credentials: 1}}"
    shop = f"    shop:\n      live: &x r1\n      kept:\n        r1: {release}\n        r2: {release}\n"
    text = f"config:\n  parity:releases:\n{shop}    admin: {{live: *x, kept: {{r1: {release}}}}}\n"
    with pytest.raises(ConfigError, match="anchor"):
        stack_file.set_live(file_of(text), "shop", "r2")


def test_faults_of_the_releases_are_reported_with_their_lines(tmp_path):
    path = tmp_path / "Pulumi.staging.yaml"
    path.write_text(TEXT.replace("live:  r1", "live:  r7").replace(f"commit: {A}", "commit: 1a"))
    with pytest.raises(ConfigError) as caught:
        stack_file.load(path)
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [
        (10, "parity:releases.shop.live"),
        (13, "parity:releases.shop.kept.r1.commit"),
    ]


def test_no_such_file(tmp_path):
    with pytest.raises(ProjectError, match="There is no such stack"):
        stack_file.load(tmp_path / "Pulumi.staging.yaml")


class TestWriting:
    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "Pulumi.staging.yaml"
        path.write_bytes(TEXT.replace("\n", "\r\n").encode())
        path.chmod(0o640)
        return path

    def test_the_file_keeps_its_bytes_and_its_mode(self, path):
        before = path.read_bytes()
        file = stack_file.set_live(stack_file.load(path), "shop", "r2")
        stack_file.write(file)
        assert path.read_bytes() == before.replace(b"live:  r1", b"live:  r2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]

    def test_a_file_that_changed_meanwhile_is_left_alone(self, path):
        file = stack_file.set_live(stack_file.load(path), "shop", "r2")
        path.write_text("changed")
        with pytest.raises(ProjectError, match="changed meanwhile"):
            stack_file.write(file)
        assert path.read_text() == "changed"

    def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(self, path, monkeypatch):
        before = path.read_bytes()
        file = stack_file.set_live(stack_file.load(path), "shop", "r2")

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            stack_file.write(file)
        assert path.read_bytes() == before
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]


# --- Properties -------------------------------------------------------------------------------------------------------

COMMENTS = st.sampled_from(["", "  # note", "   # r9: {live: r1}", " "])
BREAKS = st.sampled_from(["\n", "\r\n"])
HEX = st.text("0123456789abcdef", min_size=40, max_size=40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("release"), st.sampled_from(["shop", "admin"]), HEX, st.booleans(), st.booleans()),
        st.tuples(st.just("rollback"), st.sampled_from(["shop", "admin"]), st.integers(0, 20)),
        st.tuples(st.just("prune"), st.sampled_from(["shop", "admin"]), st.integers(1, 5)),
        st.tuples(
            st.just("promote"),
            st.sampled_from(["shop", "admin"]),
            st.sampled_from([A, B, C]),
            st.booleans(),
            st.booleans(),
        ),
    ),
    max_size=12,
)


@st.composite
def layouts(draw):
    """A stack's file with two applications, each in block or flow style, with comments wherever YAML takes them."""
    note = lambda: draw(COMMENTS)  # noqa: E731
    indent = draw(st.sampled_from([2, 3, 4]))
    lines = [
        f"# head{note()}",
        f"encryptionsalt: v1:x{note()}",
        f"config:{note()}",
        f"  parity:environment: staging{note()}",
    ]
    lines += [f"  parity:releases:{note()}"]
    for application in ("shop", "admin"):
        lines += ["    " + draw(st.sampled_from(["# a line of its own", "", "#"]))] if draw(st.booleans()) else []
        entry = f"r1: {{commit: {A}, config: {ONE}, credentials: 1}}"
        match draw(st.sampled_from(["empty", "flow", "flow one", "block", "block block"])):
            case "empty":
                lines += [
                    f"    {application}:{note()}",
                    " " * (4 + indent) + f"live: null{note()}",
                    " " * (4 + indent) + f"kept: {{}}{note()}",
                ]
            case "flow":
                lines += [f"    {application}: {{live: r1, kept: {{{entry}}}}}{note()}"]
            case "flow one":
                lines += [
                    f"    {application}:",
                    " " * (4 + indent) + f"live: 'r1'{note()}",
                    " " * (4 + indent) + f"kept: {{{entry}}}{note()}",
                ]
            case "block":
                lines += [
                    f"    {application}:",
                    " " * (4 + indent) + f"kept:{note()}",
                    " " * (4 + 2 * indent) + entry + note(),
                    " " * (4 + indent) + f'live: "r1"{note()}',
                ]
            case _:
                deep = " " * (4 + 3 * indent)
                lines += [
                    f"    {application}:",
                    " " * (4 + indent) + "live: r1",
                    " " * (4 + indent) + "kept:",
                    " " * (4 + 2 * indent) + "r1:" + note(),
                ]
                lines += [f"{deep}commit: {A}{note()}", f"{deep}config: {ONE}", f"{deep}credentials: 1{note()}"]
    lines += [f"  parity:exceptions: []{note()}"] if draw(st.booleans()) else []
    return draw(BREAKS).join(lines) + draw(st.sampled_from(["", "\n"]))


def outside(text):
    """The lines that belong to no release; a comment behind a release goes with it."""
    lines = [
        line
        for line in re.split(r"(?<=\n)", text)
        if not re.search(r"r\d+:|commit:|config: [0-9a-f'\"]|credentials:", line)
    ]
    return [
        re.sub(r"live:.*?(?=\s+#|\s*$)|kept:.*?(?=\s+#|\s*$)", "*", line, flags=re.DOTALL).rstrip() for line in lines
    ]


@settings(max_examples=examples(30, 150))
@given(layouts(), STEPS)
def test_any_sequence_keeps_the_invariants_and_the_rest_of_the_file(text, steps):
    file = file_of(text)
    for step in steps:
        before = file
        application = step[1]
        releases = file.releases[application]
        match step:
            case ("release", _, commit, rotate, live):
                generation = (releases.newest[1].credentials if releases.newest else 1) + rotate
                if releases.newest and (commit, ONE, generation) == tuple(dict(releases.newest[1]).values())[:3]:
                    continue
                file, name = stack_file.add_release(
                    file, application, commit=commit, config=ONE, credentials=generation, live=live
                )
                assert file.releases[application].newest[0] == name
                assert name not in releases.kept
            case ("rollback", _, which):
                if not releases.kept:
                    continue
                name = list(releases.kept)[which % len(releases.kept)]
                file = stack_file.set_live(file, application, name)
                assert file.releases[application].live == name
                assert file.releases[application].kept == releases.kept
            case ("prune", _, keep):
                file, gone = stack_file.prune(file, application, keep)
                assert releases.live not in gone
                assert file.releases[application].newest == releases.newest
                assert not set(gone) & set(stack_file.newer_than_live(releases))
            case ("promote", _, commit, again, rotate):
                pinned = stack_file.rolled_back_from(releases, commit)
                try:
                    file, name = stack_file.promote(
                        file, application, commit, lambda _: ONE, again=again, rotate=rotate
                    )
                except RefusedError:
                    assert pinned
                    assert not again
                except UsageError:
                    assert releases.newest == (releases.live, releases.kept[releases.live])
                    assert releases.newest[1].commit == commit
                else:
                    assert again or not pinned
                    assert file.releases[application].live == name == file.releases[application].newest[0]
                    assert file.releases[application].kept[name].commit == commit
        check_invariants(file, application)
        other = "admin" if application == "shop" else "shop"
        assert file.releases[other] == before.releases[other]
        if step[0] in {"rollback", "prune"}:
            assert outside(file.text) == outside(before.text)


def check_invariants(file, application):
    releases = file.releases[application]
    numbers = [int(name[1:]) for name in releases.kept]
    generations = [release.credentials for release in releases.kept.values()]
    assert numbers == sorted(set(numbers))
    assert generations == sorted(generations)
    assert releases.live is None or releases.live in releases.kept


def _common(one, other):
    """How many characters two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


@settings(max_examples=examples(30, 150))
@given(layouts(), HEX)
def test_a_release_only_inserts(text, commit):
    """Between what is the same before and after, nothing went but the braces of an empty mapping."""
    file = file_of(text)
    after, name = stack_file.add_release(file, "shop", commit=commit, config=ONE, credentials=2)
    prefix = _common(text, after.text)
    suffix = _common(text[prefix:][::-1], after.text[prefix:][::-1])
    replaced = text[prefix : len(text) - suffix].strip()
    assert replaced in ({""} if file.releases["shop"].kept else {"", "{}", "{", "}"})
    assert f"{name}:" in after.text[: len(after.text) - suffix]
    restored = stack_file.set_live(stack_file.set_live(after, "shop", name), "shop", name)
    assert restored.releases["shop"].live == name


def test_the_same_release_is_recorded_again_where_that_is_asked_for():
    file = file_of()
    name, last = file.releases["shop"].newest
    same = {"commit": last.commit, "config": last.config, "credentials": last.credentials}
    after, again = stack_file.add_release(file, "shop", **same, again=True)
    assert again != name
    assert after.releases["shop"].kept[again] == last


def test_what_is_recorded_already_is_made_live_by_the_command_that_is_named():
    older, newer = (file_of(), stack_file.set_live(file_of(), "shop", "r2"))
    for file, way in ((newer, "It is live."), (older, "`parity live staging shop r2 --up` makes it live.")):
        with pytest.raises(UsageError) as caught:
            stack_file.add_release(file, "shop", commit=B, config=TWO, credentials=2)
        assert way in str(caught.value.remedy)
