#!/usr/bin/env python3
"""Draws the pictures of the README: real commands in a real terminal, as SVG.

    python3 -m venv target/pictures && target/pictures/bin/pip install -r docs/pictures/requirements.txt
    cargo build -p dfinery-cli
    target/pictures/bin/python docs/pictures/draw.py target/debug/dfinery
    target/pictures/bin/python docs/pictures/draw.py target/debug/dfinery --all target/pictures/all

The second form draws every scene at 80 and 120 columns, with and without colour, to look at; nothing of it is committed.
"""

import argparse
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import tempfile
import termios
from xml.sax.saxutils import escape

import pyte
from wcwidth import wcwidth

HERE = pathlib.Path(__file__).resolve().parent
WALK = HERE.parent / "loading.md"

# How many columns the terminal of the README has; then what one cell of a terminal measures.
PICTURE = 80
WIDTH, HEIGHT, MARGIN = 8.4, 18, 16
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','D2Coding','NanumGothicCoding',monospace"
NAMES = ["black", "red", "green", "brown", "blue", "magenta", "cyan", "white"]
THEMES = {
    "dark": ("#0d1117", "#e6edf3", ["#6e7681", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"]),
    "light": ("#ffffff", "#1f2328", ["#59636e", "#cf222e", "#116329", "#7d4e00", "#0550ae", "#8250df", "#0b6a70", "#59636e"]),
}


def run(command, columns, colour, environment, folder, moment=None):
    """The screen after a command, or the last one before its end that has the text `moment`."""
    screen = pyte.Screen(columns, 120)
    stream = pyte.ByteStream(screen)
    stream.feed(f"$ {command}\r\n".encode())
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.chdir(folder)
        os.environ.update(environment, TERM="xterm-256color", LANG="C.UTF-8")
        if not colour:
            os.environ["NO_COLOR"] = "1"
        os.execvp("sh", ["sh", "-c", f"exec {command}"])
    seen = None
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:
            some = b""
        if not some:
            break
        stream.feed(some)
        if moment and any(moment in line for line in screen.display):
            seen = rows(screen)
    os.waitpid(child, 0)
    os.close(terminal)
    return seen or rows(screen)


def rows(screen):
    """The lines of a screen as lists of (text, colour, bold)."""
    lines = []
    for y in range(screen.lines):
        line = [screen.buffer[y][x] for x in range(screen.columns)]
        lines.append([(cell.data, cell.fg, cell.bold) for cell in line])
    while lines and all(cell[0].strip() == "" for cell in lines[-1]):
        lines.pop()
    return lines


def steady(lines):
    """The same lines, with every duration the same, so that a picture only changes when the command does."""
    text = "\n".join("".join(cell[0] or "\0" for cell in line) for line in lines)
    for found in re.finditer(r"(?<=It took )\d\.\d(?= s)", text):
        row = text.count("\n", 0, found.start())
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1)
        for offset, digit in enumerate("0.1"):
            lines[row][column + offset] = (digit, *lines[row][column + offset][1:])
    return lines


def svg(lines, columns, theme):
    background, foreground, palette = THEMES[theme]
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">',
        f'<rect width="100%" height="100%" rx="8" fill="{background}" stroke="#8886"/>',
        f'<g font-family="{FONT}" font-size="14" fill="{foreground}" xml:space="preserve">',
    ]
    for y, line in enumerate(lines):
        for x, cells, text, (colour, bold) in runs(line):
            fill = ""
            name = colour.removeprefix("bright")
            if name in NAMES:
                fill = f' fill="{palette[NAMES.index(name)]}"'
            weight = ' font-weight="bold"' if bold else ""
            place = f'x="{MARGIN + x * WIDTH:g}" y="{MARGIN + y * HEIGHT + 13:g}" textLength="{cells * WIDTH:g}"'
            out.append(f'<text {place} lengthAdjust="spacingAndGlyphs"{fill}{weight}>{escape(text)}</text>')
    out += ["</g>", "</svg>", ""]
    return "\n".join(out)


def runs(line):
    """Parts of a line of one style and one width of cells, without blanks at their ends: place, cells, text, style."""
    x, part = 0, None
    # Behind a wide character is a cell without text.
    for text, colour, bold in [*(cell for cell in line if cell[0]), ("", None, None)]:
        cells = sum(max(wcwidth(c), 0) for c in text)
        kind = (colour, bold, cells)
        if part and (kind != part[1] or part[2].endswith("  ")):
            start, (of, is_bold, wide), said = part
            kept = said.rstrip()
            if kept.strip():
                lead = len(kept) - len(kept.lstrip())
                yield start + lead * wide, len(kept[lead:]) * wide, kept[lead:], (of, is_bold)
            part = None
        if text and part is None:
            part = (x, kind, "")
        if text:
            part = (part[0], kind, part[2] + text)
            x += cells


def prepare(folder):
    """The files of the walk-through, and a large one."""
    for language, name, cp949, text in re.findall(r"^```(\w+) (\S+)( cp949)?\n(.*?)^```$", WALK.read_text(), re.M | re.S):
        path = folder / name
        if path.parent == folder and not name.startswith("old-"):
            path.write_bytes(text.encode("cp949" if cp949 else "utf-8"))
    with open(folder / "logins.ndjson", "w", encoding="utf-8") as file:
        for number in range(60_000):
            event = '{"event_name":"df_login","event_datetime":"2025-11-20T10:15:00+09:00"}'
            user = "" if number % 9_000 == 8_999 else f"M-{number // 3}"
            file.write(f'{{"identity":{{"external_id":"{user}"}},"event":{event}}}\n')


SCENES = {
    "load": [("dfinery load events sales-2025-11-20.csv --mapping sales.yaml", None)],
    "dry-run": [("dfinery load events sales-2025-11-20.csv --mapping sales.yaml --dry-run", None)],
    "init": [("dfinery mapping init sales-2025-11-20.csv --event df_purchase --timezone Asia/Seoul", None)],
    "status": [
        ("dfinery load events sales-2025-11-20.csv --mapping sales.yaml", None),
        ("dfinery status sales-2025-11-20.csv", None),
    ],
    "progress": [("dfinery load events logins.ndjson", "records/s")],
    "large": [("dfinery load events logins.ndjson", None)],
    "demo": [("dfinery demo", None)],
    "export-progress": [("dfinery export events --to warehouse", " rows, ")],
    "export": [("dfinery export events --to warehouse", None), ("dfinery export status --to warehouse", None)],
    "help": [("dfinery load -h", None)],
    "explain": [("dfinery explain 40001 --lang ko", None)],
    "mistake": [("dfinery load events sale.csv --mapping sales.yaml", None)],
}


def draw(scene, columns, colour, dfinery):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(folder)
        emulator = subprocess.Popen([dfinery, "emulator"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            settings = dict(emulator.stdout.readline().strip().split("=", 1) for _ in range(4))
            settings["PATH"] = f"{dfinery.parent}:{os.environ['PATH']}"
            settings["XDG_STATE_HOME"] = f"{folder}/state"
            lines = []
            for command, moment in SCENES[scene]:
                lines += [[]] if lines else []
                lines += run(command, columns, colour, settings, folder, moment)
            return steady(lines)
        finally:
            emulator.terminate()
            emulator.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dfinery", type=pathlib.Path)
    parser.add_argument("--all", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--scene", choices=SCENES, action="append")
    arguments = parser.parse_args()
    dfinery = arguments.dfinery.resolve()
    if not arguments.all:
        lines = draw("load", PICTURE, True, dfinery)
        for theme in THEMES:
            (HERE / f"load-{theme}.svg").write_text(svg(lines, PICTURE, theme), encoding="utf-8")
        return
    arguments.all.mkdir(parents=True, exist_ok=True)
    for scene in arguments.scene or SCENES:
        for columns in (80, 120):
            for colour in (True, False):
                lines = draw(scene, columns, colour, dfinery)
                for theme in THEMES if colour else ["light"]:
                    name = f"{scene}-{columns}-{'colour' if colour else 'plain'}-{theme}.svg"
                    (arguments.all / name).write_text(svg(lines, columns, theme), encoding="utf-8")


main()
