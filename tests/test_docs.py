"""What the documentation tells people to type is typed here: README.md, CONTRIBUTING.md and every page under docs/.

The fenced blocks of a page run in order, in one empty folder:

- ```bash: each line that starts with `peakshift` or `python` is run as written; of a line that starts with
  `make`, only that its target exists (a dry run), since the tests run inside one of them. Other lines are
  for the reader alone.
- ```python: run as a file of its own, as a reader would.
- ```python title="mine.py" (any language, any name): written to disk before anything is run.

A comment on a line of its own before a block changes how it runs; several may stand there:

- <!-- test: slow --> only under the `slow` marker
- <!-- test: add '--replications 2 --set market.consumers=2000' --> appended to each peakshift command
- <!-- test: exit 1 --> the exit code that the block's last command must have
- <!-- test: skip, serves until stopped --> not run, for the reason given
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TIMEOUT_SECONDS = 900
BLOCK = re.compile(
    r"(?P<marks>(?:^<!-- test: .*? -->\n+)*)^```(?P<info>\w+[^\n]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"<!-- test: (\w+),?\s*(.*?) -->")
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One fenced block and what its comments say about running it."""

    where: str
    language: str
    title: str | None
    body: str
    marks: dict[str, str]

    @property
    def commands(self) -> list[str]:
        joined = self.body.replace("\\\n", " ")
        return [line.strip() for line in joined.splitlines() if re.match(r"(peakshift|python|make)\b", line)]


def blocks(text: str, page: str) -> list[Block]:
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("info")) + 1
        title = TITLE.search(match["info"])
        marks = dict(MARK.findall(match["marks"]))
        unknown = marks.keys() - {"slow", "add", "exit", "skip"}
        assert not unknown, f"{page}:{line}: unknown test comment {sorted(unknown)}"
        assert marks.get("skip") != "", f"{page}:{line}: test: skip must give a reason"
        language = match["info"].split()[0]
        found.append(Block(f"{page}:{line}", language, title[1] if title else None, match["body"], marks))
    return found


def complete(command: str, block: Block) -> list[str]:
    """The words that really run: the addition of the comment, and make as a dry run."""
    words = shlex.split(command, comments=True)
    if words[0] == "peakshift" and "add" in block.marks:
        words += shlex.split(shlex.split(block.marks["add"])[0])
    if words[0] == "make":
        words[1:1] = ["--dry-run", "--no-print-directory", "-C", str(ROOT)]
    return words


def run_block(block: Block, folder: Path) -> list[str]:
    """Run one block; what went wrong, a message a command."""
    if block.language == "python":
        script = folder / "snippet.py"
        script.write_text(block.body, "utf-8")
        jobs = [[sys.executable, str(script)]]
    elif block.language in ("bash", "sh", "shell"):
        jobs = [complete(command, block) for command in block.commands]
    else:
        return []
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    wrong = []
    for number, words in enumerate(jobs):
        expected = int(block.marks.get("exit", 0)) if number == len(jobs) - 1 else 0
        program = shutil.which(words[0], path=here)
        if program is None:
            wrong.append(f"{block.where}: {words[0]} is not installed here")
            continue
        done = subprocess.run(
            [program, *words[1:]], cwd=folder, env={**os.environ, "PATH": here}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != expected:
            tail = (done.stderr or done.stdout)[-1500:]
            wrong.append(f"{block.where}: {shlex.join(words)}: exit {done.returncode}, not {expected}\n{tail}")
    return wrong


def run_page(page: Path, folder: Path, with_slow: bool) -> None:
    (folder / "scenarios").symlink_to(ROOT / "scenarios")  # pages are read in a checkout
    found = blocks(page.read_text("utf-8"), page.name)
    for block in found:
        if block.title:
            target = (folder / block.title).resolve()
            assert target.is_relative_to(folder.resolve()), f"{block.where}: {block.title} leaves the folder"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.body, "utf-8")
    wrong = []
    for block in found:
        if block.title or "skip" in block.marks or ("slow" in block.marks and not with_slow):
            continue
        wrong += run_block(block, folder)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_shows_works(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, with_slow=False)


SLOW_PAGES = [page for page in PAGES if "<!-- test: slow -->" in page.read_text("utf-8")]


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_shows_works_in_full(page: Path, tmp_path: Path) -> None:
    """All blocks in their order, the quick ones too: a slow block may need what they made."""
    run_page(page, tmp_path, with_slow=True)


def test_the_readme_tells_how_to_start() -> None:
    commands = [c for block in blocks((ROOT / "README.md").read_text("utf-8"), "README.md") for c in block.commands]
    assert "make demo" in commands
    assert "make test" in commands


def test_the_chinese_readme_shows_the_same_commands_files_and_sections() -> None:
    """What it shows is what README.md shows, so it works as soon as that works; only the words differ."""
    english, chinese = (
        [
            (b.language, b.title, b.body if b.title else [shlex.split(c, comments=True) for c in b.commands])
            for b in found
        ]
        for found in (blocks((ROOT / name).read_text("utf-8"), name) for name in ("README.md", "README.zh-CN.md"))
    )
    assert english == chinese
    first, second = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert first.count("\n## ") == second.count("\n## ")
    assert first.count("\n| ") == second.count("\n| ")


LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.zh-CN.md"], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    links = LINK.findall(re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_stands_in_the_navigation() -> None:
    config = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    named = re.findall(r"[\w-]+\.md", repr(config["nav"]))
    assert sorted(named) == sorted(p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md"))


SAMPLE = """
<!-- test: add '--replications 2 --set a.b=1' -->
<!-- test: exit 1 -->
```bash
# a remark
peakshift gate one \\
  --quiet
pip install peakshift
```

```yaml title="mine.yaml"
name: mine
```
"""


def test_the_reader_of_pages_reads_marks_titles_and_long_lines() -> None:
    bash, file = blocks(SAMPLE, "sample")
    assert bash.marks == {"add": "'--replications 2 --set a.b=1'", "exit": "1"}
    assert complete(bash.commands[0], bash) == [
        "peakshift", "gate", "one", "--quiet", "--replications", "2", "--set", "a.b=1",
    ]  # fmt: skip
    assert len(bash.commands) == 1
    assert (file.title, file.body, file.where) == ("mine.yaml", "name: mine\n", "sample:11")


def test_a_command_that_fails_is_reported(tmp_path: Path) -> None:
    (bad,) = blocks("```bash\nmake no-such-target\n```\n", "sample")
    (message,) = run_block(bad, tmp_path)
    assert message.startswith("sample:1: make --dry-run")
    assert "no-such-target" in message
