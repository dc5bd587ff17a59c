"""What is installed and packaged: the files, the tarn.conf among them, the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Connect, StartServer, Subject
from support.server import Server
from support.wait import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.beyond_oracle


@pytest.fixture(scope="session")
def build(subject: Subject) -> Path:
    """The folder in which the server under test was built, with all that is packaged."""
    folder = Path(subject.binary).parent
    if not (folder / "CMakeCache.txt").is_file() or not (folder / "tarn.conf").is_file():
        pytest.skip(f"{folder} is no build of everything")
    return folder


def _cache(build: Path, name: str) -> str:
    text = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\w+=(.*)$", text, re.MULTILINE)
    assert found, name
    return found.group(1)


@pytest.fixture(scope="session")
def installed(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root below which everything was installed."""
    root = tmp_path_factory.mktemp("root")
    _install(build, root)
    return root


def _install(build: Path, root: Path) -> None:
    done = subprocess.run(
        ["cmake", "--install", str(build)],
        env={"DESTDIR": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def _below(root: Path, absolute: str) -> Path:
    return root / absolute.lstrip("/")


def _conf(build: Path, root: Path) -> Path:
    return _below(root, _cache(build, "TARN_CONF_DIR")) / "tarn.conf"


def test_install_has_every_file(build: Path, installed: Path) -> None:
    prefix = _below(installed, _cache(build, "CMAKE_INSTALL_PREFIX"))
    for name in (
        *("bin/tarn-server", "share/man/man1/tarn-server.1", "share/man/man5/tarn.conf.5"),
        *("bin/tarn-check-rdb", "share/man/man1/tarn-check-rdb.1"),
        *("bin/tarn-check-aof", "share/man/man1/tarn-check-aof.1"),
        *("lib/systemd/system/tarn.service", "lib/sysusers.d/tarn.conf"),
        *("lib/tmpfiles.d/tarn.conf", "share/doc/tarn/copyright", "share/doc/tarn/README.md"),
        *("share/doc/tarn/operations.md", "share/doc/tarn/reference/directives.md"),
        "share/doc/tarn/examples/tarn.conf",
    ):
        assert (prefix / name).is_file(), name
    assert _conf(build, installed).is_file()
    assert not list(installed.rglob("tarn-reference"))
    for path in installed.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name != "tarn-server":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"@[A-Z_]+@", text), f"{path}: a name was not filled in"


def test_a_second_install_keeps_the_configuration(build: Path, tmp_path: Path) -> None:
    _install(build, tmp_path)
    conf = _conf(build, tmp_path)
    conf.write_text("port 7000\n", encoding="utf-8")
    _install(build, tmp_path)
    assert conf.read_text(encoding="utf-8") == "port 7000\n"


def test_installed_server_starts_with_the_installed_configuration(
    build: Path, installed: Path, tmp_path: Path
) -> None:
    binary = _below(installed, _cache(build, "CMAKE_INSTALL_PREFIX")) / "bin/tarn-server"
    # The folder that it names is not there.
    text = re.sub(r"(?m)^dir .*", f"dir {tmp_path}", _conf(build, installed).read_text())
    conf = tmp_path / "tarn.conf"
    conf.write_text(text, encoding="utf-8")
    with Server(binary, args=[str(conf)]) as server, server.connect() as client:
        assert client.call("CONFIG", "GET", "protected-mode") == [b"protected-mode", b"yes"]


def _lines(conf: Path) -> list[str]:
    """Every directive of the file, those that are commented out as well: it stands last in its
    paragraph."""
    paragraphs = conf.read_text(encoding="utf-8").strip().split("\n\n")
    last = [paragraph.split("\n")[-1].removeprefix("# ") for paragraph in paragraphs]
    return [line for line in last if re.match(r"[a-z][a-z0-9_-]* \S", line)]


def test_every_line_of_tarn_conf_is_taken_and_is_the_default(
    build: Path, start_server: StartServer, connect: Connect, tmp_path: Path
) -> None:
    known = connect(start_server()).ok("CONFIG", "GET", "*")
    defaults = dict(zip(known[0::2], known[1::2]))
    lines = [line for line in _lines(build / "tarn.conf") if line.split()[0].encode() in defaults]
    names = [line.split()[0].encode() for line in lines]
    assert len(names) > 50 and len(set(names)) == len(names)

    conf = tmp_path / "tarn.conf"
    # Where it listens and works, the harness says; it writes nothing of its own.
    given = {"bind", "dir", "port", "save", "enable-debug-command", "pidfile", "net-transport"}
    used = [line for line in lines if line.split()[0] not in given]
    conf.write_text("\n".join(used) + "\n", encoding="utf-8")
    shown = connect(start_server(args=[str(conf)])).ok("CONFIG", "GET", "*")
    values = dict(zip(shown[0::2], shown[1::2]))
    given_too = {name.encode() for name in given}
    different = {
        name: (defaults[name], values[name])
        for name in names
        if name not in given_too and defaults[name] != values[name]
    }
    assert not different


def test_tarn_conf_has_every_directive_that_config_get_shows(build: Path, connect: Connect) -> None:
    text = (build / "tarn.conf").read_text(encoding="utf-8")
    reply = connect().ok("CONFIG", "GET", "*")
    there = {line.split()[0] for line in _lines(build / "tarn.conf")}
    aliases = set(re.findall(r"Also called (\S+)\.", text.replace("\n# ", " ")))
    missing = {name.decode() for name in reply[0::2]} - there - aliases
    assert not missing


def test_texts_fit_their_columns(build: Path) -> None:
    for line in (build / "tarn.conf").read_text(encoding="utf-8").splitlines():
        assert len(line) <= 100 or not line.startswith("# ") or line.count(" ") < 4, line


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize(
    ("page", "word"),
    [
        *(("tarn-server.1", "maxclients"), ("tarn.conf.5", "maxclients")),
        *(("tarn-check-rdb.1", "snapshot"), ("tarn-check-aof.1", "manifest")),
    ],
)
def test_man_pages_are_good_troff(build: Path, page: str, word: str) -> None:
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tascii", "-P-cbou", str(build / "man" / page)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and done.stderr == ""
    assert word in done.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_unit_is_understood_by_systemd(build: Path, tmp_path: Path) -> None:
    # Its user and its program are not there: a unit that names others has the same settings.
    text = (build / "packaging/tarn.service").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    text = re.sub(r"(?m)^(User|Group)=.*", r"\1=root", text)
    text = re.sub(r"(?m)^Documentation=.*\n", "", text)
    unit = tmp_path / "tarn.service"
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    complaints = [line for line in done.stderr.splitlines() if "tarn.service" in line]
    assert not complaints, done.stderr


def test_scripts_of_the_package_are_good_shell() -> None:
    for script in sorted((ROOT / "packaging/debian").iterdir()):
        done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert script.stat().st_mode & 0o111, f"{script} cannot be run"


def _words(text: str, pattern: str) -> set[str]:
    found = re.search(pattern, text, re.DOTALL)
    assert found, pattern
    return set(found.group(1).replace("\\\n", " ").split())


def test_image_is_built_with_what_building_needs() -> None:
    bootstrap = (ROOT / "scripts/bootstrap").read_text(encoding="utf-8")
    needed = _words(bootstrap, r'run_packages="([^"]*)"')
    image = (ROOT / "packaging/Containerfile").read_text(encoding="utf-8")
    assert _words(image, r"--no-install-recommends \\\n(.*?)&&") == needed


@pytest.mark.heavy
@pytest.mark.skipif(not shutil.which("dpkg-shlibdeps"), reason="dpkg-dev is not installed")
def test_debian_package(build: Path, tmp_path: Path) -> None:
    """The rules of the package on the build under test (`make deb` has one of its own)."""
    done = subprocess.run(
        ["cpack", "--config", str(build / "CPackConfig.cmake"), "-B", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = tmp_path.glob("*.deb")

    def ask(*args: str) -> str:
        return subprocess.run(
            ["dpkg-deb", *args], capture_output=True, text=True, check=True, timeout=60
        ).stdout

    contents = ask("--contents", str(package))
    for name in ("bin/tarn-server", "tarn/tarn.conf", "system/tarn.service", "tarn-server.1"):
        assert name in contents, contents
    assert "root/root" in contents
    fields = ask("--field", str(package))
    assert re.search(r"(?m)^Package: tarn$", fields)
    assert re.search(r"(?m)^Depends: .*libc6 \(", fields), fields
    ask("--control", str(package), str(tmp_path / "control"))
    assert (tmp_path / "control/conffiles").read_text().strip() == str(
        Path(_cache(build, "TARN_CONF_DIR")) / "tarn.conf"
    )


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd is not installed")
def test_user_and_folders_are_made(build: Path, tmp_path: Path) -> None:
    """In a root of its own; the folders' owners need root."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
    (tmp_path / "etc/group").write_text("root:x:0:\n", encoding="utf-8")
    made = build / "packaging"
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(made / "tarn.sysusers")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    users = (tmp_path / "etc/passwd").read_text(encoding="utf-8")
    assert re.search(r"(?m)^tarn:x:\d+:\d+:Tarn data store:/var/lib/tarn:\S*nologin$", users)

    done = subprocess.run(
        ["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(made / "tarn.tmpfiles")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if os.geteuid() == 0:
        assert done.returncode == 0, done.stderr
        assert _below(tmp_path, _cache(build, "TARN_STATE_DIR")).stat().st_mode & 0o7777 == 0o750
        assert _below(tmp_path, _cache(build, "TARN_CONF_DIR")).stat().st_mode & 0o7777 == 0o2770
