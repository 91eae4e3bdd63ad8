"""What a bad rollout may leave behind: commands that an agent runs in its workspace."""

SETUP = r"""
git init -q -b main . && git config user.name a && git config user.email a@example.org
printf 'one\n' >code && mkdir lib && printf 'x\n' >lib/x && git add -A && git commit -q -m base
"""
_DEEP = (
    "python3 -c \"import os\nfor _ in range({}):\n os.mkdir('{}'); os.chdir('{}')\n"
    "open('end','w')\""
)
_LIES = (
    "for name in git base64 tar find sort awk cat rm tr sed; do"
    " printf '#!/bin/sh\\n{}\\n' >$name; chmod +x $name; done"
)

HOSTILE: dict[str, str] = {
    "a sparse file of 12 GB": "truncate -s 12G big",
    "a sparse file of 8 EB": "truncate -s 8E big || truncate -s 1E big || truncate -s 15T big",
    "many large files": "for i in $(seq 200); do truncate -s 90M big$i; done",
    "300 MB": "head -c 300M /dev/zero >big",
    "a tracked file of 12 GB": "truncate -s 12G code",
    "a large file in .git": "truncate -s 12G .git/big; truncate -s 12G .git/index",
    "folders nested 1,000 deep": _DEEP.format(1000, "d", "d"),
    "folders nested 3,000 deep": _DEEP.format(3000, "d", "d"),
    "folders with long names": _DEEP.format(60, "d" * 200, "d" * 200),
    "nested in .git": "cd .git && " + _DEEP.format(1000, "d", "d"),
    "repositories in each other": "for i in $(seq 60); do git init -q . && mkdir r && cd r; done",
    "25,000 files": "mkdir m && cd m && seq 25000 | xargs touch",
    "3,000 folders": "seq 3000 | sed 's/^/f/' | xargs mkdir",
    "5,000 names": "for i in $(seq 5000); do echo $i >n$i; done",
    "names of other encodings": "touch \"$(printf '\\377\\376')\" \"$(printf 'caf\\351')\"",
    "names with line breaks": "touch 'a\nb' '\n' 'c\r' && mkdir '\n\n' && touch '\n\n/x'",
    "names like rows": "touch \"$(printf '1\\t2\\tx')\""
    " \"./$(printf -- '-\\t-\\tx')\" 'diff --git a b'",
    "names like separators": "touch \"$(printf 'a\\342\\200\\250b')\" \"$(printf 'c\\302\\205d')\"",
    "names like options": "touch ./-rf ./--stdin ./-- ./-z",
    "a control byte in a name": "touch \"$(printf 'a\\001b')\" && echo x >\"$(printf '\\001')\"",
    "FIFOs": "mkfifo pipe && rm code && mkfifo code && rm .git/index && mkfifo .git/index",
    "a FIFO for HEAD": "rm .git/HEAD && mkfifo .git/HEAD && rm .git/config && mkfifo .git/config",
    "a FIFO for rules": "mkfifo .gitignore lib/.gitignore .gitattributes",
    "a socket": "python3 -c 'import socket as s; s.socket(1).bind(\"sock\")'",
    "links in circles": "ln -s . loop && ln -s b a && ln -s a b && ln -s .. lib/up",
    "links to everything": "ln -s / root && ln -s /dev/zero zero && ln -s /proc proc",
    "a workspace that is a link": 'here=$PWD && cd / && rm -rf "$here" && ln -s / "$here"',
    "no workspace": 'rm -rf "$PWD"',
    "a workspace that is a file": 'here=$PWD && cd / && rm -rf "$here" && echo x >"$here"',
    "nobody may read": "chmod 000 code lib .git && chmod 000 .",
    "no .git": "rm -rf .git",
    "a file for .git": "rm -rf .git && echo 'gitdir: /dev/zero' >.git",
    "a link for .git": "rm -rf .git && ln -s / .git",
    "random objects": "find .git/objects -type f | xargs chmod +w && for f in $(find .git/objects"
    " -type f); do head -c 100 /dev/urandom >$f; done",
    "a random index": "head -c 100000 /dev/urandom >.git/index",
    "a random config": "head -c 100000 /dev/urandom >.git/config",
    "a hanging fsmonitor": "printf '#!/bin/sh\\nsleep 1000\\n' >.git/f && chmod +x .git/f"
    " && git config core.fsmonitor .git/f",
    "a hanging filter": "git config filter.x.clean 'sleep 1000' && git config filter.x.process"
    " 'sleep 1000' && echo '* filter=x' >.gitattributes",
    "hooks": "for h in post-index-change pre-commit reference-transaction; do printf"
    " '#!/bin/sh\\nsleep 1000\\n' >.git/hooks/$h; chmod +x .git/hooks/$h; done",
    "programs that print nonsense": _LIES.format("echo 12345"),
    "programs that print without end": _LIES.format("yes"),
    "programs that fail": _LIES.format("exit 3"),
    "a patch of nonsense": "printf 'diff --git a/x b/y\\n@@ -1,999999999 +1 @@\\n\\n\\n9\\n' >new",
    "a long line": "head -c 5M /dev/zero | tr '\\0' 'x' >new",
    "escape codes and zeros": "printf '\\033[2J\\000\\007\\377' >code && cp code new",
    "rules in plenty": "seq 100000 >.gitignore && mkdir s && seq 100000 >s/.gitignore",
    "attributes in plenty": "seq 50000 | sed 's/$/ diff=x text eol=crlf/' >.gitattributes",
    "output without end": "yes | head -c 30M",
    "half a surrogate pair": "printf '\\355\\240\\200' >\"$(printf '\\355\\240\\200')\"; printf"
    " '\\355\\240\\200'",
}
"""On any sandbox."""

INSIDE: dict[str, str] = {
    "git that prints nonsense": "printf '#!/bin/sh\\necho 12345\\n' >/usr/local/bin/git && chmod +x"
    " /usr/local/bin/git",
    "base64 that prints without end": "printf '#!/bin/sh\\nyes\\n' >/usr/local/bin/base64 && chmod"
    " +x /usr/local/bin/base64",
    "git itself replaced": "rm /usr/bin/git && printf '#!/bin/sh\\necho 12345\\n' >/usr/bin/git"
    " && chmod +x /usr/bin/git",
    "base64 itself replaced": "rm /usr/bin/base64 && printf '#!/bin/sh\\necho 12345\\n'"
    " >/usr/bin/base64 && chmod +x /usr/bin/base64",
    "git removed": "rm /usr/bin/git; echo two >>code",
    "sort and find without end": "for p in sort find; do rm /usr/bin/$p; printf"
    " '#!/bin/sh\\nyes\\n' >/usr/bin/$p; chmod +x /usr/bin/$p; done",
    "tar that prints nonsense": "rm /bin/tar /usr/bin/tar; printf '#!/bin/sh\\necho 1\\n'"
    " >/usr/bin/tar; chmod +x /usr/bin/tar",
    "no shell": "rm -f /bin/sh /usr/bin/sh /bin/dash /usr/bin/dash",
    "the harness' own folder gone": "rm -rf /tmp/* /tmp/.[a-z]* /var/tmp/.w*; echo two >>code",
    "the harness' own folder changed": "find /var/tmp/.w* -type f -exec sh -c"
    " 'for f; do echo x >$f; done' s {} +; echo two >>code",
    "no container": "kill -9 -1; kill 1",
    "another user's workspace": "chown -R 1234 . && echo two >>code",
}
"""In containers, where an agent is root."""

_TWO = "; echo two >>code"
_GIT = "git -c user.name=a -c user.email=a"
MORE: dict[str, str] = {
    name: command + _TWO
    for name, command in {
        "a name of 250 line breaks": "touch \"$(printf '\\n%.0s' $(seq 250))x\"",
        "hard links": "for i in $(seq 100); do ln code l$i; done",
        "a folder that nobody may read": "mkdir d && echo a >d/a && chmod 000 d lib",
        "a FIFO for .git": "rm -rf .git; mkfifo .git",
        "a socket for .git": "rm -rf .git;"
        " python3 -c 'import socket as s; s.socket(1).bind(\".git\")'",
        "a .git that leads nowhere": "rm -rf .git; ln -s /nonexistent .git",
        "a .git that leads to itself": "rm -rf .git; ln -s .git .git",
        "a .git file that names itself": "rm -rf .git; echo 'gitdir: .git' >.git",
        "a .git file of 3 MB": "rm -rf .git;"
        " (printf 'gitdir: '; head -c 3M /dev/zero | tr '\\0' a) >.git",
        "a submodule": f"git init -q sub && (cd sub && {_GIT} commit -q --allow-empty -m x)"
        f" && git add sub && {_GIT} commit -qm sub",
        "a worktree inside": "git worktree add -q wt && echo a >wt/a",
        "a .git elsewhere": "d=$(mktemp -d) && mv .git $d/g && echo gitdir: $d/g >.git",
        "alternates in a circle": "echo $PWD/.git/objects >.git/objects/info/alternates",
        "alternates without end": "echo /dev/zero >.git/objects/info/alternates",
        "60 MB of refs": "yes 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa refs/heads/x' | head -c 60M"
        " >.git/packed-refs",
        "an index of 50,000 files that are not there": "seq 50000 | sed 's/^/100644"
        " e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0\\tz/' | git update-index --index-info",
        "an index in conflict": 'h=$(git hash-object -w code); printf "0 $(printf %040d)\\tcode\\n'
        '100644 $h 1\\tcode\\n100644 $h 2\\tcode\\n100644 $h 3\\tcode\\n"'
        " | git update-index --index-info",
        "no refs, an odd HEAD": "rm -rf .git/refs; echo nonsense >.git/HEAD",
        "locks": "touch .git/index.lock .git/HEAD.lock .git/config.lock",
        "a process that goes on writing": "(timeout 20 sh -c 'while :; do date +%N >>code;"
        " sleep 0.1; done') >/dev/null 2>&1 & sleep 1",
        "a daemon that goes on writing": "timeout 20 setsid sh -c 'while :; do echo >w$(date +%N);"
        " sleep 0.1; done' >/dev/null 2>&1 & sleep 1",
        "a process that holds the output open": "setsid sleep 15 & true",
        "a read from the terminal": "cat; read x",
        "errors without end": "timeout 20 yes | head -c 30M >&2",
        "output that is no text": "head -c 3M /dev/urandom",
        "300 processes": "for i in $(seq 300); do sleep 15 & done",
        "times of other centuries": "touch -d 2200-01-01 code; touch -t 190001010000 lib/x",
        "names that differ in case": "echo a >CODE; echo b >Code",
        "a name in two forms": "touch \"$(printf 'e\\314\\201')\" \"$(printf '\\303\\251')\"",
        "names with blanks": "printf 'x\\n\\n\\nabc' >'a -> b'; touch ' ' '  lead' 'trail '",
        "rules that hide all": "echo '*' >.gitignore; echo n >new",
        "rules that take long": "for i in $(seq 300); do echo '*a*a*a*a*a*a*a*a*b'; done"
        " >.gitignore; touch $(printf 'a%.0s' $(seq 80))c",
        "attributes in a circle": "printf '[attr]a b\\n[attr]b a\\n* a\\n' >.gitattributes",
        "a folder that became a link": "rm -rf lib; ln -s /usr lib",
    }.items()
}
"""On any sandbox; each changes the file `code` as well, and its patch says so."""
