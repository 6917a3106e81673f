"""The base's packages: pinned, held to their digests, and only what a job needs of each."""

from __future__ import annotations

import hashlib
import http.server
import io
import stat
import tarfile
import threading

import pytest

from packages.toolchain.tests import fakes
from parity_toolchain.errors import BadLock, DownloadFailed
from parity_toolchain.image import debian


def quiet(_: str) -> None:
    pass


def archive(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as out:
        for path, (kind, value, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = kind, mode
            if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE}:
                entry.linkname = value
                out.addfile(entry)
            else:
                entry.size = len(value)
                out.addfile(entry, io.BytesIO(value.encode()))
    return data.getvalue()


def member(name, data):
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def package(files):
    control = archive({"./control": (tarfile.REGTYPE, "Package: x\nVersion: 1\n", 0o644)})
    parts = member("debian-binary", b"2.0\n") + member("control.tar.xz", control)
    return b"!<arch>\n" + parts + member("data.tar.xz", archive(files))


FILES = {
    "./bin/tool": (tarfile.REGTYPE, "run", 0o4711),
    "./lib/x86_64-linux-gnu/libx.so": (tarfile.REGTYPE, "x", 0o600),
    "./usr/lib/x86_64-linux-gnu/libx.so.1": (tarfile.SYMTYPE, "libx.so", 0o777),
    "./usr/bin/alias": (tarfile.LNKTYPE, "./bin/tool", 0o755),
    "./usr/share/doc/x/copyright": (tarfile.REGTYPE, "free", 0o644),
    "./usr/share/doc/x/changelog": (tarfile.REGTYPE, "long", 0o644),
    "./usr/share/man/man1/x.1": (tarfile.REGTYPE, "long", 0o644),
    "./usr/lib/python3.11/lib-dynload/readline.cpython-311.so": (tarfile.REGTYPE, "x", 0o644),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.deb"
    path.write_bytes(package(FILES))
    return path


def unpacked(file, name, root):
    root.mkdir()
    debian.unpack(file, name, root)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_what_a_job_needs_is_taken_and_lies_in_usr(file, tmp_path):
    assert unpacked(file, "x", tmp_path / "root") == [
        "usr/bin/alias",
        "usr/bin/tool",
        "usr/lib/x86_64-linux-gnu/libx.so",
        "usr/lib/x86_64-linux-gnu/libx.so.1",
        "usr/share/doc/x/copyright",
        "var/lib/dpkg/status.d/x",
    ]
    assert stat.S_IMODE((tmp_path / "root/usr/bin/tool").stat().st_mode) == 0o755, "nothing runs as another user"
    assert (tmp_path / "root/usr/bin/alias").read_text() == "run"
    assert (tmp_path / "root/var/lib/dpkg/status.d/x").read_text().startswith("Package: x")


def test_of_some_packages_only_what_is_named_and_the_licence_is_taken(tmp_path):
    path = tmp_path / "coreutils.deb"
    files = {f"./bin/{name}": (tarfile.REGTYPE, name, 0o755) for name in ("rm", "tail", "tailor")}
    path.write_bytes(package(files | {"./usr/share/doc/coreutils/copyright": (tarfile.REGTYPE, "free", 0o644)}))
    assert unpacked(path, "coreutils", tmp_path / "root") == [
        "usr/bin/tail",
        "usr/share/doc/coreutils/copyright",
        "var/lib/dpkg/status.d/coreutils",
    ]


@pytest.mark.parametrize("data", [b"", b"PK", b"!<arch>\n" + member("debian-binary", b"2.0\n")])
def test_a_file_of_another_kind_is_refused(tmp_path, data):
    (tmp_path / "x.deb").write_bytes(data)
    with pytest.raises(BadLock, match="is no package of Debian's"):
        debian.unpack(tmp_path / "x.deb", "x", tmp_path)


def test_each_pin_has_its_digest_and_the_list_holds_what_starts_python():
    found = {pin.name: pin for pin in debian.pins()}
    assert {"libc6", "python3.11-minimal", "git", "dash"} <= found.keys()
    assert list(found) == sorted(found), "`make base` sorts them"
    assert all(pin.path.endswith(("_amd64.deb", "_all.deb")) for pin in found.values())


def test_a_line_without_a_digest_is_refused_with_its_number(tmp_path):
    lock = tmp_path / "debian.txt"
    lock.write_text("# head\nx=1 debian/pool/main/x/x_1_amd64.deb\n")
    with pytest.raises(BadLock, match="line 2"):
        debian.pins(lock)


@pytest.fixture
def mirror(tmp_path):
    """A mirror on loopback, and the paths that it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = self.path.endswith("/pool/x.deb")
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(package(FILES) if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def pin(path="debian/pool/x.deb", data=None):
    digest = hashlib.sha256(package(FILES) if data is None else data).hexdigest()
    return debian.Pin("x", "1", path, f"sha256:{digest}")


@pytest.mark.parametrize(
    ("form", "path"),
    [("{}/", "/debian/pool/x.deb"), ("{}/archive/{{archive}}/2026", "/archive/debian/2026/pool/x.deb")],
)
def test_a_mirror_gives_each_file_once(tmp_path, mirror, form, path):
    address, asked = mirror
    for _ in range(2):
        (found,) = debian.fetch([pin()], tmp_path, {debian.MIRROR: form.format(address)}, quiet)
    assert found.read_bytes() == package(FILES)
    assert asked == [path]


def test_a_file_that_is_not_what_is_pinned_is_refused_and_not_kept(tmp_path, mirror):
    with pytest.raises(DownloadFailed, match=r"x 1 is not the file that debian\.txt pins"):
        debian.fetch([pin(data=b"another")], tmp_path, {debian.MIRROR: mirror[0]}, quiet)
    assert not list((tmp_path / "engine").glob("debian-*"))


def test_a_mirror_without_the_file_is_named(tmp_path, mirror):
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1.*404.*PARITY_DEBIAN_MIRROR"):
        debian.fetch([pin("debian/pool/gone.deb")], tmp_path, {debian.MIRROR: mirror[0]}, quiet)


def test_without_apt_and_mirror_the_remedy_names_both(tmp_path):
    with pytest.raises(DownloadFailed, match=r"no apt-get here.*PARITY_DEBIAN_MIRROR"):
        debian.fetch([pin()], tmp_path, {"PATH": str(tmp_path)}, quiet)


def test_apt_that_has_another_version_is_heard(tmp_path):
    fakes.program(tmp_path / "bin", "apt-get", "echo 'E: Version 1 for x was not found' >&2; exit 100")
    with pytest.raises(DownloadFailed, match=r"Version 1 for x was not found.*apt-get update"):
        debian.fetch([pin()], tmp_path, {"PATH": f"{tmp_path}/bin:{fakes.SHELL}"}, quiet)


OFFER = (
    "'http://mirror.example/debian/pool/main/x/x_1%2bb.deb' x_2%3a1+b_amd64.deb 7 SHA256:" + "a" * 64 + "\n"
    "'http://mirror.example/debian-security/pool/updates/main/y_2%7e1.deb' y_2~1_amd64.deb 7 SHA256:" + "b" * 64
)


def test_the_pins_move_to_what_apt_offers(tmp_path):
    lock = tmp_path / "debian.txt"
    lock.write_text(f"# head\ny=1 debian/y sha256:{'0' * 64}\nx=1 debian/x sha256:{'0' * 64}\n")
    fakes.program(tmp_path / "bin", "apt-get", f"cat <<'END'\n{OFFER}\nEND")
    debian.move(lock, {"PATH": f"{tmp_path}/bin:{fakes.SHELL}"})
    assert lock.read_text() == (
        f"# head\nx=2:1+b debian/pool/main/x/x_1+b.deb sha256:{'a' * 64}\n"
        f"y=2~1 debian-security/pool/updates/main/y_2~1.deb sha256:{'b' * 64}\n"
    )


def test_pins_that_apt_does_not_offer_stay(tmp_path):
    lock = tmp_path / "debian.txt"
    lock.write_text(f"z=1 debian/z sha256:{'0' * 64}\n")
    fakes.program(tmp_path / "bin", "apt-get", "echo 'E: Unable to locate package z' >&2; exit 100")
    with pytest.raises(BadLock, match="for z"):
        debian.move(lock, {"PATH": f"{tmp_path}/bin:{fakes.SHELL}"})
    assert lock.read_text().startswith("z=1 ")
