"""Reads Rust source as far as the walls need it: which file of a crate uses what of which other, and what its text says.

A crate is read from its root file along its `mod` declarations; what is under `#[cfg(test)]` is left out, files
included. Names are followed through `use`, `pub use` and globs to the file that defines them. Not seen is what a macro
makes, which type a method belongs to, and what comes out of a glob other than as the glob.
"""

import os
import re
from collections import namedtuple

Token = namedtuple("Token", "kind text line")
# A path as it is written in a module; a glob without its star.
Use = namedtuple("Use", "module names is_glob line")
Item = namedtuple("Item", "file name")

TOKEN = re.compile(
    r"""(?P<doc>//(?:/(?!/)|!)[^\n]*)
    |(?P<comment>//[^\n]*)
    |(?P<block>/\*)
    |(?P<string>[bc]?r(?P<hashes>\#*)"[\s\S]*?"(?P=hashes)|[bc]?"(?:\\[\s\S]|[^"\\])*")
    |(?P<char>b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])'|'[^\W\d]\w*)
    |(?P<name>(?:r\#)?[^\W\d]\w*)
    |(?P<number>\d\w*(?:\.\d\w*)?)
    |(?P<mark>::|\S)""",
    re.VERBOSE,
)
BLOCK = re.compile(r"/\*|\*/")
ITEMS = {"fn", "struct", "enum", "union", "trait", "type", "const", "static"}
BEGINNINGS = ITEMS | {"mod", "use", "impl", "unsafe", "async", "extern", "macro_rules"}
# Macros whose contents are code of another crate.
QUOTING = {"quote", "parse_quote", "quote_spanned"}
OPENING, CLOSING = {"(", "[", "{"}, {")", "]", "}"}
TEST = re.compile(r"\bcfg \( (?:all \( )?(?:test|doctest)\b")
PATH = re.compile(r'\[ path = "(.*)" \]')


def tokens_of(text):
    """The tokens of a file without plain comments. Lines of documentation that follow each other are one token."""
    tokens, at, line, end_of_doc = [], 0, 1, 0
    while match := TOKEN.search(text, at):
        line += text.count("\n", at, match.start())
        kind, at = match.lastgroup, match.end()
        if kind == "block":
            depth = 1
            while depth:
                mark = BLOCK.search(text, at)
                depth += 1 if mark.group() == "/*" else -1
                at = mark.end()
            kind = "doc" if text[match.start() + 2] in "*!" else "comment"
        word = text[match.start() : at]
        if kind == "doc" and tokens and tokens[-1].kind == "doc" and end_of_doc == line - 1:
            tokens[-1] = tokens[-1]._replace(text=f"{tokens[-1].text}\n{word}")
        elif kind != "comment":
            tokens.append(Token(kind, word.removeprefix("r#") if kind == "name" else word, line))
        line += word.count("\n")
        end_of_doc = line if kind == "doc" else end_of_doc
    return tokens


def closing(tokens, i):
    """The position of the bracket that closes the one at `i`."""
    depth = 0
    for at in range(i, len(tokens)):
        depth += (tokens[at].text in OPENING) - (tokens[at].text in CLOSING)
        if depth == 0:
            return at
    raise SyntaxError(f"line {tokens[i].line}: {tokens[i].text} is never closed")


def after_item(tokens, i):
    """The position behind the item, field, arm or statement at `i`, its attributes and its documentation included."""
    while tokens[i].kind == "doc" or tokens[i].text == "#":
        i = i + 1 if tokens[i].kind == "doc" else closing(tokens, i + 1) + 1
    if tokens[i].text == "pub":
        i = closing(tokens, i + 1) + 1 if tokens[i + 1].text == "(" else i + 1
    is_item = tokens[i].text in BEGINNINGS
    while i < len(tokens) and tokens[i].text not in CLOSING:
        text = tokens[i].text
        if text in OPENING:
            i = closing(tokens, i)
            if text == "{" and is_item:
                return i + 1
        elif text == ";" or (text == "," and not is_item):
            return i + 1
        i += 1
    return i


class Module:
    def __init__(self, file, parent=None):
        self.file, self.parent = file, parent
        self.children, self.imports, self.globs, self.items = {}, {}, [], set()

    def ancestor(self, name):
        return self.parent or self if name == "super" else self


class Crate:
    """A target of a package: its modules, the tokens of its files, and every path that they write."""

    def __init__(self, root_file):
        self.tokens, self.uses = {}, []
        self.root = Module(os.path.normpath(root_file))
        self.read_file(self.root, os.path.dirname(root_file))

    def read_file(self, module, folder):
        with open(module.file, encoding="utf-8") as file:
            tokens = tokens_of(file.read())
        kept, i = [], 0
        while i < len(tokens):
            if tokens[i].text == "#" and tokens[i + 1].text == "[" and TEST.search(words(tokens, i)):
                i = after_item(tokens, i)
            else:
                kept.append(tokens[i])
                i += 1
        self.tokens[module.file] = kept
        self.read_module(kept, 0, module, folder)

    def read_module(self, tokens, i, module, folder):
        """Reads up to the brace that closes the module, and gives its position."""
        depth, path = 0, None
        while i < len(tokens) and (depth or tokens[i].text != "}"):
            word, following = tokens[i].text, [token.text for token in tokens[i + 1 : i + 3]]
            depth += (word == "{") - (word == "}")
            if tokens[i].kind != "name":
                found = word == "#" and PATH.search(words(tokens, i))
                path = found.group(1) if found else path
            elif word in QUOTING and following[0] == "!":
                i = closing(tokens, i + 2)
            elif word == "mod" and following[1] in ("{", ";"):
                i = self.read_child(tokens, i + 1, module, folder, path)
                path = None
            elif word == "use" and following[0] != "<":
                i = self.read_use(tokens, i + 1, module, [])
            elif word in ITEMS and depth == 0:
                module.items.add(following[0])
            elif word == "macro_rules":
                module.items.add(following[1])
            elif tokens[i - 1].text not in ("::", ".") and following[0] == "::":
                i = self.read_path(tokens, i, module)
            i += 1
        return i

    def read_child(self, tokens, i, parent, folder, path):
        name = tokens[i].text
        inner = os.path.join(folder, name)
        if tokens[i + 1].text == "{":
            parent.children[name] = child = Module(parent.file, parent)
            return self.read_module(tokens, i + 2, child, inner)
        beside = os.path.dirname(parent.file)
        candidates = [os.path.join(beside, path)] if path else [f"{inner}.rs", os.path.join(inner, "mod.rs")]
        file = next((file for file in candidates if os.path.exists(file)), None)
        if file is None:
            raise FileNotFoundError(f"{parent.file}:{tokens[i].line}: mod {name} has no file")
        parent.children[name] = child = Module(os.path.normpath(file), parent)
        self.read_file(child, os.path.dirname(file) if path or file.endswith("mod.rs") else inner)
        return i + 1

    def read_use(self, tokens, i, module, before):
        """Reads one branch of a `use`, and gives the position behind it."""
        names = list(before)
        while tokens[i].text not in (",", "}", ";"):
            word, line = tokens[i].text, tokens[i].line
            if word == "{":
                i += 1
                while tokens[i].text != "}":
                    i = self.read_use(tokens, i, module, names)
                    i += tokens[i].text == ","
                return i + 1
            if word == "*":
                module.globs.append(names)
                self.uses.append(Use(module, names, True, line))
                return i + 1
            if word == "::" and not names:
                # From the outside, whatever this crate has under that name.
                names.append("::")
            elif word == "as":
                i += 1
                break
            elif word != "::" and not (word == "self" and names):
                names.append(word)
            i += 1
        renamed = tokens[i].text if tokens[i - 1].text == "as" else names[-1]
        module.imports.setdefault(renamed, []).append(names)
        self.uses.append(Use(module, names, False, tokens[i - 1].line))
        return i + (tokens[i - 1].text == "as")

    def read_path(self, tokens, i, module):
        names = [tokens[i].text]
        line = tokens[i].line
        while tokens[i + 1].text == "::" and tokens[i + 2].kind == "name":
            i += 2
            names.append(tokens[i].text)
        if len(names) > 1:
            self.uses.append(Use(module, names, False, line))
        return i

    def find(self, module, names, seen=frozenset()):
        """The module or the item that a path names, or None if it is not of this crate."""
        here, i = module, 0
        if names[0] == "crate":
            here, i = self.root, 1
        else:
            while i < len(names) and names[i] in ("self", "super"):
                here, i = here.ancestor(names[i]), i + 1
        for at in range(i, len(names)):
            found = self.look_up(here, names[at], at + 1 == len(names), seen)
            if found is None and at > 0:
                # A module of ours in which we do not see the name.
                return None if names[at] in here.imports else Item(here.file, names[at])
            if not isinstance(found, Module):
                return found
            here = found
        return here

    def look_up(self, module, name, is_last, seen):
        if (module, name) in seen:
            return None
        seen |= {(module, name)}
        child = module.children.get(name)
        if child and not is_last:
            return child
        if name in module.items:
            return Item(module.file, name)
        found = (self.find(module, names, seen) for names in module.imports.get(name, []))
        found = next((one for one in found if one), child)
        for names in module.globs if found is None else []:
            under = self.find(module, names, seen)
            found = found or (self.look_up(under, name, is_last, seen) if isinstance(under, Module) else None)
        return found

    def edges(self):
        """(file, file used, name, line) of every use that leads to another file."""
        for module, names, is_glob, line in self.uses:
            found = self.find(module, names)
            if isinstance(found, Module):
                # A module by itself is only the way to what is in it, unless all of it is taken.
                found = Item(found.file, "*") if is_glob else None
            if found and found.file != module.file:
                yield module.file, found.file, found.name, line


def words(tokens, i):
    """The attribute at `i`, with a space between its tokens."""
    if tokens[i].text != "#":
        return ""
    start = i + 1 + (tokens[i + 1].text == "!")
    return " ".join(token.text for token in tokens[start : closing(tokens, start) + 1])


def circles(edges):
    """The sets of files that reach each other."""
    after = {}
    for start, end, *_ in edges:
        after.setdefault(start, set()).add(end)
        after.setdefault(end, set())

    def reach(start):
        reached, left = set(), [start]
        while left:
            for end in after[left.pop()] - reached:
                reached.add(end)
                left.append(end)
        return frozenset(reached)

    reached = {file: reach(file) for file in after}
    found = {frozenset(other for other in reached[file] if file in reached[other]) for file in after}
    return sorted((sorted(files) for files in found if len(files) > 1), key=lambda files: (-len(files), files))
