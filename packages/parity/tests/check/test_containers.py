"""A Dockerfile is held, before Vercel builds it, to what the catalog declares and to what no image should have."""

from __future__ import annotations

import pytest

from parity.check import containers
from parity.config import catalog_checks
from parity.config.parameters import (
    Application,
    Catalog,
    Container,
    DatabaseUrlVariable,
    PlainVariable,
    SensitiveVariable,
)

A, B = "a" * 64, "b" * 64
PORT = PlainVariable(name="PORT", value="8080")
VARIABLES = (
    PORT,
    SensitiveVariable(name="SESSION"),
    DatabaseUrlVariable(name="DATABASE_URL", database="shop", schemas=("shop",)),
)


def application(framework="container", port=8080, variables=VARIABLES, **more):
    return Application(
        name="shop", framework=framework, root_directory="apps/shop", node_version="24.x", function_region="fra1",
        variables=variables, container=Container(port=port, **more),
    )  # fmt: skip


GOOD = f"""# syntax=docker/dockerfile:1
ARG BASE=node:26@sha256:{A}
FROM --platform=linux/amd64 ${{BASE}} AS build
RUN --mount=type=secret,id=npm npm ci
RUN <<END
FROM nothing
ENV TOKEN=1
END
FROM scratch AS empty
FROM gcr.io/distroless/nodejs@sha256:{B}
ARG VERSION=1
ENV PORT=8080 NODE_ENV="production" API_TOKEN=""
COPY --from=build /app /app
COPY --from=0 /app /again
USER 1001:1001
EXPOSE 8080/tcp 9090
CMD ["app"]
"""


def judged(text, declared=None):
    declared = declared or application()
    found = containers.judge("Dockerfile.vercel", text, declared, declared.container)
    return [(fault.line, fault.what) for fault in found]


def test_a_file_that_is_as_it_should_be_has_no_fault():
    assert judged(GOOD) == []


BREAKS = [
    ("tag", f"node:26@sha256:{A}", "node:26", 3, "takes node:26, which is another image when its tag moves."),
    ("short digest", f"@sha256:{B}", "@sha256:bbbb", 10, "takes gcr.io/distroless/nodejs@sha256:bbbb, which is"),
    ("copied", "COPY --from=build", "COPY --from=nginx:alpine", 13, "takes nginx:alpine, which is another image"),
    ("mounted", "type=secret,id=npm", "type=bind,from=tools:1", 4, "takes tools:1, which is another image"),
    ("root", "USER 1001:1001", "USER root", 10, "runs as root."),
    ("root by number", "USER 1001:1001", "USER 0:0", 10, "runs as 0:0."),
    ("root by argument", "USER 1001:1001", "ARG WHO=0\nUSER $WHO", 10, "runs as 0."),
    ("unknown user", "USER 1001:1001", "USER $WHO", 10, "runs as $WHO."),
    ("no user", "USER 1001:1001\n", "", 10, "runs as the base's user, which may be root."),
    ("user of another stage", "USER 1001:1001\n", "FROM empty\nEXPOSE 8080\n", 15, "runs as the base's user"),
    ("secret as argument", "ARG VERSION=1", "ARG SESSION", 11, "takes SESSION: Vercel gives the build its value"),
    ("url as argument", "ARG VERSION=1", "ARG A=1 DATABASE_URL=x", 11, "takes DATABASE_URL: Vercel gives"),
    ("secret by name", "ARG VERSION=1", "ARG NPM_TOKEN", 11, "takes NPM_TOKEN, by its name a secret"),
    ("variable", 'API_TOKEN=""', "API_TOKEN=x", 12, "sets API_TOKEN, by its name a secret"),
    ("variable of an argument", 'API_TOKEN=""', "API_TOKEN=$X", 12, "sets API_TOKEN, by its name a secret"),
    ("the catalog's secret", "NODE_ENV=", "SESSION=", 12, "sets SESSION, by its name a secret"),
    ("old form", "ENV PORT=8080", "ENV DB_PASSWORD a b\nENV PORT=8080", 12, "sets DB_PASSWORD, by its name"),
    ("port", "EXPOSE 8080/tcp 9090", "EXPOSE 3000", 10, "exposes 3000; the catalog declares 8080."),
    ("no port", "EXPOSE 8080/tcp 9090\n", "", 10, "exposes no port; the catalog declares 8080."),
]


@pytest.mark.parametrize(("old", "new", "line", "what"), [pytest.param(*each[1:], id=each[0]) for each in BREAKS])
def test_a_break_of_each_kind_is_the_one_fault(old, new, line, what):
    assert GOOD.count(old) >= 1
    ((found, said),) = judged(GOOD.replace(old, new))
    assert (found, said[: len(what)]) == (line, what)


def test_a_stage_has_the_user_and_the_ports_of_the_one_that_it_begins_with():
    named = GOOD.replace(f"nodejs@sha256:{B}", f"nodejs@sha256:{B} AS App")
    assert judged(named + "FROM app\nCMD x\n") == []


def test_what_is_no_dockerfile_is_said():
    ((line, what),) = judged("")
    assert line is None
    assert what.startswith("is no Dockerfile: ")
    assert judged("FROM\n")[0] == (1, "has FROM without a word.")
    assert judged("ARG A=1\n") == [(1, "has no FROM.")]


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "apps/shop").mkdir(parents=True)
    return tmp_path


def found(root, declared):
    return containers.check(root, Catalog.model_construct(applications=(declared,)))


def test_the_file_that_is_declared_is_read_from_the_applications_folder(checkout):
    assert [fault.place for fault in found(checkout, application()).faults] == ["apps/shop/Dockerfile.vercel"]
    (checkout / "apps/shop/Dockerfile.vercel").write_text(GOOD)
    assert found(checkout, application()) == containers.Found()
    (fault,) = found(checkout, application(file="Containerfile.vercel")).faults
    assert fault.file == "apps/shop/Containerfile.vercel"


def test_a_folder_that_is_elsewhere_is_said_to_be_unread(tmp_path):
    assert found(tmp_path, application()) == containers.Found((), ("apps/shop/Dockerfile.vercel",))


def test_an_application_without_a_container_is_let_be(checkout):
    plain = application().model_copy(update={"container": None})
    assert found(checkout, plain) == containers.Found()


@pytest.mark.parametrize(
    ("declared", "keys"),
    [
        (application(), []),
        (application(port=80, variables=()), []),
        (application(framework="nextjs"), ["applications.shop.container"]),
        (application(port=3000), ["applications.shop.container.port"]),
        (application(port=8080, variables=()), ["applications.shop.container.port"]),
        (application(port=80), ["applications.shop.container.port"]),
    ],
)
def test_the_catalog_agrees_with_what_vercel_does(declared, keys):
    assert [fault.key for fault in catalog_checks._container_faults("applications.shop", declared)] == keys
