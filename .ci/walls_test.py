#!/usr/bin/env python3
"""Shows that each wall holds: small workspaces that keep the rules, and the same ones with one rule broken."""

import os
import sys
import tempfile
import textwrap
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

sys.dont_write_bytecode = True
script = SourceFileLoader("walls", os.path.join(os.path.dirname(os.path.abspath(__file__)), "walls"))
walls = module_from_spec(spec_from_loader("walls", script))
script.exec_module(walls)

ROOT = """
    [package]
    name = "dfinery"
    version = "0.1.0"
    [workspace]
    members = ["crates/*"]
    [features]
    _engine = []
    [dependencies]
    reqwest = "0.13"
    [dev-dependencies]
    dfinery-emulator = { path = "crates/emulator" }
"""
ENGINE = 'dfinery = { path = "../..", version = "=0.1.0", features = ["_engine"] }'
CLIENT = 'dfinery = { path = "../..", version = "=0.1.0" }'
RECORDS = 'dfinery-records = { path = "../records", version = "=0.1.0" }'
LOAD = 'dfinery-load = { path = "../load", version = "=0.1.0" }'
COMMAND = """
    /// Loads.
    #[derive(Subcommand)]
    enum Command {
        /// Runs `dfinery load --dry-run`.
        #[command(after_help = help::LOAD)]
        Load(Box<load::Arguments>),
        DeadLetters { all: bool },
    }
    fn main() -> ExitCode { println!("dfinery load --yes ends with exit code 2") }
"""


class Workspace(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.write("Cargo.toml", ROOT)
        self.write("src/lib.rs", "")
        self.package("records", ENGINE)
        self.package("load", f'{ENGINE}\n{RECORDS}\nredb = "4"\n[dev-dependencies]\ndfinery-emulator = {{ path = "../emulator" }}')
        self.package("emulator", f'{CLIENT}\nhyper = "1"')
        self.package("cli", f'{CLIENT}\n{LOAD}\nclap = "4"', main=COMMAND)

    def write(self, path, text):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))

    def package(self, name, dependencies, main=None):
        package = f'[package]\nname = "dfinery-{name}"\nversion = "0.1.0"\n[dependencies]\n{dependencies}\n'
        self.write(f"crates/{name}/Cargo.toml", package)
        self.write(f"crates/{name}/src/{'main' if main else 'lib'}.rs", main or "")

    def breaks(self, wall):
        metadata = walls.metadata_here()
        return walls.judged(wall, metadata, walls.crates_of(metadata))[0]

    def assert_holds(self, wall):
        self.assertEqual(self.breaks(wall), [])

    def assert_broken(self, wall, *said):
        """One thing breaks the wall, and these words are said of it."""
        breaks = self.breaks(wall)
        self.assertEqual(len(breaks), 1, breaks)
        for words in said:
            self.assertIn(words, breaks[0])


class Packages(Workspace):
    def test_a_workspace_that_keeps_the_rules(self):
        for wall in walls.WALLS:
            with self.subTest(wall.__name__):
                self.assert_holds(wall)

    def test_a_dependency_upwards(self):
        self.package("records", LOAD)
        self.assert_broken(walls.own_packages, "crates/records/Cargo.toml", "dfinery-records -> dfinery-load", "may use dfinery")

    def test_a_dependency_to_the_side(self):
        self.package("emulator", f"[build-dependencies]\n{LOAD}")
        self.assert_broken(walls.own_packages, "dfinery-emulator -> dfinery-load")

    def test_a_dependency_upwards_for_tests(self):
        self.package("emulator", '[dev-dependencies]\ndfinery-load = { path = "../load" }')
        self.assert_broken(walls.own_packages, "dfinery-emulator -> dfinery-load for tests")

    def test_a_loose_version(self):
        self.package("records", 'dfinery = { path = "../..", version = "0.1.0" }')
        self.assert_broken(walls.own_packages, '"^0.1.0", without "="')

    def test_no_version(self):
        self.package("records", 'dfinery = { path = "../.." }')
        self.assert_broken(walls.own_packages, '"*", without "="')

    def test_no_path(self):
        self.package("records", 'dfinery = "=0.1.0"')
        self.assert_broken(walls.own_packages, "dfinery-records -> dfinery: it has no path")

    def test_a_version_on_the_way_back(self):
        self.write("Cargo.toml", ROOT.replace('"crates/emulator"', '"crates/emulator", version = "=0.1.0"'))
        self.assert_broken(walls.own_packages, "dfinery -> dfinery-emulator for tests", "neither could be published first")

    def test_a_new_package(self):
        self.package("warehouse", CLIENT)
        self.assert_broken(walls.own_packages, "dfinery-warehouse is not in MAY_USE")

    def test_a_foreign_crate_out_of_place(self):
        for dependency, said in [
            ('reqwest = "0.13"', "dfinery-load -> reqwest, which is for codegen, dfinery"),
            ('[dev-dependencies]\nreqwest = "0.13"', "dfinery-load -> reqwest"),
            ('[target."cfg(unix)".dependencies]\nhttp = { package = "reqwest", version = "0.13", optional = true }', "reqwest"),
            ('hyper-util = "0.1"', "dfinery-load -> hyper-util, which is for dfinery-emulator"),
            ('arrow-array = "57"', "dfinery-load -> arrow-array, which is for dfinery-export, dfinery-input"),
            ('anyhow = "1"', "dfinery-load -> anyhow"),
        ]:
            with self.subTest(dependency):
                self.package("load", dependency)
                self.assert_broken(walls.foreign_crates, "crates/load/Cargo.toml", said)
        self.package("load", 'hyperlink = "1"')
        self.assert_holds(walls.foreign_crates)

    def test_the_hidden_feature_out_of_place(self):
        for dependencies in [ENGINE, f'{CLIENT}\n[features]\nfast = ["dfinery/_engine"]', f"[dev-dependencies]\n{ENGINE}"]:
            with self.subTest(dependencies):
                self.package("emulator", dependencies)
                self.assert_broken(walls.engine, "dfinery-emulator enables _engine")
        self.package("emulator", CLIENT)
        self.write("Cargo.toml", ROOT.replace("_engine = []", '_engine = []\ndefault = ["_engine"]'))
        self.assert_broken(walls.engine, "dfinery enables _engine")


class Modules(Workspace):
    """Of crates/load, in which `a` uses something of `b`."""

    def files(self, **files):
        for name, text in {"lib": "mod a;\nmod b;", "a": "use crate::b::B;", "b": "pub struct B;", **files}.items():
            self.write(f"crates/load/src/{name.replace('__', '/')}.rs", text)

    def test_a_circle(self):
        for b in [
            "use crate::a::A;",
            "use super::a::A as Other;",
            "pub(crate) use super::a::{self, A};",
            "use {\n    std::fmt,\n    crate::{\n        a::{\n            A,\n        },\n    },\n};",
            "use super::a;\nfn f() { a::f() }",
            "fn f() { use crate::a::A; }",
            "fn f() -> Vec<crate::a::A> { matches!(1, super::a::A) }",
            "use super::a::*;",
            "mod inner { use super::super::a::A; }",
            "#[cfg(unix)]\nuse crate::a::A;",
            "#[cfg(test)]\nmod tests {}\nuse crate::a::A;",
            "struct S {\n    #[cfg(test)]\n    one: u8,\n    two: crate::a::A,\n}",
            "fn f() -> char { '\"' } use crate::a::A; // \"",
            "fn f<'a>(s: &'a str) -> u8 { b'\\'' } use crate::a::A;",
            'const R: &str = r#"\\"#; use crate::a::A;',
        ]:
            with self.subTest(b):
                self.files(b=f"pub struct B;\n{b}")
                self.assert_broken(walls.modules, "crates/load/src/b.rs", "crates/load/src/a.rs:1 uses B of crates/load/src/b.rs")

    def test_no_circle(self):
        for b in [
            "// use crate::a::A;",
            "/// [`crate::a::A`]\n/* crate::a::A /* */ crate::a::A */",
            'const S: &str = "use crate::a::A; \\" crate::a::A";',
            'const S: &str = r##"crate::a::A "# crate::a::A"##;',
            "#[cfg(test)]\nmod tests { use crate::a::A; }",
            "#[cfg(test)]\n#[allow(unused)]\nuse crate::a::{A};",
            "struct S {\n    #[cfg(test)]\n    one: crate::a::A,\n    two: u8,\n}",
            "#[cfg(all(test, unix))]\nfn f() -> crate::a::A { todo!() }",
            "#[cfg(test)]\nmod tests;",
            "pub(in crate::a) struct S;",
            "fn f() { quote! { crate::a::A } }",
            "use a::A;",
            "use crate::a::{self};",
        ]:
            with self.subTest(b):
                self.files(b=f"pub struct B;\n{b}", b__tests="use crate::a::A;")
                self.assert_holds(walls.modules)

    def test_a_circle_of_three_beside_a_file_that_only_looks_on(self):
        self.files(lib="mod a;\nmod b;\nmod c;\nmod d;", b="pub struct B(crate::c::C);", c="use crate::a::A; pub struct C;")
        self.write("crates/load/src/d.rs", "use crate::{a::A, c::C};")
        self.assert_broken(walls.modules, "3 files", "b.rs:1 uses C of crates/load/src/c.rs")
        self.assertNotIn("d.rs", self.breaks(walls.modules)[0])

    def test_a_name_leads_to_the_file_that_defines_it(self):
        mods = "mod a;\nmod b;\n"
        for lib, a, b in [
            ("pub use b::B;", "use super::B; pub struct A;", "use crate::a::A; pub struct B;"),
            ("pub use self::b::B as Renamed;", "use crate::Renamed; pub struct A;", "use crate::a::A; pub struct B;"),
            ("pub mod all { pub use crate::b::*; }", "use crate::all::B; pub struct A;", "use crate::a::A; pub struct B;"),
            ("mod c;\npub use c::b;", "use crate::b::B; pub struct A;", "use crate::a::A; pub struct B;"),
            ("pub use b::types;", "use crate::types::B; pub struct A;", "pub mod types { use crate::a::A; pub struct B; }"),
        ]:
            with self.subTest(lib):
                self.files(lib=mods + lib, a=a, b=b, c="pub fn b() {}")
                self.assert_broken(walls.modules, "2 files", "a.rs:1 uses B of crates/load/src/b.rs")
        for lib, a in [
            ("pub use b::B;\npub use a::A;", "use crate::B; pub struct A;"),
            ("pub use b::B;\npub type Same = B;", "use crate::Same;"),
            ("pub use std::fmt;\nfn f() { a::f() }", "use crate::fmt;"),
        ]:
            with self.subTest(lib):
                self.files(lib=mods + lib, a=a)
                self.assert_holds(walls.modules)
        for lib, said in [("use b::B;\npub type Same = B;", "Same"), ("pub fn b() { b::f() }", "b")]:
            with self.subTest(lib):
                self.files(lib=mods + lib, a="", b=f"use crate::{said}; pub struct B;")
                self.assert_broken(walls.modules, "2 files", f"b.rs:1 uses {said} of crates/load/src/lib.rs")

    def test_files_in_folders_and_at_paths(self):
        self.files(
            lib='mod a;\n#[allow(dead_code)]\n#[path = "../made/b.rs"]\nmod b;',
            a__mod="mod inner;\nuse self::inner::Inner;",
            a__inner="use crate::b::B; pub struct Inner;",
        )
        os.remove("crates/load/src/a.rs")
        self.write("crates/load/made/b.rs", "use crate::a::Inner; pub struct B;")
        self.assert_broken(walls.modules, "2 files", "crates/load/made/b.rs:1 uses Inner of crates/load/src/a/inner.rs")

    def test_a_circle_that_may_stay(self):
        self.addCleanup(walls.CIRCLES.clear)
        files = {"crates/load/src/a.rs", "crates/load/src/b.rs"}
        walls.CIRCLES.append((files, "shows it"))
        self.files(b="use crate::a::A; pub struct B;")
        self.assert_holds(walls.modules)
        self.files(lib="mod a;\nmod b;\nmod c;", b="use crate::c::C; pub struct B;", c="use crate::a::A; pub struct C;")
        self.assertEqual(len(self.breaks(walls.modules)), 2)
        self.files()
        self.assert_broken(walls.modules, "which are no circle any more")
        self.files(b="use crate::a::A; pub struct B;")
        walls.CIRCLES.extend(walls.CIRCLES * 2)
        self.assert_broken(walls.modules, "3 entries, and 2 are the most")


class Words(Workspace):
    def test_words_of_the_command(self):
        for text, line, said in [
            ('const A: &str = "begin anew with --restart";', 1, "--restart"),
            ('const A: &str = r#"--state DIR"#;', 1, "--state"),
            ('fn f() {\n    format!("say it \\\n        (--encoding)")\n}', 3, "--encoding"),
            ("/// What `--delta` keeps.\nstruct A;", 1, "--delta"),
            ("//! One.\n//! Run `dfinery\n//! load FILE`.", 2, "dfinery load"),
            ('const A: &str = "see dfinery dead-letters";', 1, "dfinery dead-letters"),
            ("struct A(std::process::ExitCode);", 1, "ExitCode"),
            ("fn f() {\n    std::process::exit(2)\n}", 2, "process::exit"),
            ("/** The exit code. */\nstruct A;", 1, "exit code"),
        ]:
            with self.subTest(text):
                self.write("crates/load/src/lib.rs", text)
                self.assert_broken(walls.words, f"crates/load/src/lib.rs:{line}: dfinery-load", f'"{said}"')

    def test_words_of_others(self):
        self.write(
            "crates/load/src/lib.rs",
            """
            #![doc = include_str!("../README.md")]
            // With --restart, `dfinery load` ends with exit code 0.
            /// | a | b |
            /// |---|---|
            const A: &str = "dfinery stdin, a--b, x -- y, dfinery loads -----BEGIN";
            fn process() { exit(process); --a; }
            #[cfg(test)]
            mod tests { const B: &str = "--restart"; }
            """,
        )
        self.write("crates/load/README.md", "`dfinery load --yes`")
        self.assert_holds(walls.words)

    def test_a_command_that_is_not_found(self):
        self.write("crates/cli/src/main.rs", "fn main() {}")
        self.assert_broken(walls.words, "no `enum Command`")


if __name__ == "__main__":
    unittest.main()
