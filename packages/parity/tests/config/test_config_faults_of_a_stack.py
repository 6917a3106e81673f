"""Each kind of bad input: its message, its line, its remedy, and that the engine was asked for nothing."""

import pulumi
import pytest

from parity.errors import ConfigError

SHOP = "parity:applications.shop"
RELEASES = "parity:releases.shop"

CASES = {
    "unknown key": (
        [("parity:managesRepository", "parity:managesRepositry")],
        "Pulumi.staging.yaml:6:3: parity:managesRepositry",
        "is not a known key.",
        "Did you mean parity:managesRepository?",
    ),
    "unknown key below": (
        [("waitMinutes: 0", "waitMinute: 0")],
        "parity:delivery.waitMinute",
        "is not a known key.",
        "Did you mean waitMinutes?",
    ),
    "key of no known namespace": (
        [("  parity:protect: false", "  parity:protect: false\n  party:secret: x")],
        "Pulumi.staging.yaml:8:3: party:secret",
        "is not a known key.",
        "Did you mean parity:secret?",
    ),
    "missing key": (
        [("    waitMinutes: 0\n", "")],
        "Pulumi.staging.yaml:38:3: parity:delivery.waitMinutes",
        "is missing.",
        "Minutes that a deployment waits",
    ),
    "a bar on the own approval without approvals": (
        [("preventSelfReview: false", "preventSelfReview: true"), ("teams: [platform]", "teams: []")],
        "parity:delivery.preventSelfReview",
        "has no effect without reviewers",
        "Set it to false, or name reviewers.",
    ),
    "missing stack secret": (
        [("  parity:secret:\n    secure: v1:stack\n", "")],
        "parity:secret",
        "is missing.",
        "`parity secret set staging 'parity:secret'`",
    ),
    "log drain's secret too short": (
        [("v1:drain", "v1:short")],
        "parity:logs.secret",
        "is shorter than 32 characters.",
        "`parity secret set staging 'parity:logs.secret'`",
    ),
    "stack secret too short": (
        [("v1:stack", "v1:short")],
        "Pulumi.staging.yaml:4:3: parity:secret",
        "is shorter than 32 characters.",
        "--generate",
    ),
    "stack secret in the clear": (
        [("\n    secure: v1:stack", " a-stack-secret-that-stands-here-for-all-to-read")],
        "Pulumi.staging.yaml:4:3: parity:secret",
        "is a secret and stands in the clear.",
        "`parity secret set staging 'parity:secret'`",
    ),
    "missing variable": (
        [("        SEARCH_RESULTS_LIMIT: 20\n", "")],
        f"{SHOP}.variables.SEARCH_RESULTS_LIMIT",
        "has no value in this stack.",
        f"`parity config set staging '{SHOP}.variables.SEARCH_RESULTS_LIMIT' VALUE`",
    ),
    "unknown variable": (
        [("SEARCH_RESULTS_LIMIT", "SEARCH_RESULT_LIMIT")],
        f"Pulumi.staging.yaml:17:9: {SHOP}.variables.SEARCH_RESULT_LIMIT",
        "is no variable of shop.",
        "Did you mean SEARCH_RESULTS_LIMIT?",
    ),
    "variable of the catalog": (
        [("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 20\n        NEXT_TELEMETRY_DISABLED: '1'")],
        f"{SHOP}.variables.NEXT_TELEMETRY_DISABLED",
        "has one value for every stack",
        "Remove it here.",
    ),
    "database URL given": (
        [("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 20\n        DATABASE_URL: postgres://x")],
        f"{SHOP}.variables.DATABASE_URL",
        "is made by the program",
        "Remove it here.",
    ),
    "empty variable": (
        [("NEXT_PUBLIC_BASE_URL: https://shop.staging.example.com", "NEXT_PUBLIC_BASE_URL:")],
        f"Pulumi.staging.yaml:16:9: {SHOP}.variables.NEXT_PUBLIC_BASE_URL",
        "is empty, not a URL.",
        "Write a complete URL",
    ),
    "blank variable": (
        [("NEXT_PUBLIC_BASE_URL: https://shop.staging.example.com", "NEXT_PUBLIC_BASE_URL: '  '")],
        f"{SHOP}.variables.NEXT_PUBLIC_BASE_URL",
        "is empty.",
        "Write a complete URL",
    ),
    "stray white space": (
        [("NEXT_PUBLIC_BASE_URL: https://shop.staging.example.com", "NEXT_PUBLIC_BASE_URL: 'https://a.example.com '")],
        f"{SHOP}.variables.NEXT_PUBLIC_BASE_URL",
        "has white space at its beginning or end.",
        "Write a complete URL",
    ),
    "blank secret": (
        [("v1:payment", "v1:blank")],
        f"{SHOP}.variables.PAYMENT_SECRET_KEY",
        "is empty.",
        "`parity secret set staging",
    ),
    "secret with a line break at its end": (
        [("v1:payment", "v1:trailing")],
        f"{SHOP}.variables.PAYMENT_SECRET_KEY",
        "has white space at its beginning or end.",
        "`parity secret set staging",
    ),
    "not a URL": (
        [("NEXT_PUBLIC_BASE_URL: https://shop.staging.example.com", "NEXT_PUBLIC_BASE_URL: shop.example.com")],
        f"{SHOP}.variables.NEXT_PUBLIC_BASE_URL",
        "is not a URL with http:// or https:// and a host.",
        "Write a complete URL",
    ),
    "password in a URL": (
        [("NEXT_PUBLIC_BASE_URL: https://shop", "NEXT_PUBLIC_BASE_URL: https://me:canary-url@shop")],
        f"{SHOP}.variables.NEXT_PUBLIC_BASE_URL",
        "has a user name or password in its URL.",
        "Write a complete URL",
    ),
    "number in quotes": (
        [("SEARCH_RESULTS_LIMIT: 20", 'SEARCH_RESULTS_LIMIT: "20"')],
        f"{SHOP}.variables.SEARCH_RESULTS_LIMIT",
        "is text, not an integer.",
        "Write a whole number without quotes.",
    ),
    "boolean for a number": (
        [("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: true")],
        f"{SHOP}.variables.SEARCH_RESULTS_LIMIT",
        "is a boolean, not an integer.",
        "Write a whole number without quotes.",
    ),
    "secret variable in the clear": (
        [("PAYMENT_SECRET_KEY:\n          secure: v1:payment", "PAYMENT_SECRET_KEY: canary-in-the-clear")],
        f"Pulumi.staging.yaml:18:9: {SHOP}.variables.PAYMENT_SECRET_KEY",
        "is a secret and stands in the clear.",
        "is no secret any more",
    ),
    "plain variable encrypted": (
        [("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT:\n          secure: v1:plain")],
        f"{SHOP}.variables.SEARCH_RESULTS_LIMIT",
        "is encrypted, but the catalog says that it is no secret.",
        "Write it in the clear",
    ),
    "plain key encrypted": (
        [("host: db.staging.example.com", "host:\n        secure: v1:plain")],
        "parity:databases.storefront.host",
        "is encrypted, but it is no secret.",
        "Write it in the clear.",
    ),
    "port as text": (
        [("port: 5432", 'port: "5432"')],
        "Pulumi.staging.yaml:31:7: parity:databases.storefront.port",
        "is not a whole number.",
        "without quotes",
    ),
    "port out of range": (
        [("port: 5432", "port: 70000")],
        "parity:databases.storefront.port",
        "must be less than or equal to 65535.",
        "The port",
    ),
    "boolean as another word": (
        [("parity:protect: false", "parity:protect: no-thanks")],
        "parity:protect",
        "is not a boolean.",
        "Write true or false",
    ),
    "no such choice": (
        [("protection: preview", "protection: previews")],
        f"{SHOP}.protection",
        "is not one of 'none', 'preview' or 'all'.",
        "login at Vercel",
    ),
    "list for a mapping": (
        [("    reviewers:\n      teams: [platform]", "    reviewers: [platform]")],
        "parity:delivery.reviewers",
        "is not a mapping.",
        "Write a mapping.",
    ),
    "bad domain": (
        [("- name: shop.staging.example.com", "- name: https://shop.staging.example.com")],
        f"{SHOP}.domains[0].name",
        "is not a host name (lower case, no scheme, no port, no path).",
        "www.example.com",
    ),
    "domain of one label": (
        [("- name: www.staging.example.com", "- name: shop")],
        f"Pulumi.staging.yaml:12:11: {SHOP}.domains[1].name",
        "is not a domain",
        "shop.example.com",
    ),
    "no domain": (
        [
            (
                "domains:\n        - name: admin.staging.example.com",
                "domains: []",
            )
        ],
        "parity:applications.admin.domains",
        "must have at least 1 item",
        "canonical",
    ),
    "same domain twice": (
        [("- name: admin.staging.example.com", "- name: www.staging.example.com")],
        "Pulumi.staging.yaml:22:11: parity:applications.admin.domains[0].name",
        "names the domain www.staging.example.com again; it is at parity:applications.shop.domains[1].name already.",
        "remove one of them",
    ),
    "same domain in both stacks": (
        [("- name: admin.staging.example.com", "- name: admin.prod.example.com")],
        "parity:applications.admin.domains[0].name",
        "names the domain admin.prod.example.com, which Pulumi.prod.yaml has too.",
        "give each its own",
    ),
    "redirect to nowhere": (
        [("redirect: shop.staging.example.com", "redirect: other.example.com")],
        f"{SHOP}.domains[1].redirect",
        "redirects to other.example.com, which is no domain of shop that serves.",
        "Redirect to one of: shop.staging.example.com.",
    ),
    "canonical domain redirects": (
        [("# the canonical one", "\n          redirect: www.staging.example.com")],
        f"{SHOP}.domains[0].redirect",
        "redirects the canonical domain.",
        "Put a domain that serves first.",
    ),
    "unknown application": (
        [("    admin:\n      domains:", "    amin:\n      domains:")],
        "Pulumi.staging.yaml:20:5: parity:applications.amin",
        "is no application of the catalog.",
        (
            "Did you mean admin? Known: shop, admin. If it was renamed, write amin in infra/catalog.py again and run "
            "`parity rename application amin admin`."
        ),
    ),
    "missing application": (
        [("    admin:\n      domains:", "    amin:\n      domains:")],
        "parity:applications.admin",
        "has no entry for the application admin.",
        "Add `admin` with its domains, protection and variables.",
    ),
    "unknown database": (
        [("    storefront:\n      host", "    storefrnt:\n      host")],
        "parity:databases.storefrnt",
        "is no database of the catalog.",
        (
            "Did you mean storefront? Known: storefront. If it was renamed, write storefrnt in infra/catalog.py again "
            "and run `parity rename database storefrnt storefront`."
        ),
    ),
    "one role may hold more than the database": (
        [("applicationConnectionLimit: 20", "applicationConnectionLimit: 61")],
        "parity:databases.storefront.applicationConnectionLimit",
        "lets one role hold 61 connections, but the database takes 60.",
        "Lower it",
    ),
    "log drain without TLS": (
        [("endpoint: https://", "endpoint: http://")],
        "parity:logs.endpoint",
        "is not a URL with https://.",
        "Vercel's log drain",
    ),
    "short commit": (
        [("commit: " + "1a" * 20, "commit: 1a1a1a1")],
        f"Pulumi.staging.yaml:52:14: {RELEASES}.kept.r1.commit",
        "is not a commit of 40 hex digits, lower case.",
        "git rev-parse",
    ),
    "commit that YAML reads as a number": (
        [("commit: " + "1a" * 20, "commit: " + "12" * 20)],
        f"{RELEASES}.kept.r1.commit",
        "is not text.",
        "goes in quotes",
    ),
    "digest of another form": (
        [("config: " + "0f" * 16, "config: 0f")],
        f"{RELEASES}.kept.r1.config",
        "is not a config digest of 32 hex digits.",
        "do not write it by hand",
    ),
    "live not kept": (
        [("live: r1", "live: r3")],
        f"Pulumi.staging.yaml:50:7: {RELEASES}.live",
        "says r3, which is not among the kept releases.",
        "Name one of: r1, r2.",
    ),
    "live of nothing kept": (
        [("live: null", "live: r1")],
        "parity:releases.admin.live",
        "says r1, which is not among the kept releases.",
        "write null",
    ),
    "release id of another form": (
        [("        r1: {", "        v1: {"), ("live: r1", "live: r2")],
        f"{RELEASES}.kept.v1",
        "is not a release id (`r1`, `r2`, ...).",
        "`parity release` writes them",
    ),
    "release ids not increasing": (
        [("        r1: {", "        r3: {"), ("live: r1", "live: r2")],
        f"{RELEASES}.kept.r2",
        "stands after r3; releases are kept oldest first.",
        "order of their numbers",
    ),
    "generation goes back": (
        [("config: " + "0f" * 16 + ", credentials: 1", "config: " + "0f" * 16 + ", credentials: 3")],
        f"{RELEASES}.kept.r2.credentials",
        "goes back to credentials generation 2; r1 before it has 3.",
        "Write 3, or 4 for a rotation",
    ),
    "unknown application in releases": (
        [("    admin:\n      live", "    admn:\n      live")],
        "parity:releases.admn",
        "is no application of the catalog.",
        "Did you mean admin?",
    ),
    "application without an entry in releases": (
        [("    admin:\n      live: null\n      kept: {}\n", "")],
        "parity:releases.admin",
        "has no entry for the application admin.",
        "`{live: null, kept: {}}` before its first release",
    ),
    "more than the engine can hand to a plugin": (
        [("waitMinutes: 0", f"waitMinutes: 0\n    x: {'y' * 131_000}")],
        "Pulumi.staging.yaml:2:1",
        "in one variable of 131,000.",
        "a program of their own",
    ),
    "environment of another stack": (
        [("parity:environment: staging", "parity:environment: prod")],
        "Pulumi.staging.yaml:3:3: parity:environment",
        "says prod, but the stack is staging.",
        "`parity:environment: staging`",
    ),
    "two stacks own the repository": (
        [("parity:managesRepository: false", "parity:managesRepository: true")],
        "parity:managesRepository",
        "says true, and Pulumi.prod.yaml does too",
        "Write false in all stacks but one.",
    ),
    "exception without a reason": (
        [("exceptions: []", "exceptions:\n    - {resource: 'x', property: 'y', reason: ''}")],
        "parity:exceptions[0].reason",
        "is empty.",
        "Why the difference is right",
    ),
    "exception of another form": (
        [("exceptions: []", "exceptions:\n    - {resource: 'x', property: 'y', reason: z, expires: '2027-01-01'}")],
        "parity:exceptions[0].expires",
        "is not a known key.",
        "Did you mean expiry?",
    ),
    "exception with a day that is none": (
        [("exceptions: []", "exceptions:\n    - {resource: 'x', property: 'y', reason: z, expiry: '2027-02-30'}")],
        "parity:exceptions[0].expiry",
        "is no day of the calendar",
        "YYYY-MM-DD",
    ),
    "acknowledged without a URN": (
        [("acknowledged: []", "acknowledged: [storefront]")],
        "parity:acknowledged[0]",
        "is not a URN",
        "pulumi stack --show-urns",
    ),
    "stale release": (
        [("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 21")],
        f"{RELEASES}.kept.r2.config",
        "Release r2 of shop was recorded with other config.",
        "`parity release staging shop --commit " + "1a" * 20 + " --live --up`",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_reported_and_nothing_is_created(case, project, run_program):
    changes, place, what, remedy = CASES[case]
    project.edit(*changes)
    with pytest.raises(pulumi.RunError) as caught:
        run_program()
    report = str(caught.value)
    lines = report.splitlines()
    found = [index for index, line in enumerate(lines) if line.endswith(place)]
    assert found, f"no fault at {place} in:\n{report}"
    message = "\n".join("\n".join(lines[index + 1 : index + 3]) for index in found)
    assert what in message, report
    assert remedy in message, report
    assert "canary" not in report, "a value that may be secret is shown"
    assert caught.value.recorder.resources == []


def test_good_input_creates_resources(run_program):
    """Else the emptiness asserted above would prove nothing."""
    assert "vercel:index/project:Project" in run_program().resources


def test_all_faults_come_in_one_report_from_top_to_bottom(project):
    project.edit(
        ("parity:environment: staging", "parity:environment: prod"),
        ("SEARCH_RESULTS_LIMIT: 20", 'SEARCH_RESULTS_LIMIT: "20"'),
        ("port: 5432", "prt: 5432"),
        ("live: r1", "live: r9"),
        ("waitMinutes: 0", "waitMinutes: -1"),
    )
    with pytest.raises(ConfigError) as caught:
        project.load()
    keys = [fault.key for fault in caught.value.faults]
    assert keys == [
        "parity:environment",
        f"{SHOP}.variables.SEARCH_RESULTS_LIMIT",
        "parity:databases.storefront.port",
        "parity:databases.storefront.prt",
        "parity:delivery.waitMinutes",
        f"{RELEASES}.live",
    ]
    lines = [fault.line for fault in caught.value.faults]
    assert lines == sorted(lines)
