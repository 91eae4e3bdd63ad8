"""Which programs a shell script runs, and how its commands and a line's words are told apart."""

import pytest

from inspect_tts.evidence.shell import argument_words, programs, simple_commands

PROGRAMS = {
    "one after the other": ("a 1; b 2\nc 3", ["a 1", "b 2", "c 3"]),
    "operators": ("a && b || c | d & e", ["a", "b", "c", "d", "e"]),
    "a comment": ("a # b\nc", ["a", "c"]),
    "a number sign in a word": ("a x#y '# z'", ["a x#y # z"]),
    "a line that goes on": ("a \\\n b", ["a b"]),
    "joined pieces": ("a 'x y'\"z\"w\\ v", ["a x yzw v"]),
    "escapes in double quotation marks": (r'a "\"x\" \$y \n"', [r'a "x" $y \n']),
    "no escapes in single ones": ("a 'x\\'", ["a x\\"]),
    "assignments": ("A=1 B_2=x a", ["a"]),
    "only an assignment": ("A=1", []),
    "an argument with an equals sign": ("a A=1", ["a A=1"]),
    "keywords": ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
    "loops": ("while a; do b; done; until ! c; do { d; }; done", ["a", "b", "c", "d"]),
    "wrappers with options": ("sudo -E timeout -k 5 10s nice -n 3 a -x", ["a -x"]),
    "wrappers with durations": ("timeout 5m a; timeout 2h b", ["a", "b"]),
    "more wrappers": ("nohup a; time b; command c; exec d", ["a", "b", "c", "d"]),
    "wrappers of streams": ("x | xargs -0 a; stdbuf -oL b", ["x", "a", "b"]),
    "a wrapper in a folder": ("/usr/bin/env A=1 a", ["a"]),
    "only a wrapper": ("sudo", []),
    "a subshell": ("(a; b)", ["a", "b"]),
    "a substitution comes first": ('a "$(b 1)"', ["b 1", "a $(b 1)"]),
    "backquotes in quotation marks": ('a "`b 1`"', ["b 1", "a `b 1`"]),
    "single quotation marks run nothing": ("a '$(b)'", ["a $(b)"]),
    "a here-document is no command": ("a <<E\nb\nE\nc", ["a", "c"]),
    "a here-document with tabs": ("a <<-E\n\tb\n\tE\nc", ["a", "c"]),
    "a here-document that is not ended": ("a <<E\nb\nc", ["a"]),
    "two here-documents": ("a <<E; b <<F\nx\nE\ny\nF\nc", ["a", "b", "c"]),
    "a here-string is none": ("a <<< E\nb", ["a <<< E", "b"]),
    "a shell's script": ("bash -c 'a; b'", ["a", "b"]),
    "combined options of a shell": ("/bin/sh -ec a", ["a"]),
    "other shells": ("dash -c a; zsh -c b", ["a", "b"]),
    "a shell's here-document": ("bash -s <<'E'\na\nb\nE", ["a", "b"]),
    "a shell with a file": ("bash x.sh", []),
}


@pytest.mark.parametrize(("script", "expected"), PROGRAMS.values(), ids=PROGRAMS)
def test_programs(script: str, expected: list[str]) -> None:
    assert [str(program) for program in programs(script)] == expected


def test_a_program_has_the_name_without_its_folder() -> None:
    [program] = programs("/usr/local/bin/a -x 'y z'")
    assert (program.name, program.path) == ("a", "/usr/local/bin/a")
    assert (program.arguments, program.code) == (("-x", "y z"), "")


CODE = {
    "an option": ("python -c 'import a'", "import a"),
    "a version": ("python3.11 -c 'import a'", "import a"),
    "combined options": ("python -uc 'import a'", "import a"),
    "PyPy": ("pypy3 -c 'import a'", "import a"),
    "a here-document": ("python - <<'E'\nimport a\nE", "import a"),
    "a file": ("python a.py", ""),
    "another program": ("pythonic -c 'import a'", ""),
    "a long option": ("python --c 'import a'", ""),
}


@pytest.mark.parametrize(("script", "code"), CODE.values(), ids=CODE)
def test_source_that_python_is_given(script: str, code: str) -> None:
    [program] = programs(script)
    assert program.code == code


@pytest.mark.parametrize(("depth", "found"), [(1, ["a"]), (5, ["a"]), (6, [])])
def test_scripts_inside_of_scripts_are_read_to_a_depth(depth: int, found: list[str]) -> None:
    script = "a"
    for level in range(depth):
        script = f"bash <<E{level}\n{script}\nE{level}\n"
    assert [str(program) for program in programs(script)] == found


COMMANDS = {
    "operators": ("cd a && b 'c d' | e", ["cd a", "b 'c d'", "e"]),
    "keywords": ("for x in 1 2; do a; done", ["for x in 1 2", "a"]),
    "assignments stay": ("A=1 a", ["A=1 a"]),
    "keywords before": ("if ! a x; then b; fi", ["a x", "b"]),
    "redirected output": ("a >log 2>&1", ["a >log", "1"]),
    "an open redirection": ("a x 2>&1", ["a x", "1"]),
    "a here-document": ("a - <<'E'\nx y\nE\nb", ["a - <<'E'\nx y\nE\n", "b"]),
    "nothing": ("  \n", []),
}


@pytest.mark.parametrize(("script", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_commands_are_told_apart_as_written(script: str, expected: list[str]) -> None:
    assert [command.text for command in simple_commands(script)] == expected


def test_a_command_has_its_words_and_here_documents() -> None:
    [command] = simple_commands("then cat 'a b' - <<E\nx\ny\nE\n")
    assert command.words == ("cat", "a b", "-")
    assert command.bodies == ("x\ny\n",)


def test_each_of_several_here_documents_has_its_own_lines() -> None:
    first, second, last = simple_commands("a <<E; b <<F\nx\nE\ny\nF\nc")
    assert (first.bodies, second.bodies, last.bodies) == (("x\n",), ("y\n",), ())
    [one] = simple_commands("a <<E <<F\n\nE\ny")
    assert one.bodies == ("\n", "y")


WORDS = {
    "blanks": (" a\t b\r\nc ", ["a", "b", "c"]),
    "quotation marks": ("'a b' \"c 'd'\" e'f'\"g\"", ["a b", "c 'd'", "efg"]),
    "escapes": (r'a\ b "\"c\" \$ \n"', ["a b", r'"c" $ \n']),
    "an empty word": ("a ''", ["a", ""]),
    "no comments, no operators": ("a # b && c", ["a", "#", "b", "&&", "c"]),
    "nothing": ("", []),
    "an open quotation": ("a 'b", None),
    "an open double quotation": ('a "b', None),
    "a backslash at the end": ("a \\", None),
}


@pytest.mark.parametrize(("line", "expected"), WORDS.values(), ids=WORDS)
def test_words_of_a_line(line: str, expected: list[str] | None) -> None:
    assert argument_words(line) == expected
