"""Shell scripts that put results on a tree one after another, and prove that it is restored."""

# - `list_files`: the metadata of each file; no content can change without its change time.
# - `note`: prints a checksum of the state, which is kept outside the sandbox.
# - `content`: a checksum of all content, without owners and times.
_COMMON = r"""
export LC_ALL=C GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
top=$1 own=$2
list_files() {
  cd -P "$top" || exit 3
  find . -path ./.git -prune -o -type d -print -o -exec stat -c '%f %s %.9Y %.9Z %n' {} + | sort
}
sum() { sha256sum | cut -c-64; }
note() { list_files >"$own/files"; printf 'state %s\n' "$(sum <"$own/files")"; }
content() {
  cd -P "$1" || exit 3
  {
    find . -type f -exec sha256sum {} +
    find . -type l -exec ls -ln {} + | sed 's|^.* \./|./|'
    find . -type d -print
    find . ! -type l -exec ls -dn {} + | awk '{ print $1, $NF }'
  } | sort | sum
}
"""

OPEN_TREE = r"""
export LC_ALL=C GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
most=$1
home=$(pwd -P)
top=$(git rev-parse --show-toplevel) && top=$(cd -P "$top" && pwd -P) || exit 3
[ "$top" != / ] || exit 4
[ "$(du -sk "$top" | awk '{ print $1 }')" -le "$most" ] || exit 5
{ stat -c '%.9Z' "$top" && timeout 9 sha256sum </dev/null; } >/dev/null 2>&1 || exit 6
own=$(mktemp -d "$2/.tree-XXXXXX" 2>/dev/null || mktemp -d) || exit 7
own=$(cd -P "$own" && pwd -P)
mkdir "$own/start" && cp -a "$top/." "$own/start/" || { rm -rf "$own"; exit 7; }
for each in /proc/[0-9]*; do echo "${each#/proc/}"; done >"$own/processes"
printf '%s\n' "$top" "$own" "$home"
"""

# `base`: the list of files in the start state, for `RESTORE_CHANGED`.
_TELL = 'printf "content %s\\n" "$(content "$top")"\nnote\ncp "$own/files" "$own/base"\n'

STATE = _COMMON + _TELL

RESTORE = (
    _COMMON
    + r"""
mkdir -p "$top" && cd -P "$top" && [ "$(pwd -P)" = "$top" ] || exit 3
find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
cp -a "$own/start/." "$top/" || exit 4
"""
    + _TELL
)

# Restores only what differs between the lists; a checksum of all content shows if that is enough.
RESTORE_CHANGED = (
    _COMMON
    + r"""
cd -P "$top" && [ "$(pwd -P)" = "$top" ] || exit 3
list_files >"$own/now"
comm -3 "$own/base" "$own/now" | sed 's|^\t*[^/]*\./|./|' | sort -u >"$own/differ"
[ "$(wc -l <"$own/differ")" -le 2000 ] || exit 4
while IFS= read -r path; do
  [ -d "$path" ] && [ ! -L "$path" ] && [ -d "$own/start/$path" ] && continue
  rm -rf "$path"
  if [ -d "$own/start/$path" ] && [ ! -L "$own/start/$path" ]; then
    mkdir "$path" && chmod --reference="$own/start/$path" "$path"
  elif [ -e "$own/start/$path" ] || [ -L "$own/start/$path" ]; then
    cp -a "$own/start/$path" "$path"
  fi || exit 4
done <"$own/differ"
rm -rf .git && cp -a "$own/start/.git" .git || exit 4
"""
    + _TELL
)

# Reads the patch from standard input.
APPLY = (
    _COMMON
    + r"""
way=$3
cd -P "$top" || exit 3
git -c core.autocrlf=false -c core.fsmonitor=false apply $way --binary --whitespace=nowarn \
  --allow-empty - || exit 4
note
"""
)

# Runs the command below `$top`. The file `out` holds what it prints, up to a limit.
_COMMAND = r"""
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1 TERM=dumb COLUMNS=120
export PYTEST_ADDOPTS='-p no:cacheprovider'
# as agents' shells do: images of benchmarks choose a Python there
[ "$alone" = no ] || [ -n "$BASH_ENV" ] || [ ! -r ~/.bashrc ] || export BASH_ENV=~/.bashrc
shell=$(command -v bash || command -v sh)
unset GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 LC_ALL
rm -f "$own/pipe" && mkfifo "$own/pipe" || exit 5
{ (ulimit -f $((most / 512)) && cat >"$own/out"); cat; } <"$own/pipe" >/dev/null 2>&1 &
reader=$!
(
  exec >"$own/pipe" 2>&1 </dev/null
  cd -P "$top/$folder" || exit 127
  export INSPECT_TTS_CHECK="$own"
  exec timeout -k 2 "$seconds" "$shell" -c "$command"
) &
group=$!  # `timeout` makes one
wait "$group"
echo $? >"$own/code"
kill -9 "-$group" 2>/dev/null  # what it left running
# beside processes of others, what is in a group of its own is known by its environment
[ "$alone" = yes ] ||
  for each in $(grep -lsF "INSPECT_TTS_CHECK=$own" /proc/[0-9]*/environ); do
    each=${each#/proc/}
    kill -9 "${each%/environ}" 2>/dev/null
  done
tries=0
while kill -0 "$reader" 2>/dev/null && [ "$tries" -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
kill "$reader" 2>/dev/null
"""

# Reads an archive of files from standard input. Prints five parts: return code, state afterwards
# and, in base64, the files of the tree that changed, the output, and the report.
RUN = (
    _COMMON
    + r"""
folder=$3 command=$4 seconds=$5 most=$6 report=$7 alone=$8
shift 8  # left: files that are put in place, with folders below the tree as relative paths
tar -C / -xf - || exit 4
rm -f "$own/out" "$own/code" "$report"
"""
    + _COMMAND
    + r"""
export LC_ALL=C
# what it left running in a container of its own, unless that sees the processes of its host
if [ "$alone" = yes ] && ! grep -qx kthreadd /proc/2/comm 2>/dev/null; then
  for each in /proc/[0-9]*; do
    each=${each#/proc/}
    grep -qx "$each" "$own/processes" || [ "$each" = $$ ] || [ "$each" = "$PPID" ] ||
      kill -9 "$each" 2>/dev/null
  done
fi
for file; do
  case $file in /*) rm -f "$file"; continue ;; esac
  rm -f "$top/$file"
  folder=$(dirname "$file")
  while [ "$folder" != . ] && [ ! -d "$own/start/$folder" ] && rmdir "$top/$folder" 2>/dev/null; do
    folder=$(dirname "$folder")
  done
done
mkdir -p "$top"
list_files >"$own/now"
printf '%s\n' "$(cat "$own/code")" "$(sum <"$own/now")"
comm -23 "$own/files" "$own/now" | grep '^[0-9a-f]* [0-9]* ' | head -n 20 |
  sed 's|^[^ ]* [^ ]* [^ ]* [^ ]* \./||' | base64 | tr -d '\n'
echo
head -c "$most" "$own/out" | base64 | tr -d '\n'
echo
[ ! -f "$report" ] || head -c 4000000 "$report" | base64 | tr -d '\n'
"""
)

# For a sandbox that is a copy for one run only, so that nothing is restored. Prints the same parts,
# with the folder in place of the state.
RUN_HERE = (
    r"""
command=$1 seconds=$2 most=$3 alone=$4
top=$(pwd -P) folder=. own=$(mktemp -d) && [ -d "$own" ] || exit 5
"""
    + _COMMAND
    + r"""
printf '%s\n' "$(cat "$own/code")" "$top" ''
head -c "$most" "$own/out" | base64 | tr -d '\n'
echo
rm -rf "$own"
"""
)

COPY = r"""
top=$1 beside=$3 name=$4
mkdir -p "$beside" && cp -a "$top" "$beside/$name"
"""

# `use` lets an agent put a tree in the workspace's place, where installed programs look for code.
SHOW = r"""
top=$1 own=$2 beside=$3 name=$4
mkdir -p "$beside" && mv "$own/start" "$beside/$name" && rm -rf "$own" || exit 7
cat >"$beside/use" <<END
[ -n "\$1" ] && [ -d "$beside/\$1" ] || { echo "usage: use untouched|solution_1|..."; exit 2; }
cd -P "$top" && find . -mindepth 1 -maxdepth 1 -exec rm -rf {} + && cp -a "$beside/\$1/." .
END
"""
